#include "rl/pass_at_k.h"

#include <gtest/gtest.h>

#include <bit>

namespace rationale {
namespace {

// Over all subsets of k of n samples, the share that holds one of the first c.
double ByCounting(int n, int c, int k) {
  int subsets = 0, hits = 0;
  for (unsigned mask = 0; mask < (1U << n); ++mask) {
    if (std::popcount(mask) != k) continue;
    ++subsets;
    hits += (mask & ((1U << c) - 1)) != 0;
  }
  return static_cast<double>(hits) / subsets;
}

TEST(PassAtK, IsTheShareOfSubsetsWithARightSample) {
  for (int n = 1; n <= 8; ++n) {
    for (int c = 0; c <= n; ++c) {
      for (int k = 1; k <= n; ++k) {
        EXPECT_NEAR(PassAtK(n, c, k), ByCounting(n, c, k), 1e-12) << n << " " << c << " " << k;
      }
    }
  }
}

TEST(MajorityAtK, FollowsTheMostFrequentAnswer) {
  EXPECT_EQ(MajorityAtK({{"7", false}, {"8", true}, {"8", true}}, 3), 1);
  EXPECT_EQ(MajorityAtK({{"7", false}, {"8", true}, {"7", false}}, 3), 0);
  EXPECT_EQ(MajorityAtK({{"7", false}, {"8", true}, {"8", true}}, 1), 0);
}

TEST(MajorityAtK, TiesGoToTheFirstAndNoAnswerDoesNotVote) {
  EXPECT_EQ(MajorityAtK({{"7", true}, {"8", false}}, 2), 1);
  EXPECT_EQ(MajorityAtK({{"", false}, {"", false}, {"8", true}}, 3), 1);
  EXPECT_EQ(MajorityAtK({{"", false}}, 1), 0);
}

}  // namespace
}  // namespace rationale
