// Elementary functions of a complex ball, by Arb.

#pragma once

#include <acb.h>

#include "rewards/math/lexer.h"

namespace rationale {

// f(z), or f(1/z) with of_reciprocal; f is null for a function that is none of these.
struct Elementary {
  void (*f)(acb_t result, const acb_t z, slong precision) = nullptr;
  bool of_reciprocal = false;
};
Elementary ElementaryOf(Function function);

}  // namespace rationale
