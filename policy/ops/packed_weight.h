// packed_weight: the panels of a weight that gemm multiplies by, kept in Parameter::packed.

#pragma once

#include <cstdint>

#include "policy/ops/cpu/gemm.h"
#include "policy/parameter.h"

namespace rationale::ops {

// The matrices of a weight [N, K], or [G, N, K] for G of them, as `operands` in panels.
struct PackedMatrices {
  const void* data = nullptr;
  int64_t stride_bytes = 0;    // from one matrix to the next
  const void* next = nullptr;  // panels that the same thread asked for after these the last time

  const void* operator[](int64_t matrix) const {
    return static_cast<const char*>(data) + matrix * stride_bytes;
  }
};

// kForward: x @ weight^T, sums over K. kBackward: y_grad @ weight, sums over N.
enum class Direction { kForward, kBackward };

// Packed at the first call, and again when the parameter's version, value or CPU level is another
// than it was then. Safe from several threads at once as long as none changes the parameter.
// Requires a float32 or bfloat16 value on the CPU.
PackedMatrices PackedWeight(Parameter& weight, Direction direction);

// The same of kForward for products of 8-bit integers (cpu/int8.h).
PackedMatrices PackedInt8Weight(Parameter& weight);

// The arithmetic of tensors of this dtype. Throws CheckFailure for others than float32 and
// bfloat16.
cpu::Element ElementOf(at::ScalarType dtype);

}  // namespace rationale::ops
