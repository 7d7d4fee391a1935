// Tests of DraftCost: the line through the times of steps, and where a guess pays.

#include "rollout/draft_cost.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace rationale {
namespace {

double SecondsOf(int64_t num_rows) {
  return 0.012 + 0.001 * static_cast<double>(num_rows);
}

TEST(DraftCost, IsThePriorUntilStepsOfDifferentSizesAreSeen) {
  DraftCost cost;
  EXPECT_EQ(cost.FixedRows(), DraftCost::kFixedRowsPrior);
  for (int i = 0; i < 100; ++i) cost.Observe(64, SecondsOf(64));
  EXPECT_NEAR(cost.FixedRows(), DraftCost::kFixedRowsPrior, 1e-6);
}

TEST(DraftCost, FindsWhatAStepCostsBesideItsRows) {
  DraftCost cost;
  for (int i = 0; i < 300; ++i) cost.Observe(1 + i % 9, SecondsOf(1 + i % 9));
  EXPECT_NEAR(cost.FixedRows(), 12, 0.8);
}

TEST(DraftCost, ForgetsOldStepsAndBearsOneThatWasHeldUp) {
  DraftCost cost;
  for (int i = 0; i < 300; ++i) cost.Observe(1 + i % 9, 1.0);
  for (int i = 0; i < 600; ++i) cost.Observe(1 + i % 9, SecondsOf(1 + i % 9));
  cost.Observe(1, 60);
  EXPECT_NEAR(cost.FixedRows(), 12, 3);  // 10,000, were it believed
}

TEST(DraftCost, IsNeitherNegativeNorEndless) {
  DraftCost steep, flat;
  for (int64_t i = 0; i < 300; ++i) {
    const auto rows = static_cast<double>(1 + i % 9);
    steep.Observe(1 + i % 9, rows * rows);
    flat.Observe(1 + i % 9, 1 - 0.01 * rows);
  }
  EXPECT_EQ(steep.FixedRows(), 0);
  EXPECT_EQ(flat.FixedRows(), 1e4);
}

// c f / (2 n - 1) = 1 - c at the floor.
TEST(DraftFloor, IsTheChanceAtWhichGainAndCostAreEven) {
  for (const int64_t n : {1, 2, 16, 64}) {
    for (const double fixed_rows : {0.5, 6.0, 1e4}) {
      const double chance = DraftFloor(n, fixed_rows);
      EXPECT_NEAR(chance * fixed_rows / static_cast<double>(2 * n - 1), 1 - chance, 1e-9);
    }
    EXPECT_EQ(DraftFloor(n, 0), 1);
  }
}

}  // namespace
}  // namespace rationale
