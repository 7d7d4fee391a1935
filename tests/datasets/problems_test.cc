#include "datasets/problems.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/datasets/testing.h"

namespace rationale {
namespace {

// "id [language] prompt -> reference", messages as "role: content | role: content".
std::string Show(const Problem& problem) {
  std::string text = problem.id + " [" + problem.language + "] " + problem.prompt;
  for (const auto& [role, content] : problem.messages) {
    text += (&role == &problem.messages.front().role ? "" : " | ") + role + ": " + content;
  }
  return text + " -> " + problem.reference;
}

std::string Show(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) text += Show(problem) + "\n";
  return text;
}

std::string LoadKnown(const std::string& name, Split split = Split::kAll) {
  const DataFolderIs folder(Golden(""));
  return Show(LoadProblems({.dataset = name}, split));
}

std::vector<Problem> LoadText(const std::string& name, const std::string& content,
                              DataConfig config = {}, Split split = Split::kAll) {
  const TextFile file(name, content);
  config.files = {file.path()};
  return LoadProblems(config, split);
}

// The complaint about a file of this content, from the file's name on.
std::string LoadError(const std::string& content, const DataConfig& config = {}) {
  const std::string message = ErrorOf([&] { LoadText("a.jsonl", content, config); });
  const size_t name = message.find("a.jsonl");
  return name == std::string::npos ? message : message.substr(name);
}

std::set<std::string> Prompts(const std::vector<Problem>& problems) {
  std::set<std::string> prompts;
  for (const Problem& problem : problems) prompts.insert(problem.prompt);
  return prompts;
}

TEST(KnownDatasets, EachFormatIsRead) {
  EXPECT_EQ(
      LoadKnown("gsm8k"),
      R"(train.jsonl:1 [en] Mia has 5 pens and buys 3 more. How many pens has she now? -> She has 5 + 3 = <<5+3=8>>8 pens.
#### 8
train.jsonl:2 [en] A baker sells 12 loaves at $3 each. How much money does he get? -> He gets 12 * 3 = $<<12*3=36>>36.
#### 36
train.jsonl:3 [en] Ten birds sit on a wire and 4 fly off. How many are left? -> 10 - 4 = <<10-4=6>>6 birds are left.
#### 6
train.jsonl:4 [en] A box holds 6 eggs. How many eggs are in 1,000 boxes? -> 1000 * 6 = <<1000*6=6000>>6000
#### 6,000
)");
  EXPECT_EQ(
      LoadKnown("svamp"),
      R"(chal-1 [en] There are 9 red and 8 green apples. How many apples are there in all? -> 17
chal-2 [en] Two friends share 5 litres of milk. How much does each get? -> 2.5
)");
  EXPECT_EQ(
      LoadKnown("asdiv"),
      R"(asdiv.jsonl:1 [en] Four cats and five dogs live here. How many animals live here? -> 9
asdiv.jsonl:2 [en] Ann walks 3 km and back. How far does she walk? -> 6
)");
  EXPECT_EQ(
      LoadKnown("mawps"),
      R"(mawps_addsub.jsonl:1 [en] Joe has 50 stamps and gives 7 away . How many has he left ? -> 43
mawps_addsub.jsonl:2 [en] Sue picks 2.5 kg and 4 kg of plums . How many kg has she ? -> 6.5
mawps_multiarith.jsonl:1 [en] Three boxes hold 13 pens each. How many pens are there? -> 39
mawps_multiarith.jsonl:2 [en] Three boxes hold 13 pens each. How many pens are there? -> 39
mawps_singleop.jsonl:1 [en] There are 7 caps and 7 more. How many caps are there? -> 14
)");
  EXPECT_EQ(LoadKnown("cmath"), R"(cmath.jsonl:1 [zh] 小明有9支笔，送出4支，还剩几支？ -> 5
cmath.jsonl:2 [zh] 一本书99页，看了一半多0.5页，看了多少页？ -> 50
)");
  EXPECT_EQ(LoadKnown("aime24"),
            R"(aime24.jsonl:1 [en] Find the remainder of $7^{3}$ modulo $1000$. -> 343
aime24.jsonl:2 [en] How many primes are below $20$? -> 008
)");
  EXPECT_EQ(LoadKnown("amc23"), R"(amc23.jsonl:1 [en] What is $3^3$? -> 27
amc23.jsonl:2 [en] What is $-\frac{5}{2}$ as a decimal? -> -2.5
)");
  EXPECT_EQ(LoadKnown("olympiadbench"), R"(olympiadbench.jsonl:1 [en] Solve $x^2=4$. -> $2$, $-2$
olympiadbench.jsonl:2 [en] Give the sum of $1/n(n+1)$ for $n$ up to $N$. -> $\frac{N}{N+1}$
)");
  EXPECT_EQ(
      LoadKnown("gaokao2023en"),
      R"(gaokao2023en.jsonl:1 [en] Let $M=\{x|x\geq 1\}$ and $N=\{x|x<3\}$. Find $M \cap N$. -> $\{x|1\leq x < 3\}$
gaokao2023en.jsonl:3 [en] Find $\sin \frac{\pi}{2}$. -> 1
)");
  EXPECT_EQ(LoadKnown("humaneval"),
            "HumanEval/0 [en] def double(x: int) -> int:\n    \"\"\" Twice x. \"\"\"\n -> \n"
            "HumanEval/1 [en] def square(x: int) -> int:\n    \"\"\" x times x. \"\"\"\n -> \n");
  EXPECT_EQ(LoadKnown("mbpp"), R"(1 [en] Write a function to add two numbers.
The code must pass these tests:
assert add(1, 2) == 3
assert add(0, 0) == 0 -> 
2 [en] Write a function to negate a number.
The code must pass these tests:
assert neg(1) == -1 -> 
)");
}

TEST(KnownDatasets, MgsmIsElevenLanguagesNamedByTheirFiles) {
  const DataFolderIs folder(Golden(""));
  const auto problems = LoadProblems({.dataset = "mgsm"}, Split::kAll);
  std::string languages;
  for (const Problem& problem : problems) languages += problem.language + " ";
  EXPECT_EQ(languages, "bn bn de de en en es es fr fr ja ja ru ru sw sw te te th th zh zh ");
  EXPECT_EQ(
      Show(LoadProblems({.dataset = "mgsm", .languages = {"zh", "de"}}, Split::kAll)),
      R"(mgsm_de.tsv:1 [de] Mia hat 5 Stifte und kauft 3 dazu. Wie viele Stifte hat sie jetzt? -> 8
mgsm_de.tsv:2 [de] In eine Schachtel "Eier" passen 6 Stück. Wie viele Eier sind in 200 Schachteln? -> 1,200
mgsm_zh.tsv:1 [zh] 米娅有5支笔，又买了3支。她现在有几支笔？ -> 8
mgsm_zh.tsv:2 [zh] 一盒有6个鸡蛋。200盒有多少个鸡蛋？ -> 1,200
)");
}

TEST(KnownDatasets, MgsmsTranslationsOfAProblemAreOnOneSide) {
  const DataFolderIs folder(Golden(""));
  bool divided = false;
  for (const char* salt : {"salt 1", "salt 2", "salt 3", "salt 4", "salt 5", "salt 6"}) {
    DataConfig config{.dataset = "mgsm", .held_out = 0.5, .split_salt = salt};
    std::set<std::string> answers;  // row 1's is 8, row 2's 1,200
    size_t count = 0;
    try {
      for (const Problem& problem : LoadProblems(config, Split::kHeldOut)) {
        answers.insert(problem.reference);
        ++count;
      }
    } catch (const Error&) {
      continue;  // neither row was held out
    }
    EXPECT_EQ(count, answers.size() * 11) << salt;
    divided |= answers.size() == 1;
  }
  EXPECT_TRUE(divided);
}

TEST(KnownDatasets, KeepTheOtherColumnsForTheRewards) {
  const DataFolderIs folder(Golden(""));
  const auto humaneval = LoadProblems({.dataset = "humaneval"}, Split::kAll);
  EXPECT_EQ(humaneval[1].fields.at("entry_point"), "square");
  EXPECT_EQ(humaneval[1].fields.at("test"),
            "def check(candidate):\n    assert candidate(3) == 9\n");
  const auto mbpp = LoadProblems({.dataset = "mbpp"}, Split::kAll);
  EXPECT_EQ(mbpp[0].fields.at("test_list"), R"(["assert add(1, 2) == 3","assert add(0, 0) == 0"])");
  const auto olympiad = LoadProblems({.dataset = "olympiadbench"}, Split::kAll);
  EXPECT_EQ(olympiad[0].fields.at("is_multiple_answer"), "true");
  EXPECT_FALSE(olympiad[0].fields.contains("unit"));  // null
}

TEST(KnownDatasets, AnUnknownNameOrAMissingFileIsTold) {
  const DataFolderIs folder("/nowhere");
  EXPECT_EQ(ErrorOf([] { LoadProblems({.dataset = "gsm8"}, Split::kAll); }).substr(0, 40),
            "data.dataset: found 'gsm8', allowed: gsm");
  EXPECT_EQ(ErrorOf([] { LoadProblems({.dataset = "aime24"}, Split::kAll); }),
            "data.files: no file 'math/aime24.jsonl'; looked for: math/aime24.jsonl, "
            "/nowhere/math/aime24.jsonl");
}

TEST(DataConfigFor, TakesANameOrAPath) {
  EXPECT_EQ(DataConfigFor("gsm8k").dataset, "gsm8k");
  EXPECT_EQ(DataConfigFor("my/gsm8k.jsonl").files, std::vector<std::string>{"my/gsm8k.jsonl"});
}

TEST(LoadProblems, HeldOutFilesAreHeldOutAndKeptOutOfTraining) {
  const DataFolderIs folder(Golden(""));
  const auto train = LoadProblems({.dataset = "gsm8k"}, Split::kTrain);
  const auto held_out = LoadProblems({.dataset = "gsm8k"}, Split::kHeldOut);
  // The birds are in both files, with another space: they are not trained on.
  EXPECT_EQ(train.size(), 3u);
  EXPECT_EQ(held_out.size(), 2u);
  EXPECT_EQ(held_out[0].id, "test.jsonl:1");
  for (const Problem& problem : train) EXPECT_EQ(problem.prompt.find("birds"), std::string::npos);
}

TEST(LoadProblems, DividesByContentSoThatDuplicatesStayTogether) {
  std::string content;
  for (int copy = 0; copy < 3; ++copy) content += Numbered(300);
  const auto train = LoadText("a.jsonl", content, {.held_out = 0.2}, Split::kTrain);
  const auto held_out = LoadText("a.jsonl", content, {.held_out = 0.2}, Split::kHeldOut);
  EXPECT_EQ(train.size() + held_out.size(), 900u);
  EXPECT_NEAR(static_cast<double>(held_out.size()), 180, 90);
  EXPECT_EQ(train.size() % 3, 0u);
  const std::set<std::string> train_prompts = Prompts(train);
  for (const std::string& prompt : Prompts(held_out)) EXPECT_FALSE(train_prompts.contains(prompt));
  const auto unique =
      LoadText("a.jsonl", content, {.held_out = 0.2, .deduplicate = true}, Split::kTrain);
  EXPECT_EQ(unique.size(), train.size() / 3);
}

TEST(LoadProblems, TheSidesDoNotDependOnFilesOrOrder) {
  const auto whole = LoadText("a.jsonl", Numbered(200), {.held_out = 0.3}, Split::kHeldOut);
  const TextFile first("one.jsonl", Numbered(200)), second("two.jsonl", Numbered(100));
  const auto again =
      LoadProblems({.files = {second.path(), first.path()}, .held_out = 0.3}, Split::kHeldOut);
  EXPECT_EQ(Prompts(whole), Prompts(again));
}

TEST(LoadProblems, TakesAsManyAsAskedForFirstOrAtRandom) {
  const std::string content = Numbered(100);
  const auto first = LoadText("a.jsonl", content, {.limit = 10});
  EXPECT_EQ(first.size(), 10u);
  EXPECT_EQ(first[9].prompt, "Problem 9?");
  const auto random = LoadText("a.jsonl", content, {.limit = 10, .shuffle = true});
  EXPECT_EQ(Prompts(random).size(), 10u);
  EXPECT_NE(Prompts(first), Prompts(random));
  EXPECT_EQ(Show(random), Show(LoadText("a.jsonl", content, {.limit = 10, .shuffle = true})));
  EXPECT_NE(Show(random),
            Show(LoadText("a.jsonl", content, {.limit = 10, .shuffle = true, .seed = 1})));
  // The limit is the training side's; the held-out side has its own.
  EXPECT_GT(LoadText("a.jsonl", content, {.held_out = 0.5, .limit = 10}, Split::kHeldOut).size(),
            30u);
  EXPECT_EQ(
      LoadText("a.jsonl", content, {.held_out = 0.5, .held_out_limit = 7}, Split::kHeldOut).size(),
      7u);
}

TEST(LoadProblems, StopsReadingAtTheLimit) {
  EXPECT_EQ(LoadText("a.jsonl", Numbered(3) + "{broken", {.limit = 3}).size(), 3u);
  EXPECT_EQ(LoadError(Numbered(3) + "{broken", {.limit = 4}),
            "a.jsonl:4: not valid JSON at column 2: Missing a name for object member.");
}

TEST(LoadProblems, WritesNumbersPlainly) {
  const auto reference = [](const std::string& json) {
    return LoadText("a.jsonl", R"({"question":"?","answer":)" + json + "}\n").front().reference;
  };
  EXPECT_EQ(reference("43.0"), "43");
  EXPECT_EQ(reference("-2.50"), "-2.5");
  EXPECT_EQ(reference("0.1"), "0.1");
  EXPECT_EQ(reference("1e-7"), "0.0000001");
  EXPECT_EQ(reference("-0.0"), "0");
  EXPECT_EQ(reference("9007199254740992.0"), "9007199254740992");
  EXPECT_EQ(reference("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(reference("true"), "true");
  EXPECT_EQ(reference("\"43.0\""), "43.0");
  EXPECT_EQ(reference("[1, \"x\", 2.5]"), "1, x, 2.5");
  EXPECT_EQ(LoadError("{\"question\":\"?\",\"answer\":123456789012345678901}\n"),
            "a.jsonl:1: data.fields.reference: found the number 1.2345678901234568e+20, too large "
            "to be exact; write it "
            "as a string");
}

TEST(LoadProblems, FieldsMayBePathsAndPatterns) {
  const std::string row = R"({"a":{"b":{"c":7}},"a.x":"literal","list":["p","q"],"n":2.0})"
                          "\n";
  const auto prompt = [&](const std::string& field) {
    return LoadText("a.jsonl", row, {.fields = {.prompt = field, .reference = "n"}}).front().prompt;
  };
  EXPECT_EQ(prompt("a.b.c"), "7");
  EXPECT_EQ(prompt("a.x"), "literal");
  EXPECT_EQ(prompt("{a.b.c}: {list} / {n} \\boxed{}, row {row}"), "7: p\nq / 2 \\boxed{}, row 1");
  EXPECT_EQ(
      ErrorOf([&] { prompt("{nope}"); }).substr(ErrorOf([&] { prompt("{nope}"); }).find("a.jsonl")),
      "a.jsonl:1: no column 'nope' with a value (data.fields.prompt); the row has: a, a.x, list, "
      "n");
  EXPECT_EQ(ErrorOf([&] { prompt("{n"); }),
            "data.fields.prompt: found '{n', a brace that is not closed");
}

TEST(LoadProblems, NamesTheRowAndItsColumnsWhenAFieldIsMissing) {
  EXPECT_EQ(LoadError("{\"q\":\"?\",\"a\":1}\n"),
            "a.jsonl:1: no column 'prompt' with a value (data.fields.prompt); the row has: q, a");
  EXPECT_EQ(LoadError("{\"question\":\"?\",\"answer\":1}\n\n{\"question\":\"!\",\"answr\":1}\n"),
            "a.jsonl:3: no column 'answer' with a value (data.fields.reference); the row has: "
            "question, answr");
  EXPECT_EQ(LoadError("{\"question\":\"?\",\"answer\":1}\n{\"question\":null,\"answer\":1}\n"),
            "a.jsonl:2: no column 'question' with a value (data.fields.prompt); the row has: "
            "question, answer");
  EXPECT_EQ(LoadError("{\"question\":\" \\n\"}\n"),
            "a.jsonl:1: found an empty prompt in 'question'");
  EXPECT_EQ(LoadError("{\"question\":{\"en\":\"?\"}}\n"),
            "a.jsonl:1: data.fields.prompt: found an object, allowed: text, a number or a list; a "
            "path such as a.b "
            "leads into objects");
}

TEST(LoadProblems, UnansweredProblemsAreToldOrLeftOut) {
  const std::string rows =
      "{\"question\":\"1?\",\"answer\":1}\n{\"question\":\"2?\",\"answer\":null}\n{\"question\":"
      "\"3?\",\"answer\":\" \"}\n";
  EXPECT_EQ(LoadError(rows).substr(0, 45), "a.jsonl:2: no column 'answer' with a value (d");
  const auto kept = LoadText("a.jsonl", rows, {.drop_unanswered = true});
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].prompt, "1?");
}

TEST(LoadProblems, ReadsChatMessagesOfEveryShape) {
  EXPECT_EQ(Show(LoadProblems({.files = {Golden("formats/chat.jsonl")}}, Split::kAll)),
            "chat.jsonl:1 [] system: Be brief. | user: 1+1? -> \n"
            "chat.jsonl:2 [] user: 2+2? | assistant: 4 | user: And 3+3? -> \n");
  EXPECT_EQ(Show(LoadProblems({.files = {Golden("formats/sharegpt.jsonl")}}, Split::kAll)),
            "sharegpt.jsonl:1 [] user: 1+1? -> 2\n");
  EXPECT_EQ(Show(LoadProblems({.files = {Golden("formats/verl.parquet")}, .language = "en"},
                              Split::kAll)),
            "verl.parquet:1 [en] user: What is 17 + 5? -> 22\n"
            "verl.parquet:2 [en] user: What is 40 + 2? -> 42\n"
            "verl.parquet:3 [en] user: What is 9 + 9? -> 18\n");
  EXPECT_EQ(
      Show(LoadText("a.jsonl",
                    R"({"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]})")),
      "a.jsonl:1 [] user: Hi -> \n");
}

