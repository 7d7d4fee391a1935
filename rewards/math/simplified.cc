// Simplified: see simplified.h.

#include "rewards/math/simplified.h"

#include <flint/fmpz.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "rewards/math/exact.h"

namespace rationale {
namespace {

// What is left undone in an expression.
struct Faults {
  bool arithmetic = false;
  bool terms = false;
  bool roots = false;
  bool functions = false;  // no fault: there is a root, a function or a factorial of numbers
};

class Inspector {
 public:
  Inspector(const Expressions& expressions, Work& work) : expressions_(expressions), work_(work) {}

  Faults Inspect(NodeId node) {
    Visit(node);
    return faults_;
  }

 private:
  using Value = std::optional<Rational>;

  void Visit(NodeId node) {
    if (!work_.Spend(1)) return;
    const Node& n = expressions_[node];
    switch (n.op) {
      case Op::kAdd:
        VisitSum(node);
        break;
      case Op::kMultiply:
        VisitProduct(node);
        break;
      case Op::kDivide:
        VisitQuotient(node);
        break;
      case Op::kPower:
        faults_.arithmetic |= !IsPowerOfTen(node) && Exact(node).has_value();
        break;
      case Op::kRoot:
        VisitRoot(node);
        break;
      case Op::kFunction:
      case Op::kFactorial:
      case Op::kSum:
      case Op::kProduct:
      case Op::kAbs:
        faults_.functions |= expressions_.Symbols(node).empty();
        faults_.arithmetic |= Exact(node).has_value();
        break;
      case Op::kCall:  // C(5, 2)
        faults_.arithmetic |= Exact(node).has_value();
        break;
      default:
        break;
    }
    for (const NodeId child : expressions_.Children(node)) Visit(child);
  }

  Value Exact(NodeId node) { return EvaluateExactly(expressions_, node, {}, work_); }

  static bool IsInteger(const Value& value) {
    return value && fmpz_is_one(fmpq_denref(value->get())) != 0;
  }

  // Written as a number: 3, -0.5, 1/2.
  bool IsNumber(NodeId node) const {
    const Node& n = expressions_[node];
    if (n.op == Op::kNegate) return IsNumber(expressions_.Child(node));
    if (n.op == Op::kDivide)
      return IsNumber(expressions_.Child(node, 0)) && IsNumber(expressions_.Child(node, 1));
    return n.op == Op::kNumber;
  }

  bool IsLiterally(NodeId node, slong number) const {
    return expressions_[node].op == Op::kNumber && expressions_.Value(node) == Rational(number);
  }

  bool IsPowerOfTen(NodeId node) const {
    return expressions_[node].op == Op::kPower && IsLiterally(expressions_.Child(node), 10);
  }

  bool IsMixedNumber(NodeId node) const {
    return expressions_[node].op == Op::kAdd && expressions_[node].id == kMixedNumber;
  }

  // The factors of a term without its sign and its numbers: those of "-3xy" are x, y.
  std::vector<NodeId> Rest(NodeId term) const {
    while (expressions_[term].op == Op::kNegate) term = expressions_.Child(term);
    if (IsNumber(term)) return {};
    if (expressions_[term].op == Op::kDivide && IsNumber(expressions_.Child(term, 1)))
      return Rest(expressions_.Child(term));
    if (expressions_[term].op != Op::kMultiply) return {term};
    std::vector<NodeId> factors;
    for (const NodeId factor : expressions_.Children(term)) {
      const auto rest = Rest(factor);
      factors.insert(factors.end(), rest.begin(), rest.end());
    }
    return factors;
  }

  // Terms that differ by a rational factor alone could be added up.
  void VisitSum(NodeId node) {
    if (IsMixedNumber(node)) return;
    std::vector<std::vector<NodeId>> rests;
    for (const NodeId term : expressions_.Children(node)) {
      faults_.arithmetic |= IsLiterally(term, 0);
      rests.push_back(Rest(term));
    }
    const auto like = [&](const auto& a, const auto& b) {
      return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                        [&](NodeId x, NodeId y) { return expressions_.Identical(x, y); });
    };
    constexpr size_t kMaxTerms = 100;
    for (size_t i = 0; i < std::min(rests.size(), kMaxTerms); ++i) {
      for (size_t j = 0; j < i && work_.Spend(1); ++j)
        faults_.arithmetic |= like(rests[i], rests[j]);
    }
  }

