// rationale score, run as a user runs it.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "tests/cli/program.h"

namespace rationale {
namespace {

constexpr const char* kRubric =
    "[fields]\nresponse = 'answer'\nreference = 'gold'\nlanguage = 'target'\n"
    "[[rewards]]\nname = 'math'\n"
    "[[rewards]]\nname = 'language'\nweight = 0.5\n";

class Score : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_.path() + '/' + name;
    WriteFileDurably(path, text);
    return path;
  }

  Ended Run(const std::string& data, const std::string& more = "", const char* rubric = kRubric) {
    return RunProgram("score --json --rubric " + Write("r.toml", rubric) + " --data " + data + ' ' +
                      more);
  }

  TemporaryFolder folder_;
};

std::vector<rapidjson::Document> ParseLines(const std::string& text) {
  std::vector<rapidjson::Document> lines;
  for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    lines.push_back(
        ParseJson(std::string_view(text).substr(at, text.find('\n', at) - at), "output"));
  }
  return lines;
}

TEST_F(Score, AnswersALineWithALineInTheSameOrder) {
  const std::string data = Write(
      "d.jsonl",
      R"({"answer":"<think>zwei und zwei ist vier</think> \\boxed{4}","gold":"#### 4","target":"de"})"
      "\n"
      R"({"answer":"<think>two and two is five</think> \\boxed{5}","gold":"\\boxed{4}","target":"de"})"
      "\n"
      R"({"answer":"4","gold":null,"target":"de"})"
      "\n"
      R"({"answer":"<think>eins</think> $\\frac12$","gold":"$0.5$","target":null})"
      "\n");
  for (const char* threads : {"--threads 1", "--threads 3"}) {
    const Ended ended = Run(data, std::string(threads) + " 2>/dev/null");
    ASSERT_EQ(ended.exit_code, 0) << ended.output;
    const auto lines = ParseLines(ended.output);
    ASSERT_EQ(lines.size(), 4u) << ended.output;
    EXPECT_TRUE(lines[0]["judged"].GetBool());
    EXPECT_EQ(lines[0]["score"].GetDouble(), 1.5);
    EXPECT_EQ(lines[0]["components"]["math"]["score"].GetDouble(), 1);
    EXPECT_EQ(lines[0]["components"]["language"]["score"].GetDouble(), 1);
    EXPECT_EQ(lines[1]["components"]["math"]["score"].GetDouble(), 0);
    EXPECT_EQ(lines[1]["components"]["language"]["score"].GetDouble(), 0);
    EXPECT_NE(std::string(lines[1]["components"]["math"]["reason"].GetString()).find("'5'"),
              std::string::npos);
    EXPECT_FALSE(lines[2]["judged"].GetBool());
    EXPECT_TRUE(lines[2]["score"].IsNull());
    EXPECT_TRUE(lines[2]["components"]["math"]["score"].IsNull());
    EXPECT_FALSE(lines[3]["judged"].GetBool()) << "no language named";
    EXPECT_EQ(lines[3]["components"]["math"]["score"].GetDouble(), 1);
  }
}

TEST_F(Score, TheSummaryGoesToStandardError) {
  const std::string data = Write("d.jsonl", R"({"answer":"4","gold":"4","target":"de"})"
                                            "\n");
  const Ended ended = Run(data, "2>&1 >/dev/null");
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_NE(ended.output.find("language de          1       1"), std::string::npos) << ended.output;
}

TEST_F(Score, AFileWithoutResponsesIsSaidToBeEmpty) {
  const Ended ended = Run(Write("d.jsonl", "\n\n"), "2>&1");
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_NE(ended.output.find("found no responses in"), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("d.jsonl"), std::string::npos) << ended.output;
}

TEST_F(Score, AnyNumberOfThreadsGivesTheSameBytes) {
  std::string rows;
  for (int i = 0; i < 3000; ++i) {  // more than there are in memory at once
    const std::string thought(static_cast<size_t>(i % 97), 'a');
    rows += R"({"answer":"<think>)" + thought + " \u00fc " + R"(</think> \\boxed{)" +
            std::to_string(i % 7) + R"(}","gold":"3","target":"de","group":")" +
            std::to_string(i / 8) + "\"}\n";
  }
  const std::string data = Write("d.jsonl", rows);
  const std::string against = "--against " + Write("a.toml", "[[rewards]]\nname = 'exact_match'\n");
  const Ended one = Run(data, against + " --threads 1 2>" + folder_.path() + "/one.txt");
  const Ended five = Run(data, against + " --threads 5 2>" + folder_.path() + "/five.txt");
  ASSERT_EQ(one.exit_code, 0) << one.output;
  EXPECT_EQ(ParseLines(one.output).size(), 3000u);
  EXPECT_TRUE(one.output == five.output);
  const auto report = [this](const char* name) {  // without the lines of progress
    const std::string text = ReadFile(folder_.path() + name);
    return text.substr(text.find("\n\n"));
  };
  EXPECT_EQ(report("/one.txt"), report("/five.txt"));
}

