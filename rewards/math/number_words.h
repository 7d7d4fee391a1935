// NumberWords: numbers that are written out, "forty-two", "three and a half", "1.5 million".

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "rewards/math/rational.h"

namespace rationale {

struct NumberWords {
  std::string formula;  // "42", "-3", "0.75", "\frac{2}{3}", "3\frac{1}{2}"
  size_t length = 0;    // bytes read
};

// The English number that begins the text, as long as it goes: cardinals below 10^15 ("one hundred
// and five", "a dozen"), decimals ("two point five"), fractions ("two thirds", "half"), mixed
// numbers ("three and a half"), with "minus" or "negative" before them. Nothing if it begins with
// none.
std::optional<NumberWords> ReadNumberWords(std::string_view text);

// What a word behind a numeral multiplies it by: a million for "million" and "millones", 10^4 for
// "万", 12 for "dozen". Nothing for other words.
std::optional<Rational> MultiplierOf(std::string_view word);

}  // namespace rationale
