// attention_tiles: the pieces that attention's forward and backward kernels are made of.
//
// Matrices in scratch are float32 with rows padded with zeros to whole vectors. A page has
// kPageKeys keys.

#pragma once

#include <cstdint>

#include "policy/ops/cpu/attention.h"
#include "policy/ops/cpu/vec.h"
#include "policy/ops/cpu/vec_sums.h"

namespace rationale::ops::cpu::RATIONALE_LEVEL {
namespace {

constexpr int kPageKeys = 16;

inline int64_t Padded(int64_t n) {
  return (n + kWidth - 1) / kWidth * kWidth;
}
inline int64_t MinOf(int64_t a, int64_t b) {
  return a < b ? a : b;
}
inline int64_t MaxOf(int64_t a, int64_t b) {
  return a > b ? a : b;
}

// n elements in float32, and zeros to the end of the last vector.
template <typename T>
inline void Widen(const T* from, float* to, int64_t n) {
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) Store(to + i, Load(from + i));
  if (i < n) Store(to + i, Load(from + i, static_cast<int>(n - i)));
}

template <typename T>
inline void Narrow(const float* from, T* to, int64_t n, Vec factor) {
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) Store(to + i, Load(from + i) * factor);
  if (i < n) Store(to + i, Load(from + i) * factor, static_cast<int>(n - i));
}

inline void Clear(float* to, int64_t n) {
  for (int64_t i = 0; i < n; i += kWidth) Store(to + i, Zero());
}

// A matrix: row i at data + i * stride.
template <typename T>
struct Matrix {
  const T* data = nullptr;
  int64_t stride = 0;
};
using Rows = Matrix<float>;

// Keys first_key .. of a sequence, at most a page of them, where they are.
template <typename T>
inline Matrix<T> PageOf(const TokenRows<T>& rows, int64_t first_key) {
  return {rows.pages == nullptr ? rows.data + first_key * rows.token_stride
                                : rows.data + rows.pages[first_key / kPageKeys] * rows.page_stride,
          rows.token_stride};
}

// Asks for rows that are read soon: a sequence's pages lie anywhere, so that the processor does not
// guess the next one.
template <typename T>
inline void Prefetch(const Matrix<T>& rows, int64_t num_rows, int64_t width) {
  constexpr int64_t kLineElements = 64 / sizeof(T);
  for (int64_t row = 0; row < num_rows; ++row) {
    for (int64_t i = 0; i < width; i += kLineElements) {
      __builtin_prefetch(rows.data + row * rows.stride + i);
    }
  }
}

// The same in float32; where they need no widening they stay where they are.
template <typename T>
inline Rows LoadPage(const TokenRows<T>& rows, int64_t first_key, int64_t num_keys, int64_t width,
                     float* scratch) {
  const T* from = PageOf(rows, first_key).data;
  if constexpr (sizeof(T) == sizeof(float)) {
    if (num_keys == kPageKeys && width % kWidth == 0) return {from, rows.token_stride};
  }
  const int64_t stride = Padded(width);
  for (int64_t key = 0; key < num_keys; ++key) {
    Widen(from + key * rows.token_stride, scratch + key * stride, width);
  }
  return {scratch, stride};
}

// scores[r][j] = a_r . b_j for kRows rows and a page of keys: each lane adds up every kWidth-th
// product in order, then the lanes are folded. `width` is padded.
template <int kRows, typename T>
inline void ScoreRows(const float* a, int64_t a_stride, const Matrix<T>& b, int64_t width,
                      float* scores) {
  constexpr int kKeys = kWidth / (kRows == 3 ? 4 : kRows);
  for (int64_t key = 0; key < kPageKeys; key += kKeys) {
    const T* keys = b.data + key * b.stride;
    Vec products[kWidth];
    for (Vec& v : products) v = Zero();
    for (int64_t i = 0; i < width; i += kWidth) {
      for (int j = 0; j < kKeys; ++j) {
        const Vec x = Load(keys + j * b.stride + i);
        for (int r = 0; r < kRows; ++r) {
          Vec& sum = products[r * kKeys + j];
          sum = Fma(Load(a + r * a_stride + i), x, sum);
        }
      }
    }
    float sums[kWidth];
    Store(sums, SumEach(products));
    for (int r = 0; r < kRows; ++r) {
      __builtin_memcpy(scores + r * kPageKeys + key, sums + r * kKeys, kKeys * sizeof(float));
    }
  }
}

