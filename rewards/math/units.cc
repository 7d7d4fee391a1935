// Units: see units.h.

#include "rewards/math/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

namespace rationale {
namespace {

enum Base : uint8_t {
  kLength,
  kMass,
  kTime,
  kMonths,
  kVolume,
  kMoney,
  kAngle,
  kCelsius,
  kFahrenheit,
  kForce,
  kEnergy,
  kNumBases
};
constexpr std::array<std::string_view, kNumBases> kBaseNames = {
    "length", "mass",    "time",       "months", "volume", "money",
    "angle",  "celsius", "fahrenheit", "force",  "energy"};

struct UnitWord {
  std::string_view name;
  Base base;
  slong numerator = 1;
  ulong denominator = 1;
  int power = 1;
};

// Sorted by name. Money counts in the currency's own unit: dollars and euros are not told apart,
// cents are.
constexpr UnitWord kWords[] = {
    {"$", kMoney},
    {"J", kEnergy},
    {"L", kVolume},
    {"N", kForce},
    {"ac", kLength, 40468564224, 10000000, 2},
    {"acre", kLength, 40468564224, 10000000, 2},
    {"acres", kLength, 40468564224, 10000000, 2},
    {"cent", kMoney, 1, 100},
    {"centimeter", kLength, 1, 100},
    {"centimeters", kLength, 1, 100},
    {"centimetre", kLength, 1, 100},
    {"centimetres", kLength, 1, 100},
    {"cents", kMoney, 1, 100},
    {"cm", kLength, 1, 100},
    {"d", kTime, 86400},
    {"day", kTime, 86400},
    {"days", kTime, 86400},
    {"deg", kAngle},
    {"degree", kAngle},
    {"degrees", kAngle},
    {"dm", kLength, 1, 10},
    {"dollar", kMoney},
    {"dollars", kMoney},
    {"euro", kMoney},
    {"euros", kMoney},
    {"feet", kLength, 3048, 10000},
    {"foot", kLength, 3048, 10000},
    {"ft", kLength, 3048, 10000},
    {"g", kMass, 1, 1000},
    {"gram", kMass, 1, 1000},
    {"grams", kMass, 1, 1000},
    {"h", kTime, 3600},
    {"hectare", kLength, 10000, 1, 2},
    {"hectares", kLength, 10000, 1, 2},
    {"hour", kTime, 3600},
    {"hours", kTime, 3600},
    {"hr", kTime, 3600},
    {"hrs", kTime, 3600},
    {"in", kLength, 254, 10000},
    {"inch", kLength, 254, 10000},
    {"inches", kLength, 254, 10000},
    {"kg", kMass},
    {"kilogram", kMass},
    {"kilograms", kMass},
    {"kilometer", kLength, 1000},
    {"kilometers", kLength, 1000},
    {"kilometre", kLength, 1000},
    {"kilometres", kLength, 1000},
    {"km", kLength, 1000},
    {"l", kVolume},
    {"lb", kMass, 45359237, 100000000},
    {"lbs", kMass, 45359237, 100000000},
    {"liter", kVolume},
    {"liters", kVolume},
    {"litre", kVolume},
    {"litres", kVolume},
    {"m", kLength},
    {"mL", kVolume, 1, 1000},
    {"meter", kLength},
    {"meters", kLength},
    {"metre", kLength},
    {"metres", kLength},
    {"mg", kMass, 1, 1000000},
    {"mi", kLength, 1609344, 1000},
    {"mile", kLength, 1609344, 1000},
    {"miles", kLength, 1609344, 1000},
    {"milliliter", kVolume, 1, 1000},
    {"milliliters", kVolume, 1, 1000},
    {"millimeter", kLength, 1, 1000},
    {"millimeters", kLength, 1, 1000},
    {"min", kTime, 60},
    {"mins", kTime, 60},
    {"minute", kTime, 60},
    {"minutes", kTime, 60},
    {"ml", kVolume, 1, 1000},
    {"mm", kLength, 1, 1000},
    {"month", kMonths},
    {"months", kMonths},
    {"ounce", kMass, 45359237, 1600000000},
    {"ounces", kMass, 45359237, 1600000000},
    {"oz", kMass, 45359237, 1600000000},
    {"pound", kMass, 45359237, 100000000},
    {"pounds", kMass, 45359237, 100000000},
    {"s", kTime},
    {"sec", kTime},
    {"second", kTime},
    {"seconds", kTime},
    {"secs", kTime},
    {"t", kMass, 1000},
    {"ton", kMass, 1000},
    {"tons", kMass, 1000},
    {"week", kTime, 604800},
    {"weeks", kTime, 604800},
    {"yard", kLength, 9144, 10000},
    {"yards", kLength, 9144, 10000},
    {"yd", kLength, 9144, 10000},
    {"year", kMonths, 12},
    {"years", kMonths, 12},
    {"yen", kMoney},
    {"yr", kMonths, 12},
    {"yrs", kMonths, 12},
    {"yuan", kMoney},
    {"°C", kCelsius},
    {"°F", kFahrenheit},
    {"ドル", kMoney},
    {"メートル", kLength},
    {"元", kMoney},
    {"克", kMass, 1, 1000},
    {"公分", kLength, 1, 100},
    {"公斤", kMass},
    {"公里", kLength, 1000},
    {"円", kMoney},
    {"分米", kLength, 1, 10},
    {"分钟", kTime, 60},
    {"千克", kMass},
    {"千米", kLength, 1000},
    {"升", kVolume},
    {"厘米", kLength, 1, 100},
    {"吨", kMass, 1000},
    {"天", kTime, 86400},
    {"小时", kTime, 3600},
    {"年", kMonths, 12},
    {"毫克", kMass, 1, 1000000},
    {"毫升", kVolume, 1, 1000},
    {"毫米", kLength, 1, 1000},
    {"秒", kTime},
    {"米", kLength},
    {"角", kMoney, 1, 10},
};

constexpr bool ByName(const UnitWord& a, const UnitWord& b) {
  return a.name < b.name;
}
static_assert(std::is_sorted(std::begin(kWords), std::end(kWords), ByName));

const UnitWord* Find(std::string_view word) {
  const auto found =
      std::lower_bound(std::begin(kWords), std::end(kWords), UnitWord{word, kLength}, ByName);
  return found != std::end(kWords) && found->name == word ? found : nullptr;
}

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

class UnitReader {
 public:
  explicit UnitReader(std::string_view text) : text_(text) {}