TEST(LoadProblems, NamesTheMalformedMessage) {
  EXPECT_EQ(LoadError(R"({"messages":[{"role":"tool","content":"x"}]})"),
            "a.jsonl:1: messages[0]: found the role 'tool', allowed: system, user, assistant");
  EXPECT_EQ(LoadError(R"({"messages":[{"role":"user"}]})"),
            "a.jsonl:1: messages[0]: no 'content'; there are: role");
  EXPECT_EQ(LoadError(R"({"messages":[]})").substr(0, 40),
            "a.jsonl:1: messages: found no messages, ");
  EXPECT_EQ(LoadError(R"({"messages":[{"role":"assistant","content":"x"}]})"),
            "a.jsonl:1: found no user's message to answer");
  EXPECT_EQ(LoadError(R"({"messages":[{"role":"user","content":[{"type":"image"}]}]})"),
            "a.jsonl:1: messages[0]: content: found a part of type 'image', allowed: text");
}

TEST(LoadProblems, IdsNameFileAndRowOrComeFromAColumnAndDiffer) {
  const TemporaryFolder folder;
  MakeFolders(folder.path() + "/x");
  MakeFolders(folder.path() + "/y");
  WriteFileDurably(folder.path() + "/x/a.jsonl", Numbered(1));
  WriteFileDurably(folder.path() + "/y/a.jsonl", Numbered(1));
  WriteFileDurably(folder.path() + "/y/b.jsonl", Numbered(1));
  const auto problems = LoadProblems(
      {.files = {folder.path() + "/*/a.jsonl", folder.path() + "/y/b.jsonl"}}, Split::kAll);
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].id, "x/a.jsonl:1");
  EXPECT_EQ(problems[1].id, "y/a.jsonl:1");
  EXPECT_EQ(problems[2].id, "b.jsonl:1");
  EXPECT_NE(ErrorOf([&] {
              LoadProblems({.files = {folder.path() + "/y/b.jsonl", folder.path() + "/y/b.jsonl"}},
                           Split::kAll);
            }).find("a file is named twice"),
            std::string::npos);
  const std::string message = LoadError("{\"prompt\":\"p\",\"k\":1}\n{\"prompt\":\"q\",\"k\":1}\n",
                                        {.fields = {.id = "k"}});
  EXPECT_TRUE(message.starts_with("a.jsonl:2: found the id '1' again, first at ")) << message;
  EXPECT_TRUE(message.ends_with("a.jsonl:1")) << message;
}

