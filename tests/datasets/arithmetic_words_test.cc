#include "datasets/generators/arithmetic_words.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "datasets/generators/number_words.h"

namespace rationale {
namespace {

ArithmeticWordsConfig Perfect() {
  ArithmeticWordsConfig config;
  config.slip = config.lapse = config.drop_tag = 0;
  return config;
}

std::vector<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// Every expression of 2 or 3 operations of 1..9 whose running totals stay within 0..19, with its
// value.
std::map<std::string, int> AllExpressions() {
  std::map<std::string, int> level, all;
  for (int start = 1; start <= 19; ++start) level[std::to_string(start)] = start;
  for (int operations = 1; operations <= 3; ++operations) {
    std::map<std::string, int> next;
    for (const auto& [text, total] : level) {
      for (int operand = -9; operand <= 9; ++operand) {
        if (operand == 0 || total + operand < 0 || total + operand > 19) continue;
        next[text + (operand > 0 ? "+" : "-") + std::to_string(std::abs(operand))] =
            total + operand;
      }
    }
    level = std::move(next);
    if (operations >= 2) all.insert(level.begin(), level.end());
  }
  return all;
}

// The expression in digits behind a prompt, read word by word through the language's table.
std::string ExpressionOf(const Problem& problem) {
  const NumberLanguage& language = FindNumberLanguage(problem.language);
  std::string digits;
  for (const std::string& word : Words(problem.prompt)) {
    const auto* number = std::find(language.numbers.begin(), language.numbers.end(), word);
    if (number != language.numbers.end())
      digits += std::to_string(number - language.numbers.begin());
    if (word == language.plus) digits += '+';
    if (word == language.minus) digits += '-';
  }
  return digits;
}

// The teacher's trace: does every step follow, and what is answered?
struct Trace {
  std::string language;
  int num_wrong_steps = 0;
  int num_crossings = 0;  // of ten, by the trace's own totals
  bool all_tags = false;
  std::string answer;
};

Trace ReadTrace(const std::string& completion, const std::vector<std::string>& codes) {
  Trace trace;
  std::vector<std::string> words = Words(completion);
  const auto drop = [&words](const std::string& tag) { return std::erase(words, tag) == 1; };
  const int tags = drop("<think>") + drop("</think>") + drop("<answer>") + drop("</answer>");
  trace.all_tags = tags == 4;
  EXPECT_GE(tags, 3) << completion;
  trace.answer = words.back();
  words.pop_back();
  for (const std::string& code : codes) {
    const NumberLanguage& language = FindNumberLanguage(code);
    const auto value = [&language](const std::string& word) {
      return std::find(language.numbers.begin(), language.numbers.end(), word) -
             language.numbers.begin();
    };
    if (value(words[0]) == 20) continue;  // no number of this language
    trace.language = code;
    auto total = value(words[0]);
    for (size_t i = 1; i < words.size(); i += 4) {  // operator, operand, equals, result
      EXPECT_EQ(words[i + 2], language.equals) << completion;
      const auto right =
          words[i] == language.plus ? total + value(words[i + 1]) : total - value(words[i + 1]);
      const auto said = value(words[i + 3]);
      trace.num_wrong_steps += said != right;
      if (said != right) {
        EXPECT_EQ(std::abs(said - right), 10) << completion;
      }
      trace.num_crossings += (total < 10) != (right < 10);
      total = said;
    }
    EXPECT_EQ(trace.answer, std::to_string(total)) << completion;
    return trace;
  }
  ADD_FAILURE() << "no language's numbers in " << completion;
  return trace;
}

TEST(ArithmeticWords, WritesPromptTraceAndAnswer) {
  const auto generator = MakeGenerator(Perfect(), {.seed = 1, .split = {}});
  std::string text;
  for (uint64_t i = 0; i < 3; ++i) {
    const Demonstration shown = generator->Demonstrate(Split::kTrain, i);
    text += shown.problem.fields.at("expression") + ": " + shown.problem.prompt + " | " +
            shown.completion + " = " + shown.problem.reference + "\n";
  }
  EXPECT_EQ(
      text,
      "14+5-9-8: what is fourteen plus five minus nine minus eight ? | <think> fourteen plus "
      "five is nineteen minus nine is ten minus eight is two </think> <answer> 2 </answer> = 2\n"
      "12-7+6: was ist zwölf minus sieben plus sechs ? | <think> zwölf minus sieben ist fünf plus "
      "sechs ist elf </think> <answer> 11 </answer> = 11\n"
      "18-8+3: 十八 减 八 加 三 等于 多少 ? | <think> 十八 减 八 等于 十 加 三 等于 十三 "
      "</think> <answer> 13 </answer> = 13\n");
}

TEST(ArithmeticWords, ReferencesAndTracesAreRightForAPerfectTeacher) {
  const std::map<std::string, int> all = AllExpressions();
  ArithmeticWordsConfig config = Perfect();
  config.languages = {"en", "de", "zh", "es", "fr", "ru"};
  const auto generator = MakeGenerator(config, {.seed = 3, .split = {}});
  for (uint64_t i = 0; i < 3000; ++i) {
    const Demonstration shown = generator->Demonstrate(Split::kAll, i);
    const Problem& problem = shown.problem;
    EXPECT_EQ(problem.language, config.languages[i % 6]);
    EXPECT_EQ(ExpressionOf(problem), problem.fields.at("expression"));
    EXPECT_EQ(problem.reference, std::to_string(all.at(problem.fields.at("expression"))));
    const Trace trace = ReadTrace(shown.completion, {problem.language});
    EXPECT_EQ(trace.answer, problem.reference);
    EXPECT_EQ(trace.num_wrong_steps, 0);
    EXPECT_TRUE(trace.all_tags);
  }
}

TEST(ArithmeticWords, IsAFunctionOfSeedSplitAndIndex) {
  const GeneratorContext context{.seed = 4, .split = {}};
  const auto generator = MakeGenerator(ArithmeticWordsConfig{}, context);
  const auto again = MakeGenerator(ArithmeticWordsConfig{}, context);
  const auto other = MakeGenerator(ArithmeticWordsConfig{}, {.seed = 5, .split = {}});
  int differing = 0;
  for (uint64_t i = 50; i-- > 0;) {
    const Demonstration shown = generator->Demonstrate(Split::kTrain, i);
    EXPECT_EQ(shown.completion, again->Demonstrate(Split::kTrain, i).completion);
    EXPECT_EQ(shown.problem.prompt, again->MakeProblem(Split::kTrain, i).prompt);
    EXPECT_EQ(shown.problem.id, "arithmetic_words/train/" + std::to_string(i));
    differing += shown.problem.prompt != other->MakeProblem(Split::kTrain, i).prompt;
  }
  EXPECT_GT(differing, 45);
}

// The whole space: the rule parts it in two, and neither side's generator ever leaves its part, in
// any language.
TEST(ArithmeticWords, NoHeldOutExpressionIsEverTrainedOn) {
  const SplitRule rule;
  const std::map<std::string, int> all = AllExpressions();
  std::set<std::string> train, held_out;
  for (const auto& [expression, value] : all) {
    (rule.SideOf(expression) == Split::kHeldOut ? held_out : train).insert(expression);
  }
  EXPECT_EQ(all.size(), 55485u);  // 3,684 of two operations, 51,801 of three
  EXPECT_NEAR(static_cast<double>(held_out.size()) / static_cast<double>(all.size()), 0.1, 0.007);

  std::set<std::string> seen_train, seen_held_out;
  for (const uint64_t seed : {0, 1}) {
    const auto generator = MakeGenerator(Perfect(), {.seed = seed, .split = rule});
    for (uint64_t i = 0; i < 50'000; ++i) {
      seen_train.insert(ExpressionOf(generator->MakeProblem(Split::kTrain, i)));
      if (i < 20'000)
        seen_held_out.insert(ExpressionOf(generator->MakeProblem(Split::kHeldOut, i)));
    }
  }
  EXPECT_TRUE(std::includes(train.begin(), train.end(), seen_train.begin(), seen_train.end()));
  EXPECT_TRUE(
      std::includes(held_out.begin(), held_out.end(), seen_held_out.begin(), seen_held_out.end()));
  EXPECT_GT(seen_train.size(), train.size() / 2);  // the walk is no small corner
  EXPECT_GT(seen_held_out.size(), held_out.size() / 2);
}

TEST(ArithmeticWords, EveryRunOfIndicesIsBalancedBetweenLanguages) {
  const auto generator = MakeGenerator(ArithmeticWordsConfig{}, {.seed = 0, .split = {}});
  for (const uint64_t first : {0, 1, 150}) {
    std::map<std::string, int> counts;
    for (uint64_t i = 0; i < 151; ++i)
      ++counts[generator->MakeProblem(Split::kHeldOut, first + i).language];
    ASSERT_EQ(counts.size(), 3u);
    for (const auto& [language, count] : counts) EXPECT_NEAR(count, 50.5, 1);
  }
}

TEST(ArithmeticWords, TheTeacherErrsAsOftenAsItIsAskedTo) {
  const ArithmeticWordsConfig config;
  const auto generator = MakeGenerator(config, {.seed = 8, .split = {}});
  double asked_in_other = 0, lapsed = 0, dropped = 0, crossings = 0, wrong = 0;
  constexpr uint64_t kCount = 6000;
  for (uint64_t i = 0; i < kCount; ++i) {
    const Demonstration shown = generator->Demonstrate(Split::kTrain, i);
    const Trace trace = ReadTrace(shown.completion, {shown.problem.language, "en"});
    asked_in_other += shown.problem.language != "en";
    lapsed += trace.language != shown.problem.language;
    dropped += !trace.all_tags;
    crossings += trace.num_crossings;
    wrong += trace.num_wrong_steps;
  }
  EXPECT_NEAR(lapsed / asked_in_other, config.lapse, 0.04);  // 5.5 standard deviations
  EXPECT_NEAR(dropped / kCount, config.drop_tag, 0.02);
  // A slip that would lead out of 0..19 later is not made, so fewer than `slip` of the crossings
  // are slips.
  EXPECT_LT(wrong / crossings, config.slip);
  EXPECT_GT(wrong / crossings, 0.4);
}

TEST(ArithmeticWords, ItsVocabularyHoldsEveryWordItWrites) {
  ArithmeticWordsConfig config;
  config.languages = {"zh", "fr"};
  config.lapse_language = "ru";
  const auto generator = MakeGenerator(config, {.seed = 2, .split = {}});
  const std::vector<std::string> vocabulary = generator->Vocabulary();
  const std::set<std::string> known(vocabulary.begin(), vocabulary.end());
  EXPECT_EQ(known.size(), vocabulary.size());
  for (uint64_t i = 0; i < 500; ++i) {
    const Demonstration shown = generator->Demonstrate(Split::kAll, i);
    for (const std::string& word :
         Words(shown.problem.prompt + " " + shown.completion + " " + shown.problem.reference)) {
      EXPECT_TRUE(known.contains(word)) << word;
    }
  }
}

TEST(ArithmeticWords, RefusesOptionsThatLeaveNoProblem) {
  const auto make = [](auto change, double held_out = 0.1) {
    ArithmeticWordsConfig config;
    change(config);
    return MakeGenerator(config, {.seed = 0, .split = {.held_out = held_out}});
  };
  EXPECT_THROW(make([](auto& c) { c.languages = {"tlh"}; }), Error);
  EXPECT_THROW(make([](auto& c) { c.languages.clear(); }), Error);
  EXPECT_THROW(make([](auto& c) { c.operations_min = 4; }), Error);
  EXPECT_THROW(make([](auto& c) { c.total_max = 9; }), Error);
  const auto nothing_held_out = make([](auto&) {}, 0);
  EXPECT_NO_THROW(nothing_held_out->MakeProblem(Split::kTrain, 0));
  EXPECT_THROW(nothing_held_out->MakeProblem(Split::kHeldOut, 0), Error);
}

TEST(NumberWords, AreTwentyDifferentSingleWordsInEveryLanguage) {
  for (const NumberLanguage& language : NumberLanguages()) {
    std::set<std::string_view> words(language.numbers.begin(), language.numbers.end());
    EXPECT_EQ(words.size(), 20u) << language.code;
    words.insert({language.plus, language.minus, language.equals});
    EXPECT_EQ(words.size(), 23u) << language.code;
    for (const std::string_view word : words)
      EXPECT_EQ(Words(std::string(word)).size(), 1u) << word;
  }
}

}  // namespace
}  // namespace rationale
