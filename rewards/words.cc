// Words: see words.h.

#include "rewards/words.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include "rewards/utf8.h"

namespace rationale {
namespace {

enum class Kind : uint8_t { kNone, kLetter, kUnspaced, kMark };

Kind KindOf(int32_t c) {
  if (c < 0x80) {
    const bool letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    return letter ? Kind::kLetter : Kind::kNone;
  }
  const int8_t type = u_charType(c);
  if (type == U_NON_SPACING_MARK || type == U_COMBINING_SPACING_MARK) return Kind::kMark;
  if (u_isalnum(c) == 0) return Kind::kNone;
  UErrorCode error = U_ZERO_ERROR;
  switch (uscript_getScript(c, &error)) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_THAI:
    case USCRIPT_LAO:
    case USCRIPT_KHMER:
    case USCRIPT_MYANMAR:
      return Kind::kUnspaced;
    default:
      return Kind::kLetter;
  }
}

}  // namespace

void ForEachWord(std::string_view text, const std::function<void(std::string_view)>& visit) {
  constexpr size_t kNone = std::string_view::npos;
  size_t begin = kNone;  // of the word being read
  bool unspaced = false;
  for (size_t at = 0; at < text.size();) {
    const size_t here = at;
    const int32_t c = NextCodePoint(text, at);
    const Kind kind = c < 0 ? Kind::kNone : KindOf(c);
    const bool goes_on =
        begin != kNone && (kind == Kind::kMark || (kind == Kind::kLetter && !unspaced));
    if (goes_on) continue;
    if (begin != kNone) visit(text.substr(begin, here - begin));
    begin = kind == Kind::kNone ? kNone : here;
    unspaced = kind == Kind::kUnspaced;
  }
  if (begin != kNone) visit(text.substr(begin));
}

bool InOneWord(int32_t before, int32_t after) {
  if (before < 0 || after < 0 || KindOf(before) == Kind::kNone) return false;
  const Kind kind = KindOf(after);
  return kind == Kind::kMark || (kind == Kind::kLetter && KindOf(before) != Kind::kUnspaced);
}

int64_t CountWords(std::string_view text) {
  int64_t count = 0;
  ForEachWord(text, [&](std::string_view) { ++count; });
  return count;
}

std::string FoldCase(std::string_view text) {
  std::string folded;
  folded.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t here = at;
    const int32_t c = NextCodePoint(text, at);
    if (c < 0) {
      folded += text[here];
    } else if (c < 0x80) {
      folded += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
    } else {
      AppendCodePoint(folded, u_foldCase(c, U_FOLD_CASE_DEFAULT));
    }
  }
  return folded;
}

std::vector<std::string> FoldedWords(std::string_view text) {
  std::vector<std::string> words;
  ForEachWord(text, [&](std::string_view word) { words.push_back(FoldCase(word)); });
  return words;
}

}  // namespace rationale
