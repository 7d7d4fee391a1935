// Escapes: see escapes.h.

#include "rewards/language/escapes.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "rewards/utf8.h"

namespace rationale {
namespace {

constexpr size_t kHexBytes = 12;     // at least, in a row
constexpr size_t kPerHexLetter = 8;  // bytes: half of the letters have a digit above 9

// The escape that begins at text[at]: the letter it stands for (% for what an address escapes) and
// how many bytes it takes, 0 if there is none.
std::pair<int32_t, size_t> Escaped(std::string_view text, size_t at) {
  struct Form {
    std::string_view open, close;
    size_t digits_min, digits_max;
    int base;
    int32_t last;  // letter; addresses have to escape those that are not ASCII
  };
  constexpr int32_t kLast = 0x10FFFF;
  constexpr Form kForms[] = {{"%", "", 2, 2, 16, 'z'},       {"\\x", "", 2, 2, 16, 'z'},
                             {"\\u", "", 4, 4, 16, kLast},   {"\\U", "", 8, 8, 16, kLast},
                             {"\\u{", "}", 1, 6, 16, kLast}, {"&#", ";", 2, 7, 10, kLast},
                             {"&#x", ";", 2, 6, 16, kLast},  {"&#X", ";", 2, 6, 16, kLast}};
  const std::string_view rest = text.substr(at);
  for (const auto& [open, close, digits_min, digits_max, base, last] : kForms) {
    if (!rest.starts_with(open)) continue;
    const std::string_view digits = rest.substr(open.size(), digits_max);
    int32_t value = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    const auto count = static_cast<size_t>(read.ptr - digits.data());
    const size_t size = open.size() + count;
    if (read.ec != std::errc() || count < digits_min || !rest.substr(size).starts_with(close))
      continue;
    if (value <= last && u_isalpha(value)) return {value, size + close.size()};
    if (open == "%") return {'%', size};  // a byte of an address: its digits are no letters
  }
  return {0, 0};
}

// The bytes of hexadecimal digits that begin at text[at], a space or none between two bytes, and
// how long they are in the text; nothing if they are not prose: letters and the signs of a
// sentence, with digits above 9 among theirs, else they are numbers.
std::pair<std::string, size_t> HexProse(std::string_view text, size_t at) {
  std::string bytes;
  size_t end = at;
  size_t letters = 0;
  for (size_t next = at; next + 2 <= text.size();) {
    unsigned value = 0;
    const char* digits = text.data() + next;
    const auto read = std::from_chars(digits, digits + 2, value, 16);
    const char c = static_cast<char>(value);
    const bool prose = (c | 0x20) >= 'a'
                           ? (c | 0x20) <= 'z'
                           : std::string_view(" ,.'").find(c) != std::string_view::npos;
    if (read.ec != std::errc() || read.ptr != digits + 2 || !prose) break;
    letters += digits[0] > '9' || digits[1] > '9' ? 1 : 0;
    bytes += c;
    end = next + 2;
    next = end + (end < text.size() && text[end] == ' ' ? 1 : 0);
  }
  if (bytes.size() < kHexBytes || letters * kPerHexLetter < bytes.size()) bytes.clear();
  return {bytes, end - at};
}

}  // namespace

std::string Unescape(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t sign = std::min(text.find_first_of("%&\\4567", at), text.size());
    plain += text.substr(at, sign - at);
    at = sign;
    if (at == text.size()) break;
    if (text[at] >= '4' && text[at] <= '7') {
      const auto [prose, size] = HexProse(text, at);
      plain += prose.empty() ? text.substr(at, std::max<size_t>(size, 1)) : std::string_view(prose);
      at += std::max<size_t>(size, 1);
      continue;
    }
    const auto [letter, size] = Escaped(text, at);
    if (size > 0) {
      AppendCodePoint(plain, letter);
    } else {
      plain += text[at];
    }
    at += std::max<size_t>(size, 1);
  }
  return plain;
}

}  // namespace rationale
