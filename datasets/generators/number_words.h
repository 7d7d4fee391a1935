// Number words: what arithmetic in words needs of a language.

#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace rationale {

// Each entry is one word without spaces, or empty; `question` may be several.
struct NumberLanguage {
  std::string_view code;                     // ISO 639-1
  std::array<std::string_view, 20> numbers;  // 0 to 19
  std::string_view plus, minus, equals;
  std::string_view question;      // before the expression: "what is"
  std::string_view question_end;  // after it, before the "?"
};

// en, de, zh, es, fr, ru.
const std::vector<NumberLanguage>& NumberLanguages();

// Throws Error that lists the codes there are.
const NumberLanguage& FindNumberLanguage(std::string_view code);

// All its words, each once.
std::vector<std::string> WordsOf(const NumberLanguage& language);

}  // namespace rationale
