// Regex: the regular expressions of a tokenizer.json, matched by PCRE2.
//
// The files are written for Oniguruma with Ruby's syntax. Where PCRE2 reads a construct differently
// it is translated
// (\s \w \b and scripts), and what has no exact counterpart is refused. Characters that were
// assigned after Unicode 14 have no properties in PCRE2 10.42, so text with such rare characters
// can be split otherwise than there.

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rationale {

struct TextRange {
  size_t begin = 0, end = 0;  // bytes

  bool operator==(const TextRange&) const = default;
};

// Immutable and thread-safe.
class Regex {
 public:
  // Throws Error beginning with `where` for a malformed pattern or one that is not translated.
  Regex(std::string_view pattern, const std::string& where);

  // Every match from left to right, without overlap. `text` must be valid UTF-8. Throws Failure
  // when matching takes more memory or steps than PCRE2's limits allow.
  std::vector<TextRange> FindAll(std::string_view text) const;

 private:
  struct Code;
  std::shared_ptr<const Code> code_;
};

// The PCRE2 pattern (for UTF, UCP and MULTILINE) that matches what Oniguruma's does. Throws as
// Regex does.
std::string TranslateOniguruma(std::string_view pattern, const std::string& where);

}  // namespace rationale
