// Four lanes in the compiler's own vectors, for any processor; see vec.h.

#pragma once

#include <cstdint>
#include <cstring>

#include "policy/ops/cpu/bf16.h"

namespace rationale::ops::cpu::RATIONALE_LEVEL {

using Vec = float __attribute__((vector_size(16)));
using VecBits = uint32_t __attribute__((vector_size(16)));
using VecInts = int32_t __attribute__((vector_size(16)));
inline constexpr int kWidth = 4;

inline Vec Zero() {
  return Vec{};
}
inline Vec Set1(float x) {
  return Vec{x, x, x, x};
}
inline Vec Load(const float* p) {
  Vec v;
  std::memcpy(&v, p, sizeof(v));
  return v;
}
inline Vec Load(const float* p, int n) {
  Vec v{};
  std::memcpy(&v, p, static_cast<size_t>(n) * sizeof(float));
  return v;
}
inline void Store(float* p, Vec v) {
  std::memcpy(p, &v, sizeof(v));
}
inline void Store(float* p, Vec v, int n) {
  std::memcpy(p, &v, static_cast<size_t>(n) * sizeof(float));
}

inline Vec Load(const Bf16* p, int n) {
  VecBits bits{};
  for (int i = 0; i < n; ++i) bits[i] = static_cast<uint32_t>(p[i].bits) << 16;
  return reinterpret_cast<Vec>(bits);
}
inline Vec Load(const Bf16* p) {
  return Load(p, kWidth);
}
inline void Store(Bf16* p, Vec v, int n) {
  const VecBits bits = reinterpret_cast<VecBits>(v);
  const VecBits rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const VecBits upper = (v == v) ? rounded : VecBits{} + 0x7fc0u;
  for (int i = 0; i < n; ++i) p[i].bits = static_cast<uint16_t>(upper[i]);
}
inline void Store(Bf16* p, Vec v) {
  Store(p, v, kWidth);
}

inline void LoadPair(const Bf16* p, Vec& first, Vec& second) {
  first = Load(p);
  second = Load(p + kWidth);
}
inline void StorePair(Bf16* p, Vec first, Vec second) {
  Store(p, first);
  Store(p + kWidth, second);
}

inline Vec Fma(Vec a, Vec b, Vec c) {
  return a * b + c;
}
inline Vec Max(Vec a, Vec b) {
  return (a > b) ? a : b;
}
inline Vec Min(Vec a, Vec b) {
  return (a < b) ? a : b;
}
// Adding 1.5 * 2^23 leaves no bits for a fraction.
inline Vec Round(Vec v) {
  return (v + Set1(12582912.0f)) - Set1(12582912.0f);
}
inline Vec PowerOfTwo(VecInts n) {
  return reinterpret_cast<Vec>((n + 127) << 23);
}
// In two steps, as 2^n alone may be out of range.
inline Vec Scale(Vec p, Vec n) {
  const VecInts whole = __builtin_convertvector(n, VecInts);
  const VecInts half = whole >> 1;
  return p * PowerOfTwo(half) * PowerOfTwo(whole - half);
}

inline float Sum(Vec v) {
  return (v[0] + v[2]) + (v[1] + v[3]);
}
inline float Maximum(Vec v) {
  const float even = v[0] > v[2] ? v[0] : v[2];
  const float odd = v[1] > v[3] ? v[1] : v[3];
  return even > odd ? even : odd;
}

}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
