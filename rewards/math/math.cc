// Math: is the final answer of the response the reference answer?
//
// Score 1 if it is, else 0; a response without an answer is wrong. The answer is looked for inside
// <answer> where there is one, else behind </think>. Not judged: a problem without a reference, and
// what is beyond the comparison's work (9^{9^{9^9}}).

#include <fmt/format.h>

#include "rewards/math/compare.h"
#include "rewards/math/extract.h"
#include "rewards/math/text_answer.h"
#include "rewards/options.h"
#include "rewards/registry.h"
#include "rewards/sections.h"

namespace rationale {

std::vector<std::pair<std::string_view, PercentReading>> ConfigNames(PercentReading) {
  return {{"either", PercentReading::kEither},
          {"fraction", PercentReading::kFraction},
          {"number", PercentReading::kNumber}};
}

std::vector<std::pair<std::string_view, RelationsAnswerSets>> ConfigNames(RelationsAnswerSets) {
  return {{"never", RelationsAnswerSets::kNever},
          {"solved", RelationsAnswerSets::kSolved},
          {"always", RelationsAnswerSets::kAlways}};
}

std::vector<std::pair<std::string_view, Simplified>> ConfigNames(Simplified) {
  return {{"never", Simplified::kNever},
          {"arithmetic", Simplified::kArithmetic},
          {"lowest_terms", Simplified::kLowestTerms},
          {"rationalised", Simplified::kRationalised}};
}

std::vector<std::pair<std::string_view, PlusMinus>> ConfigNames(PlusMinus) {
  return {{"match", PlusMinus::kMatch},
          {"may_be_missing", PlusMinus::kMayBeMissing},
          {"ignored", PlusMinus::kIgnored}};
}

namespace {

using enum AnswerSource;

struct MathOptions {
  std::vector<AnswerSource> order = {kBoxed, kHashes, kPhrase, kWhole, kConclusion, kLatex};
  CompareOptions compare;

  template <class V>
  void Visit(V& v) {
    v("order", order, "where to look for the answer; the first that finds one wins");
    v("decimals", compare.value.min_decimals,
      "a decimal of so many places answers the number of which it is the rounding or truncation; "
      "of "
      "6.02*10^23 the places of 6.02 count",
      AtLeast(0));
    v("percent", compare.value.percent,
      "what 28% is: either 0.28 or 28, the fraction 0.28, or the number 28");
    v("ordered_lists", compare.ordered_lists, "\"1, 2\" differs from \"2, 1\"");
    v("match_names", compare.match_names, "\"x = 3\" differs from \"y = 3\"");
    v("rename_variables", compare.rename_variables, "\"f(x)\" and \"f(y)\" are the same");
    v("match_units", compare.match_units,
      "\"3 cm\" differs from \"3 m\"; a missing unit never matters");
    v("relations_answer_sets", compare.relations_answer_sets,
      "which inequalities answer a reference like \"(1, \\infty)\": never, solved (\"x > 1\", not "
      "\"2x > 2\"), always");
    v("simplified", compare.simplified,
      "how far an answer must be worked out, where the reference is: never (1+1 answers 2), "
      "arithmetic (not 1+1), lowest_terms (nor 2/4 or sqrt(8)), rationalised (nor 1/sqrt(2))");
    v("plus_minus", compare.plus_minus,
      "match: 2 is no answer to \"±2\" nor ±2 to \"2\"; may_be_missing: 2 answers \"±2\"; ignored: "
      "and ±2 answers \"2\"");
  }
};

class MathReward final : public Reward {
 public:
  explicit MathReward(MathOptions options) : options_(std::move(options)) {}

  Component Judge(const Response& response) const override {
    const std::string_view reference_text = Trim(response.problem->reference);
    if (reference_text.empty()) return {.reason = "the problem has no reference answer"};
    const std::string reference = ReadReference(reference_text);
    // The tags bound the search: what the policy calls its answer counts, not what it tried on the
    // way.
    const Sections sections = SplitSections(response.text);
    const std::string_view searched = sections.answer.value_or(sections.after_thought);
    if (Trim(searched) == reference_text) {
      return {.judged = true,
              .score = 1,
              .reason = "the reference, word for word",
              .answer = reference};
    }
    constexpr size_t kMaxWords = 500;
    if (searched.size() < kMaxWords && SameWords(searched, UnwrapPrintedList(reference))) {
      return {.judged = true, .score = 1, .reason = "the reference, as words", .answer = reference};
    }
    const auto answer = ExtractAnswer(searched, options_.order);
    if (!answer)
      return {.judged = true,
              .reason = fmt::format("no answer found; reference '{}'", Shortened(reference))};
    Comparison comparison = CompareAnswers(answer->text, reference, options_.compare);
    // "The answer is Vendor 2": a value was found in what is words.
    if (comparison.same != Truth::kTrue && !answer->line.empty() &&
        SameWords(answer->line, UnwrapPrintedList(reference))) {
      comparison = {Truth::kTrue, "as words, with all that stands behind the phrase"};
    }
    Component verdict{.judged = comparison.same != Truth::kUnknown};
    verdict.score = comparison.same == Truth::kTrue ? 1 : 0;
    verdict.answer = answer->text;
    const char* relation = !verdict.judged                   ? "cannot be compared with"
                           : comparison.same == Truth::kTrue ? "equals"
                                                             : "differs from";
    verdict.reason =
        fmt::format("'{}' ({}{}) {} reference '{}': {}", Shortened(answer->text),
                    sections.answer ? "answer tag, " : "", AnswerSourceName(answer->source),
                    relation, Shortened(reference), comparison.rule);
    return verdict;
  }

 private:
  static std::string ReadReference(std::string_view text) {
    const auto found = ExtractAnswer(text, {kBoxed, kHashes});
    if (found) return found->text;
    // A published answer is short; a solution has to be searched for it.
    constexpr size_t kMaxAnswer = 300;
    if (text.size() <= kMaxAnswer) return std::string(text);
    const auto searched = ExtractAnswer(text, {kPhrase, kLatex, kConclusion});
    return searched ? searched->text : std::string(text);
  }

  static std::string_view Shortened(std::string_view text) { return text.substr(0, 200); }

  MathOptions options_;
};

}  // namespace

template <>
std::unique_ptr<Reward> MakeReward<"math">(const ConfigValue& entry) {
  return std::make_unique<MathReward>(ReadRewardOptions<MathOptions>(entry));
}

}  // namespace rationale
