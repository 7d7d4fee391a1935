// convert: bfloat16 to float32 and back, and sums of rows in float32.

#pragma once

#include <cstdint>

#include "policy/ops/cpu/bf16.h"
#include "policy/ops/cpu/dispatch.h"

namespace rationale::ops::cpu {

struct ConvertKernels {
  // Exact. `n` elements.
  void (*to_float)(const Bf16* from, float* to, int64_t n);
  // To nearest even; a NaN becomes 0x7fc0.
  void (*to_bf16)(const float* from, Bf16* to, int64_t n);
  // to[i] += from[i].
  void (*add_float)(const float* from, float* to, int64_t n);
  void (*add_bf16)(const Bf16* from, float* to, int64_t n);
};
RATIONALE_KERNELS(ConvertKernels, Convert)

}  // namespace rationale::ops::cpu
