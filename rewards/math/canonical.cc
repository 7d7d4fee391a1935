// Canonical: see canonical.h.

#include "rewards/math/canonical.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "rewards/math/parser_state.h"

namespace rationale {
namespace {

constexpr size_t kMaxMatrixCells = 400;
constexpr int32_t kMaxCellNodes = 5'000;  // products of products double with every factor

bool IsRelation(const Expressions& expressions, NodeId node, Relation relation) {
  const Node& n = expressions[node];
  return n.op == Op::kRelation && n.id == static_cast<uint8_t>(relation);
}

class Rewriter {
 public:
  explicit Rewriter(Expressions& expressions) : expressions_(expressions) {}

  NodeId Rewrite(NodeId node) {
    const Op op = expressions_[node].op;
    if (op == Op::kList || op == Op::kSet) return RewriteItems(node, op);
    if (HasPlusMinus(expressions_, node)) {
      const NodeId plus = Rewrite(ChooseSign(node, true));
      const NodeId minus = Rewrite(ChooseSign(node, false));
      return RewriteItems(expressions_.Make(Op::kList, {plus, minus}), Op::kList);
    }
    switch (op) {
      case Op::kRelation:
        return RewriteRelation(node);
      case Op::kChain:
        return RewriteChain(node);
      case Op::kAdd:
      case Op::kMultiply:
      case Op::kDivide:
      case Op::kNegate:
        return RewriteMatrix(node);
      case Op::kPower:
        return RewritePower(node);
      default:
        return node;
    }
  }

  // The tree with every ± read as + (and ∓ as -), or the other way round.
  NodeId ChooseSign(NodeId node, bool upper) {
    const Node original = expressions_[node];
    std::vector<NodeId> children = CopyChildren(node);
    bool changed = original.op == Op::kPlusMinus;
    for (NodeId& child : children) {
      const NodeId chosen = ChooseSign(child, upper);
      changed |= chosen != child;
      child = chosen;
    }
    if (!changed) return node;
    if (original.op == Op::kPlusMinus) {
      const bool plus = upper == (original.id == 0);
      const NodeId last =
          plus ? children.back() : expressions_.Make(Op::kNegate, {children.back()});
      return children.size() == 1 ? last : expressions_.Make(Op::kAdd, {children[0], last});
    }
    const NodeId result = expressions_.Make(original.op, children, original.id);
    expressions_[result].data = original.data;
    return result;
  }

 private:
  std::vector<NodeId> CopyChildren(NodeId node) const {
    const auto children = expressions_.Children(node);
    return {children.begin(), children.end()};
  }

  NodeId RewriteItems(NodeId node, Op op) {
    const uint8_t id = expressions_[node].id;
    std::vector<NodeId> items;
    for (const NodeId child : CopyChildren(node)) {
      const NodeId item = Rewrite(child);
      if (expressions_[item].op == Op::kList) {
        const auto inner = CopyChildren(item);
        items.insert(items.end(), inner.begin(), inner.end());
      } else {
        items.push_back(item);
      }
    }
    return items.size() == 1 && op == Op::kList ? items[0] : expressions_.Make(op, items, id);
  }

  NodeId MakeAssignment(NodeId name, NodeId value) {
    value = Rewrite(value);
    const Op op = expressions_[value].op;
    if (op != Op::kList && op != Op::kSet) {
      return expressions_.Make(Op::kRelation, {name, value},
                               static_cast<uint8_t>(Relation::kEqual));
    }
    std::vector<NodeId> assignments;
    for (const NodeId item : CopyChildren(value)) assignments.push_back(MakeAssignment(name, item));
    return expressions_.Make(Op::kList, assignments);
  }

  NodeId RewriteRelation(NodeId node) {
    const NodeId left = expressions_.Child(node, 0);
    const NodeId right = expressions_.Child(node, 1);
    const auto relation = static_cast<Relation>(expressions_[node].id);
    if (relation == Relation::kIn) return IsName(expressions_, left) ? Rewrite(right) : node;
    if (relation != Relation::kEqual && relation != Relation::kApproximately) return node;
    if (IsName(expressions_, left)) return MakeAssignment(left, right);
    if (relation == Relation::kApproximately) return Rewrite(left);
    if (IsName(expressions_, right)) return MakeAssignment(right, left);
    const bool constant = expressions_.Symbols(left).empty() && expressions_.Symbols(right).empty();
    return constant && !expressions_.Identical(left, right) ? Rewrite(right) : node;
  }

  // Equalities one after the other end in the value; what stands behind ≈ is less exact.
  NodeId RewriteChain(NodeId node) {
    const std::vector<NodeId> relations = CopyChildren(node);
    NodeId value = kNoNode;
    for (const NodeId relation : relations) {
      const bool equal = IsRelation(expressions_, relation, Relation::kEqual);
      if (!equal && !IsRelation(expressions_, relation, Relation::kApproximately)) return node;
      if (equal || value == kNoNode) value = expressions_.Child(relation, 1);
      if (!equal) break;
    }
    const NodeId first = expressions_.Child(relations[0], 0);
    if (IsName(expressions_, first)) return MakeAssignment(first, value);
    return expressions_.Symbols(value).empty() ? Rewrite(value) : node;
  }

