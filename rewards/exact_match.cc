// ExactMatch: is the answer, word for word, one of the references?
//
// Score 1 if it is, else 0. Compared by default as SQuAD does: without case and punctuation, white
// space as one space (Rajpurkar et al. 2016, arXiv:1606.05250, section 6.1; its leaving out of
// English articles is an option). But a sign parts words, where SQuAD's script glues them: "4,5" is
// "4 5", not "45". An empty answer matches nothing. Not judged: a problem without a
// reference.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "rewards/options.h"
#include "rewards/references.h"
#include "rewards/registry.h"
#include "rewards/sections.h"
#include "rewards/words.h"

namespace rationale {
namespace {

struct ExactMatchOptions {
  std::string references;
  Part part = Part::kAnswer;
  bool ignore_case = true;
  bool ignore_punctuation = true;
  bool ignore_articles = false;

  template <class V>
  void Visit(V& v) {
    v("references", references,
      "the column of the texts allowed, one or a JSON list; empty: the problem's reference");
    v("part", part, "what is compared: answer, response or thought");
    v("ignore_case", ignore_case, "\"Rome\" is \"rome\"");
    v("ignore_punctuation", ignore_punctuation, "only words count: \"Rome!\" is \"Rome\"");
    v("ignore_articles", ignore_articles, "\"the tower\" is \"tower\": a, an and the do not count");
  }
};

class ExactMatchReward final : public Reward {
 public:
  explicit ExactMatchReward(ExactMatchOptions options) : options_(std::move(options)) {}

  Component Judge(const Response& response) const override {
    const auto references = ReferencesOf(*response.problem, options_.references);
    if (references.empty()) return {.reason = "the problem has no reference"};
    const std::string_view text = Trim(PartOf(response.text, options_.part));
    Component verdict{.judged = true};
    if (text.empty()) {
      verdict.reason = "the answer is empty";
      return verdict;
    }
    verdict.answer = Normal(text);
    for (const std::string& reference : references) {
      if (verdict.answer != Normal(Trim(reference))) continue;
      verdict.score = 1;
      verdict.reason = fmt::format("'{}' is a reference", text.substr(0, kShown));
      return verdict;
    }
    verdict.reason =
        fmt::format("'{}' is not '{}'{}", text.substr(0, kShown), references[0].substr(0, kShown),
                    references.size() > 1 ? " or another reference" : "");
    return verdict;
  }

 private:
  static constexpr size_t kShown = 200;

  std::string Normal(std::string_view text) const {
    const std::string folded = options_.ignore_case ? FoldCase(text) : std::string(text);
    std::string normal;
    const auto add = [&](std::string_view word) {
      const bool article = word == "a" || word == "an" || word == "the";
      if (article && options_.ignore_articles) return;
      if (!normal.empty()) normal += ' ';
      normal += word;
    };
    if (options_.ignore_punctuation) ForEachWord(folded, add);
    // Nothing but signs: then they are what counts.
    if (normal.empty()) ForEachPiece(folded, add);
    return normal;
  }

  // What stands between white space.
  template <class F>
  static void ForEachPiece(std::string_view text, const F& visit) {
    constexpr std::string_view kSpace = " \t\r\n\f\v";
    for (size_t begin = text.find_first_not_of(kSpace); begin != std::string_view::npos;) {
      const size_t end = std::min(text.find_first_of(kSpace, begin), text.size());
      visit(text.substr(begin, end - begin));
      begin = text.find_first_not_of(kSpace, end);
    }
  }

  ExactMatchOptions options_;
};

}  // namespace

template <>
std::unique_ptr<Reward> MakeReward<"exact_match">(const ConfigValue& entry) {
  return std::make_unique<ExactMatchReward>(ReadRewardOptions<ExactMatchOptions>(entry));
}

}  // namespace rationale
