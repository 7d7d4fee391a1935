// vec_probe: the functions of vec.h at every level, for vec_test.cc.

#pragma once

#include "policy/ops/cpu/bf16.h"
#include "policy/ops/cpu/dispatch.h"

namespace rationale::ops::cpu {

// Each works on one register, in memory of `width` floats at least.
struct VecProbe {
  int width;
  void (*exp)(const float* x, float* y);
  void (*round)(const float* x, float* y);
  void (*scale)(const float* p, const float* n, float* y);
  void (*maximum_of)(const float* a, const float* b, float* y);
  void (*minimum_of)(const float* a, const float* b, float* y);
  void (*copy)(const float* x, float* y, int lanes);       // a partial load, stored whole
  void (*copy_part)(const float* x, float* y, int lanes);  // a whole load, stored in part
  void (*widen)(const Bf16* x, float* y, int lanes);
  void (*narrow)(const float* x, Bf16* y, int lanes);
  float (*sum)(const float* x);
  float (*maximum)(const float* x);
};
RATIONALE_KERNELS(VecProbe, Probe)

}  // namespace rationale::ops::cpu
