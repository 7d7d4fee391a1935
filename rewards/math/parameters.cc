// Parameters: see parameters.h.

#include "rewards/math/parameters.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace rationale {
namespace {

struct Parameter {
  std::string name;
  std::string set;
};

// An answer without what it says of its parameters.
struct Statement {
  NodeId rest = kNoNode;
  std::vector<Parameter> parameters;
};

bool Holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Statement Split(Expressions& expressions, NodeId root) {
  Statement statement{root, {}};
  if (expressions[root].op != Op::kList) return statement;
  std::vector<NodeId> rest;
  std::vector<NodeId> domains;
  for (const NodeId item : expressions.Children(root)) {
    const Node& n = expressions[item];
    const bool domain = n.op == Op::kRelation && n.id == static_cast<uint8_t>(Relation::kIn) &&
                        expressions[expressions.Child(item, 0)].op == Op::kSymbol;
    (domain ? domains : rest).push_back(item);
  }
  if (rest.empty() || domains.empty()) return statement;
  const NodeId values =
      rest.size() == 1 ? rest[0] : expressions.Make(Op::kList, rest, expressions[root].id);
  const auto symbols = expressions.Symbols(values);
  std::vector<Parameter> parameters;
  for (const NodeId domain : domains) {
    const NodeId set = expressions.Child(domain, 1);
    const Op op = expressions[set].op;
    const std::string name = expressions.Name(expressions.Child(domain, 0));
    if ((op != Op::kNumberSet && op != Op::kSymbol) || !Holds(symbols, name)) return statement;
    parameters.push_back({name, expressions.Name(set)});
  }
  return {values, parameters};
}

// The letters of integers in one tree that are not in the other, if there is one.
std::vector<std::string> OwnIntegers(const Expressions& expressions, NodeId node, NodeId other) {
  std::vector<std::string> own;
  const auto others = other == kNoNode ? std::vector<std::string>() : expressions.Symbols(other);
  for (const std::string& name : expressions.Symbols(node)) {
    constexpr std::string_view kLetters = "jklmnr";
    const bool integer = name.size() == 1 && kLetters.find(name[0]) != std::string_view::npos;
    if (integer && !Holds(others, name)) own.push_back(name);
  }
  return own;
}

// Is it an angle with all its letters of integers to the first power, as 2kπ is?
bool IsAngle(const Expressions& expressions, NodeId node) {
  const auto own = OwnIntegers(expressions, node, kNoNode);
  const auto bends = [&](NodeId part) {
    const Op op = expressions[part].op;
    if (op != Op::kPower && op != Op::kRoot && op != Op::kFunction) return false;
    const auto symbols = expressions.Symbols(part);
    return std::any_of(own.begin(), own.end(),
                       [&](const std::string& name) { return Holds(symbols, name); });
  };
  const auto is_angle = [&](NodeId part) {
    const Node& n = expressions[part];
    return n.op == Op::kDegrees ||
           (n.op == Op::kConstant && n.id == static_cast<uint8_t>(Constant::kPi));
  };
  return expressions.Any(node, is_angle) && !expressions.Any(node, bends);
}

std::vector<std::string> Names(const std::vector<Parameter>& parameters) {
  std::vector<std::string> names;
  for (const Parameter& parameter : parameters) names.push_back(parameter.name);
  return names;
}

NodeId Rename(Expressions& expressions, NodeId node, const std::vector<std::string>& from,
              const std::vector<std::string>& to) {
  if (from.size() != to.size()) return node;
  for (size_t i = 0; i < from.size(); ++i)
    node = expressions.Substitute(node, from[i], expressions.Symbol("\\parameter " + to[i]));
  for (const std::string& name : to)
    node = expressions.Substitute(node, "\\parameter " + name, expressions.Symbol(name));
  return node;
}

}  // namespace

std::string MatchParameters(Expressions& expressions, NodeId& answer, NodeId& reference) {
  const Statement a = Split(expressions, answer);
  const Statement b = Split(expressions, reference);
  const bool told_a = !a.parameters.empty();
  const bool told_b = !b.parameters.empty();
  const bool same_sets =
      std::equal(a.parameters.begin(), a.parameters.end(), b.parameters.begin(), b.parameters.end(),
                 [](const Parameter& x, const Parameter& y) { return x.set == y.set; });
  if (told_a && told_b && !same_sets) return "";
  if (!told_a && !told_b && !(IsAngle(expressions, a.rest) && IsAngle(expressions, b.rest)))
    return "";
  auto from = told_a ? Names(a.parameters) : OwnIntegers(expressions, a.rest, b.rest);
  auto to = told_b ? Names(b.parameters) : OwnIntegers(expressions, b.rest, a.rest);
  // Named alike, but told on one side alone.
  if (told_a && !told_b && to.empty()) to = from;
  if (told_b && !told_a && from.empty()) from = to;
  answer = Rename(expressions, a.rest, from, to);
  reference = b.rest;
  const std::vector<Parameter>& told = told_b ? b.parameters : a.parameters;
  const bool whole = told.size() == 1 && told[0].set == "Z";
  return whole && to.size() == 1 ? to[0] : "";
}

}  // namespace rationale
