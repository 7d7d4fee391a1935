// Exact: expressions evaluated in rational numbers.

#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rewards/math/expression.h"
#include "rewards/math/rational.h"
#include "rewards/math/work.h"

namespace rationale {

// Values of variables, by name.
using Assignment = std::vector<std::pair<std::string, Rational>>;

// The value of the expression if it is rational and found by rational arithmetic alone: + - * /,
// integer powers and factorials, roots that come out, floors, gcd and their like. Nothing if it is
// not, divides by zero, holds a variable that is not assigned, has over kMaxExactBits bits, or the
// work is used up.
std::optional<Rational> EvaluateExactly(const Expressions& expressions, NodeId node,
                                        const Assignment& variables, Work& work);

inline constexpr int64_t kMaxExactBits = 4096;

}  // namespace rationale
