// PagePool: which pages of the KV cache are free and how many holders each of the others has.
//
// A page is kPageTokens tokens of every layer (policy/ops/ops.h); the tensors are the engine's.
// Sequences that share a prompt hold the same pages; one that writes to a page it does not hold
// alone takes a copy first (scheduler.h).

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rationale {

class PagePool {
 public:
  // Starts with `num_pages` pages, all free, and may Grow to `max_pages`.
  // Requires 0 <= num_pages <= max_pages.
  PagePool(int32_t num_pages, int32_t max_pages);

  // A free page, held once from now on; lower ids first. Requires num_free() > 0.
  int32_t Allocate();

  // One more holder of a held page.
  void Share(int32_t page);

  // One holder less; without holders the page is free. Requires a held page.
  void Release(int32_t page);

  // Releases all of them and empties the list.
  void Release(std::vector<int32_t>& pages);

  // Adds free pages up to num_pages, at most max_pages. Requires num_pages >= this->num_pages().
  void Grow(int32_t num_pages);

  int32_t num_pages() const { return static_cast<int32_t>(holders_.size()); }
  int32_t max_pages() const { return max_pages_; }
  int32_t num_free() const { return static_cast<int32_t>(free_.size()); }
  int32_t num_held() const { return num_pages() - num_free(); }
  int32_t num_held_peak() const { return num_held_peak_; }
  int32_t holders(int32_t page) const { return holders_[static_cast<size_t>(page)]; }

  // Pages that could be allocated in all, growth included.
  int32_t num_available() const { return max_pages_ - num_held(); }

  void ResetPeak() { num_held_peak_ = num_held(); }

 private:
  int32_t max_pages_;
  std::vector<int32_t> holders_;  // per page, 0: free
  std::vector<int32_t> free_;     // a stack
  int32_t num_held_peak_ = 0;
};

}  // namespace rationale
