// TimeOrDate: see time_or_date.h.

#include "rewards/math/time_or_date.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "rewards/math/text_answer.h"

namespace rationale {
namespace {

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c;
}

// The words and numbers of a text, lower case.
std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  for (const char c : text) {
    const bool part = IsLetter(c) || IsDigit(c) || static_cast<unsigned char>(c) >= 0x80;
    const bool continues =
        !words.empty() && !words.back().empty() && IsDigit(words.back()[0]) == IsDigit(c);
    if (!part) {
      words.emplace_back();
    } else if (continues) {
      words.back() += Lower(c);
    } else {
      words.emplace_back(1, Lower(c));
    }
  }
  std::erase(words, "");
  return words;
}

std::optional<int> Number(std::string_view word) {
  int value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

std::optional<int> Month(std::string_view word) {
  constexpr std::array<std::string_view, 12> kMonths = {
      "january", "february", "march",     "april",   "may",      "june",
      "july",    "august",   "september", "october", "november", "december"};
  for (size_t i = 0; i < kMonths.size(); ++i) {
    if (word == kMonths[i] || (word.size() == 3 && kMonths[i].starts_with(word)))
      return static_cast<int>(i + 1);
  }
  return std::nullopt;
}

// The number before `sign` at the beginning of the text, which is cut off with the sign.
std::optional<int> TakeBefore(std::string_view& text, std::string_view sign) {
  const size_t at = text.find(sign);
  const auto number = at == std::string_view::npos ? std::nullopt : Number(text.substr(0, at));
  if (number) text.remove_prefix(at + sign.size());
  return number;
}

// "2021年3月5日" and "3月5日"
std::optional<std::string> ReadChineseDate(std::string_view text) {
  const auto year = TakeBefore(text, "年");
  const auto month = TakeBefore(text, "月");
  auto day = TakeBefore(text, "日");
  if (!day) day = TakeBefore(text, "号");
  if (!month || !day || !text.empty()) return std::nullopt;
  return fmt::format("{}-{:02}-{:02}", year ? std::to_string(*year) : "", *month, *day);
}

// "15時45分" as 15:45, "3 o'clock" as 3:00, "noon" as 12:00 pm.
std::string AsClockTime(std::string_view text) {
  if (text == "noon") return "12:00 pm";
  if (text == "midnight") return "12:00 am";
  constexpr std::string_view kClock = " o'clock";
  if (text.ends_with(kClock))
    return std::string(text.substr(0, text.size() - kClock.size())) + ":00";
  for (const std::string_view sign : {"時", "时", "点"}) {
    std::string_view rest = text;
    const auto hours = TakeBefore(rest, sign);
    const auto minutes = hours ? TakeBefore(rest, "分") : std::nullopt;
    if (minutes && rest.empty()) return fmt::format("{}:{:02}", *hours, *minutes);
  }
  return std::string(text);
}

std::optional<std::string> ReadTime(std::string_view text) {
  // h:mm or h:mm:ss, then am, pm, a.m. or p.m.
  const size_t begin = text.find_first_of("0123456789");
  if (begin != 0) return std::nullopt;
  std::vector<int> parts;
  size_t at = 0;
  while (at < text.size()) {
    size_t end = at;
    while (end < text.size() && IsDigit(text[end])) ++end;
    if (end == at || end - at > 2 || (!parts.empty() && end - at != 2)) return std::nullopt;
    parts.push_back(*Number(text.substr(at, end - at)));
    at = end;
    if (at >= text.size() || text[at] != ':') break;
    ++at;
  }
  std::string half;
  for (const char c : text.substr(at)) {
    if (IsLetter(c)) half += Lower(c);
    if (!IsLetter(c) && c != '.' && c != ' ') return std::nullopt;
  }
  const bool noted = half == "am" || half == "pm";
  if (!half.empty() && !noted) return std::nullopt;
  if (parts.empty() || parts.size() > 3 || (parts.size() == 1 && !noted)) return std::nullopt;
  parts.resize(3);
  if (parts[0] > (noted ? 12 : 24) || parts[1] > 59 || parts[2] > 59) return std::nullopt;
  if (noted) parts[0] = parts[0] % 12 + (half == "pm" ? 12 : 0);
  return fmt::format("{}:{:02}:{:02}{}", parts[0], parts[1], parts[2],
                     noted || parts[0] > 12 ? "" : " without am or pm");
}

std::optional<std::string> ReadDate(std::string_view text) {
  const std::vector<std::string> words = Words(text);
  if (words.size() == 3 && words[0].size() == 4 && std::count(text.begin(), text.end(), '-') == 2) {
    const auto year = Number(words[0]);
    const auto month = Number(words[1]);
    const auto day = Number(words[2]);
    if (year && month && day && *month >= 1 && *month <= 12 && *day >= 1 && *day <= 31) {
      return fmt::format("{:04}-{:02}-{:02}", *year, *month, *day);
    }
  }
  std::optional<int> month;
  std::optional<int> day;
  std::optional<int> year;
  for (const std::string& word : words) {
    if (const auto number = Number(word)) {
      std::optional<int>& slot = *number > 31 ? year : day ? year : day;
      if (slot) return std::nullopt;
      slot = number;
    } else if (const auto named = Month(word)) {
      if (month) return std::nullopt;
      month = named;
    } else if (word != "st" && word != "nd" && word != "rd" && word != "th" && word != "of") {
      return std::nullopt;
    }
  }
  if (!month || !day) return std::nullopt;
  return fmt::format("{}-{:02}-{:02}", year ? std::to_string(*year) : "", *month, *day);
}

}  // namespace

std::optional<std::string> TimeOrDate(std::string_view text) {
  const std::string plain = PlainText(text.substr(0, 64));
  if (plain.empty() || plain.size() > 40) return std::nullopt;
  if (auto time = ReadTime(AsClockTime(plain))) return time;
  if (auto date = ReadChineseDate(plain)) return date;
  return ReadDate(plain);
}

}  // namespace rationale