  struct Matrix {
    std::vector<NodeId> cells;
    size_t columns = 0;
    size_t rows() const { return cells.size() / columns; }
  };

  std::optional<Matrix> AsMatrix(NodeId node) const {
    if (expressions_[node].op != Op::kMatrix) return std::nullopt;
    return Matrix{CopyChildren(node), expressions_[node].id};
  }

  NodeId ToNode(const Matrix& matrix) {
    return expressions_.Make(Op::kMatrix, matrix.cells, static_cast<uint8_t>(matrix.columns));
  }

  NodeId RewriteMatrix(NodeId node) {
    const std::vector<NodeId> children = CopyChildren(node);
    const bool any = std::any_of(children.begin(), children.end(), [&](NodeId child) {
      return expressions_.Any(child, [&](NodeId n) { return expressions_[n].op == Op::kMatrix; });
    });
    if (!any) return node;
    std::vector<NodeId> parts;
    for (const NodeId child : children) parts.push_back(Rewrite(child));
    NodeId result = parts[0];
    switch (expressions_[node].op) {
      case Op::kNegate:
        return Scale(result, expressions_.Integer(-1), node);
      case Op::kDivide:
        return Scale(result, expressions_.Make(Op::kDivide, {expressions_.Integer(1), parts[1]}),
                     node);
      case Op::kAdd:
        for (size_t i = 1; i < parts.size(); ++i) {
          result = Add(result, parts[i]);
          if (result == kNoNode) return node;
        }
        return result;
      default:
        for (size_t i = 1; i < parts.size(); ++i) {
          result = Multiply(result, parts[i]);
          if (result == kNoNode) return node;
        }
        return result;
    }
  }

  NodeId Scale(NodeId node, NodeId factor, NodeId unchanged) {
    auto matrix = AsMatrix(node);
    if (!matrix) return unchanged;
    for (NodeId& cell : matrix->cells) cell = expressions_.Make(Op::kMultiply, {factor, cell});
    return ToNode(*matrix);
  }

  NodeId Add(NodeId a, NodeId b) {
    auto left = AsMatrix(a);
    const auto right = AsMatrix(b);
    if (!left || !right || left->columns != right->columns ||
        left->cells.size() != right->cells.size())
      return kNoNode;
    for (size_t i = 0; i < left->cells.size(); ++i) {
      left->cells[i] = expressions_.Make(Op::kAdd, {left->cells[i], right->cells[i]});
    }
    return ToNode(*left);
  }

  NodeId Multiply(NodeId a, NodeId b) {
    const auto left = AsMatrix(a);
    const auto right = AsMatrix(b);
    if (!left && !right) return expressions_.Make(Op::kMultiply, {a, b});
    if (!left) return Scale(b, a, kNoNode);
    if (!right) return Scale(a, b, kNoNode);
    if (left->columns != right->rows() || left->rows() * right->columns > kMaxMatrixCells ||
        left->columns > 20) {
      return kNoNode;
    }
    Matrix product{{}, right->columns};
    for (size_t i = 0; i < left->rows(); ++i) {
      for (size_t j = 0; j < right->columns; ++j) {
        std::vector<NodeId> terms;
        for (size_t k = 0; k < left->columns; ++k) {
          terms.push_back(expressions_.Make(Op::kMultiply, {left->cells[i * left->columns + k],
                                                            right->cells[k * right->columns + j]}));
        }
        product.cells.push_back(expressions_.Make(Op::kAdd, terms));
        if (expressions_[product.cells.back()].tree_size > kMaxCellNodes) return kNoNode;
      }
    }
    return ToNode(product);
  }

  // A^T, A^n and A^{-1} of a matrix that is written out; (1, 2, 3)^T is a column.
  NodeId RewritePower(NodeId node) {
    NodeId base = expressions_.Child(node, 0);
    const NodeId exponent = expressions_.Child(node, 1);
    const Op op = expressions_[base].op;
    const bool transposed =
        expressions_[exponent].op == Op::kSymbol &&
        (expressions_.Name(exponent) == "T" || expressions_.Name(exponent) == "top" ||
         expressions_.Name(exponent) == "intercal");
    if (transposed && (op == Op::kTuple || op == Op::kInterval || op == Op::kList))
      return ToNode({CopyChildren(base), 1});
    if (expressions_.Any(base, [&](NodeId n) { return expressions_[n].op == Op::kMatrix; }))
      base = Rewrite(base);
    const auto matrix = AsMatrix(base);
    if (!matrix) return node;
    if (transposed) return ToNode(Transposed(*matrix));
    const bool inverse = expressions_[exponent].op == Op::kNegate;
    const NodeId power = inverse ? expressions_.Child(exponent) : exponent;
    if (matrix->rows() != matrix->columns || expressions_[power].op != Op::kNumber) return node;
    constexpr int kMaxPower = 10;
    for (int times = 1; times <= kMaxPower; ++times) {
      if (!(expressions_.Value(power) == Rational(times))) continue;
      const NodeId factor = inverse ? Inverse(*matrix, base) : base;
      NodeId result = factor;
      for (int i = 1; i < times && result != kNoNode; ++i) result = Multiply(result, factor);
      return result == kNoNode ? node : result;
    }
    return node;
  }

