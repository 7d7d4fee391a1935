// Ball: expressions evaluated numerically with rigorous error bounds.
//
// Complex ball arithmetic: a midpoint and a radius that is proved to cover all rounding. Johansson
// 2017, "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic", IEEE Trans.
// Computers 66(8).

#pragma once

#include <acb.h>

#include "rewards/math/exact.h"
#include "rewards/math/expression.h"
#include "rewards/math/work.h"

namespace rationale {

// A complex ball as a value type.
class Ball {
 public:
  Ball() { acb_init(value_); }
  Ball(const Ball& other) : Ball() { acb_set(value_, other.value_); }
  Ball(Ball&& other) noexcept : Ball() { acb_swap(value_, other.value_); }
  Ball& operator=(const Ball& other) {
    acb_set(value_, other.value_);
    return *this;
  }
  Ball& operator=(Ball&& other) noexcept {
    acb_swap(value_, other.value_);
    return *this;
  }
  ~Ball() { acb_clear(value_); }

  // Arb's own views, for its functions.
  acb_ptr get() { return value_; }
  acb_srcptr get() const { return value_; }
  arb_ptr real() { return acb_realref(value_); }
  arb_srcptr real() const { return acb_realref(value_); }
  arb_srcptr imaginary() const { return acb_imagref(value_); }

 private:
  acb_t value_;
};

struct BallSettings {
  slong precision = 64;      // bits
  bool natural_log = false;  // what a logarithm without a base is: to the base e, else 10
};

// Encloses the value of the expression with these variables. Roots of odd degree of negative
// numbers are the real ones, other roots and powers principal. Unknown functions are given a fixed
// smooth function each, so that equal arguments have equal values. False if the expression is no
// number, divides by zero, is beyond what Arb can hold, or the work is used up.
bool EvaluateBall(const Expressions& expressions, NodeId node, const Assignment& variables,
                  const BallSettings& settings, Work& work, Ball& result);

}  // namespace rationale
