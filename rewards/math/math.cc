// Math: is the final answer of the response the reference answer?
//
// Score 1 if the extracted answer equals the reference, else 0; a response without an answer is
// wrong. Not judged if the problem has no reference.

#include <fmt/format.h>

#include "rewards/math/extract.h"
#include "rewards/math/number.h"
#include "rewards/options.h"
#include "rewards/registry.h"
#include "rewards/sections.h"

namespace rationale {
namespace {

struct MathOptions {
  std::vector<AnswerSource> order = {AnswerSource::kBoxed, AnswerSource::kHashes,
                                     AnswerSource::kPhrase, AnswerSource::kLatex,
                                     AnswerSource::kWhole};

  template <class V>
  void Visit(V& v) {
    v("order", order, "where to look for the answer; the first that finds one wins");
  }
};

class MathReward final : public Reward {
 public:
  explicit MathReward(MathOptions options) : options_(std::move(options)) {}

  Component Judge(const Response& response) const override {
    const std::string_view reference_text = Trim(response.problem->reference);
    if (reference_text.empty()) return {.reason = "the problem has no reference answer"};
    const auto reference = ExtractAnswer(
        reference_text,
        {AnswerSource::kBoxed, AnswerSource::kHashes, AnswerSource::kLatex, AnswerSource::kWhole});
    if (!reference) return {.reason = "no answer found in the reference"};
    // The tags bound the search: what the policy calls its answer counts, not what it tried on the
    // way.
    const Sections sections = SplitSections(response.text);
    const auto answer =
        ExtractAnswer(sections.answer.value_or(sections.after_thought), options_.order);
    Component verdict{.judged = true};
    if (!answer) {
      verdict.reason = fmt::format("no answer found; reference '{}'", reference->text);
      return verdict;
    }
    const bool equal = Equal(answer->text, reference->text);
    verdict.score = equal ? 1 : 0;
    verdict.answer = answer->text;
    verdict.reason = fmt::format(
        "'{}' ({}{}) {} reference '{}'", answer->text, sections.answer ? "answer tag, " : "",
        AnswerSourceName(answer->source), equal ? "equals" : "differs from", reference->text);
    return verdict;
  }

 private:
  static bool Equal(std::string_view answer, std::string_view reference) {
    const auto a = ReadNumber(answer);
    const auto b = ReadNumber(reference);
    if (a && b) return *a == *b;
    return answer == reference;
  }

  MathOptions options_;
};

}  // namespace

template <>
std::unique_ptr<Reward> MakeReward<"math">(const ConfigValue& entry) {
  return std::make_unique<MathReward>(ReadRewardOptions<MathOptions>(entry));
}

}  // namespace rationale
