// Words: a text as words, whatever its script.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace rationale {

// Calls `visit` with every word of the text, in order: a run of letters, digits, marks and
// underscores, as \w+ of Unicode; in scripts that put no spaces between words (Chinese, Japanese,
// Thai, Lao, Khmer, Burmese) every letter is one. Malformed UTF-8 separates. Linear.
void ForEachWord(std::string_view text, const std::function<void(std::string_view)>& visit);

// Do two code points side by side belong to one such word? -1, for none, belongs to nothing.
bool InOneWord(int32_t before, int32_t after);

// The number of those words.
int64_t CountWords(std::string_view text);

// `text` with every letter's case folded (Unicode's simple folding: "Straße" stays of one length).
std::string FoldCase(std::string_view text);

// The words, their case folded.
std::vector<std::string> FoldedWords(std::string_view text);

}  // namespace rationale
