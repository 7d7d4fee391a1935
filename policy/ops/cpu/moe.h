// moe: kernels of the expert gate and of moving rows between token order and expert order. Float32
// arithmetic.

#pragma once

#include <cstdint>

#include "policy/ops/cpu/bf16.h"
#include "policy/ops/cpu/dispatch.h"

namespace rationale::ops::cpu {

template <typename T>
struct MoeKernelsOf {
  // y = sum over i < count, in order, of weights[i] * rows[i], rounded once; count >= 1.
  void (*weighted_sum)(const T* const* rows, const float* weights, int64_t count, T* y, int64_t n);
  // Gradients of one row of that sum: dx = weight * dy, and the weight's, dy . x.
  float (*weighted_sum_grad)(const T* x, float weight, const T* dy, T* dx, int64_t n);
};

struct MoeKernels {
  MoeKernelsOf<float> float32;
  MoeKernelsOf<Bf16> bfloat16;
  // scores = softmax(logits) or 1 / (1 + e^-logits) of one row.
  void (*softmax)(const float* logits, float* scores, int64_t n);
  void (*sigmoid)(const float* logits, float* scores, int64_t n);
};
RATIONALE_KERNELS(MoeKernels, Moe)

}  // namespace rationale::ops::cpu
