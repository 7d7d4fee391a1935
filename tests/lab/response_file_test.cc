#include "rl/lab/response_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace rationale {
namespace {

// The rows of a JSONL file with this content.
std::vector<ScoredRow> ReadAll(const std::string& content, const RubricFields& fields = {}) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/r.jsonl";
  WriteFileDurably(path, content);
  ResponseFiles files({path});
  const ResponseColumns columns(fields);
  std::vector<ScoredRow> rows;
  for (Row row; files.NextUnparsed(row);) {
    ParseRow(row);
    rows.push_back(columns.Read(row));
  }
  return rows;
}

std::string MessageFor(const std::string& content, const RubricFields& fields = {}) {
  try {
    ReadAll(content, fields);
  } catch (const Error& error) {
    const std::string message = error.what();
    return message.substr(message.find("r.jsonl"));
  }
  return "";
}

TEST(ResponseColumns, ReadTheUsualNames) {
  const auto rows = ReadAll(
      R"({"response":"72","reference":"#### 72","language":"de","problem":"6*12?","source":"s",)"
      R"("num_tokens":3,"max_tokens":8,"truncated":true,"step":40,"id":"x","unit":"cm"})");
  ASSERT_EQ(rows.size(), 1u);
  const ScoredRow& row = rows[0];
  EXPECT_EQ(row.text, "72");
  EXPECT_EQ(row.num_characters, 2);
  EXPECT_EQ(row.problem.reference, "#### 72");
  EXPECT_EQ(row.problem.language, "de");
  EXPECT_EQ(row.problem.prompt, "6*12?");
  EXPECT_EQ(row.problem.id, "x");
  EXPECT_EQ(row.problem.fields.at("unit"), "cm");
  EXPECT_EQ(row.source, "s");
  EXPECT_EQ(row.group, "6*12?") << "responses to one problem are a group";
  const Response response = row.response();
  EXPECT_EQ(response.num_tokens, 3);
  EXPECT_EQ(response.max_tokens, 8);
  EXPECT_EQ(response.step, 40);
  EXPECT_TRUE(response.truncated);
}

TEST(ResponseColumns, ReadTheNamesOfTheRubricPathsAndPatterns) {
  const auto rows =
      ReadAll(R"({"meta":{"gold":4},"a":"x","b":"y","lang":"th","n":7})", {.response = "{a} {b}",
                                                                           .reference = "meta.gold",
                                                                           .language = "lang",
                                                                           .problem = {},
                                                                           .source = "lang",
                                                                           .group = "n"});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].text, "x y");
  EXPECT_EQ(rows[0].problem.reference, "4");
  EXPECT_EQ(rows[0].problem.language, "th");
  EXPECT_EQ(rows[0].source, "th");
  EXPECT_EQ(rows[0].group, "7");
}

TEST(ResponseColumns, ReadChats) {
  const auto rows = ReadAll(
      R"({"prompt":[{"role":"system","content":"Be brief."},{"role":"user","content":"6*12?"}],)"
      R"("response":[{"role":"assistant","content":"72"}],"reference":"72"})");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].text, "72");
  EXPECT_EQ(rows[0].problem.prompt, "");
  ASSERT_EQ(rows[0].problem.messages.size(), 2u);
  EXPECT_EQ(UserText(rows[0].problem), "6*12?");
  EXPECT_EQ(rows[0].group, "system: Be brief.\nuser: 6*12?\n") << "the chat is the group";
  EXPECT_EQ(MessageFor(R"({"response":[{"role":"user","content":"72"}]})"),
            "r.jsonl:1: response: found a chat that ends with a message of the user, allowed: the "
            "assistant's");
  EXPECT_NE(MessageFor(R"({"response":[{"role":"tool","content":"72"}]})").find("the tool"),
            std::string::npos);
  EXPECT_NE(MessageFor(R"({"response":[{"role":"judge","content":"72"}]})").find("'judge'"),
            std::string::npos);
}

