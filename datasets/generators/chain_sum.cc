#include "datasets/generators/chain_sum.h"

#include <cstdlib>
#include <utility>

#include "datasets/generators/draw.h"

namespace rationale {
namespace {

using Terms = std::vector<int64_t>;  // signed; the first is positive

std::string Expression(const Terms& terms) {
  std::string text = std::to_string(terms.front());
  for (size_t i = 1; i < terms.size(); ++i) {
    text += fmt::format(" {} {}", terms[i] < 0 ? '-' : '+', std::abs(terms[i]));
  }
  return text;
}

class ChainSum final : public Generator {
 public:
  ChainSum(const ChainSumConfig& config, const GeneratorContext& context)
      : config_(config), context_(context) {
    config_.Validate(ConfigCheck(ConfigValue()));
  }

  Problem MakeProblem(Split split, uint64_t index) const override {
    return Ask(split, index, Draw(split, index));
  }

  Demonstration Demonstrate(Split split, uint64_t index) const override {
    const Terms terms = Draw(split, index);
    std::string completion = "<think>";
    int64_t total = terms.front();
    for (size_t i = 1; i < terms.size(); ++i) {
      completion += fmt::format(" {} = {}.", Expression({total, terms[i]}), total + terms[i]);
      total += terms[i];
    }
    completion += fmt::format(" </think> <answer> {} </answer>", total);
    return {.problem = Ask(split, index, terms), .completion = std::move(completion)};
  }

 private:
  Terms Draw(Split split, uint64_t index) const {
    PhiloxStream random = DrawStream(context_, "chain_sum problem", split, index);
    const auto draw = [&] {
      Terms terms(static_cast<size_t>(random.Int(config_.terms_min, config_.terms_max)));
      for (int64_t& term : terms) term = DrawTerm(random);
      terms.front() = std::abs(terms.front());
      return std::optional(std::move(terms));
    };
    return DrawInSplit(context_.split, split, draw, Expression);
  }

  int64_t DrawTerm(PhiloxStream& random) const {
    int64_t smallest = 1;
    for (int64_t digits = random.Int(config_.digits_min, config_.digits_max); digits > 1;
         --digits) {
      smallest *= 10;
    }
    const int64_t magnitude = random.Int(smallest, 10 * smallest - 1);
    return random.Int(0, 1) == 0 ? magnitude : -magnitude;
  }

  static Problem Ask(Split split, uint64_t index, const Terms& terms) {
    Problem problem;
    problem.id = GeneratedId("chain_sum", split, index);
    problem.fields["expression"] = Expression(terms);
    problem.prompt = fmt::format("What is {}?", problem.fields["expression"]);
    int64_t sum = 0;
    for (const int64_t term : terms) sum += term;
    problem.reference = std::to_string(sum);
    problem.language = "en";
    return problem;
  }

  ChainSumConfig config_;
  GeneratorContext context_;
};

}  // namespace

void ChainSumConfig::Validate(const ConfigCheck& check) const {
  check(terms_min <= terms_max, "terms_min", "is above terms_max");
  check(digits_min <= digits_max, "digits_min", "is above digits_max");
}

std::unique_ptr<Generator> MakeGenerator(const ChainSumConfig& config,
                                         const GeneratorContext& context) {
  return std::make_unique<ChainSum>(config, context);
}

}  // namespace rationale
