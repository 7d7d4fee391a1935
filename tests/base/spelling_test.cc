#include "base/spelling.h"

#include <gtest/gtest.h>

namespace rationale {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsSubstitutionsAndSwaps) {
  EXPECT_EQ(EditDistance("", ""), 0);
  EXPECT_EQ(EditDistance("abc", ""), 3);
  EXPECT_EQ(EditDistance("", "abc"), 3);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3);
  EXPECT_EQ(EditDistance("lr", "rl"), 1);
  EXPECT_EQ(EditDistance("ca", "abc"),
            3);  // optimal string alignment: no edit inside a swapped pair
}

TEST(NearestName, IsTheFirstOfTheNearest) {
  EXPECT_EQ(NearestName("trian", {"eval", "train", "brain"}), "train");
  EXPECT_EQ(NearestName("x", {"a", "b"}), "a");
  EXPECT_EQ(NearestName("x", {}), "");
}

}  // namespace
}  // namespace rationale
