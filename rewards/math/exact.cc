// Exact: see exact.h.

#include "rewards/math/exact.h"

#include <flint/fmpz.h>

#include <algorithm>

namespace rationale {
namespace {

using Value = std::optional<Rational>;

constexpr slong kMaxFactorial = 400;
constexpr slong kMaxTerms = 2000;  // of a sum or a product

int64_t Bits(const Rational& value) {
  return static_cast<int64_t>(
      std::max(fmpz_bits(fmpq_numref(value.get())), fmpz_bits(fmpq_denref(value.get()))));
}

// The value as a machine integer, if it is one of at most 2^40.
std::optional<slong> SmallInteger(const Value& value) {
  if (!value || !fmpz_is_one(fmpq_denref(value->get()))) return std::nullopt;
  const fmpz* numerator = fmpq_numref(value->get());
  if (fmpz_bits(numerator) > 40) return std::nullopt;
  return fmpz_get_si(numerator);
}

Rational FloorDivide(const Rational& a, const Rational& b) {
  Rational quotient;
  fmpq_div(quotient.get(), a.get(), b.get());
  Rational floor;
  fmpz_fdiv_q(fmpq_numref(floor.get()), fmpq_numref(quotient.get()), fmpq_denref(quotient.get()));
  return floor;
}

class Evaluator {
 public:
  Evaluator(const Expressions& expressions, Assignment variables, Work& work)
      : expressions_(expressions), variables_(std::move(variables)), work_(work) {}

  Value Evaluate(NodeId node) {
    if (!work_.Spend(1)) return std::nullopt;
    Value value = EvaluateOp(node);
    if (!value) return std::nullopt;
    const int64_t bits = Bits(*value);
    if (bits > kMaxExactBits) return TooLarge();
    return work_.Spend(bits / 64) ? value : std::nullopt;
  }

 private:
  Value TooLarge() {
    work_.Refuse();
    return std::nullopt;
  }

  Value Child(NodeId node, size_t index = 0) { return Evaluate(expressions_.Child(node, index)); }

  Value EvaluateOp(NodeId node) {
    const Node& n = expressions_[node];
    switch (n.op) {
      case Op::kNumber:
        return expressions_.Value(node);
      case Op::kSymbol:
        return Variable(expressions_.Name(node));
      case Op::kAdd:
        return Fold(node, fmpq_add);
      case Op::kMultiply:
        return Fold(node, fmpq_mul);
      case Op::kDivide: {
        const Value a = Child(node, 0);
        const Value b = a ? Child(node, 1) : Value();
        if (!b || fmpq_is_zero(b->get())) return std::nullopt;
        Rational quotient;
        fmpq_div(quotient.get(), a->get(), b->get());
        return quotient;
      }
      case Op::kNegate: {
        Value value = Child(node);
        if (value) fmpq_neg(value->get(), value->get());
        return value;
      }
      case Op::kAbs: {
        Value value = Child(node);
        if (value) fmpq_abs(value->get(), value->get());
        return value;
      }
      case Op::kPercent: {
        Value value = Child(node);
        const Rational hundred(100);
        if (value) fmpq_div(value->get(), value->get(), hundred.get());
        return value;
      }
      case Op::kPower:
        return Power(Child(node, 0), Child(node, 1));
      case Op::kRoot:
        return Root(Child(node, 0), SmallInteger(Child(node, 1)));
      case Op::kFactorial:
        return Factorial(SmallInteger(Child(node)), n.id);
      case Op::kBased:
        return Based(expressions_.Name(node), SmallInteger(Child(node)));
      case Op::kFunction:
        return EvaluateFunction(node, static_cast<Function>(n.id));
      case Op::kCall:
        return Choices(node, expressions_.Name(node));
      case Op::kSum:
      case Op::kProduct:
        return Series(node, n.op == Op::kSum);
      default:
        return std::nullopt;
    }
  }

  Value Variable(const std::string& name) const {
    for (auto it = variables_.rbegin(); it != variables_.rend(); ++it) {
      if (it->first == name) return it->second;
    }
    return std::nullopt;
  }

