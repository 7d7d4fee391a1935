#include "policy/ops/cpu/aligned_buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

namespace rationale::ops::cpu {
namespace {

constexpr int64_t kCacheLine = 64;
constexpr int64_t kHugePage = int64_t{2} << 20;

int64_t RoundUp(int64_t bytes, int64_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

char* AllocateAligned(int64_t alignment, int64_t bytes) {
  void* data = std::aligned_alloc(static_cast<size_t>(alignment), static_cast<size_t>(bytes));
  if (data == nullptr) throw std::bad_alloc();
  return static_cast<char*>(data);
}

}  // namespace

void AskForHugePages(void* data, int64_t bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(data), end = begin + static_cast<uintptr_t>(bytes);
  const uintptr_t first = (begin + kHugePage - 1) / kHugePage * kHugePage;
  const uintptr_t last = end / kHugePage * kHugePage;
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
}

std::shared_ptr<void> AllocateInHugePages(int64_t bytes) {
  struct Chunk {
    std::shared_ptr<char> memory;
    int64_t size = 0, used = 0;
  };
  constexpr int64_t kChunk = 8 * kHugePage;
  static std::mutex mutex;
  static Chunk shared;
  const auto make = [](int64_t size) {
    char* memory = AllocateAligned(kHugePage, size);
    AskForHugePages(memory, size);
    return std::shared_ptr<char>(memory, std::free);
  };
  bytes = RoundUp(bytes, kCacheLine);
  if (bytes > kChunk / 2) return make(RoundUp(bytes, kHugePage));
  const std::scoped_lock lock(mutex);
  if (shared.used + bytes > shared.size) shared = {make(kChunk), kChunk, 0};
  const std::shared_ptr<void> block(shared.memory, shared.memory.get() + shared.used);
  shared.used += bytes;
  return block;
}

AlignedBuffer::AlignedBuffer(AlignedBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

AlignedBuffer& AlignedBuffer::operator=(AlignedBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

AlignedBuffer::~AlignedBuffer() {
  std::free(data_);
}

void* AlignedBuffer::Reserve(int64_t bytes) {
  if (bytes <= bytes_) return data_;
  std::free(data_);
  bytes_ = 0;
  const int64_t alignment = bytes < 2 * kHugePage ? kCacheLine : kHugePage;
  const int64_t size = RoundUp(bytes, alignment);
  data_ = nullptr;
  data_ = AllocateAligned(alignment, size);
  if (alignment == kHugePage) AskForHugePages(data_, size);
  bytes_ = size;
  return data_;
}

}  // namespace rationale::ops::cpu
