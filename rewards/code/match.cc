#include "rewards/code/match.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "rewards/sections.h"

namespace rationale {
namespace {

constexpr size_t kShown = 60;

std::string_view Shown(std::string_view text) {
  return text.substr(0, kShown);
}

// The next word, empty at the end.
std::string_view TakeWord(std::string_view& rest) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const size_t begin = rest.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  rest.remove_prefix(begin);
  const std::string_view word = rest.substr(0, rest.find_first_of(kSpace));
  rest.remove_prefix(word.size());
  return word;
}

std::optional<double> FiniteNumber(std::string_view word) {
  if (!word.empty() && word[0] == '+') word.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

bool Near(std::string_view actual, std::string_view expected, double tolerance) {
  const auto a = FiniteNumber(actual), b = FiniteNumber(expected);
  return a && b && std::abs(*a - *b) <= tolerance * std::max(1.0, std::abs(*b));
}

// The line without its end.
std::string_view TakeLine(std::string_view& rest) {
  const size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

std::string_view WithoutEnd(std::string_view text) {
  const size_t last = text.find_last_not_of(" \t\r\n\f\v");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::string ExactDifference(std::string_view actual, std::string_view expected) {
  actual = WithoutEnd(actual);
  expected = WithoutEnd(expected);
  for (int number = 1; !actual.empty() || !expected.empty(); ++number) {
    const std::string_view got = TakeLine(actual), wanted = TakeLine(expected);
    if (got != wanted || actual.empty() != expected.empty()) {
      return fmt::format("line {}: wrote '{}'{}, expected '{}'{}", number, Shown(got),
                         actual.empty() ? " at the end" : "", Shown(wanted),
                         expected.empty() ? " at the end" : "");
    }
  }
  return "";
}

}  // namespace

std::string OutputDifference(std::string_view actual, std::string_view expected, OutputMatch match,
                             double tolerance) {
  if (match == OutputMatch::kExact) return ExactDifference(actual, expected);
  for (int number = 1;; ++number) {
    const std::string_view got = TakeWord(actual), wanted = TakeWord(expected);
    if (got.empty() && wanted.empty()) return "";
    if (got == wanted || (match == OutputMatch::kNumbers && Near(got, wanted, tolerance))) continue;
    if (got.empty()) return fmt::format("word {}: nothing, expected '{}'", number, Shown(wanted));
    if (wanted.empty()) return fmt::format("word {}: '{}', expected no more", number, Shown(got));
    return fmt::format("word {}: '{}', expected '{}'", number, Shown(got), Shown(wanted));
  }
}

}  // namespace rationale
