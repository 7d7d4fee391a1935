// kernel_args: from tensors to the pointers and strides the CPU kernels take.

#pragma once

#include <cstdint>
#include <type_traits>

#include <ATen/core/Tensor.h>

#include "base/check.h"
#include "policy/ops/cpu/bf16.h"
#include "policy/ops/ops.h"

namespace rationale::ops {

// Whether an op on x runs our kernels, not its reference form.
inline bool UsesKernels(const at::Tensor& x) {
  return x.is_cpu() && GetBackend() == Backend::kKernels;
}

// f(float()) or f(cpu::Bf16()), the element type of activations of `dtype`.
template <typename F>
auto WithElement(at::ScalarType dtype, F&& f) {
  Check{dtype == at::kFloat || dtype == at::kBFloat16, "ops compute in float32 or bfloat16, not ",
        c10::toString(dtype)};
  return dtype == at::kFloat ? f(float()) : f(cpu::Bf16());
}

// Of a kernel table with a member for each element type.
template <typename T, typename Table>
const auto& KernelsOf(const Table& table) {
  if constexpr (std::is_same_v<T, float>) {
    return table.float32;
  } else {
    return table.bfloat16;
  }
}

template <typename T>
const T* DataOf(const at::Tensor& x) {
  return static_cast<const T*>(x.const_data_ptr());
}
template <typename T>
T* MutableDataOf(const at::Tensor& x) {
  return static_cast<T*>(x.mutable_data_ptr());
}

// x itself where its last dimension is dense (slices of a wider tensor are), else a contiguous
// copy.
inline at::Tensor DenseRows(const at::Tensor& x) {
  return x.dim() <= 3 && (x.size(-1) <= 1 || x.stride(-1) == 1) ? x : x.contiguous();
}

// The rows (last dimension) of a tensor of at most three dimensions or contiguous, counted over its
// other dimensions.
template <typename T>
class RowsOf {
 public:
  explicit RowsOf(const at::Tensor& x)
      : data_(DataOf<T>(x)), width_(x.size(-1)), count_(width_ == 0 ? 0 : x.numel() / width_) {
    if (x.is_contiguous() || x.dim() == 1) {
      outer_stride_ = width_;
    } else if (x.dim() == 2) {
      outer_stride_ = x.stride(0);
    } else {
      inner_count_ = x.size(1);
      outer_stride_ = x.stride(0);
      inner_stride_ = x.stride(1);
    }
  }

  int64_t count() const { return count_; }
  int64_t width() const { return width_; }
  const T* operator[](int64_t row) const {
    if (inner_count_ == 1) return data_ + row * outer_stride_;
    return data_ + (row / inner_count_) * outer_stride_ + (row % inner_count_) * inner_stride_;
  }

 private:
  const T* data_;
  int64_t width_;
  int64_t count_;
  int64_t inner_count_ = 1;
  int64_t outer_stride_ = 0;
  int64_t inner_stride_ = 0;
};

// Rows a thread takes at a time, so that a piece is worth handing out.
inline int64_t RowsPerPiece(int64_t elements_per_row) {
  constexpr int64_t kElements = 8192;
  return elements_per_row >= kElements ? 1
                                       : kElements / (elements_per_row > 0 ? elements_per_row : 1);
}

}  // namespace rationale::ops