template <typename T>
inline void Scores(const float* a, int64_t a_stride, int64_t num_rows, const Matrix<T>& b,
                   int64_t width, float* scores) {
  constexpr int kTile = kWidth >= 16 ? 4 : kWidth / 4;
  int64_t row = 0;
  for (; row + kTile <= num_rows; row += kTile) {
    ScoreRows<kTile>(a + row * a_stride, a_stride, b, width, scores + row * kPageKeys);
  }
  if constexpr (kTile == 4) {
    if (num_rows - row == 3) {
      ScoreRows<3>(a + row * a_stride, a_stride, b, width, scores + row * kPageKeys);
      row += 3;
    } else if (num_rows - row == 2) {
      ScoreRows<2>(a + row * a_stride, a_stride, b, width, scores + row * kPageKeys);
      row += 2;
    }
  }
  for (; row < num_rows; ++row) {
    ScoreRows<1>(a + row * a_stride, a_stride, b, width, scores + row * kPageKeys);
  }
}

// Weight of source row i for target row r: data[r * target_stride + i * source_stride].
struct Weights {
  const float* data = nullptr;
  int64_t target_stride = 0;
  int64_t source_stride = 0;
};

// Rows that are multiplied by factors[r] and added to.
struct Targets {
  float* data = nullptr;
  int64_t stride = 0;
  const float* factors = nullptr;
};

// target_r = target_r * factors[r] + sum over i = first .. last - 1, in order, of weight *
// source_i, for kRows targets and kVecs vectors of columns from `column` on.
template <int kRows, int kVecs, typename T>
inline void AddWeightedTile(const Targets& targets, const Weights& weights, const Matrix<T>& source,
                            int64_t first, int64_t last, int64_t column) {
  Vec sums[kRows][kVecs];
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < kVecs; ++c) {
      sums[r][c] =
          Load(targets.data + r * targets.stride + column + c * kWidth) * Set1(targets.factors[r]);
    }
  }
  for (int64_t i = first; i < last; ++i) {
    Vec x[kVecs];
    for (int c = 0; c < kVecs; ++c) {
      x[c] = Load(source.data + i * source.stride + column + c * kWidth);
    }
    for (int r = 0; r < kRows; ++r) {
      const Vec w = Set1(weights.data[r * weights.target_stride + i * weights.source_stride]);
      for (int c = 0; c < kVecs; ++c) sums[r][c] = Fma(w, x[c], sums[r][c]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < kVecs; ++c) {
      Store(targets.data + r * targets.stride + column + c * kWidth, sums[r][c]);
    }
  }
}

// kRows targets from `row` on, all `width` (padded) columns.
template <int kRows, typename T>
inline void AddWeightedRows(const Targets& targets, const Weights& weights, int64_t row,
                            const Matrix<T>& source, int64_t first, int64_t last, int64_t width) {
  constexpr int kVecs = 4;
  const Targets to{targets.data + row * targets.stride, targets.stride, targets.factors + row};
  const Weights by{weights.data + row * weights.target_stride, weights.target_stride,
                   weights.source_stride};
  int64_t column = 0;
  for (; column + kVecs * kWidth <= width; column += kVecs * kWidth) {
    AddWeightedTile<kRows, kVecs>(to, by, source, first, last, column);
  }
  for (; column < width; column += kWidth) {
    AddWeightedTile<kRows, 1>(to, by, source, first, last, column);
  }
}

template <typename T>
inline void AddWeighted(const Targets& targets, int64_t num_targets, const Weights& weights,
                        const Matrix<T>& source, int64_t first, int64_t last, int64_t width) {
  constexpr int kTile = kWidth >= 16 ? 4 : 2;
  int64_t row = 0;
  for (; row + kTile <= num_targets; row += kTile) {
    AddWeightedRows<kTile>(targets, weights, row, source, first, last, width);
  }
  if (num_targets - row == 3) {
    AddWeightedRows<3>(targets, weights, row, source, first, last, width);
  } else if (num_targets - row == 2) {
    AddWeightedRows<2>(targets, weights, row, source, first, last, width);
  } else if (num_targets - row == 1) {
    AddWeightedRows<1>(targets, weights, row, source, first, last, width);
  }
}

// Keys of a page, counted in the page, that the row at `position` sees.
struct Visible {
  int64_t first, last;
};
inline Visible VisibleKeys(int64_t position, int64_t page_start, int64_t window) {
  const int64_t first = window > 0 ? position - window + 1 - page_start : 0;
  return {MaxOf(first, 0), MinOf(position - page_start + 1, kPageKeys)};
}

// v where first <= lane number < last, else `other`; `lane` is the number of v's first lane.
inline Vec Select(Vec v, int64_t lane, const Visible& keys, Vec other) {
  float numbers[kWidth];
  for (int i = 0; i < kWidth; ++i) numbers[i] = static_cast<float>(lane + i);
  const Vec number = Load(numbers);
  const Vec after = number < Set1(static_cast<float>(keys.last)) ? v : other;
  return number < Set1(static_cast<float>(keys.first)) ? other : after;
}

}  // namespace
}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
