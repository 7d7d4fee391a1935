#include "rewards/math/elementary.h"

namespace rationale {

Elementary ElementaryOf(Function function) {
  switch (function) {
    case Function::kSin:
      return {.f = acb_sin};
    case Function::kCos:
      return {.f = acb_cos};
    case Function::kTan:
      return {.f = acb_tan};
    case Function::kCot:
      return {.f = acb_cot};
    case Function::kSec:
      return {.f = acb_sec};
    case Function::kCsc:
      return {.f = acb_csc};
    case Function::kArcsin:
      return {.f = acb_asin};
    case Function::kArccos:
      return {.f = acb_acos};
    case Function::kArctan:
      return {.f = acb_atan};
    case Function::kSinh:
      return {.f = acb_sinh};
    case Function::kCosh:
      return {.f = acb_cosh};
    case Function::kTanh:
      return {.f = acb_tanh};
    case Function::kCoth:
      return {.f = acb_coth};
    case Function::kSech:
      return {.f = acb_sech};
    case Function::kCsch:
      return {.f = acb_csch};
    case Function::kArsinh:
      return {.f = acb_asinh};
    case Function::kArcosh:
      return {.f = acb_acosh};
    case Function::kArtanh:
      return {.f = acb_atanh};
    case Function::kExp:
      return {.f = acb_exp};
    case Function::kSqrt:
      return {.f = acb_sqrt};
    case Function::kArccot:
      return {.f = acb_atan, .of_reciprocal = true};
    case Function::kArcsec:
      return {.f = acb_acos, .of_reciprocal = true};
    case Function::kArccsc:
      return {.f = acb_asin, .of_reciprocal = true};
    default:
      return {};
  }
}

}  // namespace rationale