  std::optional<Unit> Read() {
    int sign = 1;
    int power = 1;
    while (SkipTo()) {
      if (Take("/") || Take("per ")) {
        sign = -1;
      } else if (Take("square ") || Take("sq ") || Take("sq. ") || Take("平方")) {
        power = 2;
      } else if (Take("cubic ") || Take("立方")) {
        power = 3;
      } else {
        const std::string_view word = TakeWord();
        const UnitWord* unit = Find(word);
        if (unit == nullptr) return std::nullopt;
        Multiply(*unit, sign * power * TakeExponent());
        any_ = true;
        sign = 1;
        power = 1;
      }
    }
    if (!any_) return std::nullopt;
    for (size_t base = 0; base < kNumBases; ++base) {
      if (powers_[base] == 0) continue;
      unit_.dimension += std::string(kBaseNames[base]) + '^' + std::to_string(powers_[base]) + ' ';
    }
    return unit_;
  }

 private:
  // Moves to the next part; false at the end.
  bool SkipTo() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '*' || text_[0] == '-'))
      text_.remove_prefix(1);
    return !text_.empty();
  }

  bool Take(std::string_view prefix) {
    if (!text_.starts_with(prefix)) return false;
    text_.remove_prefix(prefix.size());
    return true;
  }

  std::string_view TakeWord() {
    size_t length = 0;
    while (length < text_.size() && IsWordByte(text_[length])) ++length;
    length = std::max<size_t>(length, 1);
    const std::string_view word = text_.substr(0, length);
    text_.remove_prefix(length);
    return word;
  }

  int TakeExponent() {
    const bool caret = Take("^");
    int exponent = 1;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), exponent);
    if (error != std::errc() || exponent == 0 || exponent > 9 || exponent < -9)
      return caret ? 0 : 1;
    text_.remove_prefix(static_cast<size_t>(end - text_.data()));
    return exponent;
  }

  void Multiply(const UnitWord& unit, int power) {
    Rational factor(unit.numerator, unit.denominator);
    fmpq_pow_si(factor.get(), factor.get(), power);
    fmpq_mul(unit_.factor.get(), unit_.factor.get(), factor.get());
    powers_[unit.base] += unit.power * power;
  }

  std::string_view text_;
  Unit unit_;
  std::array<int, kNumBases> powers_ = {};
  bool any_ = false;
};

}  // namespace

bool IsKnownUnit(std::string_view word) {
  return Find(word) != nullptr;
}

std::optional<Unit> ReadUnit(std::string_view text) {
  return UnitReader(text.substr(0, 100)).Read();
}

}  // namespace rationale