TEST(LoadProblems, AnEmptySetIsAnError) {
  EXPECT_EQ(LoadError("").substr(0, 53), "a.jsonl: 0 rows read, none taken (data.held_out = 0.1");
  EXPECT_NE(LoadError(Numbered(3), {.languages = {"de"}}).find("3 rows read, none taken"),
            std::string::npos);
  EXPECT_EQ(ErrorOf([] { LoadProblems({}, Split::kAll); }),
            "data: found none of files, dataset, generator, mix; allowed: one of them");
}

TEST(LoadDemonstrations, TakeTheirCompletionFromAColumnOrTheLastMessage) {
  const auto chat = LoadDemonstrations({.files = {Golden("formats/chat.jsonl")}}, Split::kAll);
  ASSERT_EQ(chat.size(), 2u);
  EXPECT_EQ(chat[0].completion, "2");
  EXPECT_EQ(chat[1].completion, "6");
  EXPECT_EQ(Show(chat[1].problem),
            "chat.jsonl:2 [] user: 2+2? | assistant: 4 | user: And 3+3? -> ");

  const auto load = [](const std::string& row, FieldsConfig fields = {}) {
    const TextFile file("a.jsonl", row);
    return LoadDemonstrations({.files = {file.path()}, .fields = std::move(fields)}, Split::kAll)
        .front();
  };
  EXPECT_EQ(load(R"({"prompt":"p","completion":"c"})").completion, "c");
  EXPECT_EQ(load(R"({"question":"p","answer":"c"})", {.completion = "<answer> {answer} </answer>"})
                .completion,
            "<answer> c </answer>");
  // A prompt alone is no demonstration, but the messages beside it are one.
  const Demonstration both = load(
      R"({"problem":"p","messages":[{"role":"user","content":"p!"},{"role":"assistant","content":"c"}]})");
  EXPECT_EQ(both.completion, "c");
  EXPECT_EQ(both.problem.messages.front().content, "p!");
  EXPECT_NE(ErrorOf([&] {
              load(R"({"prompt":"p","answer":"c"})");
            }).find("a.jsonl:1: found no completion"),
            std::string::npos);
}

TEST(LoadProblems, AGeneratorGivesItsFirstProblems) {
  const DataConfig config{.limit = 9, .held_out_limit = 6, .generator = "arithmetic_words"};
  const auto train = LoadProblems(config, Split::kTrain, 1);
  EXPECT_EQ(train.size(), 9u);
  EXPECT_EQ(train[8].id, "arithmetic_words/train/8");
  EXPECT_NE(Show(train), Show(LoadProblems(config, Split::kTrain, 2)));
  // Held-out problems are the same in every run.
  EXPECT_EQ(Show(LoadProblems(config, Split::kHeldOut, 1)),
            Show(LoadProblems(config, Split::kHeldOut, 2)));
  EXPECT_EQ(LoadDemonstrations(config, Split::kTrain, 1)[8].problem.prompt, train[8].prompt);
  EXPECT_EQ(ErrorOf([] { LoadProblems({.generator = "countdown"}, Split::kHeldOut); }),
            "data.held_out_limit: found 0, which means all; the generator countdown has no end: "
            "say how many");
}

}  // namespace
}  // namespace rationale
