#include "datasets/generators/code_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

#include "base/json.h"
#include "datasets/generators/draw.h"

namespace rationale {
namespace {

enum class Operand { kNone, kNumber, kAny };

// Python's: rounds down, and the remainder has the divisor's sign. Divisors here are positive.
int64_t FloorDivide(int64_t x, int64_t n) {
  return (x - ((x % n) + n) % n) / n;
}
int64_t FloorModulo(int64_t x, int64_t n) {
  return ((x % n) + n) % n;
}

struct StepKind {
  std::string_view words;    // of the description; the operand follows
  std::string_view program;  // of the right-hand side; N is the operand
  std::string_view thought;
  Operand operand;
  int64_t (*apply)(int64_t x, int64_t n);
  int slip = -1;  // the kind it is mistaken for
};

constexpr std::array<StepKind, 11> kKinds = {{
    {"add", "x + N", "plus", Operand::kAny, [](int64_t x, int64_t n) { return x + n; }},
    {"subtract", "x - N", "minus", Operand::kAny, [](int64_t x, int64_t n) { return x - n; }},
    {"subtract from", "N - x", "from", Operand::kAny, [](int64_t x, int64_t n) { return n - x; },
     1},
    {"multiply by", "x * N", "times", Operand::kAny, [](int64_t x, int64_t n) { return x * n; }},
    {"divide by", "x // N", "over", Operand::kNumber, FloorDivide},
    {"remainder by", "x % N", "modulo", Operand::kNumber, FloorModulo},
    {"keep at least", "max ( x , N )", "max", Operand::kAny,
     [](int64_t x, int64_t n) { return std::max(x, n); }, 7},
    {"keep at most", "min ( x , N )", "min", Operand::kAny,
     [](int64_t x, int64_t n) { return std::min(x, n); }, 6},
    {"negate", "- x", "negative", Operand::kNone, [](int64_t x, int64_t) { return -x; }},
    {"square", "x * x", "square", Operand::kNone, [](int64_t x, int64_t) { return x * x; }},
    {"absolute value", "abs ( x )", "abs", Operand::kNone,
     [](int64_t x, int64_t) { return x < 0 ? -x : x; }},
}};

constexpr int64_t kOperandB = 0;  // in place of a number

struct Step {
  size_t kind = 0;
  int64_t operand = kOperandB;
};
using Steps = std::vector<Step>;

std::string OperandText(int64_t operand) {
  return operand == kOperandB ? "b" : std::to_string(operand);
}

std::string RightHandSide(const Step& step) {
  std::string text(kKinds.at(step.kind).program);
  const size_t at = text.find('N');
  if (at != std::string::npos) text.replace(at, 1, OperandText(step.operand));
  return text;
}

std::string ProgramText(const Steps& steps) {
  std::string text = "def f ( a , b ) : x = a ;";
  for (const Step& step : steps) text += " x = " + RightHandSide(step) + " ;";
  return text + " return x";
}

int64_t Evaluate(const Steps& steps, int64_t a, int64_t b) {
  int64_t x = a;
  for (const Step& step : steps) {
    x = kKinds.at(step.kind).apply(x, step.operand == kOperandB ? b : step.operand);
  }
  return x;
}

std::vector<std::string> WordsOf(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

class CodeWords final : public Generator {
 public:
  CodeWords(const CodeWordsConfig& config, const GeneratorContext& context)
      : config_(config), context_(context) {
    config_.Validate(ConfigCheck(ConfigValue()));
  }

  Problem MakeProblem(Split split, uint64_t index) const override {
    return Ask(split, index, Draw(split, index));
  }

  Demonstration Demonstrate(Split split, uint64_t index) const override {
    const Steps steps = Draw(split, index);
    PhiloxStream random = DrawStream(context_, "code_words demonstration", split, index);
    return {.problem = Ask(split, index, steps), .completion = Teach(steps, random)};
  }

  std::vector<std::string> Vocabulary() const override {
    std::vector<std::string> words;
    const auto add = [&words](const std::string& text) {
      for (const std::string& word : WordsOf(text)) {
        if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
      }
    };
    add("<think> </think> <answer> </answer> f of a and b : , .");
    for (int64_t number = 2; number <= config_.number_max; ++number) add(std::to_string(number));
    for (size_t kind = 0; kind < kKinds.size(); ++kind) {
      add(std::string(kKinds[kind].words) + ' ' + std::string(kKinds[kind].thought));
      add(ProgramText({{kind, kOperandB}}));
    }
    return words;
  }

 private:
  Steps Draw(Split split, uint64_t index) const {
    PhiloxStream random = DrawStream(context_, "code_words problem", split, index);
    return DrawInSplit(
        context_.split, split, [&] { return std::optional(DrawAny(random)); }, ProgramText);
  }

  Steps DrawAny(PhiloxStream& random) const {
    Steps steps;
    const int64_t count = random.Int(config_.steps_min, config_.steps_max);
    for (int64_t i = 0; i < count; ++i) {
      Step step{.kind = static_cast<size_t>(random.Int(0, int64_t{kKinds.size()} - 1))};
      // One in three operands is b.
      const bool number = random.Int(0, 2) > 0 || kKinds[step.kind].operand == Operand::kNumber;
      if (number) step.operand = random.Int(2, config_.number_max);
      if (kKinds[step.kind].operand == Operand::kNone) step.operand = kOperandB;
      steps.push_back(step);
    }
    return steps;
  }

  Problem Ask(Split split, uint64_t index, const Steps& steps) const {
    Problem problem;
    problem.id = GeneratedId("code_words", split, index);
    problem.prompt = "f of a and b :";
    for (const Step& step : steps) {
      problem.prompt += fmt::format(" {}", kKinds.at(step.kind).words);
      if (kKinds.at(step.kind).operand != Operand::kNone) {
        problem.prompt += " " + OperandText(step.operand);
      }
      problem.prompt += &step == &steps.back() ? " ." : " ,";
    }
    problem.language = "en";
    problem.reference = ProgramText(steps);
    problem.fields["program"] = problem.reference;
    problem.fields["tests"] = Tests(split, index, steps);
    return problem;
  }

  std::string Tests(Split split, uint64_t index, const Steps& steps) const {
    constexpr int64_t kArgumentMax = 9;
    PhiloxStream random = DrawStream(context_, "code_words tests", split, index);
    std::vector<std::vector<int64_t>> inputs, outputs;
    for (int64_t i = 0; i < config_.tests; ++i) {
      const int64_t a = random.Int(-kArgumentMax, kArgumentMax);
      const int64_t b = random.Int(-kArgumentMax, kArgumentMax);
      inputs.push_back({a, b});
      outputs.push_back({Evaluate(steps, a, b)});
    }
    JsonWriter json;
    json.BeginObject().Field("fn_name", "f").Field("inputs", inputs).Field("outputs", outputs);
    return json.EndObject().Take();
  }

  std::string Teach(Steps steps, PhiloxStream& random) const {
    for (Step& step : steps) {
      const int slip = kKinds.at(step.kind).slip;
      if (slip >= 0 && random.Uniform() < config_.slip) step.kind = static_cast<size_t>(slip);
    }
    std::string thought;
    for (const Step& step : steps) thought += fmt::format(" {}", kKinds.at(step.kind).thought);
    std::vector<std::string> program = WordsOf(ProgramText(steps));
    if (random.Uniform() < config_.drop) {
      program.erase(program.begin() + random.Int(0, static_cast<int64_t>(program.size()) - 1));
    }
    return fmt::format("<think>{} </think> <answer> {} </answer>", thought,
                       fmt::join(program, " "));
  }

  CodeWordsConfig config_;
  GeneratorContext context_;
};

}  // namespace

void CodeWordsConfig::Validate(const ConfigCheck& check) const {
  check(steps_min <= steps_max, "steps_min", "is above steps_max");
}

std::unique_ptr<Generator> MakeGenerator(const CodeWordsConfig& config,
                                         const GeneratorContext& context) {
  return std::make_unique<CodeWords>(config, context);
}

}  // namespace rationale
