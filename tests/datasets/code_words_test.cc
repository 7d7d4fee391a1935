#include "datasets/generators/code_words.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "base/json.h"
#include "datasets/generators/registry.h"

namespace rationale {
namespace {

std::unique_ptr<Generator> Make(CodeWordsConfig config) {
  return MakeGenerator(config, GeneratorContext{.seed = 1});
}

TEST(CodeWords, DescribesAFunctionAndItsCalls) {
  const auto generator = Make({.steps_min = 3, .steps_max = 3, .slip = 0, .drop = 0});
  for (uint64_t i = 0; i < 300; ++i) {
    const Demonstration shown = generator->Demonstrate(Split::kTrain, i);
    const std::string& program = shown.problem.fields.at("program");
    EXPECT_EQ(shown.problem.reference, program);
    EXPECT_NE(shown.completion.find("<answer> " + program + " </answer>"), std::string::npos);
    EXPECT_EQ(std::count(shown.problem.prompt.begin(), shown.problem.prompt.end(), ','), 2);
    const auto tests = ParseJson(shown.problem.fields.at("tests"), "tests");
    EXPECT_EQ(tests["inputs"].Size(), 8u);
    EXPECT_EQ(tests["outputs"].Size(), 8u);
  }
}

// Worked out by hand, with Python's rounding: -7 // 2 is -4, -7 % 3 is 2.
TEST(CodeWords, ComputesAsPythonDoes) {
  const auto generator = Make({.steps_min = 1, .steps_max = 1, .number_max = 3, .tests = 64});
  const auto floor_divide = [](int64_t x, int64_t n) {
    return x >= 0 ? x / n : -((-x + n - 1) / n);
  };
  const std::map<std::string, std::function<int64_t(int64_t, int64_t)>> results = {
      {"f of a and b : divide by 3 .", [&](auto a, auto) { return floor_divide(a, 3); }},
      {"f of a and b : remainder by 3 .", [&](auto a, auto) { return a - 3 * floor_divide(a, 3); }},
      {"f of a and b : subtract from b .", [](auto a, auto b) { return b - a; }},
      {"f of a and b : keep at least 2 .", [](auto a, auto) { return std::max<int64_t>(a, 2); }},
      {"f of a and b : square .", [](auto a, auto) { return a * a; }}};
  std::set<std::string> seen;
  for (uint64_t i = 0; i < 800; ++i) {
    const Split split = i % 2 == 0 ? Split::kTrain : Split::kHeldOut;
    const Problem problem = generator->MakeProblem(split, i);
    const auto tests = ParseJson(problem.fields.at("tests"), "tests");
    for (rapidjson::SizeType t = 0; t < 64; ++t) {
      const int64_t a = tests["inputs"][t][0].GetInt64(), b = tests["inputs"][t][1].GetInt64();
      const int64_t result = tests["outputs"][t][0].GetInt64();
      const std::string& words = problem.prompt;
      const auto known = results.find(words);
      if (known != results.end()) {
        EXPECT_EQ(result, known->second(a, b)) << words << ' ' << a << ' ' << b;
      }
      seen.insert(words);
    }
  }
  EXPECT_EQ(seen.size(), 8 * 3 + 3u - 2);  // b, 2 or 3; but for the two that divide
}

TEST(CodeWords, ItsTeacherSlipsAndDropsAsOftenAsAsked) {
  const auto generator = Make({.slip = 0.5, .drop = 0.25});
  int wrong = 0, could_slip = 0;
  for (uint64_t i = 0; i < 2000; ++i) {
    const Demonstration shown = generator->Demonstrate(Split::kTrain, i);
    const std::string& prompt = shown.problem.prompt;
    const bool slips =
        prompt.find("keep") != std::string::npos || prompt.find("from") != std::string::npos;
    could_slip += slips;
    wrong += shown.completion.find("<answer> " + shown.problem.reference + " </answer>") ==
             std::string::npos;
  }
  EXPECT_NEAR(could_slip / 2000., 0.54, 0.05);  // 1 - (mean of (8/11)^2 and (8/11)^3)
  EXPECT_NEAR(wrong / 2000., 0.47, 0.06);
}

TEST(CodeWords, NeedsNoWordBeyondItsVocabulary) {
  const auto generator = Make({.steps_max = 8});
  const std::vector<std::string> vocabulary = generator->Vocabulary();
  const std::set<std::string> known(vocabulary.begin(), vocabulary.end());
  EXPECT_EQ(known.size(), vocabulary.size());
  for (uint64_t i = 0; i < 500; ++i) {
    const Demonstration shown = generator->Demonstrate(Split::kTrain, i);
    std::istringstream words(shown.problem.prompt + ' ' + shown.completion);
    for (std::string word; words >> word;) EXPECT_TRUE(known.contains(word)) << word;
  }
}

}  // namespace
}  // namespace rationale