TEST_F(Score, ComparesTheResponsesToAProblemThatStandTogether) {
  const auto row = [](const char* response, const char* group) {
    return std::string("{\"response\":\"") + response + R"(","reference":"7","group":)" + group +
           ",\"num_tokens\":10,\"max_tokens\":100}\n";
  };
  const std::string data = Write(
      "d.jsonl", row("7", "1") + row("8", "1") + row("7", "2") + row("7", "2") + row("7", "null"));
  const Ended ended = Run(data, "--threads 3 2>/dev/null",
                          "[[rewards]]\nname = 'math'\n"
                          "[[rewards]]\nname = 'length'\nmode = 'adaptive'\n");
  ASSERT_EQ(ended.exit_code, 0) << ended.output;
  const auto lines = ParseLines(ended.output);
  ASSERT_EQ(lines.size(), 5u) << ended.output;
  const double scores[] = {1 - 0.05, 0 - 0.05, 1 - 0.1, 1 - 0.1};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(lines[i]["score"].GetDouble(), scores[i], 1e-12);
  EXPECT_FALSE(lines[4]["judged"].GetBool()) << "of no known group";
}

TEST_F(Score, ABadRowEndsTheRunAfterTheSummaryOfWhatWasJudged) {
  const std::string good = R"({"answer":"4","gold":"4","target":"de"})"
                           "\n";
  const std::string data = Write("d.jsonl", good + good + "{\"answer\":\n" + good);
  const Ended ended = Run(data, "2>&1 >" + folder_.path() + "/verdicts.jsonl");
  EXPECT_EQ(ended.exit_code, 2);
  const size_t summary = ended.output.find("all                  2       2");
  const size_t fault = ended.output.find("d.jsonl:3: not valid JSON");
  EXPECT_NE(summary, std::string::npos) << ended.output;
  EXPECT_NE(fault, std::string::npos) << ended.output;
  EXPECT_LT(summary, fault);
  EXPECT_EQ(ParseLines(ReadFile(folder_.path() + "/verdicts.jsonl")).size(), 2u);
}

TEST_F(Score, BadRowsAreSkippedNamedAndCountedWhereThatIsAskedFor) {
  const std::string data = Write("d.jsonl", R"({"answer":"4","gold":"4","target":"de"})"
                                            "\n{\"answer\":\n"
                                            R"({"gold":"4","target":"de"})"
                                            "\n"
                                            R"({"answer":"5","gold":"4","target":"de"})"
                                            "\n");
  for (const char* threads : {"--threads 1", "--threads 3"}) {
    const Ended ended =
        Run(data, std::string(threads) + " --skip-bad-rows 2>" + folder_.path() + "/summary.txt");
    EXPECT_EQ(ended.exit_code, 0);
    const auto lines = ParseLines(ended.output);
    ASSERT_EQ(lines.size(), 4u) << ended.output;
    EXPECT_EQ(lines[0]["components"]["math"]["score"].GetDouble(), 1);
    for (const size_t bad : {1, 2}) {
      EXPECT_FALSE(lines[bad]["judged"].GetBool());
      EXPECT_TRUE(lines[bad]["score"].IsNull());
      EXPECT_NE(std::string(lines[bad]["bad_row"].GetString())
                    .find("d.jsonl:" + std::to_string(bad + 1) + ": "),
                std::string::npos);
    }
    EXPECT_EQ(lines[3]["components"]["math"]["score"].GetDouble(), 0);
    const std::string summary = ReadFile(folder_.path() + "/summary.txt");
    EXPECT_NE(summary.find("d.jsonl:2: not valid JSON"), std::string::npos) << summary;
    EXPECT_NE(summary.find("d.jsonl:3: no column 'answer'"), std::string::npos) << summary;
    EXPECT_NE(summary.find("bad rows, skipped: 2\n"), std::string::npos) << summary;
    EXPECT_NE(summary.find("all                  2       2"), std::string::npos) << summary;
  }
}

TEST_F(Score, ABadRowPartsNoGroup) {
  const std::string row = R"({"response":"7","reference":"7","group":1,"num_tokens":9)";
  const std::string data =
      Write("d.jsonl", row + ",\"max_tokens\":100}\n{\n" + row + ",\"max_tokens\":100}\n");
  const char* rubric =
      "[[rewards]]\nname = 'math'\n"
      "[[rewards]]\nname = 'length'\nmode = 'adaptive'\n";
  const Ended ended = Run(data, "--skip-bad-rows 2>/dev/null", rubric);
  const auto lines = ParseLines(ended.output);
  ASSERT_EQ(lines.size(), 3u) << ended.output;
  EXPECT_NE(std::string(lines[0]["components"]["length"]["reason"].GetString()).find("2 of 2"),
            std::string::npos)
      << ended.output;
  EXPECT_TRUE(lines[1].HasMember("bad_row"));
}

TEST_F(Score, WrongInputExitsWithTwoAndNamesTheLineAfterTheVerdictsBeforeIt) {
  const std::string data = Write("d.jsonl", R"({"answer":"4","gold":"4","target":"de"})"
                                            "\n"
                                            R"({"answer":"4","target":"de"})"
                                            "\n");
  const Ended ended = Run(data, "--threads 2");
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_EQ(ended.output.find("{\"judged\":true"), 0u) << ended.output;
  EXPECT_NE(ended.output.find("d.jsonl:2: no column 'gold'"), std::string::npos) << ended.output;
  EXPECT_EQ(Run(folder_.path() + "/none.jsonl").exit_code, 2);
  EXPECT_EQ(RunProgram("score --rubric /none.toml --data " + data).exit_code, 2);
}

}  // namespace
}  // namespace rationale
