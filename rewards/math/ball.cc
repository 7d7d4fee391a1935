// Ball: see ball.h.

#include "rewards/math/ball.h"

#include <acb_mat.h>

#include <algorithm>
#include <functional>

#include "base/philox.h"
#include "rewards/math/elementary.h"

namespace rationale {
namespace {

// Beyond 2^(2^30) or below its inverse, elementary functions have nothing left to say.
constexpr slong kMaxExponentBits = 30;
constexpr slong kMaxTerms = 2000;
constexpr slong kMaxMatrix = 6;

bool IsSmall(const Ball& ball) {
  for (const arb_srcptr part : {ball.real(), ball.imaginary()}) {
    if (arf_is_special(arb_midref(part)) == 0 &&
        fmpz_bits(ARF_EXPREF(arb_midref(part))) > kMaxExponentBits)
      return false;
    if (mag_is_special(arb_radref(part)) == 0 &&
        fmpz_bits(MAG_EXPREF(arb_radref(part))) > kMaxExponentBits)
      return false;
  }
  return true;
}

class Evaluator {
 public:
  Evaluator(const Expressions& expressions, const Assignment& variables,
            const BallSettings& settings, Work& work)
      : expressions_(expressions),
        variables_(variables),
        settings_(settings),
        precision_(settings.precision),
        work_(work) {}

  bool Evaluate(NodeId node, Ball& result) {
    if (!work_.Spend(2 + precision_ / 64)) return false;
    if (!EvaluateOp(node, result)) return false;
    if (acb_is_finite(result.get()) == 0) return Grows(node) && work_.Refuse();
    return IsSmall(result) || work_.Refuse();
  }

 private:
  // Is a value that is not finite too large, rather than a pole?
  bool Grows(NodeId node) const {
    const Node& n = expressions_[node];
    return n.op == Op::kPower || n.op == Op::kFactorial || n.op == Op::kProduct ||
           (n.op == Op::kFunction && n.id == static_cast<uint8_t>(Function::kExp));
  }

  bool Child(NodeId node, size_t index, Ball& result) {
    return Evaluate(expressions_.Child(node, index), result);
  }

  bool EvaluateOp(NodeId node, Ball& result) {
    const Node& n = expressions_[node];
    switch (n.op) {
      case Op::kNumber:
        arb_set_fmpq(result.real(), expressions_.Value(node).get(), precision_);
        return true;
      case Op::kSymbol:
        return Variable(expressions_.Name(node), result);
      case Op::kConstant:
        return SetConstant(static_cast<Constant>(n.id), result);
      case Op::kAdd:
        return Fold(node, acb_add, result);
      case Op::kMultiply:
        return Fold(node, acb_mul, result);
      case Op::kDivide: {
        Ball divisor;
        if (!Child(node, 0, result) || !Child(node, 1, divisor) ||
            acb_contains_zero(divisor.get()) != 0)
          return false;
        acb_div(result.get(), result.get(), divisor.get(), precision_);
        return true;
      }
      case Op::kNegate:
        if (!Child(node, 0, result)) return false;
        acb_neg(result.get(), result.get());
        return true;
      case Op::kAbs:
        if (!Child(node, 0, result)) return false;
        acb_abs(result.real(), result.get(), precision_);
        arb_zero(acb_imagref(result.get()));
        return true;
      case Op::kPercent:
        if (!Child(node, 0, result)) return false;
        acb_div_si(result.get(), result.get(), 100, precision_);
        return true;
      case Op::kDegrees: {
        if (!Child(node, 0, result)) return false;
        Ball pi;
        acb_const_pi(pi.get(), precision_);
        acb_mul(result.get(), result.get(), pi.get(), precision_);
        acb_div_si(result.get(), result.get(), 180, precision_);
        return true;
      }
      case Op::kPower:
        return Power(node, result);
      case Op::kRoot:
        return Root(node, result);
      case Op::kFactorial:
        if (n.id != 1) return Exactly(node, result);
        if (!Child(node, 0, result)) return false;
        acb_add_si(result.get(), result.get(), 1, precision_);
        return Gamma(result);
      case Op::kBased:
        return Exactly(node, result);
      case Op::kFunction:
        return EvaluateFunction(node, static_cast<Function>(n.id), result);
      case Op::kCall:
        if (IsCombinations(node)) return Binomial(node, result);
        return Exactly(node, result) || Unknown(node, expressions_.Name(node), result);
      case Op::kOpaque:
        return Unknown(node, expressions_.Name(node), result);
      case Op::kSum:
      case Op::kProduct:
        return Series(node, n.op == Op::kSum, result);
      default:
        return false;
    }
  }

