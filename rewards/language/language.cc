// Language: what share of the chain of thought is in the language it should be in?
//
// Score: words of the target language / words of any language told, in [0, 1], over the text inside
// <think> where there is one, else over all of it; 0 if no word of any language is found. Not
// judged if no language is named. DeepSeek-AI 2025, DeepSeek-R1, arXiv:2501.12948, section 2.3.2.
// How a word's language is told: share.h.

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "rewards/language/share.h"
#include "rewards/options.h"
#include "rewards/registry.h"
#include "rewards/sections.h"

namespace rationale {
namespace {

struct LanguageOptions {
  std::string target;

  template <class V>
  void Visit(V& v) {
    v("target", target,
      "the language, by code (de) or name (German); empty: the one the problem names");
  }
};

class LanguageReward final : public Reward {
 public:
  explicit LanguageReward(const LanguageOptions& options) : options_(options) {}

  Component Judge(const Response& response) const override {
    const std::string& name =
        options_.target.empty() ? response.problem->language : options_.target;
    if (name.empty()) return {.reason = "the problem names no language"};
    const auto target = FindLanguage(name);
    if (!target) return {.reason = fmt::format("the language '{}' is not known", name)};
    const Sections sections = SplitSections(response.text);
    const LanguageCount count = counter_.Count(sections.thought.value_or(response.text), *target);
    Component verdict{.judged = true, .score = count.Share()};
    verdict.reason =
        fmt::format("{}: {} words, other: {}", AllLanguages()[static_cast<size_t>(*target)].code,
                    count.target, count.other);
    const auto most = std::max_element(count.others.begin(), count.others.end());
    if (*most > 0) {
      const auto index = static_cast<size_t>(most - count.others.begin());
      verdict.reason += fmt::format(" ({} {})", AllLanguages()[index].code, *most);
    }
    verdict.reason +=
        fmt::format(", neutral: {}{}", count.neutral, sections.thought ? ", inside <think>" : "");
    return verdict;
  }

 private:
  LanguageOptions options_;
  ShareCounter counter_;
};

}  // namespace

template <>
std::unique_ptr<Reward> MakeReward<"language">(const ConfigValue& entry) {
  const auto options = ReadRewardOptions<LanguageOptions>(entry);
  if (!options.target.empty() && !FindLanguage(options.target)) {
    throw Error("{}: the language '{}' is not known", entry.WhereKey("target"), options.target);
  }
  return std::make_unique<LanguageReward>(options);
}

}  // namespace rationale
