#include "datasets/generators/base_conversion.h"

#include <algorithm>
#include <utility>

#include "datasets/generators/draw.h"

namespace rationale {
namespace {

struct Conversion {
  int64_t value;
  int64_t from, to;
};

std::string InBase(int64_t value, int64_t base) {
  std::string digits;
  for (; value > 0; value /= base) digits += static_cast<char>('0' + value % base);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string Content(const Conversion& conversion) {
  return fmt::format("{} {} {}", conversion.value, conversion.from, conversion.to);
}

// Horner's rule, then division with remainder, as far as each is needed.
std::string Trace(const Conversion& conversion) {
  std::string trace;
  if (conversion.from != 10) {
    const std::string digits = InBase(conversion.value, conversion.from);
    int64_t total = digits.front() - '0';
    for (size_t i = 1; i < digits.size(); ++i) {
      const int64_t next = total * conversion.from + (digits[i] - '0');
      trace += fmt::format(" {} * {} + {} = {}.", total, conversion.from, digits[i], next);
      total = next;
    }
    trace += fmt::format(" In base 10 it is {}.", conversion.value);
  }
  if (conversion.to != 10) {
    for (int64_t rest = conversion.value; rest > 0; rest /= conversion.to) {
      trace += fmt::format(" {} = {} * {} + {}.", rest, rest / conversion.to, conversion.to,
                           rest % conversion.to);
    }
    trace += fmt::format(" The remainders from last to first are {}.",
                         InBase(conversion.value, conversion.to));
  }
  return trace;
}

class BaseConversion final : public Generator {
 public:
  BaseConversion(const BaseConversionConfig& config, const GeneratorContext& context)
      : config_(config), context_(context) {
    config_.Validate(ConfigCheck(ConfigValue()));
  }

  Problem MakeProblem(Split split, uint64_t index) const override {
    return Ask(split, index, Draw(split, index));
  }

  Demonstration Demonstrate(Split split, uint64_t index) const override {
    const Conversion conversion = Draw(split, index);
    Problem problem = Ask(split, index, conversion);
    std::string completion = fmt::format("<think>{} </think> <answer> {} </answer>",
                                         Trace(conversion), problem.reference);
    return {.problem = std::move(problem), .completion = std::move(completion)};
  }

 private:
  Conversion Draw(Split split, uint64_t index) const {
    PhiloxStream random = DrawStream(context_, "base_conversion problem", split, index);
    const auto draw = [&] {
      Conversion conversion{.value = random.Int(2, config_.value_max),
                            .from = random.Int(config_.base_min, config_.base_max),
                            .to = random.Int(config_.base_min, config_.base_max - 1)};
      if (conversion.to >= conversion.from) ++conversion.to;
      return std::optional(conversion);
    };
    return DrawInSplit(context_.split, split, draw, Content);
  }

  static Problem Ask(Split split, uint64_t index, const Conversion& conversion) {
    Problem problem;
    problem.id = GeneratedId("base_conversion", split, index);
    problem.prompt =
        fmt::format("Convert {} from base {} to base {}.",
                    InBase(conversion.value, conversion.from), conversion.from, conversion.to);
    problem.reference = InBase(conversion.value, conversion.to);
    problem.language = "en";
    return problem;
  }

  BaseConversionConfig config_;
  GeneratorContext context_;
};

}  // namespace

void BaseConversionConfig::Validate(const ConfigCheck& check) const {
  check(base_min < base_max, "base_min", "is not below base_max");
}

std::unique_ptr<Generator> MakeGenerator(const BaseConversionConfig& config,
                                         const GeneratorContext& context) {
  return std::make_unique<BaseConversion>(config, context);
}

}  // namespace rationale
