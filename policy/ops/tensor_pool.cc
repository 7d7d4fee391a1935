#include "policy/ops/tensor_pool.h"

#include <algorithm>
#include <bit>
#include <utility>

#include <ATen/EmptyTensor.h>
#include <ATen/core/grad_mode.h>

#include "base/check.h"

namespace rationale::ops {
namespace {

constexpr int64_t kLeastBytes = 64;

thread_local TensorPool* active_pool = nullptr;

// Straight to the allocator: at::empty's dispatch costs as much as a small product.
at::Tensor Fresh(at::IntArrayRef sizes, at::ScalarType dtype) {
  return at::Tensor(at::detail::empty_cpu(sizes, dtype));
}

bool IsFree(const at::Tensor& tensor) {
  return tensor.use_count() == 1 && tensor.storage().use_count() == 1;
}

}  // namespace

at::Tensor TensorPool::Take(at::IntArrayRef sizes, at::ScalarType dtype) {
  int64_t count = 1;
  for (const int64_t size : sizes) count *= size;
  const auto element = static_cast<int64_t>(c10::elementSize(dtype));
  const auto bytes = static_cast<uint64_t>(std::max(kLeastBytes, count * element));
  const auto size_class = static_cast<size_t>(std::bit_width(bytes - 1));
  Check{size_class < kClasses, "a tensor of ", bytes, " bytes"};
  for (const at::Tensor& tensor : tensors_[size_class]) {
    if (tensor.scalar_type() != dtype || !IsFree(tensor)) continue;
    tensor.unsafeGetTensorImpl()->set_sizes_contiguous(sizes);
    return tensor;
  }
  const at::Tensor tensor = Fresh({(int64_t{1} << size_class) / element}, dtype);
  tensors_[size_class].push_back(tensor);
  tensor.unsafeGetTensorImpl()->set_sizes_contiguous(sizes);
  return tensor;
}

void TensorPool::Clear() {
  for (auto& tensors : tensors_) std::erase_if(tensors, IsFree);
}

TensorPool::Use::Use(TensorPool* pool) : before_(active_pool) {
  if (pool != nullptr) active_pool = pool;
}

TensorPool::Use::~Use() {
  active_pool = before_;
}

at::Tensor NewTensor(at::IntArrayRef sizes, at::ScalarType dtype) {
  if (active_pool == nullptr || at::GradMode::is_enabled()) return Fresh(sizes, dtype);
  return active_pool->Take(sizes, dtype);
}

}  // namespace rationale::ops
