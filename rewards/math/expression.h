// Expression: a mathematical answer as a small tree.

#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rewards/math/lexer.h"
#include "rewards/math/rational.h"

namespace rationale {

enum class Op : uint8_t {
  // Values.
  kNumber,    // number
  kSymbol,    // name
  kConstant,  // id: Constant
  kAdd,       // of all children; id: kMixedNumber for 2 1/2
  kMultiply,  // of all children
  kDivide,    // child 0 / child 1
  kNegate,
  kPower,      // child 0 ^ child 1
  kRoot,       // the child 1-th root of child 0
  kPlusMinus,  // child 0 ± child 1; id 1: ∓. One child: ± child 0
  kFunction,   // id: Function, of the children; kLog has the base as child 1 where it is given
  kCall,       // name, of the children: a function that is not known
  kFactorial,  // id: 1 for n!, 2 for n!!
  kDegrees,    // child 0 in degrees
  kPercent,    // child 0 in hundredths
  kBased,      // name: the digits as written; child 0: the base
  kAbs,
  kSum,      // body, variable, from, to
  kProduct,  // the same
  kOpaque,   // name, of the children: an integral, a limit, ... compared by structure only
  // Several values.
  kTuple,  // (a, b, ...)
  kList,   // a, b, ... in no order: what commas, "and", "or" join; id 1: conditions that all hold
  kSet,    // {a, b, ...}
  kInterval,  // child 0 to child 1; id: kClosedLow | kClosedHigh
  kMatrix,    // rows * columns children; id: columns
  kUnion,
  kIntersection,
  kDifference,
  kEmptySet,
  kNumberSet,   // name: "R", "Z", ...
  kSetBuilder,  // child 0: the element; the others: its conditions; id kAnyCondition: one must hold
  // Statements.
  kRelation,  // child 0 related to child 1; id: Relation; kCongruent: modulo child 2, if there is
              // one
  kChain,     // a < b < c: its relations, each a kRelation
  // No mathematics.
  kText,  // name
};

inline constexpr uint8_t kMixedNumber = 1;
inline constexpr uint8_t kAnyCondition = 1;
inline constexpr uint8_t kClosedLow = 1;
inline constexpr uint8_t kClosedHigh = 2;

// An index into an Expressions; kNone: no expression.
using NodeId = int32_t;
inline constexpr NodeId kNoNode = -1;

struct Node {
  Op op = Op::kNumber;
  uint8_t id = 0;
  bool parenthesised = false;  // stood in round brackets of its own
  bool literal = false;        // of a number: written as digits, not as a fraction
  int decimals = -1;           // of a literal: digits behind the point, -1 without a point
  int32_t data = -1;           // index of the number or the name
  int32_t first_child = 0;
  int32_t num_children = 0;
  int32_t tree_size = 1;  // nodes of the tree below it, shared ones each time; at most kTreeSizeMax
};
inline constexpr int32_t kTreeSizeMax = 1'000'000'000;

// Is the node a relation by <, <=, >, >= or ≠?
inline bool IsInequality(const Node& node) {
  const auto relation = static_cast<Relation>(node.id);
  return node.op == Op::kRelation && relation != Relation::kEqual &&
         relation <= Relation::kGreaterEqual;
}

// All nodes of the expressions of one comparison. Children are made before their parents.
class Expressions {
 public:
  NodeId Number(Rational value);
  NodeId Literal(Rational value, int decimals);
  NodeId Integer(int64_t value) { return Number(Rational(value)); }
  NodeId Symbol(std::string_view name) { return Named(Op::kSymbol, name, {}); }
  NodeId Named(Op op, std::string_view name, std::span<const NodeId> children, uint8_t id = 0);
  NodeId Make(Op op, std::span<const NodeId> children, uint8_t id = 0);
  NodeId Make(Op op, std::initializer_list<NodeId> children, uint8_t id = 0) {
    return Make(op, std::span(children.begin(), children.size()), id);
  }
  NodeId Subtract(NodeId a, NodeId b) { return Make(Op::kAdd, {a, Make(Op::kNegate, {b})}); }

  const Node& operator[](NodeId node) const { return nodes_[static_cast<size_t>(node)]; }
  Node& operator[](NodeId node) { return nodes_[static_cast<size_t>(node)]; }
  std::span<const NodeId> Children(NodeId node) const;
  NodeId Child(NodeId node, size_t index = 0) const { return Children(node)[index]; }
  const Rational& Value(NodeId node) const;    // of a kNumber
  const std::string& Name(NodeId node) const;  // of a node with a name
  size_t size() const { return nodes_.size(); }

  // Are the trees the same, sums, products, lists and sets in the same order?
  bool Identical(NodeId a, NodeId b) const;

  // The symbols in the tree, each once, in order of
  // appearance.
  std::vector<std::string> Symbols(NodeId node) const;

  // Does any node of the tree meet the condition?
  template <class Condition>
  bool Any(NodeId node, const Condition& condition) const {
    if (condition(node)) return true;
    for (const NodeId child : Children(node)) {
      if (Any(child, condition)) return true;
    }
    return false;
  }

  // The tree with the symbol `name` replaced.
  NodeId Substitute(NodeId node, std::string_view name, NodeId value) {
    return Replace(node, Symbol(name), value);
  }

  // How far the tree, as a function of the symbol `name`, is from a straight line: f2 - 2 f1 + f0
  // at three points equally far apart, of both signs and no whole numbers, at which neither |x| nor
  // the rounded x are in line. Zero if it is linear.
  NodeId Bend(NodeId node, std::string_view name);

  // The tree times the divisors in it that hold the symbol: "1/x + 1/y - 2" times y.
  NodeId WithoutDivisors(NodeId node, std::string_view name);

  // The tree with every subtree identical to `what` replaced.
  NodeId Replace(NodeId node, NodeId what, NodeId value);

 private:
  std::vector<Node> nodes_;
  std::vector<NodeId> children_;
  std::vector<Rational> numbers_;
  std::vector<std::string> names_;
};

}  // namespace rationale
