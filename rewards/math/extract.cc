// Extract: see extract.h.

#include "rewards/math/extract.h"

#include <algorithm>
#include <cctype>

#include "rewards/sections.h"

namespace rationale {
namespace {

constexpr size_t kNone = std::string_view::npos;

// The index behind the brace that closes the one at `open`, or the end of the text if none does.
size_t SkipBraces(std::string_view text, size_t open) {
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return text.size();
}

std::optional<std::string_view> LastBoxed(std::string_view text) {
  for (size_t at = text.rfind("boxed"); at != kNone;
       at = at == 0 ? kNone : text.rfind("boxed", at - 1)) {
    size_t begin = at + 5;
    if (at == 0 || (text[at - 1] != '\\' && text[at - 1] != 'f')) continue;
    while (begin < text.size() && text[begin] == ' ') ++begin;
    if (begin >= text.size()) continue;
    if (text[begin] != '{') return text.substr(begin, text.find_first_of(" \n$\\", begin) - begin);
    const size_t end = SkipBraces(text, begin);
    const size_t length = end - begin - 1;
    return text.substr(begin + 1, text[end - 1] == '}' ? length - 1 : length);
  }
  return std::nullopt;
}

std::optional<std::string_view> BehindHashes(std::string_view text) {
  const size_t at = text.rfind("####");
  if (at == kNone) return std::nullopt;
  const std::string_view rest = text.substr(at + 4);
  return rest.substr(0, rest.find('\n'));
}

// The last occurrence of `phrase` (lower case) in `text`, ASCII letters compared without case.
size_t FindLastIgnoringCase(std::string_view text, std::string_view phrase) {
  const auto equal = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 'a' - 'A') : a) == b;
  };
  const auto found = std::find_end(text.begin(), text.end(), phrase.begin(), phrase.end(), equal);
  return found == text.end() ? kNone : static_cast<size_t>(found - text.begin());
}

std::optional<std::string_view> BehindPhrase(std::string_view text) {
  constexpr std::string_view kPhrases[] = {
      "answer is",   "answer:",        "answer to the problem is",
      "antwort ist", "antwort lautet", "antwort:",
      "réponse est", "réponse :",      "respuesta es",
      "respuesta:",  "ответ:",         "答案是",
      "答案为",      "答案：",         "答案:",
      "答えは",      "jibu ni"};
  size_t best = kNone;
  for (const std::string_view phrase : kPhrases) {
    const size_t at = FindLastIgnoringCase(text, phrase);
    if (at == kNone) continue;
    if (best == kNone || at + phrase.size() > best) best = at + phrase.size();
  }
  if (best == kNone) return std::nullopt;
  std::string_view rest = text.substr(best);
  rest = rest.substr(0, rest.find('\n'));
  // A sentence ends at a full stop that no digit follows.
  for (size_t i = 0; i < rest.size(); ++i) {
    const bool stop = rest[i] == '.' && (i + 1 == rest.size() ||
                                         std::isspace(static_cast<unsigned char>(rest[i + 1])));
    if (stop) return rest.substr(0, i);
  }
  return rest;
}

std::optional<std::string_view> LastLatex(std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> kDelimiters[] = {
      {"\\[", "\\]"}, {"\\(", "\\)"}, {"$$", "$$"}, {"$", "$"}};
  std::optional<std::string_view> last;
  size_t last_end = 0;
  for (const auto& [open, close] : kDelimiters) {
    for (size_t at = text.find(open); at != kNone;) {
      const size_t begin = at + open.size();
      const size_t end = text.find(close, begin);
      if (end == kNone) break;
      if (end > begin && end >= last_end) {
        last = text.substr(begin, end - begin);
        last_end = end;
      }
      at = text.find(open, end + close.size());
    }
  }
  return last;
}

std::optional<std::string_view> LastNumber(std::string_view text) {
  const size_t end = text.find_last_of("0123456789");
  if (end == kNone) return std::nullopt;
  size_t begin = end;
  while (begin > 0 && std::string_view("0123456789.,/").find(text[begin - 1]) != kNone) --begin;
  if (begin > 0 && text[begin - 1] == '-') --begin;
  return text.substr(begin, end + 1 - begin);
}

std::optional<std::string_view> Whole(std::string_view text) {
  const std::string_view trimmed = Trim(text);
  if (trimmed.empty() || trimmed.find('\n') != kNone) return std::nullopt;
  return trimmed;
}

std::optional<std::string_view> ExtractFrom(std::string_view text, AnswerSource source) {
  switch (source) {
    case AnswerSource::kBoxed:
      return LastBoxed(text);
    case AnswerSource::kHashes:
      return BehindHashes(text);
    case AnswerSource::kPhrase:
      return BehindPhrase(text);
    case AnswerSource::kLatex:
      return LastLatex(text);
    case AnswerSource::kWhole:
      return Whole(text);
    case AnswerSource::kLastNumber:
      return LastNumber(text);
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::pair<std::string_view, AnswerSource>> ConfigNames(AnswerSource) {
  return {{"boxed", AnswerSource::kBoxed},   {"hashes", AnswerSource::kHashes},
          {"phrase", AnswerSource::kPhrase}, {"latex", AnswerSource::kLatex},
          {"whole", AnswerSource::kWhole},   {"last_number", AnswerSource::kLastNumber}};
}

std::string_view AnswerSourceName(AnswerSource source) {
  for (const auto& [name, value] : ConfigNames(source)) {
    if (value == source) return name;
  }
  return "";
}

std::optional<ExtractedAnswer> ExtractAnswer(std::string_view text,
                                             const std::vector<AnswerSource>& order) {
  for (const AnswerSource source : order) {
    const auto found = ExtractFrom(text, source);
    if (found) return ExtractedAnswer{Trim(*found), source};
  }
  return std::nullopt;
}

}  // namespace rationale
