#include "datasets/split.h"

#include <gtest/gtest.h>

#include <string>

namespace rationale {
namespace {

TEST(SplitRule, HoldsOutTheShareAskedFor) {
  for (const double share : {0.0, 0.1, 0.5, 1.0}) {
    const SplitRule rule{.held_out = share};
    int held_out = 0;
    for (int i = 0; i < 10000; ++i) {
      held_out += rule.SideOf("problem " + std::to_string(i)) == Split::kHeldOut;
    }
    EXPECT_NEAR(held_out / 10000.0, share, 0.02) << share;  // 4 standard deviations at 0.5
  }
}

TEST(SplitRule, ALargerShareOnlyAdds) {
  const SplitRule small{.held_out = 0.1}, large{.held_out = 0.3};
  for (int i = 0; i < 1000; ++i) {
    const std::string content = std::to_string(i);
    if (small.SideOf(content) == Split::kHeldOut) {
      EXPECT_EQ(large.SideOf(content), Split::kHeldOut);
    }
  }
}

TEST(SplitRule, LooksAtTheWordsNotAtTheSpacesBetween) {
  const SplitRule rule{.held_out = 0.5};
  for (int i = 0; i < 64; ++i) {
    const std::string n = std::to_string(i);
    EXPECT_EQ(rule.SideOf("What is " + n + " + 1?"), rule.SideOf(" What\tis\n\n" + n + " +  1?\n"));
  }
}

TEST(SplitRule, AnotherSaltDividesAnew) {
  const SplitRule one{.held_out = 0.5, .salt = "a"}, other{.held_out = 0.5, .salt = "b"};
  int same = 0;
  for (int i = 0; i < 1000; ++i)
    same += one.SideOf(std::to_string(i)) == other.SideOf(std::to_string(i));
  EXPECT_NEAR(same, 500, 80);  // 5 standard deviations
}

// Runs are resumed and compared across versions: the sides of given problems must not move
// unnoticed.
TEST(SplitRule, KeepsTheSidesItHasAlwaysChosen) {
  const SplitRule rule{.held_out = 0.5};
  std::string sides;
  for (int i = 0; i < 32; ++i)
    sides += rule.SideOf(std::to_string(i)) == Split::kHeldOut ? 'h' : 't';
  EXPECT_EQ(sides, "htthtttthhththhhhthtthhhhhthttth");
}

TEST(SplitRule, AllContainsBothSides) {
  const SplitRule rule{.held_out = 0.5};
  for (int i = 0; i < 16; ++i) {
    const std::string content = std::to_string(i);
    EXPECT_TRUE(rule.Contains(Split::kAll, content));
    EXPECT_NE(rule.Contains(Split::kTrain, content), rule.Contains(Split::kHeldOut, content));
  }
}

}  // namespace
}  // namespace rationale
