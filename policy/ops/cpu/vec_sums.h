// SumEach: the sums of several vectors at once, for kernels that need many dot products.

#pragma once

#include "policy/ops/cpu/vec.h"

namespace rationale::ops::cpu::RATIONALE_LEVEL {

// Lane i of the result is Sum(v[i]), in the same order of additions and so with the same bits.
#if defined(__AVX512F__)
inline Vec SumEach(const Vec (&v)[kWidth]) {
  Vec eighths[8];  // of 128 bits each, vectors i and i + 4: the sums of halves
  for (int i = 0; i < 8; ++i) {
    const Vec a = v[i < 4 ? i : i + 4], b = v[i < 4 ? i + 4 : i + 8];
    eighths[i] = _mm512_shuffle_f32x4(a, b, 0x44) + _mm512_shuffle_f32x4(a, b, 0xee);
  }
  Vec quarters[4];  // 128 bits each of vectors i, i + 4, i + 8, i + 12
  for (int i = 0; i < 4; ++i) {
    const Vec a = eighths[i], b = eighths[i + 4];
    quarters[i] = _mm512_shuffle_f32x4(a, b, 0x88) + _mm512_shuffle_f32x4(a, b, 0xdd);
  }
  const auto fold = [](Vec a, Vec b) {
    return _mm512_unpacklo_ps(a, b) + _mm512_unpackhi_ps(a, b);
  };
  const Vec even = fold(quarters[0], quarters[1]), odd = fold(quarters[2], quarters[3]);
  return _mm512_shuffle_ps(even, odd, 0x44) + _mm512_shuffle_ps(even, odd, 0xee);
}
#elif defined(__AVX2__)
inline Vec SumEach(const Vec (&v)[kWidth]) {
  Vec quarters[4];  // 128 bits each of vectors i and i + 4
  for (int i = 0; i < 4; ++i) {
    quarters[i] =
        _mm256_permute2f128_ps(v[i], v[i + 4], 0x20) + _mm256_permute2f128_ps(v[i], v[i + 4], 0x31);
  }
  const auto fold = [](Vec a, Vec b) {
    return _mm256_unpacklo_ps(a, b) + _mm256_unpackhi_ps(a, b);
  };
  const Vec even = fold(quarters[0], quarters[1]), odd = fold(quarters[2], quarters[3]);
  return _mm256_shuffle_ps(even, odd, 0x44) + _mm256_shuffle_ps(even, odd, 0xee);
}
#else
inline Vec SumEach(const Vec (&v)[kWidth]) {
  return Vec{Sum(v[0]), Sum(v[1]), Sum(v[2]), Sum(v[3])};
}
#endif

}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
