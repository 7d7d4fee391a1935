// Coordinates: see coordinates.h.

#include "rewards/math/coordinates.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace rationale {

NodeId Coordinates(Expressions& expressions, NodeId node, size_t size, ValueComparer& values) {
  const Node& n = expressions[node];
  const auto children = expressions.Children(node);
  const bool point = n.op == Op::kCall && children.size() > 1 &&
                     std::isupper(static_cast<unsigned char>(expressions.Name(node)[0])) != 0;
  if (point)
    return expressions.Make(Op::kTuple, std::vector<NodeId>(children.begin(), children.end()));
  const bool sum = n.op == Op::kAdd || n.op == Op::kMultiply || n.op == Op::kNegate;
  const auto symbols = expressions.Symbols(node);
  const bool units = std::all_of(symbols.begin(), symbols.end(), [](const std::string& name) {
    return name == "j" || name == "k";
  });
  if (!sum || symbols.empty() || !units || size < 2 || size > 3) return kNoNode;
  const std::vector<NodeId> unit_vectors = {
      expressions.Make(Op::kConstant, {}, static_cast<uint8_t>(Constant::kI)),
      expressions.Symbol("j"), expressions.Symbol("k")};
  const auto at = [&](const auto& value) {
    NodeId result = node;
    for (size_t i = 0; i < unit_vectors.size(); ++i)
      result = expressions.Replace(result, unit_vectors[i], expressions.Integer(value(i)));
    return result;
  };
  std::vector<NodeId> coordinates;
  for (size_t unit = 0; unit < unit_vectors.size(); ++unit)
    coordinates.push_back(at([&](size_t i) { return i == unit ? 1 : 0; }));
  // It has to be linear, without a constant and without products of unit vectors.
  const NodeId all = expressions.Subtract(at([](size_t i) { return static_cast<int>(i) + 1; }),
                                          expressions.Make(Op::kAdd, coordinates));
  const NodeId more = expressions.Make(Op::kAdd, {coordinates[1], coordinates[2], coordinates[2]});
  if (values.IsZero(expressions.Subtract(all, more)) != Truth::kTrue) return kNoNode;
  if (size == 2 && values.IsZero(coordinates[2]) != Truth::kTrue) return kNoNode;
  coordinates.resize(size);
  return expressions.Make(Op::kTuple, coordinates);
}

}  // namespace rationale
