// Coordinates: points and vectors that are not written as tuples.

#pragma once

#include <cstddef>

#include "rewards/math/expression.h"
#include "rewards/math/value.h"

namespace rationale {

// (1, 2) of the point A(1, 2), and (2, -3, 1) of 2i - 3j + k, a sum of unit vectors with `size`
// coordinates, two or three. kNoNode for what is neither.
NodeId Coordinates(Expressions& expressions, NodeId node, size_t size, ValueComparer& values);

}  // namespace rationale
