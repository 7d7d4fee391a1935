#include "datasets/order.h"

#include <numeric>
#include <utility>

#include "base/check.h"
#include "base/philox.h"

namespace rationale {

ProblemOrder::ProblemOrder(uint64_t seed, uint64_t size) : seed_(seed), size_(size) {
  Check{size > 0, "an order over no problems"};
}

uint64_t ProblemOrder::At(uint64_t cursor) {
  const uint64_t epoch = Epoch(cursor);
  if (order_.empty() || epoch != epoch_) Shuffle(epoch);
  return order_[cursor % size_];
}

void ProblemOrder::Shuffle(uint64_t epoch) {
  order_.resize(size_);
  std::iota(order_.begin(), order_.end(), uint64_t{0});
  PhiloxStream random(DeriveKey({seed_, KeyPart("problem order"), epoch}));
  for (uint64_t i = size_ - 1; i > 0; --i) {
    std::swap(order_[i], order_[static_cast<uint64_t>(random.Int(0, static_cast<int64_t>(i)))]);
  }
  epoch_ = epoch;
}

}  // namespace rationale
