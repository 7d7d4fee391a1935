// CompareNodes: do two parsed answers say the same?

#pragma once

#include <string_view>

#include "rewards/math/compare.h"
#include "rewards/math/expression.h"
#include "rewards/math/work.h"

namespace rationale {

// Both canonical. `parameter`: a symbol that runs over all integers, so that 2kπ and 2kπ + 2π are
// the same values; empty if there is none. kUnknown: beyond the work, or without a value.
Comparison CompareNodes(Expressions& expressions, NodeId answer, NodeId reference,
                        const CompareOptions& options, std::string_view parameter, Work& work);

}  // namespace rationale
