// NumberWords: see number_words.h.

#include "rewards/math/number_words.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <utility>

namespace rationale {
namespace {

using Word = std::pair<std::string_view, int64_t>;

template <size_t kSize>
std::optional<int64_t> Find(const Word (&table)[kSize], std::string_view word) {
  const auto found = std::find_if(std::begin(table), std::end(table),
                                  [&](const Word& entry) { return entry.first == word; });
  return found == std::end(table) ? std::nullopt : std::optional(found->second);
}

constexpr Word kBelowTwenty[] = {
    {"one", 1},      {"two", 2},        {"three", 3},     {"four", 4},      {"five", 5},
    {"six", 6},      {"seven", 7},      {"eight", 8},     {"nine", 9},      {"ten", 10},
    {"eleven", 11},  {"twelve", 12},    {"thirteen", 13}, {"fourteen", 14}, {"fifteen", 15},
    {"sixteen", 16}, {"seventeen", 17}, {"eighteen", 18}, {"nineteen", 19}, {"zero", 0}};
constexpr Word kTens[] = {{"twenty", 20},  {"thirty", 30}, {"forty", 40},
                          {"fourty", 40},  {"fifty", 50},  {"sixty", 60},
                          {"seventy", 70}, {"eighty", 80}, {"ninety", 90}};
constexpr Word kScales[] = {{"thousand", 1000},
                            {"million", 1'000'000},
                            {"billion", 1'000'000'000},
                            {"trillion", 1'000'000'000'000}};
constexpr Word kDenominators[] = {
    {"half", 2},        {"halves", 2},      {"third", 3},      {"thirds", 3},
    {"quarter", 4},     {"quarters", 4},    {"fourth", 4},     {"fourths", 4},
    {"fifth", 5},       {"fifths", 5},      {"sixth", 6},      {"sixths", 6},
    {"seventh", 7},     {"sevenths", 7},    {"eighth", 8},     {"eighths", 8},
    {"ninth", 9},       {"ninths", 9},      {"tenth", 10},     {"tenths", 10},
    {"eleventh", 11},   {"elevenths", 11},  {"twelfth", 12},   {"twelfths", 12},
    {"sixteenth", 16},  {"sixteenths", 16}, {"twentieth", 20}, {"twentieths", 20},
    {"hundredth", 100}, {"hundredths", 100}};
constexpr Word kMultipliers[] = {{"hundred", 100},
                                 {"thousand", 1000},
                                 {"million", 1'000'000},
                                 {"millions", 1'000'000},
                                 {"billion", 1'000'000'000},
                                 {"trillion", 1'000'000'000'000},
                                 {"dozen", 12},
                                 {"dozens", 12},
                                 {"lakh", 100'000},
                                 {"crore", 10'000'000},
                                 {"Tausend", 1000},
                                 {"Million", 1'000'000},
                                 {"Millionen", 1'000'000},
                                 {"Milliarde", 1'000'000'000},
                                 {"Milliarden", 1'000'000'000},
                                 {"mil", 1000},
                                 {"mille", 1000},
                                 {"millón", 1'000'000},
                                 {"millones", 1'000'000},
                                 {"milliard", 1'000'000'000},
                                 {"milliards", 1'000'000'000},
                                 {"тысяча", 1000},
                                 {"тысячи", 1000},
                                 {"тысяч", 1000},
                                 {"миллион", 1'000'000},
                                 {"миллиона", 1'000'000},
                                 {"миллионов", 1'000'000},
                                 {"천", 1000},
                                 {"만", 10'000},
                                 {"억", 100'000'000}};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) { Next(); }

  std::optional<NumberWords> Read() {
    std::string sign;
    if (word_ == "minus" || word_ == "negative") {
      sign = "-";
      Take();
    }
    const bool article = word_ == "a" || word_ == "an";
    if (article) {
      Take();
      if (Find(kDenominators, word_)) return Fraction(sign, 1);
      if (word_ != "hundred" && word_ != "dozen" && !Find(kScales, word_)) return std::nullopt;
    }
    if (word_ == "half") return Fraction(sign, 1);
    const auto whole = Cardinal(article);
    if (!whole) return std::nullopt;
    if (word_ == "point") return Decimal(sign, *whole);
    if (*whole > 0 && Find(kDenominators, word_)) {
      // "twenty-third" is no number.
      const bool plural = word_.ends_with('s');
      return plural || *whole == 1 ? Fraction(sign, *whole) : std::nullopt;
    }
    std::string formula = sign + std::to_string(*whole);
    const size_t length = end_;
    if (word_ == "and") {
      Take();
      if (const auto fraction = Part()) return NumberWords{formula + *fraction, end_};
    }
    return NumberWords{std::move(formula), length};
  }

 private:
  static char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c; }
  static bool IsLetter(char c) { return Lower(c) >= 'a' && Lower(c) <= 'z'; }

  // Reads the word behind at_, blanks or one hyphen before it, into word_; empty if there is none.
  void Next() {
    size_t begin = at_;
    while (begin < text_.size() && text_[begin] == ' ') ++begin;
    if (begin == at_ && begin > 0 && begin < text_.size() && text_[begin] == '-') ++begin;
    next_ = begin;
    word_.clear();
    constexpr size_t kLongest = 12;
    while (next_ < text_.size() && IsLetter(text_[next_]) && word_.size() <= kLongest)
      word_ += Lower(text_[next_++]);
    const bool glued = next_ < text_.size() && (static_cast<unsigned char>(text_[next_]) >= 0x80 ||
                                                text_[next_] == '_' || text_[next_] == '\'');
    if (glued || (begin == at_ && begin > 0 && text_[begin - 1] != '-')) word_.clear();
  }

  void Take() {
    at_ = next_;
    Next();
  }
  // The word belongs to the number.
  void Use() {
    Take();
    end_ = at_;
  }

  // Below a hundred, where one begins.
  std::optional<int64_t> BelowHundred() {
    if (const auto tens = Find(kTens, word_)) {
      Use();
      const auto ones = Find(kBelowTwenty, word_);
      if (!ones || *ones == 0 || *ones > 9) return tens;
      Use();
      return *tens + *ones;
    }
    const auto value = Find(kBelowTwenty, word_);
    if (value) Use();
    return value;
  }

  // `one`: an article stood before it, "a hundred".
  std::optional<int64_t> Cardinal(bool one) {
    int64_t total = 0;
    int64_t limit = INT64_MAX;  // scales fall
    bool any = false;
    for (;;) {
      std::optional<int64_t> section = one ? 1 : BelowHundred();
      if (!section) break;
      one = false;
      if (word_ == "hundred" && *section > 0) {
        Use();
        *section = *section * 100 + Rest();
      }
      any = true;
      if (word_ == "dozen" && total == 0) {
        Use();
        return *section * 12;
      }
      const auto scale = Find(kScales, word_);
      if (!scale || *scale >= limit || *section == 0) return total + *section;
      Use();
      total += *section * *scale;
      limit = *scale;
      const Reader before = *this;
      if (word_ == "and") {
        const int64_t rest = Rest();
        if (!Find(kScales, word_) && word_ != "hundred") return total + rest;
        *this = before;
        return total;
      }
    }
    return any ? std::optional(total) : std::nullopt;
  }

  // "five", "and five" behind a hundred; 0 if it is not there.
  int64_t Rest() {
    const Reader before = *this;
    if (word_ == "and") Take();
    const auto rest = BelowHundred();
    if (rest && word_ != "hundred" && !Find(kDenominators, word_)) return *rest;
    *this = before;
    return 0;
  }

  // "a half", "three quarters", behind "and".
  std::optional<std::string> Part() {
    int64_t numerator = 1;
    if (word_ == "a" || word_ == "an") {
      Take();
    } else if (word_ != "half") {
      const auto value = BelowHundred();
      if (!value || *value == 0) return std::nullopt;
      numerator = *value;
    }
    const auto denominator = Find(kDenominators, word_);
    if (!denominator) return std::nullopt;
    Use();
    return "\\frac{" + std::to_string(numerator) + "}{" + std::to_string(*denominator) + "}";
  }

  std::optional<NumberWords> Fraction(const std::string& sign, int64_t numerator) {
    const int64_t denominator = *Find(kDenominators, word_);
    Use();
    return NumberWords{
        sign + "\\frac{" + std::to_string(numerator) + "}{" + std::to_string(denominator) + "}",
        end_};
  }

  std::optional<NumberWords> Decimal(const std::string& sign, int64_t whole) {
    std::string formula = sign + std::to_string(whole);
    const size_t length = end_;
    Take();
    std::string digits;
    for (auto digit = Find(kBelowTwenty, word_); digit && *digit < 10 && digits.size() < 20;
         digit = Find(kBelowTwenty, word_)) {
      digits += static_cast<char>('0' + *digit);
      Use();
    }
    if (digits.empty()) return NumberWords{std::move(formula), length};
    return NumberWords{formula + "." + digits, end_};
  }

  std::string_view text_;
  size_t at_ = 0;    // behind what has been taken
  size_t next_ = 0;  // behind word_
  size_t end_ = 0;   // of the number
  std::string word_;
};

}  // namespace

std::optional<NumberWords> ReadNumberWords(std::string_view text) {
  constexpr size_t kLongest = 200;
  return Reader(text.substr(0, kLongest)).Read();
}

std::optional<Rational> MultiplierOf(std::string_view word) {
  const auto value = Find(kMultipliers, word);
  return value ? std::optional(Rational(*value)) : std::nullopt;
}

}  // namespace rationale