// As TRL's tool-calling completions, verl's multi-turn rollouts and OpenAI's messages have them.
TEST(ResponseColumns, ReadChatsWithTools) {
  const auto rows = ReadAll(
      R"({"prompt":[{"role":"developer","content":"Be brief."},{"role":"user","content":[)"
      R"({"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"a.png"}}]}],)"
      R"("response":[{"role":"assistant","content":null,"tool_calls":[{"type":"function",)"
      R"("function":{"name":"product","arguments":"{\"a\":6}"}}]},)"
      R"({"role":"tool","tool_call_id":"1","name":"product","content":"72"},)"
      R"({"role":"assistant","content":[{"type":"output_text","text":"It is 72."}]}]})"
      "\n"
      R"({"prompt":"6*12?","response":[{"role":"assistant","content":"I look it up."},)"
      R"({"role":"function","name":"product","content":"72"}]})"
      "\n"
      R"({"prompt":"6*12?","response":[{"role":"assistant","tool_calls":[]}]})"
      "\n"
      R"({"prompt":"?","response":[{"role":"assistant","content":[{"type":"refusal","refusal":"No."}]}]})");
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].text, "It is 72.");
  EXPECT_EQ(rows[0].problem.messages[0].role, "system");
  EXPECT_EQ(UserText(rows[0].problem), "What is this?[image_url]");
  EXPECT_EQ(rows[1].text, "I look it up.") << "what a tool answers is no response";
  EXPECT_EQ(rows[2].text, "");
  EXPECT_EQ(rows[3].text, "No.");
}

TEST(ResponseFiles, RefuseAFolder) {
  const TemporaryFolder folder;
  try {
    ResponseFiles files({folder.path()});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), "--data: '" + folder.path() +
                                "' is a folder, allowed: files, or a pattern such as '" +
                                folder.path() + "/*.jsonl'");
  }
}

TEST(ResponseColumns, TakeANullReferenceForNone) {
  const auto rows = ReadAll(R"({"response":"1","gold":null})", {.reference = "gold"});
  EXPECT_EQ(rows.at(0).problem.reference, "");
}

TEST(ResponseColumns, NameTheLineOfWhatIsMissingOrWrong) {
  const std::string good = R"({"response":"1"})"
                           "\n";
  EXPECT_EQ(MessageFor(good + R"({"text":"1"})"),
            "r.jsonl:2: no column 'response' with a value (fields.response); the row has: text");
  EXPECT_NE(MessageFor(good + R"({"response":null})").find("r.jsonl:2: "), std::string::npos);
  EXPECT_EQ(MessageFor(good, {.reference = "gold"}),
            "r.jsonl:1: no column 'gold' with a value (fields.reference); the row has: response");
  EXPECT_EQ(MessageFor(good + R"({"response":"1","num_tokens":-1})"),
            "r.jsonl:2: num_tokens: found -1, allowed: an integer of at least 0");
  EXPECT_EQ(MessageFor(good + R"({"response":"1","truncated":"yes"})"),
            "r.jsonl:2: truncated: found \"yes\", allowed: true or false");
  EXPECT_NE(MessageFor(good + "\n{\"response\":").find("r.jsonl:3: not valid JSON"),
            std::string::npos);
}

TEST(ResponseFiles, EstimateTheRowsOfAllFiles) {
  const TemporaryFolder folder;
  std::string rows;
  for (int i = 0; i < 100; ++i) rows += "{\"response\":\"12345678\"}\n";
  WriteFileDurably(folder.path() + "/0.jsonl", "");
  WriteFileDurably(folder.path() + "/a.jsonl", rows);
  WriteFileDurably(folder.path() + "/b.jsonl", rows + rows);
  ResponseFiles files({folder.path() + "/*.jsonl"});
  Row row;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(files.NextUnparsed(row));
  EXPECT_EQ(files.EstimatedRows(), 300);
  int64_t more = 0;
  while (files.NextUnparsed(row)) ++more;
  EXPECT_EQ(more, 290);
  EXPECT_EQ(files.EstimatedRows(), 300);
}

TEST(ResponseFiles, EstimateTheRowsFromTheFirstOneOn) {
  const TemporaryFolder folder;
  std::string rows = "{\"response\":\"" + std::string(5000, '1') + "\"}\n";  // unlike the others
  for (int i = 1; i < 1000; ++i) rows += "{\"response\":\"12345678\"}\n";
  const std::string path = folder.path() + "/a.jsonl";
  WriteFileDurably(path, rows);
  ASSERT_EQ(std::system(fmt::format("gzip -k '{}'", path).c_str()), 0);
  for (const std::string& name : {path, path + ".gz"}) {
    ResponseFiles files({name});
    Row row;
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(files.NextUnparsed(row));
      EXPECT_NEAR(static_cast<double>(files.EstimatedRows()), 1000, 1) << name << " row " << i;
    }
  }
}

}  // namespace
}  // namespace rationale
