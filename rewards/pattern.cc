// Pattern: see pattern.h.

#include "rewards/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace rationale {
namespace {

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};

std::string Message(int error) {
  PCRE2_UCHAR text[256] = {};
  pcre2_get_error_message(error, text, sizeof(text));
  return reinterpret_cast<const char*>(text);
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

}  // namespace

Pattern::Pattern(const std::string& text, const PatternOptions& options) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  // Callouts before every item are where we count; see CountSteps.
  uint32_t flags = PCRE2_UTF | PCRE2_AUTO_CALLOUT;
  if (options.ignore_case) flags |= PCRE2_CASELESS;
  if (options.whole) flags |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
  const std::unique_ptr<pcre2_compile_context, Freed<pcre2_compile_context_free>> context(
      pcre2_compile_context_create(nullptr));
  if (options.ecmascript) {
    flags |= PCRE2_DOLLAR_ENDONLY | PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF;
    pcre2_set_compile_extra_options(context.get(), PCRE2_EXTRA_ALT_BSUX);
  } else {
    flags |= PCRE2_UCP;
  }
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), flags,
                                   &error, &offset, context.get());
  if (code == nullptr) throw Error("'{}' at character {}: {}", text, offset, Message(error));
  code_ = std::shared_ptr<const void>(code, [](const void* made) {
    pcre2_code_free(static_cast<pcre2_code*>(const_cast<void*>(made)));
  });
}

PatternMatch Pattern::Find(std::string_view text, int64_t& steps) const {
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  const std::unique_ptr<pcre2_match_data, Freed<pcre2_match_data_free>> data(
      pcre2_match_data_create_from_pattern(code, nullptr));
  const std::unique_ptr<pcre2_match_context, Freed<pcre2_match_context_free>> context(
      pcre2_match_context_create(nullptr));
  Steps counted{.left = steps};
  constexpr uint32_t kHeapKb = 32 * 1024;
  constexpr int64_t kMostOnce = std::numeric_limits<uint32_t>::max();
  pcre2_set_heap_limit(context.get(), kHeapKb);
  pcre2_set_match_limit(context.get(),
                        static_cast<uint32_t>(std::clamp<int64_t>(steps, 1, kMostOnce)));
  pcre2_set_callout(context.get(), CountSteps, &counted);
  // An empty view may have no address, which PCRE2 does not take.
  const char* begin = text.empty() ? "" : text.data();
  const int result = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(begin), text.size(), 0,
                                 PCRE2_NO_UTF_CHECK, data.get(), context.get());
  steps = counted.left;
  PatternMatch match;
  if (result >= 0) {
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data.get());
    match = {.result = PatternMatch::Result::kFound, .begin = ends[0], .end = ends[1], .error = {}};
  } else if (result == PCRE2_ERROR_CALLOUT || result == PCRE2_ERROR_MATCHLIMIT ||
             result == PCRE2_ERROR_HEAPLIMIT || result == PCRE2_ERROR_DEPTHLIMIT) {
    match.result = PatternMatch::Result::kTooMuchWork;
  } else if (result != PCRE2_ERROR_NOMATCH) {
    match.result = PatternMatch::Result::kFailed;
    match.error = Message(result);
  }
  return match;
}

}  // namespace rationale
