// What every generator promises, and the arithmetic of countdown, chain_sum and base_conversion.

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "datasets/generators/registry.h"
#include "tests/datasets/testing.h"

namespace rationale {
namespace {

std::unique_ptr<Generator> Make(const std::string& name, uint64_t seed = 0, double held_out = 0.1) {
  return MakeGenerator(name, {}, {.seed = seed, .split = {.held_out = held_out}});
}

// The value of an expression of whole numbers, + - * / and parentheses; division must come out
// even. Recursive descent: sum = product {(+|-) product}, product = atom {(*|/) atom}, atom =
// number | -atom | (sum).
class Calculator {
 public:
  explicit Calculator(const std::string& text) {
    for (const char c : text) {
      if (c != ' ') text_ += c;
    }
  }

  int64_t Value() {
    const int64_t value = Sum();
    EXPECT_EQ(position_, text_.size()) << text_;
    return value;
  }

 private:
  char Peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }

  int64_t Sum() {
    int64_t value = Product();
    while (Peek() == '+' || Peek() == '-') {
      const bool plus = text_[position_++] == '+';
      const int64_t next = Product();
      value += plus ? next : -next;
    }
    return value;
  }

  int64_t Product() {
    int64_t value = Atom();
    while (Peek() == '*' || Peek() == '/') {
      const bool times = text_[position_++] == '*';
      const int64_t next = Atom();
      if (!times) {
        EXPECT_EQ(value % next, 0) << text_;
      }
      value = times ? value * next : value / next;
    }
    return value;
  }

  int64_t Atom() {
    if (Peek() == '-') {
      ++position_;
      return -Atom();
    }
    if (Peek() == '(') {
      ++position_;
      const int64_t value = Sum();
      EXPECT_EQ(Peek(), ')') << text_;
      ++position_;
      return value;
    }
    const size_t start = position_;
    while (std::isdigit(static_cast<unsigned char>(Peek())) != 0) ++position_;
    EXPECT_GT(position_, start) << text_;
    return std::stoll(text_.substr(start, position_ - start));
  }

