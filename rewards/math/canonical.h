// Canonical: rewrites that make answers of different forms comparable.

#pragma once

#include <string>
#include <vector>

#include "rewards/math/expression.h"

namespace rationale {

// The answer with these rewrites, from the leaves up:
//   a ± b                  the list a + b, a - b (all signs of one statement change together)
//   x ∈ S                  S
//   3 = x                  x = 3
//   x = 1 + 1 = 2 ≈ 2.0    x = 2
//   2 + 3 = 5              5
//   1/3 ≈ 0.33             1/3
//   x = {1, 2}             x = 1, x = 2
//   sums, multiples and products of matrices are carried out
//   lists within lists are one list; a list of one is its item
NodeId Canonical(Expressions& expressions, NodeId node);

// The same with a ± b as a + b alone, a ∓ b as a - b.
NodeId CanonicalOfUpperSigns(Expressions& expressions, NodeId node);
bool HasPlusMinus(const Expressions& expressions, NodeId node);

// Is the node "name = value" with a name on its left?
bool IsAssignment(const Expressions& expressions, NodeId node);

// What a name is known by: "x" of x, "f" of f(x), "AB" of AB and BA. Empty: a name that says
// nothing ("Area").
std::string NameKey(const Expressions& expressions, NodeId node);

// [[1, 2], [3, 4]] as a matrix of these rows; kNoNode for what is none.
NodeId RowsAsMatrix(Expressions& expressions, NodeId node);

}  // namespace rationale
