// RealSet: see real_set.h.

#include "rewards/math/real_set.h"

#include <algorithm>
#include <string>
#include <utility>

namespace rationale {
namespace {

constexpr size_t kMaxIntervals = 64;

Relation Mirrored(Relation relation) {
  switch (relation) {
    case Relation::kLess:
      return Relation::kGreater;
    case Relation::kLessEqual:
      return Relation::kGreaterEqual;
    case Relation::kGreater:
      return Relation::kLess;
    case Relation::kGreaterEqual:
      return Relation::kLessEqual;
    default:
      return relation;
  }
}

}  // namespace

bool IsInfinite(const Expressions& expressions, NodeId node) {
  while (expressions[node].op == Op::kNegate) node = expressions.Child(node);
  const Node& n = expressions[node];
  return n.op == Op::kConstant && n.id == static_cast<uint8_t>(Constant::kInfinity);
}

bool IsSolved(const Expressions& expressions, NodeId statement) {
  const Op op = expressions[statement].op;
  const auto children = expressions.Children(statement);
  if (op == Op::kChain) {
    return std::all_of(children.begin(), children.end(),
                       [&](NodeId relation) { return IsSolved(expressions, relation); });
  }
  const auto is_variable = [&](NodeId node) {
    return expressions[node].op == Op::kSymbol || expressions[node].op == Op::kCall;
  };
  if (op != Op::kRelation) return false;
  return (is_variable(children[0]) && expressions.Symbols(children[1]).empty()) ||
         (is_variable(children[1]) && expressions.Symbols(children[0]).empty());
}

NodeId RealSets::Bound(NodeId node) const {
  return IsInfinite(expressions_, node) ? kNoNode : node;
}

std::optional<RealSet> RealSets::Read(NodeId node) {
  const Node& n = expressions_[node];
  const auto children = expressions_.Children(node);
  switch (n.op) {
    case Op::kInterval: {
      const Interval interval{Bound(children[0]), Bound(children[1]), (n.id & kClosedLow) != 0,
                              (n.id & kClosedHigh) != 0};
      return Normalise({interval});
    }
    case Op::kTuple:
      if (children.size() != 2) return std::nullopt;
      return Normalise({Interval{Bound(children[0]), Bound(children[1])}});
    case Op::kSet:
      return FromPoints(std::vector(children.begin(), children.end()));
    case Op::kList:
      return ReadList(std::vector(children.begin(), children.end()), n.id == 1);
    case Op::kEmptySet:
      return RealSet();
    case Op::kNumberSet:
      if (expressions_.Name(node) != "R") return std::nullopt;
      return RealSet{Interval()};
    case Op::kUnion:
    case Op::kIntersection:
    case Op::kDifference: {
      const Op op = n.op;
      const NodeId right = children[1];
      auto a = Read(children[0]);
      auto b = a ? Read(right) : std::nullopt;
      if (!b || a->size() + b->size() > kMaxIntervals) return std::nullopt;
      if (op == Op::kIntersection) return Intersect(*a, *b);
      if (op == Op::kDifference) {
        b = Complement(*b);
        return b ? Intersect(*a, *b) : std::nullopt;
      }
      a->insert(a->end(), b->begin(), b->end());
      return Normalise(*std::move(a));
    }
    case Op::kRelation:
    case Op::kChain:
      return ReadRelation(node);
    case Op::kSetBuilder: {
      // {x | 1 < x} and {x ∈ R | 1 < x}
      const bool all_hold = n.id != kAnyCondition;
      const std::vector<NodeId> conditions(children.begin() + 1, children.end());
      NodeId element = children[0];
      if (expressions_[element].op == Op::kRelation &&
          expressions_[element].id == static_cast<uint8_t>(Relation::kIn)) {
        element = expressions_.Child(element, 0);
      }
      if (expressions_[element].op != Op::kSymbol) return std::nullopt;
      return conditions.size() == 1 ? Read(conditions[0]) : ReadList(conditions, all_hold);
    }
    default:
      return std::nullopt;
  }
}

// "x < 0 or x > 0" is a union, "1, 2" two points; "x > 1 and x < 5" is an intersection, unless that
// holds nothing: "x < -1 and x > 1" means the union. "x ≠ 1 or x ≠ 2" means that both hold.
std::optional<RealSet> RealSets::ReadList(const std::vector<NodeId>& items, bool all_hold) {
  all_hold |= std::all_of(items.begin(), items.end(), [&](NodeId item) {
    const Node& n = expressions_[item];
    return n.op == Op::kRelation && n.id == static_cast<uint8_t>(Relation::kNotEqual);
  });
  if (all_hold) {
    std::optional<RealSet> common = RealSet{Interval()};
    for (const NodeId item : items) {
      const auto part = Read(item);
      common = part ? Intersect(*common, *part) : std::nullopt;
      if (!common) return std::nullopt;
    }
    if (!common->empty()) return common;
  }
  RealSet all;
  for (const NodeId item : items) {
    const bool statement =
        expressions_[item].op == Op::kRelation || expressions_[item].op == Op::kChain;
    const auto part = statement ? ReadRelation(item) : FromPoints({item});
    if (!part || all.size() + part->size() > kMaxIntervals) return std::nullopt;
    all.insert(all.end(), part->begin(), part->end());
  }
  return Normalise(std::move(all));
}

std::optional<RealSet> RealSets::FromPoints(const std::vector<NodeId>& points) {
  if (points.size() > kMaxIntervals) return std::nullopt;
  RealSet set;
  for (const NodeId point : points) set.push_back({point, point, true, true});
  return Normalise(std::move(set));
}

// The one variable of a statement: a symbol, or f(x) as a whole.
NodeId RealSets::FindVariable(NodeId node) const {
  NodeId found = kNoNode;
  std::vector<NodeId> open = {node};
  while (!open.empty()) {
    const NodeId next = open.back();
    open.pop_back();
    const Op op = expressions_[next].op;
    if (op == Op::kSymbol || op == Op::kCall) {
      if (found != kNoNode && !expressions_.Identical(found, next)) return kNoNode;
      found = next;
      continue;
    }
    const auto children = expressions_.Children(next);
    open.insert(open.end(), children.begin(), children.end());
  }
  return found;
}

std::optional<RealSet> RealSets::ReadRelation(NodeId node) {
  const NodeId variable = FindVariable(node);
  if (variable == kNoNode) return std::nullopt;
  std::vector<NodeId> relations = {node};
  if (expressions_[node].op == Op::kChain) {
    relations.assign(expressions_.Children(node).begin(), expressions_.Children(node).end());
  } else if (expressions_[node].op != Op::kRelation) {
    return std::nullopt;
  }
  RealSet result = {Interval()};
  for (const NodeId relation : relations) {
    const auto id = static_cast<Relation>(expressions_[relation].id);
    const NodeId left = expressions_.Child(relation, 0);
    const NodeId right = expressions_.Child(relation, 1);
    std::optional<RealSet> part;
    if (id == Relation::kIn) {
      if (left != variable) return std::nullopt;
      part = Read(right);
    } else {
      part = SolveLinear(left, id, right, variable);
    }
    auto both = part ? Intersect(result, *part) : std::nullopt;
    if (!both) return std::nullopt;
    result = *std::move(both);
  }
  return result;
}

// left relation right, where both are linear in the variable, or one is |linear| and the other
// constant.
std::optional<RealSet> RealSets::SolveLinear(NodeId left, Relation relation, NodeId right,
                                             NodeId variable) {
  if (relation > Relation::kGreaterEqual) return std::nullopt;
  const bool abs_left = expressions_[left].op == Op::kAbs;
  if (expressions_[right].op == Op::kAbs && !abs_left)
    return SolveLinear(right, Mirrored(relation), left, variable);
  if (abs_left) {
    // |u| < c is -c < u < c; |u| > c is u < -c or u > c.
    const NodeId inside = expressions_.Child(left);
    const NodeId negative = expressions_.Make(Op::kNegate, {right});
    auto a = SolveLinear(inside, relation, right, variable);
    auto b = SolveLinear(inside, Mirrored(relation), negative, variable);
    if (!a || !b) return std::nullopt;
    const bool within = relation == Relation::kLess || relation == Relation::kLessEqual ||
                        relation == Relation::kNotEqual;
    if (within) return Intersect(*a, *b);
    a->insert(a->end(), b->begin(), b->end());
    return Normalise(*std::move(a));
  }
  // left - right, which must be linear, is zero at -intercept / slope.
  const std::string name = "\\solve";
  const NodeId difference = expressions_.Subtract(left, right);
  const NodeId in_symbol = expressions_.Replace(difference, variable, expressions_.Symbol(name));
  if (values_.IsZero(expressions_.Bend(in_symbol, name)) != Truth::kTrue) return std::nullopt;
  const auto at = [&](int v) {
    return expressions_.Substitute(in_symbol, name, expressions_.Integer(v));
  };
  const NodeId slope = expressions_.Subtract(at(1), at(0));
  const auto sign = values_.Order(slope, expressions_.Integer(0));
  if (!sign || *sign == 0) return std::nullopt;
  const NodeId root =
      expressions_.Make(Op::kNegate, {expressions_.Make(Op::kDivide, {at(0), slope})});
  if (*sign < 0) relation = Mirrored(relation);
  switch (relation) {
    case Relation::kEqual:
      return RealSet{{root, root, true, true}};
    case Relation::kNotEqual:
      return RealSet{{kNoNode, root, false, false}, {root, kNoNode, false, false}};
    case Relation::kLess:
      return RealSet{{kNoNode, root, false, false}};
    case Relation::kLessEqual:
      return RealSet{{kNoNode, root, false, true}};
    case Relation::kGreater:
      return RealSet{{root, kNoNode, false, false}};
    case Relation::kGreaterEqual:
      return RealSet{{root, kNoNode, true, false}};
    default:
      return std::nullopt;
  }
}

// Where the intervals begin: -1 if a begins first.
std::optional<int> RealSets::CompareLow(const Interval& a, const Interval& b) {
  if (a.low == kNoNode || b.low == kNoNode) return (a.low != kNoNode) - (b.low != kNoNode);
  const auto order = values_.Order(a.low, b.low);
  if (!order || *order != 0) return order;
  return static_cast<int>(b.closed_low) - static_cast<int>(a.closed_low);
}

// Where they end: -1 if a ends first.
std::optional<int> RealSets::CompareHigh(const Interval& a, const Interval& b) {
  if (a.high == kNoNode || b.high == kNoNode) return (a.high == kNoNode) - (b.high == kNoNode);
  const auto order = values_.Order(a.high, b.high);
  if (!order || *order != 0) return order;
  return static_cast<int>(a.closed_high) - static_cast<int>(b.closed_high);
}

std::optional<bool> RealSets::IsEmpty(const Interval& interval) {
  if (interval.low == kNoNode || interval.high == kNoNode) return false;
  const auto order = values_.Order(interval.low, interval.high);
  if (!order) return std::nullopt;
  return *order > 0 || (*order == 0 && !(interval.closed_low && interval.closed_high));
}

std::optional<RealSet> RealSets::Normalise(RealSet set) {
  if (set.size() > kMaxIntervals) return std::nullopt;
  RealSet sorted;
  for (const Interval& interval : set) {
    const auto empty = IsEmpty(interval);
    if (!empty) return std::nullopt;
    if (*empty) continue;
    size_t at = sorted.size();
    while (at > 0) {
      const auto order = CompareLow(interval, sorted[at - 1]);
      if (!order) return std::nullopt;
      if (*order >= 0) break;
      --at;
    }
    sorted.insert(sorted.begin() + static_cast<std::ptrdiff_t>(at), interval);
  }
  RealSet merged;
  for (const Interval& next : sorted) {
    if (merged.empty()) {
      merged.push_back(next);
      continue;
    }
    Interval& last = merged.back();
    bool joins = last.high == kNoNode || next.low == kNoNode;
    if (!joins) {
      const auto order = values_.Order(next.low, last.high);
      if (!order) return std::nullopt;
      joins = *order < 0 || (*order == 0 && (next.closed_low || last.closed_high));
    }
    if (!joins) {
      merged.push_back(next);
      continue;
    }
    const auto order = CompareHigh(last, next);
    if (!order) return std::nullopt;
    if (*order < 0) {
      last.high = next.high;
      last.closed_high = next.closed_high;
    }
  }
  return merged;
}

std::optional<RealSet> RealSets::Intersect(const RealSet& a, const RealSet& b) {
  RealSet result;
  if (a.size() * b.size() > kMaxIntervals * 4) return std::nullopt;
  for (const Interval& x : a) {
    for (const Interval& y : b) {
      const auto low = CompareLow(x, y);
      const auto high = CompareHigh(x, y);
      if (!low || !high) return std::nullopt;
      const Interval& from = *low >= 0 ? x : y;
      const Interval& to = *high <= 0 ? x : y;
      result.push_back({from.low, to.high, from.closed_low, to.closed_high});
    }
  }
  return Normalise(std::move(result));
}

std::optional<RealSet> RealSets::Complement(const RealSet& set) {
  RealSet gaps;
  Interval gap;
  bool open = true;
  for (const Interval& interval : set) {
    if (interval.low != kNoNode) {
      gap.high = interval.low;
      gap.closed_high = !interval.closed_low;
      gaps.push_back(gap);
    }
    open = interval.high != kNoNode;
    gap = {interval.high, kNoNode, !interval.closed_high, false};
  }
  if (open) gaps.push_back(gap);
  return Normalise(std::move(gaps));
}

Truth RealSets::Same(const RealSet& a, const RealSet& b) {
  if (a.size() != b.size()) return Truth::kFalse;
  Truth result = Truth::kTrue;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].closed_low != b[i].closed_low || a[i].closed_high != b[i].closed_high)
      return Truth::kFalse;
    for (const auto& [x, y] : {std::pair(a[i].low, b[i].low), std::pair(a[i].high, b[i].high)}) {
      if ((x == kNoNode) != (y == kNoNode)) return Truth::kFalse;
      const Truth same = x == kNoNode ? Truth::kTrue : values_.Same(x, y);
      if (same == Truth::kFalse) return same;
      if (same == Truth::kUnknown) result = same;
    }
  }
  return result;
}

}  // namespace rationale
