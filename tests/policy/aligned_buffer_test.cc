#include "policy/ops/cpu/aligned_buffer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace rationale::ops::cpu {
namespace {

bool Holds(const void* block, int64_t bytes, int value) {
  const auto* first = static_cast<const unsigned char*>(block);
  for (int64_t i = 0; i < bytes; ++i) {
    if (first[i] != value) return false;
  }
  return true;
}

TEST(HugePages, GiveEveryBlockItsOwnAlignedMemory) {
  const std::vector<int64_t> sizes = {1, 64, 65, 100'000, 3 << 20, 9 << 20, 5 << 20, 5 << 20, 7};
  std::vector<std::shared_ptr<void>> blocks;
  for (const int64_t size : sizes) {
    blocks.push_back(AllocateInHugePages(size));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(blocks.back().get()) % 64, 0u);
    std::memset(blocks.back().get(), static_cast<int>(blocks.size()), static_cast<size_t>(size));
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_TRUE(Holds(blocks[i].get(), sizes[i], static_cast<int>(i) + 1)) << sizes[i] << " bytes";
  }
}

TEST(HugePages, KeepABlockWhoseNeighbourIsGone) {
  std::shared_ptr<void> gone = AllocateInHugePages(1000);
  const std::shared_ptr<void> kept = AllocateInHugePages(1000);
  std::memset(kept.get(), 7, 1000);
  gone.reset();
  std::memset(AllocateInHugePages(1000).get(), 9, 1000);
  EXPECT_TRUE(Holds(kept.get(), 1000, 7));
}

}  // namespace
}  // namespace rationale::ops::cpu