  bool IsCombinations(NodeId node) const {
    return expressions_.Name(node) == "C" && expressions_[node].num_children == 2;
  }

  bool Variable(const std::string& name, Ball& result) const {
    for (auto it = variables_.rbegin(); it != variables_.rend(); ++it) {
      if (it->first != name) continue;
      arb_set_fmpq(result.real(), it->second.get(), precision_);
      return true;
    }
    return false;
  }

  bool SetConstant(Constant constant, Ball& result) const {
    switch (constant) {
      case Constant::kPi:
        acb_const_pi(result.get(), precision_);
        return true;
      case Constant::kE:
        arb_const_e(result.real(), precision_);
        return true;
      case Constant::kI:
        acb_onei(result.get());
        return true;
      case Constant::kInfinity:
        return false;
    }
    return false;
  }

  bool Exactly(NodeId node, Ball& result) {
    const auto value = EvaluateExactly(expressions_, node, variables_, work_);
    if (!value) return false;
    acb_zero(result.get());
    arb_set_fmpq(result.real(), value->get(), precision_);
    return true;
  }

  bool Fold(NodeId node, void (*combine)(acb_t, const acb_t, const acb_t, slong), Ball& result) {
    const auto children = expressions_.Children(node);
    if (!Evaluate(children[0], result)) return false;
    for (size_t i = 1; i < children.size(); ++i) {
      Ball next;
      if (!Evaluate(children[i], next)) return false;
      combine(result.get(), result.get(), next.get(), precision_);
    }
    return true;
  }

  // Is the ball certainly a negative real number?
  static bool IsNegative(const Ball& ball) {
    return arb_is_zero(ball.imaginary()) != 0 && arb_is_negative(ball.real()) != 0;
  }

  bool Gamma(Ball& value) {
    // Poles are at 0, -1, -2, ...
    if (arb_contains_nonpositive(value.real()) != 0 && arb_contains_int(value.real()) != 0 &&
        arb_contains_zero(value.imaginary()) != 0) {
      return false;
    }
    if (!work_.Spend(precision_ * 4)) return false;
    acb_gamma(value.get(), value.get(), precision_);
    return true;
  }

  bool Power(NodeId node, Ball& result) {
    const NodeId base_node = expressions_.Child(node, 0);
    const NodeId exponent_node = expressions_.Child(node, 1);
    const auto exact = EvaluateExactly(expressions_, exponent_node, variables_, work_);
    if (!work_.Spend(precision_ / 8)) return false;
    if (exact) {
      if (!Evaluate(base_node, result)) return false;
      const fmpz* numerator = fmpq_numref(exact->get());
      const fmpz* denominator = fmpq_denref(exact->get());
      if (fmpq_sgn(exact->get()) < 0 && acb_contains_zero(result.get()) != 0) return false;
      if (fmpz_is_one(denominator) != 0 && fmpz_bits(numerator) < 24) {
        acb_pow_fmpz(result.get(), result.get(), numerator, precision_);
        return true;
      }
      if (IsNegative(result) && fmpz_is_odd(denominator) != 0 && fmpz_bits(denominator) < 20) {
        return OddPower(*exact, result);
      }
      if (acb_is_zero(result.get()) != 0) return true;
      Ball exponent;
      arb_set_fmpq(exponent.real(), exact->get(), precision_);
      acb_pow(result.get(), result.get(), exponent.get(), precision_);
      return true;
    }
    Ball exponent;
    if (!Evaluate(exponent_node, exponent)) return false;
    const Node& base = expressions_[base_node];
    if (base.op == Op::kConstant && base.id == static_cast<uint8_t>(Constant::kE)) {
      acb_exp(result.get(), exponent.get(), precision_);
      return true;
    }
    if (!Evaluate(base_node, result) || acb_contains_zero(result.get()) != 0) return false;
    acb_pow(result.get(), result.get(), exponent.get(), precision_);
    return true;
  }

  // (-a)^(p/q) for odd q: the real one, (-1)^p a^(p/q).
  bool OddPower(const Rational& exponent, Ball& base) const {
    Ball power;
    arb_set_fmpq(power.real(), exponent.get(), precision_);
    acb_neg(base.get(), base.get());
    acb_pow(base.get(), base.get(), power.get(), precision_);
    if (fmpz_is_odd(fmpq_numref(exponent.get())) != 0) acb_neg(base.get(), base.get());
    return true;
  }

