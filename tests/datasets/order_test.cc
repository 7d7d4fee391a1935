#include "datasets/order.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>
#include <vector>

namespace rationale {
namespace {

std::vector<uint64_t> Walk(ProblemOrder& order, uint64_t first, uint64_t count) {
  std::vector<uint64_t> walk;
  for (uint64_t i = 0; i < count; ++i) walk.push_back(order.At(first + i));
  return walk;
}

TEST(ProblemOrder, VisitsEveryIndexOnceAnEpoch) {
  ProblemOrder order(5, 97);
  for (uint64_t epoch = 0; epoch < 3; ++epoch) {
    const auto walk = Walk(order, epoch * 97, 97);
    EXPECT_EQ(std::set<uint64_t>(walk.begin(), walk.end()).size(), 97u);
    EXPECT_EQ(order.Epoch(epoch * 97 + 96), epoch);
  }
}

TEST(ProblemOrder, DiffersBetweenEpochsAndSeeds) {
  ProblemOrder order(5, 50), other(6, 50);
  const auto first = Walk(order, 0, 50);
  EXPECT_NE(first, Walk(order, 50, 50));
  EXPECT_NE(first, Walk(other, 0, 50));
}

TEST(ProblemOrder, GoesOnFromACursorAsIfNeverInterrupted) {
  ProblemOrder whole(9, 13);
  const auto walk = Walk(whole, 0, 40);
  for (uint64_t cursor = 0; cursor < 40; ++cursor) {
    ProblemOrder resumed(9, 13);
    EXPECT_EQ(Walk(resumed, cursor, 40 - cursor),
              std::vector<uint64_t>(walk.begin() + static_cast<int64_t>(cursor), walk.end()));
  }
  EXPECT_EQ(whole.At(3), walk[3]);  // backwards into an earlier epoch
}

// 6,000 epochs over three problems: each of the six orders 1,000 times, within 5 standard
// deviations (29).
TEST(ProblemOrder, IsUniformOverAllOrders) {
  ProblemOrder order(1, 3);
  std::map<std::vector<uint64_t>, int> counts;
  for (uint64_t epoch = 0; epoch < 6000; ++epoch) ++counts[Walk(order, epoch * 3, 3)];
  ASSERT_EQ(counts.size(), 6u);
  for (const auto& [walk, count] : counts) EXPECT_NEAR(count, 1000, 145);
}

}  // namespace
}  // namespace rationale
