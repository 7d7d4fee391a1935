#include "policy/tokenizer/pattern.h"

#include <utility>

#include "base/error.h"

namespace rationale {
std::vector<TextRange> FindString(std::string_view text, std::string_view wanted) {
  std::vector<TextRange> matches;
  for (size_t at = text.find(wanted); at != std::string_view::npos;
       at = text.find(wanted, at + wanted.size())) {
    matches.push_back({at, at + wanted.size()});
  }
  return matches;
}

Pattern MakePattern(const JsonObject& json, const std::string& key) {
  const JsonObject pattern = json.Object(key);
  if (pattern.Has("Regex")) {
    return [regex = Regex(pattern.Get<std::string>("Regex"), pattern.where())](
               std::string_view text) { return regex.FindAll(text); };
  }
  auto wanted = pattern.Get<std::string>("String");
  if (wanted.empty()) throw Error("{}: String: found '', allowed: a longer one", pattern.where());
  return [wanted = std::move(wanted)](std::string_view text) { return FindString(text, wanted); };
}

void ReplaceAll(std::string& text, const Pattern& pattern, std::string_view content) {
  const std::vector<TextRange> matches = pattern(text);
  if (matches.empty()) return;
  std::string result;
  size_t end = 0;
  for (const TextRange& match : matches) {
    result.append(text, end, match.begin - end).append(content);
    end = match.end;
  }
  text = result.append(text, end);
}

}  // namespace rationale
