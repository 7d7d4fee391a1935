// Numeral: see numeral.h.

#include "rewards/math/numeral.h"

#include <algorithm>
#include <charconv>

namespace rationale {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// The number of digits that begin at text[at].
size_t DigitRun(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && IsDigit(text[end])) ++end;
  return end - at;
}

// The length of the separator of thousands at text[at], 0 if there is none there. `tight`: one that
// can be nothing else.
size_t SeparatorLength(std::string_view text, size_t at, bool plain_comma, bool* tight) {
  const std::string_view rest = text.substr(at);
  constexpr std::string_view kTight[] = {"{,}", "{, }", " {,}",  " {, }", "{,\\!}", ",\\!",
                                         "\\,", "\\ ",  "{\\,}", "~",     "'"};
  for (const std::string_view separator : kTight) {
    if (!rest.starts_with(separator)) continue;
    size_t length = separator.size();
    while (separator == ",\\!" && length < rest.size() && rest[length] == ' ') ++length;
    *tight = true;
    return length;
  }
  *tight = false;
  if (plain_comma && rest.starts_with(",")) return 1;
  return rest.starts_with(" ") ? 1 : 0;
}

// The length of "(3)" at text[at], digits in brackets; 0 if they are not there.
size_t BracketedDigits(std::string_view text, size_t at) {
  if (at >= text.size() || text[at] != '(') return 0;
  const size_t digits = DigitRun(text, at + 1);
  const size_t end = at + 1 + digits;
  return digits > 0 && end < text.size() && text[end] == ')' ? digits + 2 : 0;
}

// The length of dots at text[at] that say that digits go on.
size_t DotsLength(std::string_view text, size_t at) {
  for (const std::string_view dots : {"...", "\\ldots", "\\dots", "\\cdots"}) {
    if (text.substr(at).starts_with(dots)) return dots.size();
  }
  return 0;
}

// How many of the last decimals are the period of what has been written twice, or three times if it
// is one digit ("0.33" has to do too); 0 if none are.
size_t PeriodOf(std::string_view decimals) {
  const size_t size = decimals.size();
  for (size_t period = 1; 2 * period <= size; ++period) {
    const size_t times = period == 1 && size > 2 ? 3 : 2;
    bool repeats = true;
    for (size_t i = period; repeats && i < times * period; ++i)
      repeats = decimals[size - 1 - i] == decimals[size - 1 - i + period];
    if (repeats) return period;
  }
  return 0;
}

// The length of "1.234.567,89" or "1.234.567" at text[at] (points between thousands, a decimal
// comma), 0 if that is not there.
size_t EuropeanLength(std::string_view text, size_t at) {
  const size_t first = DigitRun(text, at);
  if (first == 0 || first > 3 || text[at] == '0') return 0;
  size_t end = at + first;
  size_t groups = 0;
  while (end < text.size() && text[end] == '.' && DigitRun(text, end + 1) == 3) {
    end += 4;
    ++groups;
  }
  if (groups == 0) return 0;
  const bool comma = end < text.size() && text[end] == ',';
  const bool more = end < text.size() && (IsDigit(text[end]) || text[end] == '.');
  if (!comma) return groups >= 2 && !more ? end - at : 0;  // "1.234" is a decimal
  const size_t decimals = DigitRun(text, end + 1);
  return decimals == 0 ? 0 : end + 1 + decimals - at;
}

// The length of "12,34,567" at text[at] (India's groups: the last of three digits, those before it
// of two), else 0.
size_t IndianLength(std::string_view text, size_t at) {
  const size_t first = DigitRun(text, at);
  if (first == 0 || first > 2 || text[at] == '0') return 0;
  size_t end = at + first;
  size_t pairs = 0;
  while (end < text.size() && text[end] == ',' && DigitRun(text, end + 1) == 2) {
    end += 3;
    ++pairs;
  }
  const bool three =
      pairs > 0 && end < text.size() && text[end] == ',' && DigitRun(text, end + 1) == 3;
  return three ? end + 4 - at : 0;
}

class Scanner {
 public:
  Scanner(std::string_view text, size_t at, CommaReading commas, bool inside_brackets)
      : text_(text), begin_(at), at_(at), commas_(commas), inside_brackets_(inside_brackets) {}

  Numeral Scan() {
    if (const size_t length = EuropeanLength(text_, at_); length > 0 && !inside_brackets_) {
      TakeWithout('.', length, ',');
    } else if (const size_t indian = IndianLength(text_, at_); indian > 0 && !inside_brackets_) {
      TakeWithout(',', indian, '\0');
      TakeDecimals();
    } else {
      TakeInteger();
      TakeDecimals();
      TakeRepeating();
    }
    TakeExponent();
    numeral_.length = at_ - begin_;
    return numeral_;
  }

