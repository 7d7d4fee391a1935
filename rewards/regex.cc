// Regex: does the answer match a regular expression?
//
// Score 1 if it does, else 0. Patterns are Perl's (PCRE2, UTF-8). A pattern may backtrack without
// end on the wrong text, so its work is counted, not timed: each item tried is a step, and each 16
// characters run over. A text on which `steps` do not suffice could not be judged; so it is by
// default for a text that is no match by what was seen of it, but `on_limit` can call it wrong.
// An empty answer scores 0 whatever the pattern. Not judged, too: a problem without a pattern, or
// with one that is no regular expression.

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <memory>

#include "base/error.h"
#include "base/json.h"
#include "rewards/options.h"
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

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};
using Code = std::unique_ptr<pcre2_code, Freed<pcre2_code_free>>;

std::string Message(int error) {
  PCRE2_UCHAR text[256] = {};
  pcre2_get_error_message(error, text, sizeof(text));
  return reinterpret_cast<const char*>(text);
}

// Null, with the reason in `fault`, if it is no regular expression.
Code Compile(const std::string& pattern, const RegexOptions& options, std::string& fault) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  // Callouts before every item are where we count; see CountSteps.
  uint32_t flags = PCRE2_UTF | PCRE2_UCP | PCRE2_AUTO_CALLOUT;
  if (options.ignore_case) flags |= PCRE2_CASELESS;
  if (options.whole) flags |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
  Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), flags,
                          &error, &offset, nullptr));
  if (!code) fault = fmt::format("'{}' at character {}: {}", pattern, offset, Message(error));
  return code;
}

// PCRE2's own match limit starts anew at each place of the text, so it alone bounds nothing.
struct Steps {
  int64_t left;
  size_t position = 0;
};

int CountSteps(pcre2_callout_block* block, void* data) {
  auto& steps = *static_cast<Steps*>(data);
  const size_t position = block->current_position;
  constexpr size_t kCharactersAStep = 16;
  const size_t moved =
      position > steps.position ? position - steps.position : steps.position - position;
  steps.position = position;
  steps.left -= 1 + static_cast<int64_t>(moved / kCharactersAStep);
  return steps.left < 0 ? PCRE2_ERROR_CALLOUT : 0;
}

class RegexReward final : public Reward {
 public:
  RegexReward(RegexOptions options, Code code)
      : options_(std::move(options)), code_(std::move(code)) {}

  Component Judge(const Response& response) const override {
    const std::string text =
        ValidUtf8(Trim(PartOf(response.text, options_.part)));  // PCRE2 takes nothing else
    if (!options_.column.empty()) {
      const std::string* pattern = FindColumn(*response.problem, options_.column);
      if (pattern == nullptr || pattern->empty()) {
        return {.reason = fmt::format("the problem has no pattern in '{}'", options_.column)};
      }
      std::string fault;
      const Code code = Compile(*pattern, options_, fault);
      if (!code) return {.reason = "no regular expression: " + fault};
      return Match(*code, text);
    }
    return Match(*code_, text);
  }

 private:
  Component Match(const pcre2_code& code, const std::string& text) const {
    if (text.empty()) return {.judged = true, .reason = "the answer is empty"};
    const std::unique_ptr<pcre2_match_data, Freed<pcre2_match_data_free>> data(
        pcre2_match_data_create_from_pattern(&code, nullptr));
    const std::unique_ptr<pcre2_match_context, Freed<pcre2_match_context_free>> context(
        pcre2_match_context_create(nullptr));
    Steps steps{.left = options_.steps};
    constexpr uint32_t kHeapKb = 32 * 1024;
    pcre2_set_heap_limit(context.get(), kHeapKb);
    pcre2_set_match_limit(context.get(), static_cast<uint32_t>(options_.steps));
    pcre2_set_callout(context.get(), CountSteps, &steps);
    const int result = pcre2_match(&code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0,
                                   PCRE2_NO_UTF_CHECK, data.get(), context.get());
    Component verdict{.judged = true};
    if (result >= 0) {
      const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data.get());
      verdict.score = 1;
      verdict.answer = text.substr(ends[0], std::min<size_t>(ends[1] - ends[0], kShown));
      verdict.reason = fmt::format("'{}' matches", verdict.answer);
    } else if (result == PCRE2_ERROR_NOMATCH) {
      verdict.reason = fmt::format("'{}' does not match", text.substr(0, kShown));
    } else if (result == PCRE2_ERROR_CALLOUT || result == PCRE2_ERROR_MATCHLIMIT ||
               result == PCRE2_ERROR_HEAPLIMIT || result == PCRE2_ERROR_DEPTHLIMIT) {
      verdict.judged = options_.on_limit == "wrong";
      verdict.reason = fmt::format("the pattern takes more than {} steps", options_.steps);
    } else {
      return {.reason = "the pattern could not be run: " + Message(result)};
    }
    return verdict;
  }

  static constexpr size_t kShown = 200;

  RegexOptions options_;
  Code code_;  // null if problems bring their own
};

}  // namespace

template <>
std::unique_ptr<Reward> MakeReward<"regex">(const ConfigValue& entry) {
  auto options = ReadRewardOptions<RegexOptions>(entry);
  Code code;
  if (!options.pattern.empty()) {
    std::string fault;
    code = Compile(options.pattern, options, fault);
    if (!code) {
      throw Error("{}: no regular expression: {}", entry.WhereKey("pattern"), fault);
    }
  }
  return std::make_unique<RegexReward>(std::move(options), std::move(code));
}

}  // namespace rationale
