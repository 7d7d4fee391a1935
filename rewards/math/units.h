// Units: what stands behind a number, as a factor of base units.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rewards/math/rational.h"

namespace rationale {

// A unit as a multiple of a product of base units.
struct Unit {
  Rational factor{1};
  std::string dimension;  // the base units with their exponents in a fixed order: "length^2",
                          // "length time^-1"
};

// Is this word a unit of measure or a currency ("cm", "miles", "dollars")?
bool IsKnownUnit(std::string_view word);

// Reads "cm^2", "km/h", "square meters", "miles per hour", "$". Nothing if any part of it is not
// known.
std::optional<Unit> ReadUnit(std::string_view text);

}  // namespace rationale