  Value Fold(NodeId node, void (*combine)(fmpq*, const fmpq*, const fmpq*)) {
    const auto children = expressions_.Children(node);
    Value total = Evaluate(children[0]);
    for (size_t i = 1; total && i < children.size(); ++i) {
      const Value next = Evaluate(children[i]);
      if (!next || Bits(*total) > kMaxExactBits) return std::nullopt;
      combine(total->get(), total->get(), next->get());
    }
    return total;
  }

  Value Power(const Value& base, const Value& exponent) {
    if (!base || !exponent) return std::nullopt;
    const auto whole = SmallInteger(exponent);
    if (!whole) {
      // a^(p/q) where the q-th root comes out.
      Rational degree;
      fmpz_set(fmpq_numref(degree.get()), fmpq_denref(exponent->get()));
      Rational power;
      fmpz_set(fmpq_numref(power.get()), fmpq_numref(exponent->get()));
      if (fmpz_is_one(fmpq_denref(exponent->get()))) return std::nullopt;
      return Power(Root(base, SmallInteger(degree)), power);
    }
    const bool zero = fmpq_is_zero(base->get()) != 0;
    if (zero && *whole <= 0) return *whole == 0 ? Value(Rational(1)) : std::nullopt;
    const int64_t magnitude = *whole < 0 ? -*whole : *whole;
    if (Bits(*base) > 1 && (Bits(*base) - 1) * magnitude > kMaxExactBits) return TooLarge();
    Rational result;
    fmpq_pow_si(result.get(), base->get(), *whole);
    return result;
  }

  static Value Root(const Value& radicand, std::optional<slong> degree) {
    if (!radicand || !degree || *degree < 2 || *degree > 1000) return std::nullopt;
    const bool negative = fmpq_sgn(radicand->get()) < 0;
    if (negative && *degree % 2 == 0) return std::nullopt;
    Rational root = *radicand;
    if (negative) fmpq_neg(root.get(), root.get());
    if (fmpz_root(fmpq_numref(root.get()), fmpq_numref(root.get()), *degree) == 0)
      return std::nullopt;
    if (fmpz_root(fmpq_denref(root.get()), fmpq_denref(root.get()), *degree) == 0)
      return std::nullopt;
    if (negative) fmpq_neg(root.get(), root.get());
    return root;
  }

  Value Factorial(std::optional<slong> n, int step) {
    if (!n || *n < 0) return std::nullopt;
    if (*n > kMaxFactorial) return TooLarge();
    Rational result(1);
    for (slong factor = *n; factor > 1; factor -= step) {
      fmpz_mul_si(fmpq_numref(result.get()), fmpq_numref(result.get()), factor);
    }
    return result;
  }

  // Digits in a base; a point separates negative powers.
  static Value Based(const std::string& digits, std::optional<slong> base) {
    if (!base || *base < 2 || *base > 36 || digits.size() > 500) return std::nullopt;
    Rational value;
    const Rational radix(*base);
    slong behind_point = -1;
    for (const char c : digits) {
      if (c == '.' && behind_point < 0) {
        behind_point = 0;
        continue;
      }
      const slong digit = c >= '0' && c <= '9' ? c - '0' : *base;
      if (digit >= *base) return std::nullopt;
      const Rational addend(digit);
      fmpq_mul(value.get(), value.get(), radix.get());
      fmpq_add(value.get(), value.get(), addend.get());
      if (behind_point >= 0) ++behind_point;
    }
    Rational scale;
    fmpq_pow_si(scale.get(), radix.get(), -std::max<slong>(behind_point, 0));
    fmpq_mul(value.get(), value.get(), scale.get());
    return value;
  }

  Value EvaluateFunction(NodeId node, Function function) {
    switch (function) {
      case Function::kSqrt:
        return Root(Child(node), 2);
      case Function::kCbrt:
        return Root(Child(node), 3);
      case Function::kFloor:
      case Function::kCeil: {
        Value value = Child(node);
        if (!value) return std::nullopt;
        Rational result;
        (function == Function::kFloor ? fmpz_fdiv_q : fmpz_cdiv_q)(
            fmpq_numref(result.get()), fmpq_numref(value->get()), fmpq_denref(value->get()));
        return result;
      }
      case Function::kAbs: {
        Value value = Child(node);
        if (value) fmpq_abs(value->get(), value->get());
        return value;
      }
      case Function::kSign: {
        const Value value = Child(node);
        return value ? Value(Rational(fmpq_sgn(value->get()))) : std::nullopt;
      }
      case Function::kMin:
      case Function::kMax:
        return Extreme(node, function == Function::kMax);
      case Function::kGcd:
      case Function::kLcm:
        return CommonDivisor(node, function == Function::kLcm);
      case Function::kMod: {
        if (expressions_.Children(node).size() != 2) return std::nullopt;
        Value a = Child(node, 0);
        const Value b = a ? Child(node, 1) : Value();
        if (!b || fmpq_is_zero(b->get())) return std::nullopt;
        Rational multiple = FloorDivide(*a, *b);
        fmpq_mul(multiple.get(), multiple.get(), b->get());
        fmpq_sub(a->get(), a->get(), multiple.get());
        return a;
      }
      case Function::kBinomial:
        return Binomial(node);
      default:
        return std::nullopt;
    }
  }

