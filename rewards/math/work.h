// Work: the budget of one comparison, counted in steps and sizes and never in time, so that the
// verdict is the same on any machine.

#pragma once

#include <cstdint>

namespace rationale {

// One step is about the cost of multiplying two machine words' worth of balls, some tens of
// nanoseconds.
class Work {
 public:
  explicit Work(int64_t steps) : left_(steps) {}

  // Takes `steps`; false, from then on, once they are used up.
  bool Spend(int64_t steps) {
    left_ = left_ >= steps ? left_ - steps : -1;
    return left_ >= 0;
  }
  bool exhausted() const { return left_ < 0; }

  // Notes that something has been left out because it is too large or needs too much precision.
  // Always false.
  bool Refuse() {
    refused_ = true;
    return false;
  }
  bool refused() const { return refused_; }

 private:
  int64_t left_;
  bool refused_ = false;
};

}  // namespace rationale
