// CompareNodes: see compare_nodes.h.

#include "rewards/math/compare_nodes.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>
#include <vector>

#include "rewards/math/canonical.h"
#include "rewards/math/coordinates.h"
#include "rewards/math/parser_state.h"
#include "rewards/math/real_set.h"
#include "rewards/math/text_answer.h"

namespace rationale {
namespace {

constexpr int64_t kStepsOfPair = 10;  // of two expressions, beside those of their values
constexpr size_t kMaxItems = 100;

Truth And(Truth a, Truth b) {
  if (a == Truth::kFalse || b == Truth::kFalse) return Truth::kFalse;
  return a == Truth::kUnknown || b == Truth::kUnknown ? Truth::kUnknown : Truth::kTrue;
}

class Comparer {
 public:
  Comparer(Expressions& expressions, const CompareOptions& options, std::string_view parameter,
           Work& work)
      : expressions_(expressions),
        options_(options),
        parameter_(parameter),
        work_(work),
        values_(expressions, options.value, work),
        sets_(expressions, values_) {}

  // a: the answer, b: the reference, both canonical.
  Truth Compare(NodeId a, NodeId b) {
    if (!work_.Spend(kStepsOfPair)) return Truth::kUnknown;
    if (expressions_.Identical(a, b)) return Rule(Truth::kTrue, "the same expression");
    const Op of_a = expressions_[a].op;
    const Op of_b = expressions_[b].op;
    if (IsCongruence(a) || IsCongruence(b)) return CompareCongruences(a, b);
    if (IsAssignment(expressions_, a) || IsAssignment(expressions_, b))
      return CompareAssignments(a, b);
    if (of_a == Op::kText || of_b == Op::kText) return CompareWords(a, b);
    if ((of_a == Op::kMatrix) != (of_b == Op::kMatrix)) {
      const NodeId rows = RowsAsMatrix(expressions_, of_a == Op::kMatrix ? b : a);
      if (rows != kNoNode) return of_a == Op::kMatrix ? Compare(a, rows) : Compare(rows, b);
    }
    if (HasParts(of_a) != HasParts(of_b)) {
      const NodeId parts = HasParts(of_a) ? a : b;
      const auto size = static_cast<size_t>(expressions_[parts].num_children);
      const NodeId other = Coordinates(expressions_, HasParts(of_a) ? b : a, size, values_);
      if (other != kNoNode) return HasParts(of_a) ? Compare(a, other) : Compare(other, b);
    }
    if (IsCollection(of_a) || IsCollection(of_b)) return CompareCollections(a, b);
    if (IsStatement(a) || IsStatement(b) || IsSet(of_a) || IsSet(of_b))
      return CompareStatements(a, b);
    if (of_a == Op::kTuple && of_b == Op::kTuple) return CompareInOrder(Children(a), Children(b));
    if (of_a == Op::kMatrix || of_b == Op::kMatrix) return CompareMatrices(a, b);
    if (of_a == Op::kTuple || of_b == Op::kTuple) return Truth::kFalse;
    const Truth same = values_.Same(a, b);
    if (same != Truth::kTrue && !parameter_.empty() && SameFamily(a, b))
      return Rule(Truth::kTrue, "for all integers");
    return Rule(same, "as values");
  }

  const std::string& rule() const { return rule_; }

 private:
  static bool IsCollection(Op op) { return op == Op::kList || op == Op::kSet; }
  static bool IsSet(Op op) {
    return op == Op::kInterval || op == Op::kUnion || op == Op::kIntersection ||
           op == Op::kDifference || op == Op::kEmptySet || op == Op::kNumberSet ||
           op == Op::kSetBuilder;
  }
  bool IsStatement(NodeId node) const {
    return expressions_[node].op == Op::kRelation || expressions_[node].op == Op::kChain;
  }
  static bool HasParts(Op op) {
    return op == Op::kTuple || op == Op::kInterval || op == Op::kMatrix;
  }
  bool IsCongruence(NodeId node) const {
    const Node& n = expressions_[node];
    return n.op == Op::kRelation && n.id == static_cast<uint8_t>(Relation::kCongruent);
  }
  std::vector<NodeId> Children(NodeId node) const {
    const auto children = expressions_.Children(node);
    return {children.begin(), children.end()};
  }

