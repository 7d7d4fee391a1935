// vec: one register of float32 lanes at the level being compiled, and what kernels do with it.
//
// Vec is a compiler vector of kWidth floats (16 with AVX-512, 8 with AVX2, 4 otherwise): + - * /
// work lane by lane, and comparisons give a mask for `mask ? a : b`. A lane's result never depends
// on the other lanes, and a partial load or store runs the same arithmetic as a whole one: there
// are no scalar tails. Fused multiply-add is written as Fma; the compiler fuses nothing by itself
// (-ffp-contract=off).

#pragma once

#include <cstdint>
#include <cstring>

#include "policy/ops/cpu/bf16.h"

#ifndef RATIONALE_LEVEL
#define RATIONALE_LEVEL portable
#endif

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#include "policy/ops/cpu/vec_avx512.h"
#elif defined(__AVX2__) && defined(__FMA__)
#include "policy/ops/cpu/vec_avx2.h"
#else
#include "policy/ops/cpu/vec_portable.h"
#endif

namespace rationale::ops::cpu::RATIONALE_LEVEL {

// Every level's header gives these, with n lanes: 1 <= n <= kWidth, the other lanes load as 0 and
// are not stored.
// - Vec Zero(), Set1(float)
// - Vec Load(const float* or const Bf16*), Load(.., int n)
// - void Store(float* or Bf16*, Vec), Store(.., Vec, int n): to bfloat16 rounded to nearest even,
//   any NaN as 0x7fc0
// - void LoadPair(const Bf16*, Vec& first, Vec& second), StorePair(Bf16*, Vec first, Vec second):
//   2 kWidth elements, shared out over the two in the way that is cheapest
// - Vec Fma(Vec a, Vec b, Vec c): a * b + c, rounded once except at the portable level
// - Vec Max(Vec a, Vec b), Min(Vec a, Vec b): b where either is NaN
// - Vec Round(Vec): to the nearest integer, ties to even; portable: |x| < 2^22
// - Vec Scale(Vec p, Vec n): p * 2^n for integral n in [-252, 254]
// - float Sum(Vec), Maximum(Vec): over the lanes, halves folded onto each other

inline void LoadPair(const float* p, Vec& first, Vec& second) {
  first = Load(p);
  second = Load(p + kWidth);
}
inline void StorePair(float* p, Vec first, Vec second) {
  Store(p, first);
  Store(p + kWidth, second);
}

// e^x within 1 unit in the last place; 0 where it is below the least normal number (x below
// -87.33: processors take a hundred cycles for a result that is not normal), infinity above 88.73,
// NaN for NaN. x = n ln 2 + r with |r| <= ln 2 / 2, and the polynomial of Moshier's Cephes (expf)
// in r.
inline Vec Exp(Vec x) {
  const Vec least = Set1(-87.33654f);
  const Vec clamped = Max(least, Min(Set1(89.0f), x));
  const Vec n = Round(clamped * Set1(1.44269504088896341f));
  Vec r = Fma(n, Set1(-0.693359375f), clamped);
  r = Fma(n, Set1(2.12194440e-4f), r);
  Vec p = Set1(1.9875691500e-4f);
  p = Fma(p, r, Set1(1.3981999507e-3f));
  p = Fma(p, r, Set1(8.3334519073e-3f));
  p = Fma(p, r, Set1(4.1665795894e-2f));
  p = Fma(p, r, Set1(1.6666665459e-1f));
  p = Fma(p, r, Set1(5.0000001201e-1f));
  return x < least ? Zero() : Scale(Fma(p, r * r, r) + Set1(1.0f), n);
}

}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