  // Two numbers, or two roots, could be multiplied; "3 * 10^8" is how a number is written.
  void VisitProduct(NodeId node) {
    const auto factors = expressions_.Children(node);
    const auto numbers = std::count_if(factors.begin(), factors.end(), [&](NodeId factor) {
      return IsNumber(factor) || IsMixedNumber(factor) || IsPowerOfTen(factor);
    });
    const bool scientific = factors.size() == 2 && IsPowerOfTen(factors[1]);
    const bool idle = std::any_of(factors.begin(), factors.end(), [&](NodeId factor) {
      return IsLiterally(factor, 0) || IsLiterally(factor, 1);
    });
    faults_.arithmetic |= (numbers > 1 || idle) && !scientific;
    const auto roots = std::count_if(factors.begin(), factors.end(), [&](NodeId factor) {
      return expressions_[factor].op == Op::kRoot && expressions_.Symbols(factor).empty();
    });
    faults_.terms |= roots > 1;
  }

  // The integers that stand before the terms of a dividend or divisor; `plain`: there are no other
  // numbers before them.
  void Coefficients(NodeId node, std::vector<Rational>& coefficients, bool& plain) const {
    const Node& n = expressions_[node];
    switch (n.op) {
      case Op::kNegate:
        return Coefficients(expressions_.Child(node), coefficients, plain);
      case Op::kAdd:
        for (const NodeId term : expressions_.Children(node))
          Coefficients(term, coefficients, plain);
        return;
      case Op::kNumber:
        plain &= fmpz_is_one(fmpq_denref(expressions_.Value(node).get())) != 0 && n.decimals < 0;
        coefficients.push_back(expressions_.Value(node));
        return;
      case Op::kMultiply: {
        const NodeId first = expressions_.Child(node);
        if (expressions_[first].op == Op::kNumber) return Coefficients(first, coefficients, plain);
        break;
      }
      default:
        plain &= n.op != Op::kDivide;
        break;
    }
    coefficients.emplace_back(1);
  }

  void VisitQuotient(NodeId node) {
    const NodeId dividend = expressions_.Child(node, 0);
    const NodeId divisor = expressions_.Child(node, 1);
    std::vector<Rational> coefficients;
    bool plain = true;
    Coefficients(dividend, coefficients, plain);
    Coefficients(divisor, coefficients, plain);
    const bool numbers = IsNumber(dividend) && IsNumber(divisor);
    faults_.arithmetic |= numbers && (!plain || IsInteger(Exact(node)));
    faults_.terms |= !plain || expressions_.Identical(dividend, divisor);
    Rational common;
    for (const Rational& coefficient : coefficients)
      fmpz_gcd(fmpq_numref(common.get()), fmpq_numref(common.get()),
               fmpq_numref(coefficient.get()));
    faults_.terms |= plain && fmpz_cmp_ui(fmpq_numref(common.get()), 1) > 0;
    faults_.roots |= expressions_.Any(divisor, [&](NodeId part) {
      return expressions_[part].op == Op::kRoot && expressions_.Symbols(part).empty();
    });
  }

  // Does some k^degree with k > 1 divide the number? For k up to a bound.
  static bool HasPowerFactor(const Rational& number, ulong degree) {
    constexpr ulong kMaxFactor = 1000;
    for (ulong k = 2; k <= kMaxFactor; ++k) {
      Rational power;
      fmpz_set_ui(fmpq_numref(power.get()), k);
      fmpz_pow_ui(fmpq_numref(power.get()), fmpq_numref(power.get()), degree);
      if (fmpz_cmpabs(fmpq_numref(power.get()), fmpq_numref(number.get())) > 0) return false;
      if (fmpz_divisible(fmpq_numref(number.get()), fmpq_numref(power.get())) != 0) return true;
    }
    return false;
  }

