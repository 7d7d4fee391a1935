// row_logits: kernels over one row of logits, or over the kept ones gathered into a row.
//
// A logit x is scaled to x * inverse_temperature, rounded, and taken relative to `max`, rounded: d.
// Sums run in float32 inside blocks of a fixed size, counted from the row's first element, and in
// float64 over the blocks.

#pragma once

#include <cstdint>

#include "policy/ops/cpu/dispatch.h"

namespace rationale::ops::cpu {

struct ExpSums {
  double sum = 0;       // of e^d
  double weighted = 0;  // of d e^d
};

struct RowLogitsKernels {
  // The greatest of n >= 1 elements; NaN elements are passed over.
  float (*maximum)(const float* x, int64_t n);
  // Of every `block` elements (the last block may be shorter).
  void (*block_maxima)(const float* x, int64_t n, int64_t block, float* maxima);
  ExpSums (*exp_sums)(const float* x, int64_t n, float inverse_temperature, float max);
  // e^d of each element, and their sum in float32: for one block.
  float (*exponentials)(const float* x, int64_t n, float inverse_temperature, float max, float* e);
  // The indices of elements >= threshold, ascending, to `indices` (room for n); their number.
  int64_t (*at_least)(const float* x, int64_t n, float threshold, int32_t* indices);
  // x = scale * e^(d - log_sum), in place: probabilities times `scale`.
  void (*scaled_softmax)(float* x, int64_t n, float inverse_temperature, float max, float log_sum,
                         float scale);
};
RATIONALE_KERNELS(RowLogitsKernels, RowLogits)

}  // namespace rationale::ops::cpu
