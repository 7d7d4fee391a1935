// Numeral: one number as written, with separators of thousands, a decimal point or comma, an
// exponent.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "rewards/math/lexer.h"

namespace rationale {

struct Numeral {
  std::string digits;            // ASCII digits with at most one '.'; empty: there is no number
  int decimals = -1;             // digits behind the point, -1 without a point
  std::string repeating;         // those that repeat behind them: "3" of 0.(3) and of 0.333...
  int exponent = 0;              // the power of ten of "2.5e3"
  size_t length = 0;             // bytes read
  bool ambiguous_comma = false;  // thousands were told by commas that could separate numbers
  bool decimal_comma = false;    // a comma in or behind it could be a decimal one
};

// Reads the number that begins at text[at], a digit or a point before a digit. Thousands are told
// by "," "{,}" ",\!"
// "\," "~" "'" or a space between groups of three digits, or by "." if a decimal comma follows.
// Inside brackets a plain comma separates.
Numeral ScanNumeral(std::string_view text, size_t at, CommaReading commas, bool inside_brackets);

}  // namespace rationale