  Value Extreme(NodeId node, bool largest) {
    Value best;
    for (const NodeId child : expressions_.Children(node)) {
      const Value value = Evaluate(child);
      if (!value) return std::nullopt;
      if (!best || (fmpq_cmp(value->get(), best->get()) > 0) == largest) best = value;
    }
    return best;
  }

  // Of rationals: gcd(a/b, c/d) = gcd(ad, cb) / bd.
  Value CommonDivisor(NodeId node, bool multiple) {
    Value result;
    for (const NodeId child : expressions_.Children(node)) {
      Value value = Evaluate(child);
      if (!value) return std::nullopt;
      fmpq_abs(value->get(), value->get());
      if (!result) {
        result = value;
        continue;
      }
      Rational divisor;
      fmpq_gcd(divisor.get(), result->get(), value->get());
      if (!multiple) {
        result = divisor;
      } else if (fmpq_is_zero(divisor.get())) {
        result = Rational(0);
      } else {
        fmpq_mul(result->get(), result->get(), value->get());
        fmpq_div(result->get(), result->get(), divisor.get());
      }
    }
    return result;
  }

  Value Binomial(NodeId node) {
    if (expressions_.Children(node).size() != 2) return std::nullopt;
    const auto n = SmallInteger(Child(node, 0));
    const auto k = SmallInteger(Child(node, 1));
    if (!n || !k || *n < 0 || *k < 0) return std::nullopt;
    if (*n > kMaxExactBits) return TooLarge();
    Rational result;
    if (*k <= *n)
      fmpz_bin_uiui(fmpq_numref(result.get()), static_cast<ulong>(*n), static_cast<ulong>(*k));
    return result;
  }

  // C(n, k), of combinations, and P(n, k), of arrangements.
  Value Choices(NodeId node, const std::string& name) {
    if (name == "C") return Binomial(node);
    if (name != "P" || expressions_.Children(node).size() != 2) return std::nullopt;
    const auto n = SmallInteger(Child(node, 0));
    const auto k = SmallInteger(Child(node, 1));
    if (!n || !k || *n < *k || *k < 0) return std::nullopt;
    if (*k > kMaxFactorial) return TooLarge();
    Rational result(1);
    for (slong i = 0; i < *k; ++i)
      fmpz_mul_si(fmpq_numref(result.get()), fmpq_numref(result.get()), *n - i);
    return result;
  }

  Value Series(NodeId node, bool sum) {
    const auto from = SmallInteger(Child(node, 2));
    const auto to = SmallInteger(Child(node, 3));
    if (!from || !to) return std::nullopt;
    if (*to - *from >= kMaxTerms) return TooLarge();
    Rational total(sum ? 0 : 1);
    for (slong i = *from; i <= *to; ++i) {
      variables_.emplace_back(expressions_.Name(expressions_.Child(node, 1)), Rational(i));
      const Value term = Child(node, 0);
      variables_.pop_back();
      if (!term) return std::nullopt;
      if (Bits(total) > kMaxExactBits) return TooLarge();
      (sum ? fmpq_add : fmpq_mul)(total.get(), total.get(), term->get());
    }
    return total;
  }

  const Expressions& expressions_;
  Assignment variables_;
  Work& work_;
};

}  // namespace

std::optional<Rational> EvaluateExactly(const Expressions& expressions, NodeId node,
                                        const Assignment& variables, Work& work) {
  return Evaluator(expressions, variables, work).Evaluate(node);
}

}  // namespace rationale
