// Scan: what the instruction checks count in a text, each in one pass.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rationale {

// The pieces between the separators (not empty), one more than there are separators.
std::vector<std::string_view> Split(std::string_view text, std::string_view separator);

// Letters by case, in every script that has cases.
struct Cases {
  int64_t upper = 0;
  int64_t lower = 0;
};
Cases CountCases(std::string_view text);

// Words, with their hyphens, apostrophes and inner dots ("U.S.") but without 's, that have a
// capital letter and no small one.
int64_t CountCapitalWords(std::string_view text);

// "[...]" on one line.
int64_t CountPlaceholders(std::string_view text);

// Lines that begin with "-", or with "*" and something behind it that is no "*".
int64_t CountBullets(std::string_view text);

// *...* and **...** on one line, with something in them.
int64_t CountHighlights(std::string_view text);

// "Section 1", "Section2", ...: `word`, a space or none, and digits.
int64_t CountNumbered(std::string_view text, std::string_view word);

// Sentences by Unicode's rules (UAX 29) with English abbreviations; those without a letter or a
// digit do not count.
int64_t CountSentences(std::string_view text);

// Does `word` (not empty) stand in the text by itself, not as part of a longer word (words.h)?
bool HasWord(std::string_view text, std::string_view word);

// One space or line break behind each full stop left out.
std::string WithoutSpaceBehindDots(std::string_view text);

}  // namespace rationale
