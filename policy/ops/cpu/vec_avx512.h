// The 16 lanes of an AVX-512 register; see vec.h.

#pragma once

#include <immintrin.h>

#include <cstdint>

#include "policy/ops/cpu/bf16.h"

namespace rationale::ops::cpu::RATIONALE_LEVEL {

using Vec = __m512;
inline constexpr int kWidth = 16;

inline __mmask16 FirstLanes(int n) {
  return static_cast<__mmask16>((1u << n) - 1);
}

inline Vec Zero() {
  return _mm512_setzero_ps();
}
inline Vec Set1(float x) {
  return _mm512_set1_ps(x);
}
inline Vec Load(const float* p) {
  return _mm512_loadu_ps(p);
}
inline Vec Load(const float* p, int n) {
  return _mm512_maskz_loadu_ps(FirstLanes(n), p);
}
inline void Store(float* p, Vec v) {
  _mm512_storeu_ps(p, v);
}
inline void Store(float* p, Vec v, int n) {
  _mm512_mask_storeu_ps(p, FirstLanes(n), v);
}

inline Vec FromBf16(__m256i bits) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}
// In the upper half of each lane.
inline __m512i RoundToBf16(Vec v) {
  const __m512i bits = _mm512_castps_si512(v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
  return _mm512_mask_blend_epi32(nan, rounded, _mm512_set1_epi32(0x7fc00000));
}
inline __m256i ToBf16(Vec v) {
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(RoundToBf16(v), 16));
}
inline Vec Load(const Bf16* p) {
  return FromBf16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline Vec Load(const Bf16* p, int n) {
  return FromBf16(_mm256_maskz_loadu_epi16(FirstLanes(n), p));
}
inline void Store(Bf16* p, Vec v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), ToBf16(v));
}
inline void Store(Bf16* p, Vec v, int n) {
  _mm256_mask_storeu_epi16(p, FirstLanes(n), ToBf16(v));
}

inline void LoadPair(const Bf16* p, Vec& first, Vec& second) {
  const __m512i pairs = _mm512_loadu_si512(p);
  first = _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16));
  second = _mm512_castsi512_ps(_mm512_and_si512(pairs, _mm512_set1_epi32(-0x10000)));
}
inline void StorePair(Bf16* p, Vec first, Vec second) {
  const __m512i upper = _mm512_and_si512(RoundToBf16(second), _mm512_set1_epi32(-0x10000));
  _mm512_storeu_si512(p, _mm512_or_si512(upper, _mm512_srli_epi32(RoundToBf16(first), 16)));
}

inline Vec Fma(Vec a, Vec b, Vec c) {
  return _mm512_fmadd_ps(a, b, c);
}
inline Vec Max(Vec a, Vec b) {
  return _mm512_max_ps(a, b);
}
inline Vec Min(Vec a, Vec b) {
  return _mm512_min_ps(a, b);
}
inline Vec Round(Vec v) {
  return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
inline Vec Scale(Vec p, Vec n) {
  return _mm512_scalef_ps(p, n);
}

inline __m128 FoldAdd(__m256 v) {
  return _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
}
inline float Sum(Vec v) {
  __m128 x = FoldAdd(_mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1)));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
inline float Maximum(Vec v) {
  const __m256 y = _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  __m128 x = _mm_max_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
  x = _mm_max_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
}

}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