  bool Root(NodeId node, Ball& result) {
    const auto degree =
        EvaluateExactly(expressions_, expressions_.Child(node, 1), variables_, work_);
    if (!Child(node, 0, result) || !degree || !work_.Spend(precision_ / 8)) return false;
    if (fmpz_is_one(fmpq_denref(degree->get())) == 0 ||
        fmpz_cmp_si(fmpq_numref(degree->get()), 2) < 0 ||
        fmpz_bits(fmpq_numref(degree->get())) > 20) {
      return false;
    }
    const ulong n = fmpz_get_ui(fmpq_numref(degree->get()));
    const bool flip = n % 2 == 1 && IsNegative(result);
    if (flip) acb_neg(result.get(), result.get());
    acb_root_ui(result.get(), result.get(), n, precision_);
    if (flip) acb_neg(result.get(), result.get());
    return true;
  }

  bool EvaluateFunction(NodeId node, Function function, Ball& result) {
    if (!work_.Spend(precision_ / 4)) return false;
    if (function == Function::kDeterminant) return Determinant(expressions_.Child(node), result);
    if (function == Function::kBinomial) return Binomial(node, result);
    if (function >= Function::kFloor && function <= Function::kLcm)
      return Extreme(node, function, result);
    if (function == Function::kMod) return Mod(node, result);
    if (!Child(node, 0, result)) return false;
    if (const Elementary elementary = ElementaryOf(function); elementary.f != nullptr) {
      if (elementary.of_reciprocal) {
        if (acb_contains_zero(result.get()) != 0) return false;
        acb_inv(result.get(), result.get(), precision_);
      }
      elementary.f(result.get(), result.get(), precision_);
      return true;
    }
    switch (function) {
      case Function::kLn:
        return Log(result);
      case Function::kLg:
        return Log(result) && DivideByLog(result, 10);
      case Function::kLog:
        return LogToBase(node, result);
      case Function::kAbs:
        acb_abs(result.real(), result.get(), precision_);
        arb_zero(acb_imagref(result.get()));
        return true;
      case Function::kSign:
        acb_sgn(result.get(), result.get(), precision_);
        return true;
      case Function::kReal:
        arb_zero(acb_imagref(result.get()));
        return true;
      case Function::kImaginary:
        acb_set_arb(result.get(), result.imaginary());
        return true;
      case Function::kArgument:
        acb_arg(result.real(), result.get(), precision_);
        arb_zero(acb_imagref(result.get()));
        return true;
      default:
        return false;
    }
  }

  bool Log(Ball& value) const {
    if (acb_contains_zero(value.get()) != 0) return false;
    acb_log(value.get(), value.get(), precision_);
    return true;
  }

  bool DivideByLog(Ball& value, ulong base) const {
    Ball log;
    arb_log_ui(log.real(), base, precision_);
    acb_div(value.get(), value.get(), log.get(), precision_);
    return true;
  }

  bool LogToBase(NodeId node, Ball& value) {
    if (!Log(value)) return false;
    if (expressions_.Children(node).size() < 2)
      return settings_.natural_log || DivideByLog(value, 10);
    Ball base;
    if (!Child(node, 1, base) || !Log(base) || acb_contains_zero(base.get()) != 0) return false;
    acb_div(value.get(), value.get(), base.get(), precision_);
    return true;
  }

  // min, max, floor, ceil, gcd, lcm. What is not rational is taken from the ball where it decides.
  bool Extreme(NodeId node, Function function, Ball& result) {
    if (Exactly(node, result)) return true;
    if (function == Function::kGcd || function == Function::kLcm) {
      return Unknown(node, function == Function::kGcd ? "gcd" : "lcm", result);
    }
    if (!Child(node, 0, result) || arb_is_zero(result.imaginary()) == 0) return false;
    if (function == Function::kFloor) arb_floor(result.real(), result.real(), precision_);
    if (function == Function::kCeil) arb_ceil(result.real(), result.real(), precision_);
    for (size_t i = 1; i < expressions_.Children(node).size(); ++i) {
      Ball next;
      if (!Child(node, i, next) || arb_is_zero(next.imaginary()) == 0) return false;
      (function == Function::kMin ? arb_min : arb_max)(result.real(), result.real(), next.real(),
                                                       precision_);
    }
    return true;
  }

  // Γ(n+1) / (Γ(k+1) Γ(n-k+1))
  bool Binomial(NodeId node, Ball& result) {
    if (expressions_.Children(node).size() != 2) return false;
    if (Exactly(node, result)) return true;
    Ball n;
    Ball k;
    if (!Child(node, 0, n) || !Child(node, 1, k)) return false;
    Ball rest;
    acb_sub(rest.get(), n.get(), k.get(), precision_);
    for (Ball* argument : {&n, &k, &rest}) {
      acb_add_si(argument->get(), argument->get(), 1, precision_);
      if (!Gamma(*argument)) return false;
    }
    acb_mul(k.get(), k.get(), rest.get(), precision_);
    acb_div(result.get(), n.get(), k.get(), precision_);
    return true;
  }

