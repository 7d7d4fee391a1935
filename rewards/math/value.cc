// Value: see value.h.

#include "rewards/math/value.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/philox.h"

namespace rationale {
namespace {

constexpr std::array<slong, 5> kPrecisions = {64, 320, 1280, 5120, 20480};
// A difference this many bits below its terms is called zero, and as many more as the sizes of the
// numbers could hide: 2^{2^{-1000}} is not 1.
constexpr slong kZeroBits = 200;
constexpr slong kIdleBits = 10;           // of a number, not counted among them
constexpr slong kBitsOfFactor = 4;        // of a power
constexpr slong kMaxHiddenBits = 30'000;  // more than can be decided
constexpr int kNumPoints = 4;

// Variables at point number `point`: between 1 and 3, then between 0 and 1, then of both signs.
// Where the expression counts something (factorials, floors, signs of powers), positive integers.
Assignment PointFor(const std::vector<std::string>& symbols, int point, bool integers) {
  Assignment values;
  for (const std::string& symbol : symbols) {
    PhiloxStream random(
        DeriveKey({KeyPart("math point"), KeyPart(symbol), static_cast<uint64_t>(point)}));
    if (integers) {
      values.emplace_back(symbol, Rational(random.Int(2, 12) + 7 * point));
      continue;
    }
    const slong numerator = random.Int(101, 996);
    const slong sign = point >= 2 && random.Int(0, 1) == 1 ? -1 : 1;
    values.emplace_back(symbol,
                        Rational(sign * (point == 1 ? numerator : numerator * 3 + 997), 997));
  }
  return values;
}

// Letters that name integers by custom.
bool IsIntegerName(const std::string& name) {
  return name.size() == 1 &&
         std::string_view("jklmnpqrKMN").find(name[0]) != std::string_view::npos;
}

// Is the value known to 2^-64, absolutely or of its size?
bool IsSharp(arb_srcptr value) {
  constexpr slong kBits = 64;
  return mag_cmp_2exp_si(arb_radref(value), -kBits) < 0 || arb_rel_accuracy_bits(value) >= kBits;
}

bool IsSharp(const Ball& ball) {
  return IsSharp(ball.real()) && IsSharp(ball.imaginary());
}

bool IsReal(const Ball& ball) {
  return arb_contains_zero(ball.imaginary()) != 0;
}

// |difference| <= 2^-bits max(|a|, |b|), or both that small themselves?
bool IsNegligible(const Ball& difference, const Ball& a, const Ball& b, slong bits) {
  Ball bound;
  mag_t size;
  mag_t error;
  mag_init(size);
  mag_init(error);
  acb_get_mag(error, difference.get());
  acb_get_mag(size, a.get());
  mag_t other;
  mag_init(other);
  acb_get_mag(other, b.get());
  mag_max(size, size, other);
  mag_mul_2exp_si(size, size, -bits);
  const bool negligible = mag_cmp(error, size) <= 0 || mag_cmp_2exp_si(error, -2 * bits) < 0;
  mag_clear(size);
  mag_clear(error);
  mag_clear(other);
  return negligible;
}

// A decimal literal without what stands around it: its node's places, or -1.
int DecimalsOf(const Expressions& expressions, NodeId node) {
  while (expressions[node].op == Op::kNegate) node = expressions.Child(node);
  const Node& n = expressions[node];
  return n.op == Op::kNumber && n.literal ? n.decimals : -1;
}

// Is a decimal of 15 places or more within 2^-52 of the value's size, as what a program prints of a
// double is?
bool IsNearestDouble(const Ball& decimal, const Ball& value, int decimals) {
  constexpr slong kPrecision = 192;
  if (decimals < 15 || arb_is_zero(value.real()) != 0) return false;
  Ball error;
  arb_sub(error.real(), decimal.real(), value.real(), kPrecision);
  arb_div(error.real(), error.real(), value.real(), kPrecision);
  arb_abs(error.real(), error.real());
  arb_mul_2exp_si(error.real(), error.real(), 52);
  Ball one;
  arb_one(one.real());
  return arb_le(error.real(), one.real()) != 0;
}

bool IsWrapped(const Expressions& expressions, NodeId node, Op op) {
  return expressions[node].op == op;
}

}  // namespace

// How many bits below its terms a difference may lie that is not zero, by the sizes of the numbers
// in it: those of a power count as often as the base is multiplied.
slong ValueComparer::HiddenBits(NodeId node) {
  if (!work_.Spend(1)) return kMaxHiddenBits;
  const Node& n = expressions_[node];
  if (n.op == Op::kNumber) {
    const fmpq* value = expressions_.Value(node).get();
    const auto bits =
        static_cast<slong>(std::max(fmpz_bits(fmpq_numref(value)), fmpz_bits(fmpq_denref(value))));
    return std::clamp<slong>(bits - kIdleBits, 0, kMaxHiddenBits);
  }
  slong total = 0;
  if (n.op == Op::kPower && expressions_.Symbols(node).empty()) {
    const auto exponent = EvaluateExactly(expressions_, expressions_.Child(node, 1), {}, work_);
    if (exponent && fmpz_is_one(fmpq_denref(exponent->get())) != 0) {
      Rational bits(kBitsOfFactor + HiddenBits(expressions_.Child(node)));
      fmpz_mul(fmpq_numref(bits.get()), fmpq_numref(bits.get()), fmpq_numref(exponent->get()));
      fmpz_abs(fmpq_numref(bits.get()), fmpq_numref(bits.get()));
      total = fmpz_cmp_si(fmpq_numref(bits.get()), kMaxHiddenBits) > 0
                  ? kMaxHiddenBits
                  : std::max<slong>(fmpz_get_si(fmpq_numref(bits.get())) - 4 * kIdleBits, 0);
    }
  }
  for (const NodeId child : expressions_.Children(node)) {
    if (total < kMaxHiddenBits) total += HiddenBits(child);
  }
  return std::min(total, kMaxHiddenBits);
}

slong ValueComparer::ZeroBits(NodeId a, NodeId b) {
  return kZeroBits + std::min(HiddenBits(a) + HiddenBits(b), kMaxHiddenBits);
}

Truth ValueComparer::Undecided() {
  work_.Refuse();
  return Truth::kUnknown;
}

Truth ValueComparer::Same(NodeId a, NodeId b) {
  // A percent or degree sign may be left out on one side.
  for (const auto& [op, reading] : {std::pair(Op::kPercent, options_.percent),
                                    std::pair(Op::kDegrees, PercentReading::kEither)}) {
    const bool in_a = IsWrapped(expressions_, a, op);
    const bool in_b = IsWrapped(expressions_, b, op);
    if (in_a == in_b) continue;
    NodeId bare = in_a ? expressions_.Child(a) : a;
    NodeId other = in_b ? expressions_.Child(b) : b;
    if (reading != PercentReading::kFraction) {
      const Truth same = Same(bare, other);
      if (same == Truth::kTrue || reading == PercentReading::kNumber) return same;
    }
  }
  const bool based_a = IsWrapped(expressions_, a, Op::kBased);
  const bool based_b = IsWrapped(expressions_, b, Op::kBased);
  const auto is_based = [&](NodeId node) { return IsWrapped(expressions_, node, Op::kBased); };
  const bool sum = (based_a || based_b) && !(based_a && based_b) &&
                   expressions_.Any(based_a ? b : a, is_based);  // "1011_2 + 1_2"
  if ((based_a || based_b) && !sum) return SameDigits(a, b);
  return SameValue(a, b);
}

// A number in a base was asked for in that base: the digits must be the same, and the base where
// both name it.
Truth ValueComparer::SameDigits(NodeId a, NodeId b) {
  const bool based_a = IsWrapped(expressions_, a, Op::kBased);
  const bool based_b = IsWrapped(expressions_, b, Op::kBased);
  if (based_a && based_b) {
    const Truth base = SameValue(expressions_.Child(a), expressions_.Child(b));
    return base == Truth::kTrue ? SameValue(a, b) : base;
  }
  const std::string& digits = expressions_.Name(based_a ? a : b);
  if (digits.find_first_not_of("0123456789") != std::string::npos) return Truth::kFalse;
  const NodeId bare = expressions_.Number(Rational::FromDecimal(digits, 0));
  return SameValue(bare, based_a ? b : a);
}

Truth ValueComparer::SameValue(NodeId a, NodeId b) {
  if (expressions_.Identical(a, b)) return Truth::kTrue;
  const auto exact_a = EvaluateExactly(expressions_, a, {}, work_);
  const auto exact_b = EvaluateExactly(expressions_, b, {}, work_);
  if (exact_a && exact_b && *exact_a == *exact_b) return Truth::kTrue;
  if (const auto rounded = SameDecimal(a, b)) return *rounded;
  if (exact_a && exact_b) return Truth::kFalse;
  const Truth same = SameNumerically(a, b, false);
  const auto is_bare_log = [&](NodeId node) {
    const Node& n = expressions_[node];
    return n.op == Op::kFunction && n.id == static_cast<uint8_t>(Function::kLog) &&
           n.num_children == 1;
  };
  const bool has_log = expressions_.Any(a, is_bare_log) || expressions_.Any(b, is_bare_log);
  return same == Truth::kTrue || !has_log ? same : SameNumerically(a, b, true);
}

// a and b by the power of ten of a, if a is written as "6.02 \\times 10^{23}"; else nothing.
std::optional<std::pair<NodeId, NodeId>> ValueComparer::WithoutPowerOfTen(NodeId a, NodeId b) {
  const auto children = expressions_.Children(a);
  if (!IsWrapped(expressions_, a, Op::kMultiply) || children.size() != 2) return std::nullopt;
  const NodeId mantissa = children[0];
  const NodeId power = children[1];
  if (DecimalsOf(expressions_, mantissa) < 0 || !IsWrapped(expressions_, power, Op::kPower))
    return std::nullopt;
  const NodeId ten = expressions_.Child(power);
  if (!IsWrapped(expressions_, ten, Op::kNumber) || !(expressions_.Value(ten) == Rational(10)))
    return std::nullopt;
  return std::pair(mantissa, expressions_.Make(Op::kDivide, {b, power}));
}

// If one side is written as a decimal of enough places: is it the other's rounding or truncation?
std::optional<Truth> ValueComparer::SameDecimal(NodeId a, NodeId b) {
  if (const auto scaled = WithoutPowerOfTen(a, b))
    return SameDecimal(scaled->first, scaled->second);
  if (const auto scaled = WithoutPowerOfTen(b, a))
    return SameDecimal(scaled->second, scaled->first);
  const int of_a = DecimalsOf(expressions_, a);
  const int of_b = DecimalsOf(expressions_, b);
  const bool a_rounds = of_a >= options_.min_decimals && (of_b < 0 || of_a <= of_b);
  const bool b_rounds = of_b >= options_.min_decimals && (of_a < 0 || of_b <= of_a);
  if (!a_rounds && !b_rounds) return std::nullopt;
  if (!expressions_.Symbols(a_rounds ? b : a).empty()) return std::nullopt;
  return a_rounds ? Rounds(a, b, of_a) : Rounds(b, a, of_b);
}

Truth ValueComparer::Rounds(NodeId decimal, NodeId exact, int decimals) {
  Ball approximation;
  Ball value;
  const BallSettings settings{.precision = 192 + std::min(decimals, 1000) * 4};
  if (!EvaluateBall(expressions_, decimal, {}, settings, work_, approximation) ||
      !EvaluateBall(expressions_, exact, {}, settings, work_, value)) {
    return Truth::kUnknown;
  }
  if (!IsReal(value)) return Truth::kFalse;
  // Nought point nought is the rounding of nothing but zero.
  if (arb_is_zero(approximation.real()) != 0 && arb_contains_zero(value.real()) == 0)
    return Truth::kFalse;
  Ball unit;
  arb_set_si(unit.real(), 10);
  arb_pow_ui(unit.real(), unit.real(), static_cast<ulong>(decimals), settings.precision);
  Ball difference;  // in units of the last place
  arb_sub(difference.real(), value.real(), approximation.real(), settings.precision);
  arb_mul(difference.real(), difference.real(), unit.real(), settings.precision);
  if (!IsSharp(difference.real()) || !IsSharp(value.imaginary())) return Undecided();
  Ball magnitude;
  arb_abs(magnitude.real(), difference.real());
  Ball half;
  arb_set_d(half.real(), 0.5);
  if (arb_gt(magnitude.real(), half.real()) == 0) return Truth::kTrue;
  if (IsNearestDouble(approximation, value, decimals)) return Truth::kTrue;
  // Truncated: the value lies beyond the decimal, less than a unit away.
  const bool beyond = arb_is_negative(approximation.real()) != 0
                          ? arb_is_negative(difference.real()) != 0
                          : arb_is_positive(difference.real()) != 0;
  arb_one(half.real());
  return ToTruth(beyond && arb_lt(magnitude.real(), half.real()) != 0);
}

Truth ValueComparer::SameNumerically(NodeId a, NodeId b, bool natural_log) {
  std::vector<std::string> symbols = expressions_.Symbols(a);
  for (const std::string& symbol : expressions_.Symbols(b)) {
    if (std::find(symbols.begin(), symbols.end(), symbol) == symbols.end())
      symbols.push_back(symbol);
  }
  const auto is_imaginary = [&](NodeId node) {
    const Node& n = expressions_[node];
    return n.op == Op::kConstant && n.id == static_cast<uint8_t>(Constant::kI);
  };
  const bool complex =
      symbols.empty() || expressions_.Any(a, is_imaginary) || expressions_.Any(b, is_imaginary);
  const Truth same = SameAtPoints(a, b, symbols, natural_log, complex);
  // Functions that are real nowhere are compared where they are.
  if (same != Truth::kUnknown || complex || work_.exhausted() || work_.refused()) return same;
  return SameAtPoints(a, b, symbols, natural_log, true);
}

// At a few points for the variables, unless `complex` only where both sides are real: the domain
// that was meant.
Truth ValueComparer::SameAtPoints(NodeId a, NodeId b, const std::vector<std::string>& symbols,
                                  bool natural_log, bool complex) {
  const auto counts = [&](NodeId node) {
    const Node& n = expressions_[node];
    const auto function = static_cast<Function>(n.id);
    return n.op == Op::kFactorial || n.op == Op::kSum || n.op == Op::kProduct ||
           (n.op == Op::kFunction && (function == Function::kFloor || function == Function::kCeil));
  };
  const bool integers = std::all_of(symbols.begin(), symbols.end(), IsIntegerName) &&
                        (expressions_.Any(a, counts) || expressions_.Any(b, counts));
  bool agreed = false;
  std::optional<slong> zero_bits;
  const int points = symbols.empty() ? 1 : kNumPoints;
  for (int point = 0; point < points; ++point) {
    const Assignment values = PointFor(symbols, point, integers);
    for (const slong precision : kPrecisions) {
      Ball value_a;
      Ball value_b;
      const BallSettings settings{.precision = precision, .natural_log = natural_log};
      if (!EvaluateBall(expressions_, a, values, settings, work_, value_a) ||
          !EvaluateBall(expressions_, b, values, settings, work_, value_b)) {
        if (work_.exhausted()) return Truth::kUnknown;
        break;
      }
      if (!complex && !(IsReal(value_a) && IsReal(value_b))) break;
      Ball difference;
      acb_sub(difference.get(), value_a.get(), value_b.get(), precision);
      if (acb_contains_zero(difference.get()) == 0) return Truth::kFalse;
      if (precision < kZeroBits) continue;
      if (!zero_bits) zero_bits = ZeroBits(a, b);
      if (precision > *zero_bits && IsNegligible(difference, value_a, value_b, *zero_bits)) {
        agreed = true;
        break;
      }
      if (precision == kPrecisions.back()) return Undecided();
    }
  }
  return agreed ? Truth::kTrue : Truth::kUnknown;
}

Truth ValueComparer::IsZero(NodeId node) {
  if (const auto exact = EvaluateExactly(expressions_, node, {}, work_))
    return ToTruth(fmpq_is_zero(exact->get()) != 0);
  return SameNumerically(node, expressions_.Integer(0), false);
}

std::optional<int> ValueComparer::Order(NodeId a, NodeId b) {
  const auto exact_a = EvaluateExactly(expressions_, a, {}, work_);
  const auto exact_b = EvaluateExactly(expressions_, b, {}, work_);
  if (exact_a && exact_b) {
    const int order = fmpq_cmp(exact_a->get(), exact_b->get());
    return (order > 0) - (order < 0);
  }
  std::optional<slong> zero_bits;
  for (const slong precision : kPrecisions) {
    Ball value_a;
    Ball value_b;
    const BallSettings settings{.precision = precision};
    if (!EvaluateBall(expressions_, a, {}, settings, work_, value_a) ||
        !EvaluateBall(expressions_, b, {}, settings, work_, value_b) || !IsReal(value_a) ||
        !IsReal(value_b)) {
      return std::nullopt;
    }
    Ball difference;
    acb_sub(difference.get(), value_a.get(), value_b.get(), precision);
    if (arb_is_positive(difference.real()) != 0) return 1;
    if (arb_is_negative(difference.real()) != 0) return -1;
    if (precision < kZeroBits) continue;
    if (!zero_bits) zero_bits = ZeroBits(a, b);
    if (precision > *zero_bits && IsNegligible(difference, value_a, value_b, *zero_bits)) return 0;
  }
  work_.Refuse();
  return std::nullopt;
}

Truth ValueComparer::Proportional(NodeId a, NodeId b, bool positive) {
  std::vector<std::string> symbols = expressions_.Symbols(a);
  for (const std::string& symbol : expressions_.Symbols(b)) {
    if (std::find(symbols.begin(), symbols.end(), symbol) == symbols.end())
      symbols.push_back(symbol);
  }
  std::optional<Ball> first;  // a / b at the first usable point
  bool compared = false;
  const auto precise = std::find_if(kPrecisions.begin() + 1, kPrecisions.end(),
                                    [bits = ZeroBits(a, b)](slong p) { return p > bits; });
  if (precise == kPrecisions.end()) return Undecided();
  for (int point = 0; point < kNumPoints + 1; ++point) {
    const Assignment values = PointFor(symbols, point, false);
    Ball value_a;
    Ball value_b;
    const BallSettings settings{.precision = *precise};
    if (!EvaluateBall(expressions_, a, values, settings, work_, value_a) ||
        !EvaluateBall(expressions_, b, values, settings, work_, value_b)) {
      if (work_.exhausted()) return Truth::kUnknown;
      continue;
    }
    if (!IsSharp(value_a) || !IsSharp(value_b)) return Undecided();
    const bool zero_a = acb_contains_zero(value_a.get()) != 0;
    const bool zero_b = acb_contains_zero(value_b.get()) != 0;
    if (zero_a != zero_b) return Truth::kFalse;
    if (zero_a) continue;
    Ball ratio;
    acb_div(ratio.get(), value_a.get(), value_b.get(), *precise);
    if (!IsSharp(ratio)) return Undecided();
    if (!first) {
      first = ratio;
      if (positive && (arb_is_positive(ratio.real()) == 0 || !IsReal(ratio))) return Truth::kFalse;
      compared = symbols.empty();
      continue;
    }
    Ball difference;
    acb_sub(difference.get(), ratio.get(), first->get(), *precise);
    if (acb_contains_zero(difference.get()) == 0) return Truth::kFalse;
    compared = true;
  }
  return compared ? Truth::kTrue : Truth::kUnknown;
}

}  // namespace rationale
