// ProblemOrder: an endless shuffled walk over n problems whose whole state is one integer.

#pragma once

#include <cstdint>
#include <vector>

namespace rationale {

// Position `cursor` of the walk lies in epoch cursor / size; each epoch visits every index once, in
// an order that is a pure function of (seed, size, epoch) and uniform over all orders
// (Fisher-Yates). To resume, keep the cursor. Not thread-safe: the order of the last epoch asked
// for is remembered. At() costs O(1), and O(size) where it enters another epoch.
class ProblemOrder {
 public:
  // Requires size > 0.
  ProblemOrder(uint64_t seed, uint64_t size);

  uint64_t At(uint64_t cursor);  // an index below size
  uint64_t Epoch(uint64_t cursor) const { return cursor / size_; }
  uint64_t size() const { return size_; }

 private:
  void Shuffle(uint64_t epoch);

  uint64_t seed_;
  uint64_t size_;
  uint64_t epoch_ = 0;
  std::vector<uint64_t> order_;  // of epoch_; empty before the first call
};

}  // namespace rationale
