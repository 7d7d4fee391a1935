// Pattern: what tokenizer.json writes as {"String": "..."} or {"Regex": "..."}.

#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "policy/tokenizer/regex.h"

namespace rationale {

// All matches in a text, from left to right, without overlap.
using Pattern = std::function<std::vector<TextRange>(std::string_view text)>;

// From the member `key` of `json`. Throws Error as Regex does, or for an empty string.
Pattern MakePattern(const JsonObject& json, const std::string& key);

// The places of a string, which must not be empty.
std::vector<TextRange> FindString(std::string_view text, std::string_view wanted);

// Replaces every match by `content`.
void ReplaceAll(std::string& text, const Pattern& pattern, std::string_view content);

}  // namespace rationale