  // a - b floor(a / b)
  bool Mod(NodeId node, Ball& result) {
    if (Exactly(node, result)) return true;
    Ball modulus;
    if (!Child(node, 0, result) || !Child(node, 1, modulus) ||
        acb_contains_zero(modulus.get()) != 0)
      return false;
    Ball quotient;
    acb_div(quotient.get(), result.get(), modulus.get(), precision_);
    if (arb_is_zero(quotient.imaginary()) == 0) return false;
    arb_floor(quotient.real(), quotient.real(), precision_);
    acb_submul(result.get(), quotient.get(), modulus.get(), precision_);
    return true;
  }

  bool Determinant(NodeId matrix, Ball& result) {
    if (expressions_[matrix].op != Op::kMatrix) {  // |A| of something that is no matrix
      if (!Evaluate(matrix, result)) return false;
      return true;
    }
    const auto columns = static_cast<slong>(expressions_[matrix].id);
    const auto cells = expressions_.Children(matrix);
    if (static_cast<slong>(cells.size()) != columns * columns) return false;
    if (columns > kMaxMatrix) return work_.Refuse();
    acb_mat_t values;
    acb_mat_init(values, columns, columns);
    bool ok = true;
    for (slong i = 0; ok && i < columns * columns; ++i) {
      Ball cell;
      ok = Evaluate(cells[static_cast<size_t>(i)], cell);
      acb_set(acb_mat_entry(values, i / columns, i % columns), cell.get());
    }
    if (ok) acb_mat_det(result.get(), values, precision_);
    acb_mat_clear(values);
    return ok;
  }

  // An unknown function of that name: sin(h0 + Σ h_i x_i) + 3/2 with coefficients from the name.
  bool Unknown(NodeId node, const std::string& name, Ball& result) {
    const uint64_t key = KeyPart(name);
    Ball sum;
    uint64_t position = 0;
    const auto coefficient = [&](Ball& value) {
      acb_set_d(value.get(), 0.5 + Uniform(key, position++));
    };
    coefficient(sum);
    const auto children = expressions_.Children(node);
    for (const NodeId child : children) {
      Ball value;
      Ball factor;
      coefficient(factor);
      const Node& n = expressions_[child];
      const bool infinite =
          n.op == Op::kConstant && n.id == static_cast<uint8_t>(Constant::kInfinity);
      if (infinite) {
        acb_set_si(value.get(), 1000);
      } else if (!Evaluate(child, value)) {
        return false;
      }
      acb_addmul(sum.get(), factor.get(), value.get(), precision_);
    }
    acb_sin(result.get(), sum.get(), precision_);
    Ball shift;
    acb_set_d(shift.get(), 1.5);
    acb_add(result.get(), result.get(), shift.get(), precision_);
    return true;
  }

  bool Series(NodeId node, bool sum, Ball& result) {
    const auto from = EvaluateExactly(expressions_, expressions_.Child(node, 2), variables_, work_);
    const auto to = EvaluateExactly(expressions_, expressions_.Child(node, 3), variables_, work_);
    const auto is_small = [](const std::optional<Rational>& value) {
      return value && fmpz_is_one(fmpq_denref(value->get())) != 0 &&
             fmpz_bits(fmpq_numref(value->get())) < 40;
    };
    if (!is_small(from) || !is_small(to)) {
      return Unknown(node, sum ? "\\sum" : "\\prod", result);
    }
    const slong first = fmpz_get_si(fmpq_numref(from->get()));
    const slong last = fmpz_get_si(fmpq_numref(to->get()));
    if (last - first >= kMaxTerms) return work_.Refuse();
    acb_set_si(result.get(), sum ? 0 : 1);
    const std::string& name = expressions_.Name(expressions_.Child(node, 1));
    for (slong i = first; i <= last; ++i) {
      variables_.emplace_back(name, Rational(i));
      Ball term;
      const bool ok = Child(node, 0, term);
      variables_.pop_back();
      if (!ok) return false;
      (sum ? acb_add : acb_mul)(result.get(), result.get(), term.get(), precision_);
    }
    return true;
  }

  const Expressions& expressions_;
  Assignment variables_;
  BallSettings settings_;
  slong precision_;
  Work& work_;
};

}  // namespace

bool EvaluateBall(const Expressions& expressions, NodeId node, const Assignment& variables,
                  const BallSettings& settings, Work& work, Ball& result) {
  return Evaluator(expressions, variables, settings, work).Evaluate(node, result);
}

}  // namespace rationale