 private:
  // `length` bytes without the separators; `point`: the decimal sign among them.
  void TakeWithout(char separator, size_t length, char point) {
    for (const char c : text_.substr(at_, length)) {
      if (c == separator) continue;
      if (c == point) {
        numeral_.digits += '.';
        numeral_.decimals = 0;
      } else {
        numeral_.digits += c;
        if (numeral_.decimals >= 0) ++numeral_.decimals;
      }
    }
    at_ += length;
    numeral_.ambiguous_comma = true;
  }

  void TakeInteger() {
    const size_t first = DigitRun(text_, at_);
    numeral_.digits.append(text_.substr(at_, first));
    at_ += first;
    if (first == 0 || first > 3) return;
    const bool leads_with_zero = numeral_.digits[0] == '0';
    while (at_ < text_.size()) {
      bool tight = false;
      const bool plain_comma = commas_ == CommaReading::kThousands && !inside_brackets_;
      const size_t separator = SeparatorLength(text_, at_, plain_comma, &tight);
      if (separator == 0 || DigitRun(text_, at_ + separator) != 3 || leads_with_zero) return;
      const size_t end = at_ + separator + 3;
      // "1 125/1000" is a mixed number.
      if (text_[at_] == ' ' && end < text_.size() && text_[end] == '/') return;
      if (text_[at_] == ',' && !tight) numeral_.ambiguous_comma = true;
      numeral_.digits.append(text_.substr(at_ + separator, 3));
      at_ = end;
    }
  }

  void TakeDecimals() {
    const bool comma = at_ < text_.size() && text_[at_] == ',' && DigitRun(text_, at_ + 1) > 0;
    if (comma && !inside_brackets_) numeral_.decimal_comma = true;
    const std::string_view rest = text_.substr(std::min(at_ + 1, text_.size()));
    const bool repeating = rest.starts_with("\\overline{") || rest.starts_with("\\dot{") ||
                           rest.starts_with("\\bar{") || BracketedDigits(rest, 0) > 0;
    const bool point =
        at_ < text_.size() && text_[at_] == '.' && (DigitRun(text_, at_ + 1) > 0 || repeating);
    if (!point && !(comma && commas_ == CommaReading::kDecimal && !inside_brackets_)) return;
    const size_t decimals = DigitRun(text_, at_ + 1);
    numeral_.digits += '.';
    numeral_.digits.append(text_.substr(at_ + 1, decimals));
    numeral_.decimals = static_cast<int>(std::min<size_t>(decimals, 1'000'000));
    at_ += 1 + decimals;
  }

  // "(3)" or dots behind decimals. Many decimals with dots are the beginning of a number.
  void TakeRepeating() {
    if (numeral_.decimals < 0) return;
    if (const size_t length = BracketedDigits(text_, at_); length > 0) {
      numeral_.repeating = text_.substr(at_ + 1, length - 2);
      at_ += length;
      return;
    }
    const size_t dots = DotsLength(text_, at_);
    if (dots == 0) return;
    const auto decimals = static_cast<size_t>(numeral_.decimals);
    const size_t begin = numeral_.digits.size() - decimals;
    constexpr size_t kManyDecimals = 6;
    const size_t period =
        decimals < kManyDecimals ? PeriodOf(std::string_view(numeral_.digits).substr(begin)) : 0;
    if (period == 0 && decimals < kManyDecimals) return;
    numeral_.repeating = numeral_.digits.substr(numeral_.digits.size() - period);
    at_ += dots;
  }

  void TakeExponent() {
    if (at_ >= text_.size() || (text_[at_] != 'e' && text_[at_] != 'E')) return;
    size_t digits = at_ + 1;
    if (digits < text_.size() && (text_[digits] == '-' || text_[digits] == '+')) ++digits;
    const size_t count = DigitRun(text_, digits);
    if (count == 0 || count > 6) return;
    const char* begin = text_.data() + (text_[at_ + 1] == '+' ? at_ + 2 : at_ + 1);
    std::from_chars(begin, text_.data() + digits + count, numeral_.exponent);
    at_ = digits + count;
  }

  std::string_view text_;
  size_t begin_;
  size_t at_;
  CommaReading commas_;
  bool inside_brackets_;
  Numeral numeral_;
};

}  // namespace

Numeral ScanNumeral(std::string_view text, size_t at, CommaReading commas, bool inside_brackets) {
  return Scanner(text, at, commas, inside_brackets).Scan();
}

}  // namespace rationale
