// Tests of PagePool: pages are handed out once, shared by count, and come back when the last holder
// leaves.

#include "rollout/page_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/check.h"

namespace rationale {
namespace {

TEST(PagePool, HandsOutEachPageOnceLowIdsFirst) {
  PagePool pool(4, 4);
  std::vector<int32_t> pages;
  while (pool.num_free() > 0) pages.push_back(pool.Allocate());
  EXPECT_EQ(pages, (std::vector<int32_t>{0, 1, 2, 3}));
  EXPECT_THROW(pool.Allocate(), CheckFailure);
}

TEST(PagePool, FreesASharedPageWithItsLastHolder) {
  PagePool pool(1, 1);
  const int32_t page = pool.Allocate();
  pool.Share(page);
  pool.Release(page);
  EXPECT_EQ(pool.holders(page), 1);
  EXPECT_EQ(pool.num_free(), 0);
  pool.Release(page);
  EXPECT_EQ(pool.num_free(), 1);
  EXPECT_THROW(pool.Release(page), CheckFailure);
  EXPECT_THROW(pool.Share(page), CheckFailure);
}

TEST(PagePool, GrowsUpToItsLimitAndKeepsWhatIsHeld) {
  PagePool pool(1, 3);
  const int32_t first = pool.Allocate();
  EXPECT_EQ(pool.num_available(), 2);
  pool.Grow(3);
  EXPECT_EQ(pool.num_free(), 2);
  EXPECT_EQ(pool.holders(first), 1);
  EXPECT_NE(pool.Allocate(), first);
  EXPECT_THROW(pool.Grow(4), CheckFailure);
  EXPECT_THROW(pool.Grow(2), CheckFailure);
}

TEST(PagePool, RemembersTheMostPagesHeld) {
  PagePool pool(4, 4);
  std::vector<int32_t> pages = {pool.Allocate(), pool.Allocate(), pool.Allocate()};
  pool.Release(pages);
  EXPECT_TRUE(pages.empty());
  EXPECT_EQ(pool.num_held_peak(), 3);
  pool.Allocate();
  pool.ResetPeak();
  EXPECT_EQ(pool.num_held_peak(), 1);
}

}  // namespace
}  // namespace rationale
