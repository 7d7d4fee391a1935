#include "policy/ops/cpu/aligned_buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>
#include <utility>

namespace rationale::ops::cpu {
namespace {

constexpr int64_t kCacheLine = 64;
constexpr int64_t kHugePage = int64_t{2} << 20;

}  // namespace

void AskForHugePages(void* data, int64_t bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(data), end = begin + static_cast<uintptr_t>(bytes);
  const uintptr_t first = (begin + kHugePage - 1) / kHugePage * kHugePage;
  const uintptr_t last = end / kHugePage * kHugePage;
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
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
  const int64_t size = (bytes + alignment - 1) / alignment * alignment;
  data_ = std::aligned_alloc(static_cast<size_t>(alignment), static_cast<size_t>(size));
  if (data_ == nullptr) throw std::bad_alloc();
  if (alignment == kHugePage) AskForHugePages(data_, size);
  bytes_ = size;
  return data_;
}

}  // namespace rationale::ops::cpu
