// Regex: does the answer match a regular expression?
//
// Score 1 if it does, else 0. Patterns are Perl's (PCRE2, UTF-8). A pattern may backtrack without
// end on the wrong text, so its work is counted, not timed (pattern.h). A text on which `steps` do
// not suffice could not be judged; so it is by default for a text that is no match by what was seen
// of it, but `on_limit` can call it wrong. An empty answer scores 0 whatever the pattern. Not
// judged, too: a problem without a pattern, or with one that is no regular expression.

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "rewards/options.h"
#include "rewards/pattern.h"
#include "rewards/references.h"
#include "rewards/registry.h"
#include "rewards/sections.h"

namespace rationale {
namespace {

struct RegexOptions {
  std::string pattern;
  std::string column;
  Part part = Part::kAnswer;
  bool whole = false;
  bool ignore_case = false;
  int64_t steps = 1'000'000;
  std::string on_limit = "unjudged";

  template <class V>
  void Visit(V& v) {
    v("pattern", pattern, "the regular expression");
    v("column", column, "the column that holds it, for problems with one each");
    v("part", part, "what is matched: answer, response or thought");
    v("whole", whole, "all of the text has to match, not some of it");
    v("ignore_case", ignore_case, "letters match whatever their case");
    v("steps", steps, "the work that one text may take", Between(1, 100'000'000));
    v("on_limit", on_limit, "what a text is that takes more: unjudged or wrong",
      OneOf{{"unjudged", "wrong"}});
  }
  void Validate(const ConfigCheck& check) const {
    check(pattern.empty() != column.empty(), "pattern", "or column has to be given, and not both");
  }
};

PatternOptions DialectOf(const RegexOptions& options) {
  return {.whole = options.whole, .ignore_case = options.ignore_case};
}

class RegexReward final : public Reward {
 public:
  RegexReward(RegexOptions options, std::optional<Pattern> pattern)
      : options_(std::move(options)), pattern_(std::move(pattern)) {}

  Component Judge(const Response& response) const override {
    const std::string text = ValidUtf8(Trim(PartOf(response.text, options_.part)));
    if (pattern_) return Match(*pattern_, text);
    const std::string* pattern = FindColumn(*response.problem, options_.column);
    if (pattern == nullptr || pattern->empty()) {
      return {.reason = fmt::format("the problem has no pattern in '{}'", options_.column)};
    }
    try {
      return Match(Pattern(*pattern, DialectOf(options_)), text);
    } catch (const Error& error) {
      return {.reason = fmt::format("no regular expression: {}", error.what())};
    }
  }

 private:
  Component Match(const Pattern& pattern, const std::string& text) const {
    if (text.empty()) return {.judged = true, .reason = "the answer is empty"};
    int64_t steps = options_.steps;
    const PatternMatch match = pattern.Find(text, steps);
    Component verdict{.judged = true};
    switch (match.result) {
      case PatternMatch::Result::kFound:
        verdict.score = 1;
        verdict.answer = text.substr(match.begin, std::min(match.end - match.begin, kShown));
        verdict.reason = fmt::format("'{}' matches", verdict.answer);
        break;
      case PatternMatch::Result::kNotFound:
        verdict.reason = fmt::format("'{}' does not match", text.substr(0, kShown));
        break;
      case PatternMatch::Result::kTooMuchWork:
        verdict.judged = options_.on_limit == "wrong";
        verdict.reason = fmt::format("the pattern takes more than {} steps", options_.steps);
        break;
      case PatternMatch::Result::kFailed:
        return {.reason = "the pattern could not be run: " + match.error};
    }
    return verdict;
  }

  static constexpr size_t kShown = 200;

  RegexOptions options_;
  std::optional<Pattern> pattern_;  // nothing if problems bring their own
};

}  // namespace

template <>
std::unique_ptr<Reward> MakeReward<"regex">(const ConfigValue& entry) {
  auto options = ReadRewardOptions<RegexOptions>(entry);
  std::optional<Pattern> pattern;
  if (!options.pattern.empty()) {
    try {
      pattern.emplace(options.pattern, DialectOf(options));
    } catch (const Error& error) {
      throw Error("{}: no regular expression: {}", entry.WhereKey("pattern"), error.what());
    }
  }
  return std::make_unique<RegexReward>(std::move(options), std::move(pattern));
}

}  // namespace rationale
