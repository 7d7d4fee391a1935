// Normalise: mathematical text of any script as ASCII LaTeX.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rationale {

// `text` with digits of other scripts as ASCII digits, Chinese numerals as numbers, Unicode's
// mathematical signs, Greek letters, super- and subscripts and vulgar fractions as LaTeX, and
// full-width punctuation as ASCII. Other letters stay. Malformed UTF-8 becomes spaces.
std::string NormaliseMath(std::string_view text);

// A Chinese numeral as a number in ASCII: "三百零五" 305, "二〇二四" 2024, "三点一四" 3.14, "负五"
// -5, "三分之二" \frac{2}{3}, "百分之五十" 50\%. Nothing if all of `numeral` is not one.
std::optional<std::string> ReadChineseNumeral(std::string_view numeral);

}  // namespace rationale
