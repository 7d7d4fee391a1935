// PagePool: which pages of the KV cache are free and how many holders each of the others has.

#include "rollout/page_pool.h"

#include <algorithm>

#include "base/check.h"

namespace rationale {

PagePool::PagePool(int32_t num_pages, int32_t max_pages) : max_pages_(max_pages) {
  Check{num_pages >= 0, "a pool of ", num_pages, " pages"};
  Grow(num_pages);
}

void PagePool::Grow(int32_t num_pages) {
  const int32_t old_pages = this->num_pages();
  Check{num_pages >= old_pages && num_pages <= max_pages_,
        "growing from ",
        old_pages,
        " to ",
        num_pages,
        " pages, the limit is ",
        max_pages_};
  holders_.resize(static_cast<size_t>(num_pages), 0);
  std::vector<int32_t> added;
  for (int32_t page = num_pages - 1; page >= old_pages; --page) added.push_back(page);
  free_.insert(free_.begin(), added.begin(), added.end());
}

int32_t PagePool::Allocate() {
  Check{!free_.empty(), "no free page"};
  const int32_t page = free_.back();
  free_.pop_back();
  holders_[static_cast<size_t>(page)] = 1;
  num_held_peak_ = std::max(num_held_peak_, num_held());
  return page;
}

void PagePool::Share(int32_t page) {
  int32_t& holders = holders_[static_cast<size_t>(page)];
  Check{holders > 0, "page ", page, " is free, it cannot be shared"};
  ++holders;
}

void PagePool::Release(int32_t page) {
  int32_t& holders = holders_[static_cast<size_t>(page)];
  Check{holders > 0, "page ", page, " is free already"};
  if (--holders == 0) free_.push_back(page);
}

void PagePool::Release(std::vector<int32_t>& pages) {
  for (const int32_t page : pages) Release(page);
  pages.clear();
}

}  // namespace rationale
