// Simplified: is a value written out as far as it can be, or is work left in it?

#pragma once

#include <cstdint>
#include <functional>

#include "rewards/math/expression.h"
#include "rewards/math/work.h"

namespace rationale {

// How far an answer has to be worked out; each level asks for all that those before it do.
enum class Simplified : uint8_t {
  kNever,         // by value alone: 1 + 1 answers 2
  kArithmetic,    // nothing that comes out is left: not 1 + 1, 6/3, 2^3, sqrt(4), 5!, sin(0), x + x
  kLowestTerms,   // nor a fraction or a root to be reduced: not 2/4, sqrt(8), 2x/4
  kRationalised,  // nor a root in or under a divisor: not 1/sqrt(2), sqrt(1/2)
};

// The level at which an answer that equals the reference is refused, kNever if at none. Both
// canonical. What the reference leaves undone itself ("2^{100}") is not asked of the answer: of
// each item of a list, a set or a tuple what the item of the reference does that it equals by
// `same`. Powers of ten, mixed numbers, factored and expanded polynomials are simplified as they
// are.
Simplified RefusedAt(const Expressions& expressions, NodeId answer, NodeId reference,
                     const std::function<bool(NodeId, NodeId)>& same, Work& work);

}  // namespace rationale
