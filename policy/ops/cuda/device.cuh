// device: what the kernels share. Activations are float or bfloat16, arithmetic is in float32.

#pragma once

#include <cuda_bf16.h>

#include <cstdint>

#include "policy/ops/cuda/kernels.h"

namespace rationale::ops::cuda {

using Bf16 = __nv_bfloat16;

__device__ inline float Widen(float x) {
  return x;
}
__device__ inline float Widen(Bf16 x) {
  return __bfloat162float(x);
}
__device__ inline void Store(float* to, float x) {
  *to = x;
}
__device__ inline void Store(Bf16* to, float x) {
  *to = __float2bfloat16_rn(x);
}

template <typename T>
__device__ const T* RowAt(const RowsView& x, int64_t row) {
  return static_cast<const T*>(x.data) + (row / x.inner_count) * x.outer +
         (row % x.inner_count) * x.inner;
}

// The sum over a warp, in every lane, in one order.
__device__ inline float WarpSum(float x) {
  for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(0xffffffffU, x, step);
  return x;
}

// Calls f(float()) or f(Bf16()).
template <typename F>
void WithElement(bool bf16, F&& f) {
  if (bf16) {
    f(Bf16());
  } else {
    f(float());
  }
}

inline unsigned Blocks(int64_t count, int64_t each) {
  return static_cast<unsigned>((count + each - 1) / each);
}

}  // namespace rationale::ops::cuda