  Truth Rule(Truth truth, const char* rule) {
    rule_ = rule;
    return truth;
  }

  // Words: a text against a text, or against the letters that were read as a product.
  Truth CompareWords(NodeId a, NodeId b) {
    const auto words = [&](NodeId node) {
      if (expressions_[node].op == Op::kText) return expressions_.Name(node);
      std::string letters;
      for (const std::string& symbol : expressions_.Symbols(node)) letters += symbol;
      return letters;
    };
    return Rule(ToTruth(SameWords(words(a), words(b))), "as words");
  }

  // Do p + qk and r + sk run through the same values for all integers k: is s = ±q, and r - p a
  // multiple of q?
  bool SameFamily(NodeId a, NodeId b) {
    struct Line {
      NodeId start, step;
    };
    const auto line = [&](NodeId node) -> std::optional<Line> {
      if (values_.IsZero(expressions_.Bend(node, parameter_)) != Truth::kTrue) return std::nullopt;
      const NodeId start = expressions_.Substitute(node, parameter_, expressions_.Integer(0));
      const NodeId next = expressions_.Substitute(node, parameter_, expressions_.Integer(1));
      return Line{start, expressions_.Subtract(next, start)};
    };
    const auto of_a = line(a);
    const auto of_b = of_a ? line(b) : std::nullopt;
    if (!of_b || values_.IsZero(of_b->step) != Truth::kFalse) return false;
    const NodeId opposite = expressions_.Make(Op::kNegate, {of_b->step});
    if (values_.Same(of_a->step, of_b->step) != Truth::kTrue &&
        values_.Same(of_a->step, opposite) != Truth::kTrue)
      return false;
    const NodeId between = expressions_.Subtract(of_a->start, of_b->start);
    const NodeId steps = expressions_.Make(Op::kDivide, {between, of_b->step});
    const NodeId shifted =
        expressions_.Make(Op::kAdd, {steps, expressions_.Number(Rational(1, 2))});
    const NodeId nearest =
        expressions_.Make(Op::kFunction, {shifted}, static_cast<uint8_t>(Function::kFloor));
    return values_.Same(steps, nearest) == Truth::kTrue;
  }

  // "n ≡ 3 (mod 7)" against "n ≡ 10 (mod 7)", "n ≡ 3", "3 (mod 7)", "n = 3" or "3".
  Truth CompareCongruences(NodeId a, NodeId b) {
    if (!IsCongruence(a) || !IsCongruence(b)) {
      const auto residue = [&](NodeId node) {
        const bool related = IsCongruence(node) || IsAssignment(expressions_, node);
        return related ? expressions_.Child(node, 1) : node;
      };
      if (IsCollection(expressions_[a].op) || IsCollection(expressions_[b].op))
        return CompareCollections(a, b);
      return Compare(residue(a), residue(b));
    }
    const bool moduli = expressions_[a].num_children == 3 && expressions_[b].num_children == 3;
    const NodeId modulus = expressions_.Children(b).back();
    if (moduli && values_.Same(expressions_.Children(a).back(), modulus) != Truth::kTrue)
      return Rule(Truth::kFalse, "different moduli");
    const NodeId left_a = expressions_.Child(a, 0);
    const NodeId left_b = expressions_.Child(b, 0);
    if (!SameName(left_a, left_b) && values_.Same(left_a, left_b) != Truth::kTrue)
      return Rule(Truth::kFalse, "congruences of different numbers");
    const NodeId right_a = expressions_.Child(a, 1);
    const NodeId right_b = expressions_.Child(b, 1);
    const Truth same = Compare(right_a, right_b);
    if (same == Truth::kTrue || !moduli) return same;
    const NodeId multiple =
        expressions_.Make(Op::kDivide, {expressions_.Subtract(right_a, right_b), modulus});
    const NodeId whole =
        expressions_.Make(Op::kFunction, {multiple}, static_cast<uint8_t>(Function::kFloor));
    return Rule(values_.Same(multiple, whole), "as congruences");
  }