  void VisitRoot(NodeId node) {
    const NodeId radicand = expressions_.Child(node, 0);
    if (!expressions_.Symbols(radicand).empty()) return;
    faults_.functions = true;
    faults_.arithmetic |= Exact(node).has_value();
    const Value number = Exact(radicand);
    if (!number) return;
    faults_.arithmetic |= !IsNumber(radicand);
    constexpr slong kMaxDegree = 64;
    const Value degree = Exact(expressions_.Child(node, 1));
    if (!IsInteger(number)) {
      faults_.roots = true;
    } else if (IsInteger(degree) && fmpz_cmp_si(fmpq_numref(degree->get()), 1) > 0 &&
               fmpz_cmp_si(fmpq_numref(degree->get()), kMaxDegree) <= 0 && work_.Spend(100)) {
      faults_.terms |= HasPowerFactor(*number, fmpz_get_ui(fmpq_numref(degree->get())));
    }
  }

  const Expressions& expressions_;
  Work& work_;
  Faults faults_;
};

}  // namespace

namespace {

// The level from which on one of two refuses; kNever refuses at none.
Simplified Stricter(Simplified a, Simplified b) {
  if (a == Simplified::kNever || b == Simplified::kNever) return std::max(a, b);
  return std::min(a, b);
}

Simplified RefusedWhole(const Expressions& expressions, NodeId answer, NodeId reference,
                        Work& work) {
  const Faults of_answer = Inspector(expressions, work).Inspect(answer);
  const Faults of_reference = Inspector(expressions, work).Inspect(reference);
  if (of_answer.arithmetic && !of_reference.arithmetic) return Simplified::kArithmetic;
  // "sin(30°)" for 1/2.
  if (of_answer.functions && !of_reference.functions) return Simplified::kArithmetic;
  if (of_answer.terms && !of_reference.terms) return Simplified::kLowestTerms;
  if (of_answer.roots && !of_reference.roots) return Simplified::kRationalised;
  return Simplified::kNever;
}

// Several values, or a relation's sides.
bool HasItems(Op op) {
  return (op >= Op::kTuple && op <= Op::kDifference) || op == Op::kRelation;
}

}  // namespace

Simplified RefusedAt(const Expressions& expressions, NodeId answer, NodeId reference,
                     const std::function<bool(NodeId, NodeId)>& same, Work& work) {
  const auto items_of = [&](NodeId node) {
    const auto children = expressions.Children(node);
    return HasItems(expressions[node].op) ? std::vector<NodeId>(children.begin(), children.end())
                                          : std::vector<NodeId>{node};
  };
  const std::vector<NodeId> items = items_of(answer);
  const std::vector<NodeId> references = items_of(reference);
  constexpr size_t kMaxPairs = 400;
  if ((items.size() == 1 && references.size() == 1) || items.size() * references.size() > kMaxPairs)
    return RefusedWhole(expressions, answer, reference, work);
  const auto unordered = [&](NodeId node) {
    return expressions[node].op == Op::kList || expressions[node].op == Op::kSet;
  };
  const bool in_order =
      items.size() == references.size() && !(unordered(answer) && unordered(reference));
  Simplified refused = Simplified::kNever;
  for (size_t i = 0; i < items.size(); ++i) {
    // Each item beside the reference's that it equals; of several, the one that asks the least.
    Simplified of_item = RefusedWhole(expressions, items[i], reference, work);
    bool found = false;
    for (size_t j = 0; j < references.size(); ++j) {
      if (in_order ? i != j : !same(items[i], references[j])) continue;
      const Simplified here = RefusedAt(expressions, items[i], references[j], same, work);
      const bool laxer =
          here == Simplified::kNever || (of_item != Simplified::kNever && here > of_item);
      if (!found || laxer) of_item = here;
      found = true;
    }
    refused = Stricter(refused, of_item);
  }
  return refused;
}

}  // namespace rationale
