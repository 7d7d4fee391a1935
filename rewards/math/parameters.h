// Parameters: the letters of a general solution, "x = 2kπ, k ∈ Z".

#pragma once

#include <string>

#include "rewards/math/expression.h"

namespace rationale {

// Takes statements of what a parameter is ("k ∈ Z" beside "2kπ") out of an answer and a reference,
// both as parsed, and names the answer's parameters as the reference's: "2kπ, k ∈ Z" becomes 2nπ
// beside "2nπ". What one side leaves unsaid is taken from the other; if both do, letters of
// integers beside π are parameters. Parameters of different sets are left as they are. Returns the
// name of a parameter that runs over all integers; empty if there is none.
std::string MatchParameters(Expressions& expressions, NodeId& answer, NodeId& reference);

}  // namespace rationale
