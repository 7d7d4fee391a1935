// rows_loop: loops over one row of any length in vectors, without scalar tails.

#pragma once

#include <cstdint>

#include "policy/ops/cpu/vec.h"

namespace rationale::ops::cpu::RATIONALE_LEVEL {

// Calls body(i, lanes) for lanes = kWidth at i = 0, kWidth, ... and once for what remains of n.
template <typename Body>
inline void ForEachVec(int64_t n, Body&& body) {
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) body(i, kWidth);
  if (i < n) body(i, static_cast<int>(n - i));
}

template <typename T>
inline Vec LoadLanes(const T* p, int lanes) {
  return lanes == kWidth ? Load(p) : Load(p, lanes);
}

template <typename T>
inline void StoreLanes(T* p, Vec v, int lanes) {
  if (lanes == kWidth) {
    Store(p, v);
  } else {
    Store(p, v, lanes);
  }
}

// f(i, lanes, sum) returns sum with the row's elements from i on added to it; four interleaved
// chains of sums.
template <typename F>
inline float SumRow(int64_t n, F&& f) {
  Vec sums[4] = {Zero(), Zero(), Zero(), Zero()};
  int64_t i = 0;
  for (; i + 4 * kWidth <= n; i += 4 * kWidth) {
    for (int chain = 0; chain < 4; ++chain) {
      sums[chain] = f(i + chain * kWidth, kWidth, sums[chain]);
    }
  }
  for (int chain = 0; i < n; i += kWidth, ++chain) {
    const int lanes = n - i < kWidth ? static_cast<int>(n - i) : kWidth;
    sums[chain] = f(i, lanes, sums[chain]);
  }
  return Sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