  // "x = 3" against "3", "x = 3", "y = 3", or an equation.
  Truth CompareAssignments(NodeId a, NodeId b) {
    const bool assigns_a = IsAssignment(expressions_, a);
    const bool assigns_b = IsAssignment(expressions_, b);
    const auto value = [&](NodeId node, bool assigns) {
      return assigns ? expressions_.Child(node, 1) : node;
    };
    if (assigns_a != assigns_b) {
      const NodeId other = assigns_a ? b : a;
      const Node& n = expressions_[other];
      if (n.op == Op::kRelation && n.id == static_cast<uint8_t>(Relation::kEqual))
        return CompareEquations(a, b);
      if (IsStatement(other)) return CompareStatements(a, b);
      return Compare(value(a, assigns_a), value(b, assigns_b));
    }
    const NodeId name_a = expressions_.Child(a, 0);
    const NodeId name_b = expressions_.Child(b, 0);
    if (SameName(name_a, name_b) || !options_.match_names) {
      const Truth same = Compare(value(a, true), value(b, true));
      if (same == Truth::kTrue) return same;
    }
    return CompareEquations(a, b);
  }

  bool SameName(NodeId a, NodeId b) const {
    const std::string of_a = NameKey(expressions_, a);
    const std::string of_b = NameKey(expressions_, b);
    if (of_a.empty() || of_b.empty() || of_a == of_b) return true;
    // "f(x) = ..." and "y = ..." both name the function; "N" and "n", "m_max" and "m" the same
    // number.
    const auto is_function = [&](NodeId node) {
      const Node& n = expressions_[node];
      return n.op == Op::kCall ||
             (n.op == Op::kMultiply && expressions_[expressions_.Child(node, 1)].parenthesised);
    };
    if ((of_a == "y" && is_function(b)) || (of_b == "y" && is_function(a))) return true;
    const auto stem = [](const std::string& name) {
      std::string result = name.substr(0, name.find('_'));
      std::transform(result.begin(), result.end(), result.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      return result;
    };
    const bool indexed_both =
        of_a.find('_') != std::string::npos && of_b.find('_') != std::string::npos;
    return !indexed_both && stem(of_a) == stem(of_b);
  }

  // left - right of a relation.
  NodeId Difference(NodeId relation) {
    return expressions_.Subtract(expressions_.Child(relation, 0), expressions_.Child(relation, 1));
  }

  // Equations are the same if both sides are, if their differences are proportional, or if one is
  // solved for a variable in which the other is linear and which it satisfies.
  Truth CompareEquations(NodeId a, NodeId b) {
    for (const NodeId side : {a, b}) {
      for (const NodeId child : Children(side)) {
        const Op op = expressions_[child].op;
        if (IsCollection(op) || IsSet(op) || op == Op::kTuple || op == Op::kMatrix ||
            op == Op::kText)
          return Truth::kFalse;
      }
    }
    if (values_.Same(expressions_.Child(a, 0), expressions_.Child(b, 0)) == Truth::kTrue &&
        values_.Same(expressions_.Child(a, 1), expressions_.Child(b, 1)) == Truth::kTrue)
      return Rule(Truth::kTrue, "side by side");
    const NodeId of_a = Difference(a);
    const NodeId of_b = Difference(b);
    const Truth proportional = values_.Proportional(of_a, of_b, false);
    if (proportional == Truth::kTrue) return Rule(proportional, "as equations");
    for (const auto& [solved, other] : {std::pair(a, of_b), std::pair(b, of_a)}) {
      const NodeId variable = expressions_.Child(solved, 0);
      const NodeId value = expressions_.Child(solved, 1);
      if (expressions_[variable].op != Op::kSymbol) continue;
      const std::string name = expressions_.Name(variable);
      const auto symbols = expressions_.Symbols(value);
      if (std::find(symbols.begin(), symbols.end(), name) != symbols.end()) continue;
      const auto others = expressions_.Symbols(other);
      if (std::find(others.begin(), others.end(), name) == others.end()) continue;
      const NodeId cleared = expressions_.WithoutDivisors(other, name);
      if (values_.IsZero(expressions_.Bend(cleared, name)) != Truth::kTrue) continue;
      if (values_.IsZero(expressions_.Substitute(other, name, value)) == Truth::kTrue &&
          !HasFurtherSolutions(cleared, name))
        return Rule(Truth::kTrue, "as equations");
    }
    return Rule(proportional, "as equations");
  }

  // Of a u + b = 0 for the variable u: is b zero too where a is, as in "ax = ay"? Looked for where
  // a is linear in one of its own variables.
  bool HasFurtherSolutions(NodeId linear, const std::string& name) {
    const auto at = [&](NodeId node, const std::string& symbol, int value) {
      return expressions_.Substitute(node, symbol, expressions_.Integer(value));
    };
    const NodeId rest = at(linear, name, 0);
    const NodeId slope = expressions_.Subtract(at(linear, name, 1), rest);
    for (const std::string& symbol : expressions_.Symbols(slope)) {
      const NodeId low = at(slope, symbol, 0);
      const NodeId change = expressions_.Subtract(at(slope, symbol, 1), low);
      NodeId root = expressions_.Integer(0);  // of a product like x^2
      if (values_.IsZero(expressions_.Bend(slope, symbol)) == Truth::kTrue) {
        if (values_.IsZero(change) != Truth::kFalse) continue;
        root = expressions_.Make(Op::kNegate, {expressions_.Make(Op::kDivide, {low, change})});
      } else if (values_.IsZero(low) != Truth::kTrue) {
        continue;
      }
      if (values_.IsZero(expressions_.Substitute(rest, symbol, root)) == Truth::kTrue) return true;
    }
    return false;
  }

  // Inequalities, intervals and sets: as sets of real numbers where they can be computed, else part
  // by part.
  Truth CompareStatements(NodeId a, NodeId b) {
    const Node of_a = expressions_[a];
    const Node of_b = expressions_[b];
    const auto is_equation = [](const Node& node) {
      return node.op == Op::kRelation && node.id == static_cast<uint8_t>(Relation::kEqual);
    };
    if (is_equation(of_a) && is_equation(of_b)) return CompareEquations(a, b);
    using enum RelationsAnswerSets;
    const bool may_answer =
        options_.relations_answer_sets == kAlways ||
        (options_.relations_answer_sets == kSolved && IsSolved(expressions_, a));
    if (IsStatement(a) && !IsStatement(b) && !may_answer) {
      return Rule(Truth::kFalse, "an inequality where a set is asked for");
    }
    const auto set_a = sets_.Read(a);
    const auto set_b = set_a ? sets_.Read(b) : std::nullopt;
    if (set_a && set_b) return Rule(sets_.Same(*set_a, *set_b), "as sets of real numbers");
    if (IsInequality(of_a) && IsInequality(of_b)) return CompareInequalities(a, b);
    if (of_a.op == Op::kChain && of_b.op == Op::kChain) return CompareChains(a, b);
    const bool pair_a = of_a.op == Op::kTuple && of_b.op == Op::kInterval && of_b.id == 0;
    const bool pair_b = of_b.op == Op::kTuple && of_a.op == Op::kInterval && of_a.id == 0;
    if (pair_a || pair_b) return CompareInOrder(Children(a), Children(b));
    if (of_a.op != of_b.op || of_a.id != of_b.id) return Truth::kFalse;
    if (of_a.op == Op::kUnion || of_a.op == Op::kIntersection)
      return CompareUnordered(Children(a), Children(b));
    if (of_a.op == Op::kNumberSet) return ToTruth(expressions_.Name(a) == expressions_.Name(b));
    return CompareInOrder(Children(a), Children(b));
  }

  // As (greater side) - (smaller side), which must be positive multiples of one another.
  Truth CompareInequalities(NodeId a, NodeId b) {
    const auto oriented = [&](NodeId node) {
      const auto relation = static_cast<Relation>(expressions_[node].id);
      const bool less = relation == Relation::kLess || relation == Relation::kLessEqual;
      const NodeId difference = Difference(node);
      return std::pair(
          less ? expressions_.Make(Op::kNegate, {difference}) : difference,
          less ? (relation == Relation::kLess ? Relation::kGreater : Relation::kGreaterEqual)
               : relation);
    };
    const auto [difference_a, relation_a] = oriented(a);
    const auto [difference_b, relation_b] = oriented(b);
    if (relation_a != relation_b) return Rule(Truth::kFalse, "different relations");
    const bool directed = relation_a != Relation::kNotEqual;
    return Rule(values_.Proportional(difference_a, difference_b, directed), "as inequalities");
  }

  // f(2) < f(1) < f(4): the same terms in the same order, or both turned round.
  Truth CompareChains(NodeId a, NodeId b) {
    const auto links = [&](NodeId chain) {
      std::vector<NodeId> terms;
      std::vector<uint8_t> relations;
      for (const NodeId relation : Children(chain)) {
        if (terms.empty()) terms.push_back(expressions_.Child(relation, 0));
        terms.push_back(expressions_.Child(relation, 1));
        relations.push_back(expressions_[relation].id);
      }
      const auto is_greater = [](uint8_t id) {
        return id >= static_cast<uint8_t>(Relation::kGreater);
      };
      if (std::all_of(relations.begin(), relations.end(), is_greater)) {
        std::reverse(terms.begin(), terms.end());
        std::reverse(relations.begin(), relations.end());
        for (uint8_t& id : relations) id = static_cast<uint8_t>(id - 2);  // > to <, >= to <=
      }
      return std::pair(terms, relations);
    };
    const auto [terms_a, relations_a] = links(a);
    const auto [terms_b, relations_b] = links(b);
    if (relations_a != relations_b) return Truth::kFalse;
    return CompareInOrder(terms_a, terms_b);
  }

  Truth CompareInOrder(const std::vector<NodeId>& a, const std::vector<NodeId>& b) {
    if (a.size() != b.size()) return Rule(Truth::kFalse, "different numbers of parts");
    Truth result = Truth::kTrue;
    for (size_t i = 0; i < a.size() && result != Truth::kFalse; ++i) {
      result = And(result, Compare(Canonical(expressions_, a[i]), Canonical(expressions_, b[i])));
    }
    return Rule(result, "part by part");
  }

  // The same items in any order; an item given twice counts once.
  // `sets`: of sets, in which {1} is no 1.
  Truth CompareUnordered(const std::vector<NodeId>& a, const std::vector<NodeId>& b,
                         bool sets = false) {
    if (a.size() > kMaxItems || b.size() > kMaxItems) {
      if (CompareInOrder(a, b) == Truth::kTrue) return Truth::kTrue;
      work_.Refuse();
      return Truth::kUnknown;
    }
    // Every pair is compared once: twice at each level would be 2^depth times for nested sets.
    std::vector<std::optional<Truth>> pairs(a.size() * b.size());
    const auto same = [&](size_t i, size_t j) {
      std::optional<Truth>& pair = pairs[i * b.size() + j];
      const bool differ =
          sets && (expressions_[a[i]].op == Op::kSet) != (expressions_[b[j]].op == Op::kSet);
      if (!pair) pair = differ ? Truth::kFalse : Compare(a[i], b[j]);
      return *pair;
    };
    Truth result = Truth::kTrue;
    const auto find = [&](size_t count, const auto& same_as) {
      Truth found = Truth::kFalse;
      for (size_t i = 0; i < count && found != Truth::kTrue; ++i) {
        const Truth truth = same_as(i);
        if (truth != Truth::kFalse) found = truth;
      }
      result = And(result, found);
    };
    for (size_t i = 0; i < a.size() && result != Truth::kFalse; ++i)
      find(b.size(), [&](size_t j) { return same(i, j); });
    for (size_t j = 0; j < b.size() && result != Truth::kFalse; ++j)
      find(a.size(), [&](size_t i) { return same(i, j); });
    if (result == Truth::kFalse) return Rule(result, "an item has no equal");
    return Rule(result, "item by item");
  }

  Truth CompareCollections(NodeId a, NodeId b) {
    const Op of_a = expressions_[a].op;
    const Op of_b = expressions_[b].op;
    // Inequalities that all hold are no alternatives.
    if (of_a == Op::kList && of_b == Op::kList && expressions_[a].id != expressions_[b].id)
      return CompareStatements(a, b);
    if (IsCollection(of_a) && IsCollection(of_b)) {
      const bool ordered = options_.ordered_lists && of_a == Op::kList && of_b == Op::kList;
      const bool sets = of_a == Op::kSet && of_b == Op::kSet;
      return ordered ? CompareInOrder(Children(a), Children(b))
                     : CompareUnordered(Children(a), Children(b), sets);
    }
    const NodeId collection = IsCollection(of_a) ? a : b;
    const NodeId other = IsCollection(of_a) ? b : a;
    const Op op = expressions_[other].op;
    const bool interval = op == Op::kTuple && expressions_[other].num_children == 2 &&
                          IsInequality(expressions_[expressions_.Child(collection)]);
    if (IsSet(op) || IsStatement(other) || interval) return CompareStatements(a, b);
    if (op == Op::kTuple || op == Op::kMatrix) {
      // "1, 3" or "x = 1, y = 3" for (1, 3); a set has no order to compare.
      if (expressions_[collection].op == Op::kSet) return Rule(Truth::kFalse, "a set is no tuple");
      return CompareInOrder(Values(a), Values(b));
    }
    return CompareUnordered(IsCollection(of_a) ? Children(a) : std::vector{a},
                            IsCollection(of_b) ? Children(b) : std::vector{b});
  }

  // The children, of assignments their values.
  std::vector<NodeId> Values(NodeId node) const {
    std::vector<NodeId> values = Children(node);
    for (NodeId& value : values) {
      if (IsAssignment(expressions_, value)) value = expressions_.Child(value, 1);
    }
    return values;
  }

  // Matrices cell by cell; a row or a column is also a tuple.
  Truth CompareMatrices(NodeId a, NodeId b) {
    const Node of_a = expressions_[a];
    const Node of_b = expressions_[b];
    const auto is_vector = [](const Node& node) {
      return node.op == Op::kTuple || node.id == 1 || node.id == node.num_children;
    };
    const auto is_shaped = [](const Node& node) {
      return node.op == Op::kTuple || node.op == Op::kMatrix;
    };
    if (!is_shaped(of_a) || !is_shaped(of_b)) return Truth::kFalse;
    const bool same_shape = of_a.op == of_b.op && of_a.id == of_b.id;
    const bool vectors = of_a.op != of_b.op && is_vector(of_a) && is_vector(of_b);
    if (!same_shape && !vectors) return Rule(Truth::kFalse, "different shapes");
    return CompareInOrder(Children(a), Children(b));
  }

  Expressions& expressions_;
  const CompareOptions& options_;
  std::string_view parameter_;
  Work& work_;
  ValueComparer values_;
  RealSets sets_;
  std::string rule_ = "different kinds of answer";
};

}  // namespace

Comparison CompareNodes(Expressions& expressions, NodeId answer, NodeId reference,
                        const CompareOptions& options, std::string_view parameter, Work& work) {
  Comparer comparer(expressions, options, parameter, work);
  const Truth same = comparer.Compare(answer, reference);
  return {same, comparer.rule()};
}

}  // namespace rationale
