// References: see references.h.

#include "rewards/references.h"

#include "base/error.h"
#include "base/json.h"
#include "rewards/sections.h"

namespace rationale {

const std::string* FindColumn(const Problem& problem, std::string_view column) {
  if (column.empty()) return nullptr;
  const auto found = problem.fields.find(std::string(column));
  return found == problem.fields.end() ? nullptr : &found->second;
}

std::optional<std::vector<std::string>> ReadStringList(std::string_view text) {
  if (!Trim(text).starts_with('[')) return std::nullopt;
  try {
    const rapidjson::Document document = ParseJson(text, "the list");
    std::vector<std::string> strings;
    for (const auto& element : document.GetArray()) {
      if (!element.IsString()) return std::nullopt;
      strings.emplace_back(element.GetString(), element.GetStringLength());
    }
    return strings;
  } catch (const Error&) {
    return std::nullopt;  // a text in brackets that is no JSON
  }
}

std::vector<std::string> ReferencesOf(const Problem& problem, std::string_view column) {
  const std::string* text = column.empty() ? &problem.reference : FindColumn(problem, column);
  if (text == nullptr) return {};
  std::vector<std::string> references;
  if (!column.empty()) references = ReadStringList(*text).value_or(std::vector<std::string>());
  if (references.empty()) references.push_back(*text);
  std::erase_if(references, [](const std::string& reference) { return Trim(reference).empty(); });
  return references;
}

}  // namespace rationale
