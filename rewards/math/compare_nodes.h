// CompareNodes: do two parsed answers say the same?

#pragma once

#include "rewards/math/compare.h"
#include "rewards/math/expression.h"
#include "rewards/math/work.h"

namespace rationale {

// Both canonical. kUnknown: beyond the work, or without a value.
Comparison CompareNodes(Expressions& expressions, NodeId answer, NodeId reference,
                        const CompareOptions& options, Work& work);

}  // namespace rationale
