// Number: see number.h.

#include "rewards/math/number.h"

#include <cctype>
#include <string>

#include "rewards/sections.h"

namespace rationale {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

void ReplaceAll(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// The text without what does not change a number's value.
std::string Normalised(std::string_view text) {
  std::string plain(text);
  for (const std::string_view noise :
       {"\\left", "\\right", "\\$", "$", "\\(", "\\)", "\\[", "\\]",     "\\,",       "\\!", "\\;",
        "\\ ",    "~",       "\\%", "%", "€",   "£",   "¥",   "^\\circ", "^{\\circ}", "°"}) {
    ReplaceAll(plain, noise, "");
  }
  for (const std::string_view fraction : {"\\dfrac", "\\tfrac", "\\cfrac"})
    ReplaceAll(plain, fraction, "\\frac");
  ReplaceAll(plain, "−", "-");
  const size_t equals = plain.rfind('=');
  if (equals != std::string::npos) plain.erase(0, equals + 1);
  for (const std::string_view words : {"\\text", "\\mathrm", "\\mbox"}) {
    const size_t at = plain.find(words);
    if (at != std::string::npos && at > 0) plain.erase(at);
  }
  plain = std::string(Trim(plain));
  while (!plain.empty() && (plain.back() == '.' || plain.back() == ',')) plain.pop_back();
  return plain;
}

// A cursor over the normalised text.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<Rational> ReadAll() {
    const bool negative = Take("-");
    if (!negative) Take("+");
    auto value = ReadValue();
    if (!value || !AtEndOrUnit()) return std::nullopt;
    if (negative) fmpq_neg(value->get(), value->get());
    return value;
  }

 private:
  bool Take(std::string_view token) {
    if (!text_.starts_with(token)) return false;
    text_.remove_prefix(token.size());
    SkipSpace();
    return true;
  }

  void SkipSpace() {
    while (text_.starts_with(' ')) text_.remove_prefix(1);
  }

  std::optional<Rational> ReadValue() {
    std::optional<Rational> value;
    if (!text_.starts_with('\\')) {
      value = ReadDecimal();
      if (!value) return std::nullopt;
      if (Take("/")) return Divide(*value, ReadDecimal());
    }
    if (!text_.starts_with("\\frac")) return value;
    auto fraction = ReadFraction();
    if (fraction && value) fmpq_add(fraction->get(), fraction->get(), value->get());
    return fraction;
  }

  std::optional<Rational> ReadFraction() {
    Take("\\frac");
    const auto numerator = ReadArgument();
    const auto denominator = ReadArgument();
    if (!numerator) return std::nullopt;
    return Divide(*numerator, denominator);
  }

  // {12} or a single digit.
  std::optional<Rational> ReadArgument() {
    if (Take("{")) {
      const bool negative = Take("-");
      auto value = ReadDecimal();
      if (!value || !Take("}")) return std::nullopt;
      if (negative) fmpq_neg(value->get(), value->get());
      return value;
    }
    if (text_.empty() || !IsDigit(text_[0])) return std::nullopt;
    Rational digit(text_[0] - '0');
    text_.remove_prefix(1);
    SkipSpace();
    return digit;
  }

  static std::optional<Rational> Divide(const Rational& numerator,
                                        const std::optional<Rational>& denominator) {
    if (!denominator || fmpq_is_zero(denominator->get())) return std::nullopt;
    Rational quotient;
    fmpq_div(quotient.get(), numerator.get(), denominator->get());
    return quotient;
  }

  // Digits with groups of three behind commas, and a decimal point.
  std::optional<Rational> ReadDecimal() {
    std::string digits;
    slong decimals = 0;
    bool point = false;
    size_t i = 0;
    for (; i < text_.size(); ++i) {
      if (IsDigit(text_[i])) {
        digits += text_[i];
        if (point) ++decimals;
      } else if (text_[i] == '.' && !point && i + 1 < text_.size() && IsDigit(text_[i + 1])) {
        point = true;
      } else if (!(text_[i] == ',' && !point && !digits.empty() && IsGroup(i + 1))) {
        break;
      }
    }
    if (digits.empty()) return std::nullopt;
    text_.remove_prefix(i);
    SkipSpace();
    return Rational::FromDecimal(digits, -decimals);
  }

  bool IsGroup(size_t at) const {
    if (at + 3 > text_.size()) return false;
    for (size_t i = at; i < at + 3; ++i) {
      if (!IsDigit(text_[i])) return false;
    }
    return at + 3 == text_.size() || !IsDigit(text_[at + 3]);
  }

  // A unit is a word or two of letters.
  bool AtEndOrUnit() const {
    for (const char c : text_) {
      const bool letter =
          std::isalpha(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80;
      if (!letter && c != ' ') return false;
    }
    return true;
  }

  std::string_view text_;
};

}  // namespace

std::optional<Rational> ReadNumber(std::string_view text) {
  if (text.size() > 1000) return std::nullopt;
  const std::string plain = Normalised(text);
  return Reader(plain).ReadAll();
}

}  // namespace rationale
