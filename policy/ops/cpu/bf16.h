// Bf16: the storage of a bfloat16, for code that neither includes torch nor computes in it.

#pragma once

#include <cstdint>

namespace rationale::ops::cpu {

// The upper half of a float32.
struct Bf16 {
  uint16_t bits;
};

}  // namespace rationale::ops::cpu
