#include "datasets/generators/countdown.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "datasets/generators/draw.h"

namespace rationale {
namespace {

struct Step {
  char operation;
  int64_t operand;
  int64_t result;
};

// ((start op operand) op operand) ...; the last result is the target.
struct Puzzle {
  int64_t start = 0;
  std::vector<Step> steps;
  std::vector<int64_t> numbers;  // start and operands, in the order shown

  int64_t target() const { return steps.back().result; }
};

std::string Content(const Puzzle& puzzle) {
  std::vector<int64_t> sorted = puzzle.numbers;
  std::sort(sorted.begin(), sorted.end());
  return fmt::format("{} = {}", fmt::join(sorted, " "), puzzle.target());
}

std::string Solution(const Puzzle& puzzle) {
  std::string expression = std::to_string(puzzle.start);
  for (size_t i = 0; i < puzzle.steps.size(); ++i) {
    if (i > 0) expression = fmt::format("({})", expression);
    expression += fmt::format(" {} {}", puzzle.steps[i].operation, puzzle.steps[i].operand);
  }
  return expression;
}

class Countdown final : public Generator {
 public:
  Countdown(const CountdownConfig& config, const GeneratorContext& context)
      : config_(config), context_(context) {
    config_.Validate(ConfigCheck(ConfigValue()));
  }

  Problem MakeProblem(Split split, uint64_t index) const override {
    return Ask(split, index, Draw(split, index));
  }

  Demonstration Demonstrate(Split split, uint64_t index) const override {
    const Puzzle puzzle = Draw(split, index);
    std::string completion = "<think>";
    int64_t total = puzzle.start;
    for (const auto& [operation, operand, result] : puzzle.steps) {
      completion += fmt::format(" {} {} {} = {}.", total, operation, operand, result);
      total = result;
    }
    completion += fmt::format(" </think> <answer> {} </answer>", Solution(puzzle));
    return {.problem = Ask(split, index, puzzle), .completion = std::move(completion)};
  }

 private:
  Puzzle Draw(Split split, uint64_t index) const {
    PhiloxStream random = DrawStream(context_, "countdown problem", split, index);
    return DrawInSplit(
        context_.split, split, [&] { return Try(random); }, Content);
  }

  // Nothing if the target is out of range or one of the numbers.
  std::optional<Puzzle> Try(PhiloxStream& random) const {
    Puzzle puzzle;
    const int64_t count = random.Int(config_.numbers_min, config_.numbers_max);
    for (int64_t i = 0; i < count; ++i) puzzle.numbers.push_back(random.Int(1, config_.number_max));
    puzzle.start = puzzle.numbers.front();
    int64_t total = puzzle.start;
    for (int64_t i = 1; i < count; ++i) {
      const int64_t operand = puzzle.numbers[static_cast<size_t>(i)];
      std::vector<Step> possible = {{'+', operand, total + operand},
                                    {'*', operand, total * operand}};
      if (total > operand) possible.push_back({'-', operand, total - operand});
      if (total % operand == 0) possible.push_back({'/', operand, total / operand});
      const Step& step =
          possible[static_cast<size_t>(random.Int(0, static_cast<int64_t>(possible.size()) - 1))];
      puzzle.steps.push_back(step);
      total = step.result;
    }
    const auto& numbers = puzzle.numbers;
    if (total < kTargetMin || total > config_.target_max ||
        std::find(numbers.begin(), numbers.end(), total) != numbers.end()) {
      return std::nullopt;
    }
    for (size_t i = puzzle.numbers.size() - 1; i > 0;
         --i) {  // the order must not give the solution away
      std::swap(puzzle.numbers[i],
                puzzle.numbers[static_cast<size_t>(random.Int(0, static_cast<int64_t>(i)))]);
    }
    return puzzle;
  }

  static Problem Ask(Split split, uint64_t index, const Puzzle& puzzle) {
    Problem problem;
    problem.id = GeneratedId("countdown", split, index);
    problem.prompt = fmt::format(
        "Using the numbers {}, write an expression that equals {}. Use each number exactly once, "
        "and only +, -, *, / "
        "and parentheses.",
        fmt::join(puzzle.numbers, ", "), puzzle.target());
    problem.reference = std::to_string(puzzle.target());
    problem.language = "en";
    problem.fields["numbers"] = fmt::format("[{}]", fmt::join(puzzle.numbers, ","));
    problem.fields["target"] = problem.reference;
    return problem;
  }

  static constexpr int64_t kTargetMin = 10;

  CountdownConfig config_;
  GeneratorContext context_;
};

}  // namespace

void CountdownConfig::Validate(const ConfigCheck& check) const {
  check(numbers_min <= numbers_max, "numbers_min", "is above numbers_max");
}

std::unique_ptr<Generator> MakeGenerator(const CountdownConfig& config,
                                         const GeneratorContext& context) {
  return std::make_unique<Countdown>(config, context);
}

}  // namespace rationale
