// Scan: see scan.h.

#include "rewards/instructions/scan.h"

#include <unicode/brkiter.h>
#include <unicode/filteredbrk.h>
#include <unicode/uchar.h>
#include <unicode/utext.h>

#include <algorithm>
#include <memory>

#include "base/check.h"
#include "rewards/sections.h"
#include "rewards/utf8.h"
#include "rewards/words.h"

namespace rationale {
namespace {

constexpr size_t kNone = std::string_view::npos;

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsWordByte(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// The code point that begins, or ends, at a place of the text; -1 where there is none.
int32_t CodePointAt(std::string_view text, size_t at) {
  return at < text.size() ? NextCodePoint(text, at) : -1;
}
int32_t CodePointBefore(std::string_view text, size_t end) {
  size_t begin = end;
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  while (begin > 0 && end - begin < 4) {
    --begin;
    if (!continues(text[begin])) break;
  }
  return CodePointAt(text.substr(0, end), begin);
}

// Is there anything but stars and spaces?
bool HasContent(std::string_view text) {
  return text.find_first_not_of("* \t\r") != kNone;
}

}  // namespace

std::vector<std::string_view> Split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> pieces;
  size_t begin = 0;
  for (size_t at = text.find(separator); at != kNone; at = text.find(separator, begin)) {
    pieces.push_back(text.substr(begin, at - begin));
    begin = at + separator.size();
  }
  pieces.push_back(text.substr(begin));
  return pieces;
}

Cases CountCases(std::string_view text) {
  Cases cases;
  for (size_t at = 0; at < text.size();) {
    const int32_t c = NextCodePoint(text, at);
    if (c < 0) continue;
    cases.upper += u_isupper(c) != 0 ? 1 : 0;
    cases.lower += u_islower(c) != 0 ? 1 : 0;
  }
  return cases;
}

int64_t CountCapitalWords(std::string_view text) {
  const auto in_word = [&](size_t at) { return at < text.size() && IsWordByte(text[at]); };
  int64_t count = 0;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin;
    while (in_word(end) || (end < text.size() && (text[end] == '-' || text[end] == '\'')) ||
           (end > begin && end < text.size() && text[end] == '.' && in_word(end + 1))) {
      ++end;
    }
    std::string_view word = text.substr(begin, end - begin);
    if (word.ends_with("'s")) word.remove_suffix(2);
    const Cases cases = CountCases(word);
    count += cases.upper > 0 && cases.lower == 0 ? 1 : 0;
    begin = end + 1;
  }
  return count;
}

int64_t CountPlaceholders(std::string_view text) {
  int64_t count = 0;
  for (size_t open = text.find('['); open != kNone; open = text.find('[', open)) {
    const size_t end = text.find_first_of("]\n", open);
    if (end == kNone) break;
    count += text[end] == ']' ? 1 : 0;
    open = end + 1;
  }
  return count;
}

int64_t CountBullets(std::string_view text) {
  int64_t count = 0;
  for (const std::string_view line : Split(text, "\n")) {
    const size_t sign = std::min(line.find_first_not_of(" \t\r\f\v"), line.size());
    const std::string_view bullet = line.substr(sign);
    const bool star = bullet.starts_with('*') && bullet.size() > 1 && bullet[1] != '*';
    count += star || bullet.starts_with('-') ? 1 : 0;
  }
  return count;
}

int64_t CountHighlights(std::string_view text) {
  int64_t count = 0;
  for (size_t open = text.find('*'); open != kNone;) {
    const size_t end = text.find_first_of("*\n", open + 1);
    if (end == kNone) break;
    if (text[end] == '*' && HasContent(text.substr(open + 1, end - open - 1))) ++count;
    open = text.find('*', end + 1);
  }
  for (size_t open = text.find("**"); open != kNone;) {
    const size_t end = text.find_first_of("*\n", open + 2);
    if (end == kNone) break;
    const bool closes = text.substr(end).starts_with("**");
    if (closes && HasContent(text.substr(open + 2, end - open - 2))) ++count;
    open = text.find("**", closes ? end + 2 : open + 1);
  }
  return count;
}

int64_t CountNumbered(std::string_view text, std::string_view word) {
  int64_t count = 0;
  for (size_t at = text.find(word); at != kNone; at = text.find(word, at)) {
    at += word.size();
    const size_t digits = at < text.size() && IsSpace(text[at]) ? at + 1 : at;
    count += digits < text.size() && IsDigit(text[digits]) ? 1 : 0;
  }
  return count;
}

int64_t CountSentences(std::string_view text) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Locale english("en");
  const std::unique_ptr<icu::FilteredBreakIteratorBuilder> builder(
      icu::FilteredBreakIteratorBuilder::createInstance(english, error));
  Check{U_SUCCESS(error) != 0, "ICU: ", u_errorName(error)};
  // Beside those ICU knows.
  for (const char* abbreviation : {"Dr.", "St.", "Jr.", "Sr.", "e.g.", "i.e.", "vs."}) {
    builder->suppressBreakAfter(icu::UnicodeString::fromUTF8(abbreviation), error);
  }
  const std::unique_ptr<icu::BreakIterator> sentences(
      builder->build(icu::BreakIterator::createSentenceInstance(english, error), error));
  UText* opened = utext_openUTF8(nullptr, text.data(), static_cast<int64_t>(text.size()), &error);
  const std::unique_ptr<UText, UText* (*)(UText*)> view(opened, utext_close);
  Check{U_SUCCESS(error) != 0, "ICU: ", u_errorName(error)};
  sentences->setText(view.get(), error);
  Check{U_SUCCESS(error) != 0, "ICU: ", u_errorName(error)};
  int64_t count = 0;
  int32_t begin = sentences->first();
  for (int32_t end = sentences->next(); end != icu::BreakIterator::DONE; end = sentences->next()) {
    const std::string_view sentence =
        text.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
    count += CountWords(sentence) > 0 ? 1 : 0;
    begin = end;
  }
  return count;
}

bool HasWord(std::string_view text, std::string_view word) {
  if (word.empty()) return false;
  const int32_t first = CodePointAt(word, 0);
  const int32_t last = CodePointBefore(word, word.size());
  for (size_t at = text.find(word); at != kNone; at = text.find(word, at + 1)) {
    if (!InOneWord(CodePointBefore(text, at), first) &&
        !InOneWord(last, CodePointAt(text, at + word.size())))
      return true;
  }
  return false;
}

std::string WithoutSpaceBehindDots(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (IsSpace(text[i]) && i > 0 && text[i - 1] == '.') continue;
    result += text[i];
  }
  return result;
}

}  // namespace rationale
