// Expression: see expression.h.

#include "rewards/math/expression.h"

#include <algorithm>
#include <utility>

namespace rationale {

NodeId Expressions::Number(Rational value) {
  numbers_.push_back(std::move(value));
  nodes_.push_back({.op = Op::kNumber, .data = static_cast<int32_t>(numbers_.size() - 1)});
  return static_cast<NodeId>(nodes_.size() - 1);
}

NodeId Expressions::Literal(Rational value, int decimals) {
  const NodeId node = Number(std::move(value));
  (*this)[node].literal = true;
  (*this)[node].decimals = decimals;
  return node;
}

NodeId Expressions::Named(Op op, std::string_view name, std::span<const NodeId> children,
                          uint8_t id) {
  const NodeId node = Make(op, children, id);
  names_.emplace_back(name);
  (*this)[node].data = static_cast<int32_t>(names_.size() - 1);
  return node;
}

NodeId Expressions::Make(Op op, std::span<const NodeId> children, uint8_t id) {
  const auto first = static_cast<int32_t>(children_.size());
  children_.insert(children_.end(), children.begin(), children.end());
  int64_t tree_size = 1;
  for (const NodeId child : children) tree_size += (*this)[child].tree_size;
  nodes_.push_back({.op = op,
                    .id = id,
                    .first_child = first,
                    .num_children = static_cast<int32_t>(children.size()),
                    .tree_size = static_cast<int32_t>(std::min<int64_t>(tree_size, kTreeSizeMax))});
  return static_cast<NodeId>(nodes_.size() - 1);
}

std::span<const NodeId> Expressions::Children(NodeId node) const {
  const Node& n = (*this)[node];
  return std::span(children_).subspan(static_cast<size_t>(n.first_child),
                                      static_cast<size_t>(n.num_children));
}

const Rational& Expressions::Value(NodeId node) const {
  return numbers_[static_cast<size_t>((*this)[node].data)];
}

const std::string& Expressions::Name(NodeId node) const {
  return names_[static_cast<size_t>((*this)[node].data)];
}

bool Expressions::Identical(NodeId a, NodeId b) const {
  if (a == b) return true;
  const Node& x = (*this)[a];
  const Node& y = (*this)[b];
  if (x.op != y.op || x.id != y.id || x.num_children != y.num_children) return false;
  if (x.op == Op::kNumber) return Value(a) == Value(b);
  if ((x.data >= 0) != (y.data >= 0) || (x.data >= 0 && Name(a) != Name(b))) return false;
  const auto of_a = Children(a);
  const auto of_b = Children(b);
  for (size_t i = 0; i < of_a.size(); ++i) {
    if (!Identical(of_a[i], of_b[i])) return false;
  }
  return true;
}

std::vector<std::string> Expressions::Symbols(NodeId node) const {
  std::vector<std::string> names;
  std::vector<NodeId> open = {node};
  while (!open.empty()) {
    const NodeId next = open.back();
    open.pop_back();
    if ((*this)[next].op == Op::kSymbol &&
        std::find(names.begin(), names.end(), Name(next)) == names.end()) {
      names.push_back(Name(next));
    }
    const auto children = Children(next);
    open.insert(open.end(), children.rbegin(), children.rend());
  }
  return names;
}

NodeId Expressions::Replace(NodeId node, NodeId what, NodeId value) {
  const Node original = (*this)[node];
  if (original.op == (*this)[what].op && Identical(node, what)) return value;
  if (original.num_children == 0) return node;
  std::vector<NodeId> children(Children(node).begin(), Children(node).end());
  bool changed = false;
  for (NodeId& child : children) {
    const NodeId replaced = Replace(child, what, value);
    changed |= replaced != child;
    child = replaced;
  }
  if (!changed) return node;
  const NodeId result = Make(original.op, children, original.id);
  (*this)[result].data = original.data;
  return result;
}

NodeId Expressions::Bend(NodeId node, std::string_view name) {
  const auto at = [&](slong numerator) {
    return Substitute(node, name, Number(Rational(numerator, 97)));
  };
  const NodeId middle = at(-81);
  return Subtract(Subtract(at(49), middle), Subtract(middle, at(-211)));
}

NodeId Expressions::WithoutDivisors(NodeId node, std::string_view name) {
  constexpr size_t kMaxDivisors = 4;
  std::vector<NodeId> factors = {node};
  Any(node, [&](NodeId part) {
    if ((*this)[part].op != Op::kDivide) return false;
    const NodeId divisor = Child(part, 1);
    const auto symbols = Symbols(divisor);
    if (std::find(symbols.begin(), symbols.end(), name) != symbols.end())
      factors.push_back(divisor);
    return factors.size() > kMaxDivisors;
  });
  return factors.size() == 1 ? node : Make(Op::kMultiply, factors);
}

}  // namespace rationale
