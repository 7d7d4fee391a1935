// Values: JSON's numbers and equality as JSON Schema counts them, exactly.

#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace rationale {

inline std::string_view StringOf(const rapidjson::Value& string) {
  return {string.GetString(), string.GetStringLength()};
}

// Is it a number without a fraction? 1.0 is, as drafts 6 and later have it.
bool IsInteger(const rapidjson::Value& value);

// Below 0 if a < b, 0 if they are equal, above 0 if a > b. Requires numbers.
int CompareNumbers(const rapidjson::Value& a, const rapidjson::Value& b);

// Is `value` an integer times `divisor`? Both are taken as the shortest decimals that read back as
// they are: 1.1 is a multiple of 0.1. Requires numbers, `divisor` above 0.
bool IsMultiple(const rapidjson::Value& value, const rapidjson::Value& divisor);

// A text that is the same for equal values and no others: members sorted, 1.0 as 1. Takes a step
// for each value and each 16 characters from `steps`, and stops with an empty text below none.
std::string Canonical(const rapidjson::Value& value, int64_t& steps);

}  // namespace rationale
