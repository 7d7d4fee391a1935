// Pattern: a regular expression whose work on a text is counted, so that no text makes it run on.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace rationale {

struct PatternOptions {
  bool whole = false;        // all of the text has to match, not some of it
  bool ignore_case = false;  // in every script
  // JSON Schema's dialect, ECMA-262's: \d and \w are ASCII's, $ is the end alone, \u00e9 is é.
  bool ecmascript = false;
};

// What a search ended with.
struct PatternMatch {
  enum class Result : uint8_t { kFound, kNotFound, kTooMuchWork, kFailed };
  Result result = Result::kNotFound;
  size_t begin = 0;  // of what was found, in bytes
  size_t end = 0;
  std::string error;  // of kFailed
};

// Perl's patterns, by PCRE2. They backtrack, so the work is counted, not timed: each item tried is
// a step, and each 16 characters run over. Thread-safe.
class Pattern {
 public:
  // Throws Error("'<text>' at character n: ...") for what is no regular expression.
  explicit Pattern(const std::string& text, const PatternOptions& options = {});

  // The first match in `text`, which has to be valid UTF-8. Takes the steps from `steps`.
  PatternMatch Find(std::string_view text, int64_t& steps) const;

 private:
  std::shared_ptr<const void> code_;  // a pcre2_code
};

}  // namespace rationale
