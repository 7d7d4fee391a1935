// The 8 lanes of an AVX register; see vec.h.

#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "policy/ops/cpu/bf16.h"

namespace rationale::ops::cpu::RATIONALE_LEVEL {

using Vec = __m256;
inline constexpr int kWidth = 8;

inline __m256i FirstLanes(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

inline Vec Zero() {
  return _mm256_setzero_ps();
}
inline Vec Set1(float x) {
  return _mm256_set1_ps(x);
}
inline Vec Load(const float* p) {
  return _mm256_loadu_ps(p);
}
inline Vec Load(const float* p, int n) {
  return _mm256_maskload_ps(p, FirstLanes(n));
}
inline void Store(float* p, Vec v) {
  _mm256_storeu_ps(p, v);
}
inline void Store(float* p, Vec v, int n) {
  _mm256_maskstore_ps(p, FirstLanes(n), v);
}

inline Vec FromBf16(__m128i bits) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}
// In the upper half of each lane.
inline __m256i RoundToBf16(Vec v) {
  const __m256i bits = _mm256_castps_si256(v);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
  return _mm256_blendv_epi8(rounded, _mm256_set1_epi32(0x7fc00000), nan);
}
inline __m128i ToBf16(Vec v) {
  const __m256i upper = _mm256_srli_epi32(RoundToBf16(v), 16);
  return _mm_packus_epi32(_mm256_castsi256_si128(upper), _mm256_extracti128_si256(upper, 1));
}
inline Vec Load(const Bf16* p) {
  return FromBf16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline Vec Load(const Bf16* p, int n) {
  __m128i bits = _mm_setzero_si128();
  std::memcpy(&bits, p, static_cast<size_t>(n) * sizeof(Bf16));
  return FromBf16(bits);
}
inline void Store(Bf16* p, Vec v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), ToBf16(v));
}
inline void Store(Bf16* p, Vec v, int n) {
  const __m128i bits = ToBf16(v);
  std::memcpy(p, &bits, static_cast<size_t>(n) * sizeof(Bf16));
}

inline void LoadPair(const Bf16* p, Vec& first, Vec& second) {
  const __m256i pairs = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  first = _mm256_castsi256_ps(_mm256_slli_epi32(pairs, 16));
  second = _mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(-0x10000)));
}
inline void StorePair(Bf16* p, Vec first, Vec second) {
  const __m256i upper = _mm256_and_si256(RoundToBf16(second), _mm256_set1_epi32(-0x10000));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                      _mm256_or_si256(upper, _mm256_srli_epi32(RoundToBf16(first), 16)));
}

inline Vec Fma(Vec a, Vec b, Vec c) {
  return _mm256_fmadd_ps(a, b, c);
}
inline Vec Max(Vec a, Vec b) {
  return _mm256_max_ps(a, b);
}
inline Vec Min(Vec a, Vec b) {
  return _mm256_min_ps(a, b);
}
inline Vec Round(Vec v) {
  return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
inline Vec PowerOfTwo(__m256i n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
// In two steps, as 2^n alone may be out of range.
inline Vec Scale(Vec p, Vec n) {
  const __m256i whole = _mm256_cvtps_epi32(n);
  const __m256i half = _mm256_srai_epi32(whole, 1);
  return p * PowerOfTwo(half) * PowerOfTwo(_mm256_sub_epi32(whole, half));
}

inline float Sum(Vec v) {
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
inline float Maximum(Vec v) {
  __m128 x = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  x = _mm_max_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
}

}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
