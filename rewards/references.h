// References: the texts that a response may match.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/problem.h"

namespace rationale {

// The problem's column of that name: null if it has none. `column` empty: null.
const std::string* FindColumn(const Problem& problem, std::string_view column);

// The strings of a column that holds a JSON list of strings, or the column's text as the only one;
// for an empty `column` the problem's reference. Texts of nothing but white space are left out.
std::vector<std::string> ReferencesOf(const Problem& problem, std::string_view column);

// The strings of a text that is a JSON list of strings; nothing if it is not one.
std::optional<std::vector<std::string>> ReadStringList(std::string_view text);

}  // namespace rationale
