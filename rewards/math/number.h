// Number: numbers as people write them, read into exact fractions.

#pragma once

#include <optional>
#include <string_view>

#include "rewards/math/rational.h"

namespace rationale {

// Reads all of `text` as one number: "7", "-1,234.50", "$\frac{1}{2}$", "3/4", "1\frac12", "50\%",
// "x = 3", with LaTeX delimiters, spacing, currency signs and a trailing unit in words ignored. A
// percent sign is ignored too, as published references leave it out as often as not. Nothing if
// that is not what the text is, or if it has over 1,000 characters.
std::optional<Rational> ReadNumber(std::string_view text);

}  // namespace rationale