  static Matrix Transposed(const Matrix& matrix) {
    Matrix result{{}, matrix.rows()};
    for (size_t j = 0; j < matrix.columns; ++j) {
      for (size_t i = 0; i < matrix.rows(); ++i)
        result.cells.push_back(matrix.cells[i * matrix.columns + j]);
    }
    return result;
  }

  // Cramer's rule: the cofactors by the determinant.
  NodeId Inverse(const Matrix& matrix, NodeId node) {
    const size_t size = matrix.columns;
    constexpr size_t kMaxSize = 4;
    if (size > kMaxSize || expressions_[node].tree_size > kMaxCellNodes / 10) return kNoNode;
    const auto determinant = [&](NodeId of) {
      return expressions_.Make(Op::kFunction, {of}, static_cast<uint8_t>(Function::kDeterminant));
    };
    Matrix result{{}, size};
    for (size_t i = 0; i < size; ++i) {
      for (size_t j = 0; j < size; ++j) {
        Matrix minor{{}, size - 1};
        for (size_t cell = 0; cell < matrix.cells.size(); ++cell) {
          if (cell / size != j && cell % size != i) minor.cells.push_back(matrix.cells[cell]);
        }
        NodeId cofactor = size == 1 ? expressions_.Integer(1) : determinant(ToNode(minor));
        if ((i + j) % 2 == 1) cofactor = expressions_.Make(Op::kNegate, {cofactor});
        result.cells.push_back(expressions_.Make(Op::kDivide, {cofactor, determinant(node)}));
      }
    }
    return ToNode(result);
  }

  Expressions& expressions_;
};

}  // namespace

NodeId Canonical(Expressions& expressions, NodeId node) {
  return Rewriter(expressions).Rewrite(node);
}

NodeId CanonicalOfUpperSigns(Expressions& expressions, NodeId node) {
  Rewriter rewriter(expressions);
  return rewriter.Rewrite(rewriter.ChooseSign(node, true));
}

bool HasPlusMinus(const Expressions& expressions, NodeId node) {
  return expressions.Any(node, [&](NodeId n) { return expressions[n].op == Op::kPlusMinus; });
}

bool IsAssignment(const Expressions& expressions, NodeId node) {
  return IsRelation(expressions, node, Relation::kEqual) &&
         IsName(expressions, expressions.Child(node, 0));
}

std::string NameKey(const Expressions& expressions, NodeId node) {
  const auto children = expressions.Children(node);
  switch (expressions[node].op) {
    case Op::kSymbol:
      return expressions.Name(node).size() > 3 &&
                     expressions.Name(node).find('_') == std::string::npos
                 ? ""
                 : expressions.Name(node);
    case Op::kCall:
      return expressions.Name(node);
    case Op::kConstant:
      return expressions[node].id == static_cast<uint8_t>(Constant::kE) ? "e" : "i";
    case Op::kMultiply: {
      if (children.size() == 2 && expressions[children[1]].parenthesised)
        return NameKey(expressions, children[0]);
      std::vector<std::string> letters;
      for (const NodeId child : children) letters.push_back(NameKey(expressions, child));
      std::sort(letters.begin(), letters.end());
      std::string key;
      for (const std::string& letter : letters) key += letter;
      return key;
    }
    case Op::kText:
      return "";
    default: {
      std::string key = std::to_string(static_cast<int>(expressions[node].op)) + ":" +
                        std::to_string(expressions[node].id);
      for (const NodeId child : children) key += "," + NameKey(expressions, child);
      return key;
    }
  }
}

NodeId RowsAsMatrix(Expressions& expressions, NodeId node) {
  // Two items in square brackets were read as a closed interval, more as a list.
  const auto is_row = [&](NodeId row) {
    const Node& n = expressions[row];
    return n.op == Op::kList || (n.op == Op::kInterval && n.id == (kClosedLow | kClosedHigh));
  };
  if (!is_row(node)) return kNoNode;
  std::vector<NodeId> cells;
  int32_t columns = 0;
  for (const NodeId row : expressions.Children(node)) {
    if (!is_row(row)) return kNoNode;
    if (columns == 0) columns = expressions[row].num_children;
    if (expressions[row].num_children != columns || columns > 255) return kNoNode;
    const auto of_row = expressions.Children(row);
    cells.insert(cells.end(), of_row.begin(), of_row.end());
  }
  return expressions.Make(Op::kMatrix, cells, static_cast<uint8_t>(columns));
}

}  // namespace rationale
