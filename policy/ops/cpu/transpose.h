// transpose: matrices of 2- or 4-byte values turned round, in squares of 16-byte vectors; for
// kernels/ (see dispatch.h).

#pragma once

#include <cstdint>
#include <cstring>

#ifndef RATIONALE_LEVEL
#define RATIONALE_LEVEL portable
#endif

namespace rationale::ops::cpu::RATIONALE_LEVEL {

template <typename T>
struct TransposeVector;
template <>
struct TransposeVector<uint16_t> {
  using Lanes = uint16_t __attribute__((vector_size(16)));
  static Lanes Low(Lanes a, Lanes b) {
    return __builtin_shuffle(a, b, Lanes{0, 8, 1, 9, 2, 10, 3, 11});
  }
  static Lanes High(Lanes a, Lanes b) {
    return __builtin_shuffle(a, b, Lanes{4, 12, 5, 13, 6, 14, 7, 15});
  }
};
template <>
struct TransposeVector<uint32_t> {
  using Lanes = uint32_t __attribute__((vector_size(16)));
  static Lanes Low(Lanes a, Lanes b) { return __builtin_shuffle(a, b, Lanes{0, 4, 1, 5}); }
  static Lanes High(Lanes a, Lanes b) { return __builtin_shuffle(a, b, Lanes{2, 6, 3, 7}); }
};

// A square of as many rows as a vector has lanes. Interleaving row i with row i + half, for all i,
// moves the highest bit of an element's row number into its column number: after one round a bit
// the two have changed places.
template <typename T>
inline void TransposeSquare(const char* from, int64_t from_stride_bytes, T* to, int64_t to_stride) {
  using V = TransposeVector<T>;
  constexpr int kLanes = 16 / sizeof(T);
  typename V::Lanes rows[kLanes], next[kLanes];
  for (int i = 0; i < kLanes; ++i) std::memcpy(&rows[i], from + i * from_stride_bytes, 16);
  for (int round = 1; round < kLanes; round *= 2) {
    for (int i = 0; i < kLanes / 2; ++i) {
      next[2 * i] = V::Low(rows[i], rows[i + kLanes / 2]);
      next[2 * i + 1] = V::High(rows[i], rows[i + kLanes / 2]);
    }
    for (int i = 0; i < kLanes; ++i) rows[i] = next[i];
  }
  for (int i = 0; i < kLanes; ++i) std::memcpy(to + i * to_stride, &rows[i], 16);
}

// to[column * to_stride + row] = the value of `from` in that row and column.
template <typename T>
inline void Transpose(const void* from_any, int64_t from_stride_bytes, int64_t rows,
                      int64_t columns, T* to, int64_t to_stride) {
  constexpr int64_t kLanes = 16 / sizeof(T);
  const char* from = static_cast<const char*>(from_any);
  const auto copy = [&](int64_t row, int64_t column) {
    std::memcpy(to + column * to_stride + row,
                from + row * from_stride_bytes + column * static_cast<int64_t>(sizeof(T)),
                sizeof(T));
  };
  int64_t row = 0;
  for (; row + kLanes <= rows; row += kLanes) {
    const char* square = from + row * from_stride_bytes;
    int64_t column = 0;
    for (; column + kLanes <= columns; column += kLanes, square += 16) {
      TransposeSquare(square, from_stride_bytes, to + column * to_stride + row, to_stride);
    }
    for (; column < columns; ++column) {
      for (int64_t r = row; r < row + kLanes; ++r) copy(r, column);
    }
  }
  for (; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) copy(row, column);
  }
}

}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