  std::string text_;
  size_t position_ = 0;
};

std::string Between(const std::string& text, const std::string& open, const std::string& close) {
  const size_t start = text.find(open) + open.size();
  return text.substr(start, text.find(close, start) - start);
}

// Every "a = b" in the trace is true. Returns how many there were.
int CheckEquations(const std::string& completion) {
  int count = 0;
  const std::string trace = Between(completion, "<think>", "</think>");
  for (size_t start = 0, stop = trace.find('.'); stop != std::string::npos;
       start = stop + 1, stop = trace.find('.', start)) {
    const std::string sentence = trace.substr(start, stop - start);
    const size_t equals = sentence.find('=');
    if (equals == std::string::npos) continue;
    EXPECT_EQ(Calculator(sentence.substr(0, equals)).Value(),
              Calculator(sentence.substr(equals + 1)).Value())
        << trace;
    ++count;
  }
  return count;
}

std::string Answer(const std::string& completion) {
  return Between(completion, "<answer> ", " </answer>");
}

TEST(Generators, KeepTheirPromisesEachOfThem) {
  for (const std::string& name : GeneratorNames()) {
    const auto generator = Make(name, 1), again = Make(name, 1), other = Make(name, 2);
    std::set<std::string> train, held_out;
    int differing = 0;
    for (uint64_t i = 500; i-- > 0;) {
      const Demonstration shown = generator->Demonstrate(Split::kTrain, i);
      const Problem alone = again->MakeProblem(Split::kTrain, i);
      EXPECT_EQ(shown.problem.prompt, alone.prompt);
      EXPECT_EQ(shown.problem.reference, alone.reference);
      EXPECT_EQ(shown.problem.fields, alone.fields);
      EXPECT_EQ(shown.completion, again->Demonstrate(Split::kTrain, i).completion);
      EXPECT_EQ(alone.id, name + "/train/" + std::to_string(i));
      EXPECT_FALSE(alone.reference.empty());
      EXPECT_FALSE(alone.language.empty());
      EXPECT_EQ(JsonText(ParseJson(JsonWriter().Value(alone.prompt).Take(), "")),
                "\"" + alone.prompt + "\"");
      differing += alone.prompt != other->MakeProblem(Split::kTrain, i).prompt;
      train.insert(alone.prompt);
      held_out.insert(generator->MakeProblem(Split::kHeldOut, i).prompt);
    }
    EXPECT_GT(differing, 450) << name;
    EXPECT_GT(train.size(), 250u) << name;
    for (const std::string& prompt : held_out) EXPECT_FALSE(train.contains(prompt)) << prompt;
  }
}

TEST(Generators, RefuseANameThatIsNone) {
  EXPECT_EQ(ErrorOf([] { Make("count_down"); }),
            "data.generator: found 'count_down', allowed: arithmetic_words, base_conversion, "
            "chain_sum, code_words, countdown; "
            "nearest: countdown");
}

TEST(Generators, RefuseASideWithoutProblems) {
  for (const std::string& name : GeneratorNames()) {
    const auto none = Make(name, 0, 0.0), all = Make(name, 0, 1.0);
    EXPECT_NE(ErrorOf([&] { none->MakeProblem(Split::kHeldOut, 0); }), "");
    EXPECT_NE(ErrorOf([&] { all->MakeProblem(Split::kTrain, 0); }), "");
    EXPECT_EQ(ErrorOf([&] { none->MakeProblem(Split::kAll, 0); }), "");
  }
}

TEST(Countdown, EverySolutionUsesEachNumberOnceAndMakesTheTarget) {
  const auto generator = Make("countdown");
  std::map<size_t, int> sizes;
  for (uint64_t i = 0; i < 2000; ++i) {
    const Demonstration shown = generator->Demonstrate(Split::kTrain, i);
    const std::string solution = Answer(shown.completion);
    EXPECT_EQ(std::to_string(Calculator(solution).Value()), shown.problem.reference) << solution;
    EXPECT_EQ(shown.problem.fields.at("target"), shown.problem.reference);
    std::multiset<int64_t> used, given;
    for (size_t p = 0; p < solution.size(); ++p) {
      if (std::isdigit(static_cast<unsigned char>(solution[p])) == 0) continue;
      size_t length = 0;
      used.insert(std::stoll(solution.substr(p), &length));
      p += length - 1;
    }
    const auto numbers = ParseJson(shown.problem.fields.at("numbers"), "numbers");
    for (const auto& number : numbers.GetArray()) given.insert(number.GetInt64());
    EXPECT_EQ(used, given) << solution;
    EXPECT_FALSE(given.contains(std::stoll(shown.problem.reference)));
    EXPECT_EQ(CheckEquations(shown.completion), static_cast<int>(given.size()) - 1);
    ++sizes[given.size()];
  }
  EXPECT_EQ(sizes.size(), 2u);
  EXPECT_GT(sizes[3], 400);
  EXPECT_GT(sizes[4], 400);
}

TEST(ChainSum, ReferencesAndTracesAreRight) {
  const auto generator = Make("chain_sum");
  std::set<size_t> lengths;
  for (uint64_t i = 0; i < 2000; ++i) {
    const Demonstration shown = generator->Demonstrate(Split::kTrain, i);
    const std::string expression = Between(shown.problem.prompt, "What is ", "?");
    EXPECT_EQ(std::to_string(Calculator(expression).Value()), shown.problem.reference);
    EXPECT_EQ(Answer(shown.completion), shown.problem.reference);
    const auto terms =
        static_cast<int>(std::count(expression.begin(), expression.end(), ' ')) / 2 + 1;
    EXPECT_EQ(CheckEquations(shown.completion), terms - 1);
    EXPECT_TRUE(2 <= terms && terms <= 4) << expression;
    std::string number;
    for (const char c : expression + " ") {
      if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
        number += c;
      } else if (!number.empty()) {
        lengths.insert(number.size());
        EXPECT_NE(number[0], '0');
        number.clear();
      }
    }
  }
  EXPECT_EQ(lengths, (std::set<size_t>{1, 2, 3}));
}

TEST(ChainSum, HoldsTheLargestSumItAllows) {
  GeneratorOptions options;
  options.chain_sum = {.terms_min = 64, .terms_max = 64, .digits_min = 15, .digits_max = 15};
  const auto generator = MakeGenerator("chain_sum", options, {});
  for (uint64_t i = 0; i < 20; ++i) {
    const Problem problem = generator->MakeProblem(Split::kAll, i);
    EXPECT_EQ(std::to_string(Calculator(Between(problem.prompt, "What is ", "?")).Value()),
              problem.reference);
  }
}

TEST(BaseConversion, AnswersHaveTheSameValueInTheOtherBase) {
  const auto generator = Make("base_conversion");
  std::set<std::string> bases;
  int num_equations = 0;
  for (uint64_t i = 0; i < 2000; ++i) {
    const Demonstration shown = generator->Demonstrate(Split::kTrain, i);
    const std::string number = Between(shown.problem.prompt, "Convert ", " ");
    const int from = std::stoi(Between(shown.problem.prompt, "from base ", " "));
    const int to = std::stoi(Between(shown.problem.prompt, "to base ", "."));
    EXPECT_NE(from, to);
    EXPECT_EQ(std::stoll(number, nullptr, from), std::stoll(shown.problem.reference, nullptr, to))
        << shown.problem.prompt;
    EXPECT_EQ(Answer(shown.completion), shown.problem.reference);
    num_equations += CheckEquations(shown.completion);
    bases.insert(std::to_string(from) + ">" + std::to_string(to));
  }
  EXPECT_EQ(bases.size(), 72u);
  EXPECT_GT(num_equations, 2000);
}

}  // namespace
}  // namespace rationale
