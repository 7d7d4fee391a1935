// rows: kernels of the ops that treat each row by itself: RMSNorm, SwiGLU, addition, RoPE.
//
// All arithmetic in float32, results rounded once to T. Pointers need no alignment.

#pragma once

#include <cstdint>

#include "policy/ops/cpu/bf16.h"
#include "policy/ops/cpu/dispatch.h"

namespace rationale::ops::cpu {

// Where RoPE finds the columns it turns: [offset, offset + 2 * half) of a head of `width` columns.
struct RopeColumns {
  int64_t width = 0;
  int64_t offset = 0;
  int64_t half = 0;
  bool interleaved = false;  // the input pairs columns (2i, 2i+1), the result (i, i + half)
};

template <typename T>
struct RowKernelsOf {
  // y = x / sqrt(mean(x^2) + eps) * weight.
  void (*rms_norm)(const T* x, const T* weight, T* y, int64_t n, float eps);
  // dx, and 1 / sqrt(mean(x^2) + eps), which rms_norm_weight_grad wants.
  float (*rms_norm_grad)(const T* x, const T* weight, const T* dy, T* dx, int64_t n, float eps);
  // grad[i] += sum over rows, in order, of dy * x * inverse_rms, for n columns.
  void (*rms_norm_weight_grad)(const T* const* x_rows, const T* const* dy_rows,
                               const float* inverse_rms, int64_t num_rows, float* grad, int64_t n);
  // y = silu(gate) * up.
  void (*swiglu)(const T* gate, const T* up, T* y, int64_t n);
  void (*swiglu_grad)(const T* gate, const T* up, const T* dy, T* dgate, T* dup, int64_t n);
  void (*add)(const T* a, const T* b, T* y, int64_t n);
  // One head: y[i] = x1 cos - x2 sin, y[i + half] = x2 cos + x1 sin; cos and sin hold `half`
  // floats.
  void (*rope)(const T* x, T* y, const float* cos, const float* sin, const RopeColumns& columns);
  // The transpose of that rotation.
  void (*rope_grad)(const T* dy, T* dx, const float* cos, const float* sin,
                    const RopeColumns& columns);
};

struct RowKernels {
  RowKernelsOf<float> float32;
  RowKernelsOf<Bf16> bfloat16;
};
RATIONALE_KERNELS(RowKernels, Rows)

}  // namespace rationale::ops::cpu
