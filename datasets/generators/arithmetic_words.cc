#include "datasets/generators/arithmetic_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "datasets/generators/draw.h"
#include "datasets/generators/number_words.h"

namespace rationale {
namespace {

struct Operation {
  int64_t sign;     // +1 or -1
  int64_t operand;  // 1 or more
};

struct Expression {
  int64_t start = 0;
  std::vector<Operation> operations;
};

std::string InDigits(const Expression& expression) {
  std::string text = std::to_string(expression.start);
  for (const auto& [sign, operand] : expression.operations) {
    text += fmt::format("{}{}", sign > 0 ? '+' : '-', operand);
  }
  return text;
}

int64_t Evaluate(const Expression& expression) {
  int64_t total = expression.start;
  for (const auto& [sign, operand] : expression.operations) total += sign * operand;
  return total;
}

constexpr std::array<std::string_view, 4> kTags = {"<think>", "</think>", "<answer>", "</answer>"};

class ArithmeticWords final : public Generator {
 public:
  ArithmeticWords(const ArithmeticWordsConfig& config, const GeneratorContext& context)
      : config_(config), context_(context) {
    config_.Validate(ConfigCheck(ConfigValue()));
    for (const std::string& code : config.languages) {
      languages_.push_back(&FindNumberLanguage(code));
    }
    lapse_language_ = &FindNumberLanguage(config.lapse_language);
  }

  Problem MakeProblem(Split split, uint64_t index) const override {
    return Ask(split, index, Draw(split, index));
  }

  Demonstration Demonstrate(Split split, uint64_t index) const override {
    const Expression expression = Draw(split, index);
    PhiloxStream random = DrawStream(context_, "arithmetic_words demonstration", split, index);
    const NumberLanguage* language = &LanguageOf(index);
    if (random.Uniform() < config_.lapse) language = lapse_language_;
    return {.problem = Ask(split, index, expression),
            .completion = Teach(expression, *language, random)};
  }

  std::vector<std::string> Vocabulary() const override {
    std::vector<std::string> words;
    const auto add = [&words](const std::string& word) {
      if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
    };
    for (const std::string_view tag : kTags) add(std::string(tag));
    for (int64_t number = 0; number <= config_.total_max; ++number) add(std::to_string(number));
    for (const NumberLanguage* language : languages_) {
      for (const std::string& word : WordsOf(*language)) add(word);
    }
    if (config_.lapse > 0) {
      for (const std::string& word : WordsOf(*lapse_language_)) add(word);
    }
    add("?");
    return words;
  }

 private:
  const NumberLanguage& LanguageOf(uint64_t index) const {
    return *languages_[index % languages_.size()];
  }

  Expression Draw(Split split, uint64_t index) const {
    PhiloxStream random = DrawStream(context_, "arithmetic_words problem", split, index);
    return DrawInSplit(
        context_.split, split, [&] { return std::optional(DrawAny(random)); }, InDigits);
  }

  Expression DrawAny(PhiloxStream& random) const {
    Expression expression;
    const int64_t count = random.Int(config_.operations_min, config_.operations_max);
    expression.start = random.Int(1, config_.total_max);
    int64_t total = expression.start;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t operand = random.Int(1, config_.operand_max);
      int64_t sign = random.Int(0, 1) == 0 ? -1 : 1;
      if (total + sign * operand > config_.total_max || total + sign * operand < 0) sign = -sign;
      total += sign * operand;
      expression.operations.push_back({sign, operand});
    }
    return expression;
  }

  Problem Ask(Split split, uint64_t index, const Expression& expression) const {
    const NumberLanguage& language = LanguageOf(index);
    Problem problem;
    problem.id = GeneratedId("arithmetic_words", split, index);
    problem.reference = std::to_string(Evaluate(expression));
    problem.language = language.code;
    problem.fields["expression"] = InDigits(expression);
    const auto add = [&problem](std::string_view words) {
      if (!words.empty() && !problem.prompt.empty()) problem.prompt += ' ';
      problem.prompt += words;
    };
    add(language.question);
    add(Word(language, expression.start));
    for (const auto& [sign, operand] : expression.operations) {
      add(sign > 0 ? language.plus : language.minus);
      add(Word(language, operand));
    }
    add(language.question_end);
    add("?");
    return problem;
  }

  std::string Teach(const Expression& expression, const NumberLanguage& language,
                    PhiloxStream& random) const {
    std::vector<std::string_view> words = {"<think>", Word(language, expression.start)};
    int64_t total = expression.start;
    for (size_t i = 0; i < expression.operations.size(); ++i) {
      const auto [sign, operand] = expression.operations[i];
      int64_t next = total + sign * operand;
      if ((total < 10) != (next < 10) && random.Uniform() < config_.slip) {
        const int64_t slipped = next - sign * 10;
        if (StaysInRange(expression, i + 1, slipped)) next = slipped;
      }
      words.insert(words.end(), {sign > 0 ? language.plus : language.minus, Word(language, operand),
                                 language.equals, Word(language, next)});
      total = next;
    }
    const std::string answer = std::to_string(total);
    words.insert(words.end(), {"</think>", "<answer>", answer, "</answer>"});
    if (random.Uniform() < config_.drop_tag) {
      std::erase(words, kTags.at(static_cast<size_t>(random.Int(0, kTags.size() - 1))));
    }
    return fmt::format("{}", fmt::join(words, " "));
  }

  // Whether `total`, and every later running total from it, lies in 0..total_max.
  bool StaysInRange(const Expression& expression, size_t next, int64_t total) const {
    for (; total >= 0 && total <= config_.total_max; ++next) {
      if (next == expression.operations.size()) return true;
      total += expression.operations[next].sign * expression.operations[next].operand;
    }
    return false;
  }

  static std::string_view Word(const NumberLanguage& language, int64_t number) {
    return language.numbers.at(static_cast<size_t>(number));
  }

  ArithmeticWordsConfig config_;
  GeneratorContext context_;
  std::vector<const NumberLanguage*> languages_;
  const NumberLanguage* lapse_language_ = nullptr;
};

}  // namespace

void ArithmeticWordsConfig::Validate(const ConfigCheck& check) const {
  check(!languages.empty(), "languages", "is empty, allowed: one language at least");
  check(operations_min <= operations_max, "operations_min", "is above operations_max");
  check(
      2 * operand_max <= total_max + 1, "operand_max",
      "is above (total_max + 1) / 2: from some totals neither sign would stay within 0..total_max");
}

std::unique_ptr<Generator> MakeGenerator(const ArithmeticWordsConfig& config,
                                         const GeneratorContext& context) {
  return std::make_unique<ArithmeticWords>(config, context);
}

}  // namespace rationale
