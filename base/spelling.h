// Spelling: the nearest allowed name, for messages about a name that does not exist.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rationale {

// Edit distance with insertions, deletions, substitutions and swaps of neighbours, each of cost 1
// (optimal string alignment). O(|a| |b|) time.
int EditDistance(std::string_view a, std::string_view b);

// The candidate of the smallest edit distance to `name`, the first of several; empty if there is
// none at all.
std::string NearestName(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace rationale
