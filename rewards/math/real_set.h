// RealSet: unions of intervals and points, and the inequalities that describe them.

#pragma once

#include <optional>
#include <vector>

#include "rewards/math/expression.h"
#include "rewards/math/value.h"

namespace rationale {

// One interval of a real set. kNoNode: unbounded on that side. A point is a closed interval from
// itself to itself.
struct Interval {
  NodeId low = kNoNode;
  NodeId high = kNoNode;
  bool closed_low = false;
  bool closed_high = false;
};

using RealSet = std::vector<Interval>;

// Set algebra over intervals with computable end points. Results are in ascending order, disjoint
// and not touching. Every method gives nothing if two end points cannot be ordered (they hold
// variables, or the work is used up).
class RealSets {
 public:
  RealSets(Expressions& expressions, ValueComparer& values)
      : expressions_(expressions), values_(values) {}

  // The set an expression describes: an interval, a finite set of numbers, R, the empty set,
  // unions, intersections and differences of those, or an inequality (chain) in one variable that
  // is linear in it or in its absolute value.
  std::optional<RealSet> Read(NodeId node);

  // Do both hold the same numbers?
  Truth Same(const RealSet& a, const RealSet& b);

 private:
  std::optional<RealSet> ReadRelation(NodeId node);
  std::optional<RealSet> SolveLinear(NodeId left, Relation relation, NodeId right, NodeId variable);
  std::optional<RealSet> ReadList(const std::vector<NodeId>& items, bool all_hold);
  std::optional<RealSet> FromPoints(const std::vector<NodeId>& points);
  std::optional<RealSet> Normalise(RealSet set);
  std::optional<RealSet> Intersect(const RealSet& a, const RealSet& b);
  std::optional<RealSet> Complement(const RealSet& set);
  std::optional<int> CompareLow(const Interval& a, const Interval& b);
  std::optional<int> CompareHigh(const Interval& a, const Interval& b);
  std::optional<bool> IsEmpty(const Interval& interval);
  NodeId Bound(NodeId node) const;
  NodeId FindVariable(NodeId node) const;

  Expressions& expressions_;
  ValueComparer& values_;
};

// Is the relation or chain solved: each part a variable or f(x) alone beside a side without
// variables?
bool IsSolved(const Expressions& expressions, NodeId statement);

// Is the node ∞, +∞ or -∞?
bool IsInfinite(const Expressions& expressions, NodeId node);

}  // namespace rationale
