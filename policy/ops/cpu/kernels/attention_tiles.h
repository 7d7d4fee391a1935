// attention_tiles: the pieces that attention's forward and backward kernels are made of.
//
// Matrices in scratch are float32 with rows padded with zeros to whole pairs of vectors, a pair in
// the order in which LoadPair reads it: all of them alike, so that it does not show outside. A page
// has kPageKeys keys.

#pragma once

#include <cstdint>

#include "policy/ops/cpu/attention.h"
#include "policy/ops/cpu/vec.h"
#include "policy/ops/cpu/vec_sums.h"

namespace rationale::ops::cpu::RATIONALE_LEVEL {
namespace {

constexpr int64_t kPageKeys = 16;
constexpr int kPair = 2 * kWidth;
constexpr int64_t kCacheLine = 64;

inline int64_t Padded(int64_t n) {
  return (n + kPair - 1) / kPair * kPair;
}
inline int64_t MinOf(int64_t a, int64_t b) {
  return a < b ? a : b;
}
inline int64_t MaxOf(int64_t a, int64_t b) {
  return a > b ? a : b;
}

// n elements in float32, and zeros to the end of the last pair of vectors.
template <typename T>
inline void Widen(const T* from, float* to, int64_t n) {
  for (int64_t i = 0; i < n; i += kPair) {
    T rest[kPair] = {};
    if (n - i < kPair) __builtin_memcpy(rest, from + i, static_cast<size_t>(n - i) * sizeof(T));
    Vec first, second;
    LoadPair(n - i < kPair ? rest : from + i, first, second);
    Store(to + i, first);
    Store(to + i + kWidth, second);
  }
}

template <typename T>
inline void Narrow(const float* from, T* to, int64_t n, Vec factor) {
  for (int64_t i = 0; i < n; i += kPair) {
    T rest[kPair];
    StorePair(n - i < kPair ? rest : to + i, Load(from + i) * factor,
              Load(from + i + kWidth) * factor);
    if (n - i < kPair) __builtin_memcpy(to + i, rest, static_cast<size_t>(n - i) * sizeof(T));
  }
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

// The same in float32; where they need no widening they stay where they are.
template <typename T>
inline Rows LoadPage(const TokenRows<T>& rows, int64_t first_key, int64_t num_keys, int64_t width,
                     float* scratch) {
  const T* from = PageOf(rows, first_key).data;
  if constexpr (sizeof(T) == sizeof(float)) {
    if (num_keys == kPageKeys && width % kPair == 0) return {from, rows.token_stride};
  }
  const int64_t stride = Padded(width);
  for (int64_t key = 0; key < num_keys; ++key) {
    Widen(from + key * rows.token_stride, scratch + key * stride, width);
  }
  return {scratch, stride};
}

// A page that is read soon, asked for line by line while something else is computed: the pages of a
// sequence lie anywhere, so that the processor does not guess the next one, and all lines at once
// would keep it waiting. Row i has `width` elements.
template <typename T>
struct PageAhead {
  Matrix<T> page;
  int64_t num_rows = 0;
  int64_t width = 0;

  // The kPair elements from i on.
  // The kPair elements from i on. (gcc takes a call for one without effect, and drops it.)
  [[gnu::always_inline]] void Ask(int64_t row, int64_t i) const {
    if (row >= num_rows || i >= width) return;
    const T* from = page.data + row * page.stride + i;
    __builtin_prefetch(from);
    if constexpr (kPair * sizeof(T) > kCacheLine) __builtin_prefetch(from + kWidth);
  }
};
struct NothingAhead {
  static void Ask(int64_t, int64_t) {}
};

// A matrix that is written.
struct Targets {
  float* data = nullptr;
  int64_t stride = 0;
};

// scores[r][j] = a_r . b_j for kRows rows and a page of keys: each lane adds up every kWidth-th
// product in order, then the lanes are folded. `width` is padded.
template <int kRows, typename T, typename Ahead>
inline void ScoreRows(const Rows& a, const Matrix<T>& b, int64_t width, const Targets& scores,
                      const Ahead& ahead) {
  constexpr int kKeys = kWidth / (kRows == 3 ? 4 : kRows);
  for (int64_t key = 0; key < kPageKeys; key += kKeys) {
    const T* keys = b.data + key * b.stride;
    Vec products[kWidth];
    for (Vec& v : products) v = Zero();
    for (int64_t i = 0; i < width; i += kPair) {
      for (int j = 0; j < kKeys; ++j) {
        ahead.Ask(key + j, i);
        Vec first, second;
        LoadPair(keys + j * b.stride + i, first, second);
        for (int r = 0; r < kRows; ++r) {
          Vec& sum = products[r * kKeys + j];
          sum = Fma(Load(a.data + r * a.stride + i), first, sum);
          sum = Fma(Load(a.data + r * a.stride + i + kWidth), second, sum);
        }
      }
    }
    float sums[kWidth];
    Store(sums, SumEach(products));
    for (int r = 0; r < kRows; ++r) {
      __builtin_memcpy(scores.data + r * scores.stride + key, sums + r * kKeys,
                       kKeys * sizeof(float));
    }
  }
}

template <typename T, typename Ahead = NothingAhead>
inline void Scores(const Rows& a, int64_t num_rows, const Matrix<T>& b, int64_t width,
                   const Targets& scores, Ahead ahead = {}) {
  const auto tile = [&]<int kRows>(int64_t row) {
    ScoreRows<kRows>({a.data + row * a.stride, a.stride}, b, width,
                     {scores.data + row * scores.stride, scores.stride}, ahead);
    ahead = {};
    return kRows;
  };
  constexpr int kTile = kWidth >= 16 ? 4 : kWidth / 4;
  int64_t row = 0;
  while (row + kTile <= num_rows) row += tile.template operator()<kTile>(row);
  if constexpr (kTile == 4) {
    if (num_rows - row == 3) row += tile.template operator()<3>(row);
    if (num_rows - row == 2) row += tile.template operator()<2>(row);
  }
  while (row < num_rows) row += tile.template operator()<1>(row);
}

// Weight of source row i for target row r: data[r * target_stride + i * source_stride].
struct Weights {
  const float* data = nullptr;
  int64_t target_stride = 0;
  int64_t source_stride = 0;
};

// target_r += weight * source_i for i = first .. last - 1, in order, for kRows targets and kPairs
// pairs of vectors of columns from `column` on.
template <int kRows, int kPairs, typename T, typename Ahead>
inline void AddWeightedTile(const Targets& targets, const Weights& weights, const Matrix<T>& source,
                            int64_t first, int64_t last, int64_t column, const Ahead& ahead) {
  constexpr int kVecs = 2 * kPairs;
  Vec sums[kRows][kVecs];
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < kVecs; ++c) {
      sums[r][c] = Load(targets.data + r * targets.stride + column + c * kWidth);
    }
  }
  for (int64_t i = first; i < last; ++i) {
    Vec x[kVecs];
    for (int c = 0; c < kPairs; ++c) {
      ahead.Ask(i, column + c * kPair);
      LoadPair(source.data + i * source.stride + column + c * kPair, x[2 * c], x[2 * c + 1]);
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

template <typename T, typename Ahead = NothingAhead>
inline void AddWeighted(const Targets& targets, int64_t num_targets, const Weights& weights,
                        const Matrix<T>& source, int64_t first, int64_t last, int64_t width,
                        Ahead ahead = {}) {
  const auto tile = [&]<int kRows>(int64_t row) {
    const Targets to{targets.data + row * targets.stride, targets.stride};
    const Weights by{weights.data + row * weights.target_stride, weights.target_stride,
                     weights.source_stride};
    int64_t column = 0;
    for (; column + 2 * kPair <= width; column += 2 * kPair) {
      AddWeightedTile<kRows, 2>(to, by, source, first, last, column, ahead);
    }
    if (column < width) AddWeightedTile<kRows, 1>(to, by, source, first, last, column, ahead);
    ahead = {};
    return kRows;
  };
  constexpr int kTile = kWidth >= 16 ? 4 : 2;
  int64_t row = 0;
  while (row + kTile <= num_targets) row += tile.template operator()<kTile>(row);
  if (num_targets - row == 3) row += tile.template operator()<3>(row);
  if (num_targets - row == 2) row += tile.template operator()<2>(row);
  if (num_targets - row == 1) row += tile.template operator()<1>(row);
}

// Of the `num_keys` keys from `first_key` on, counted from there, those that the row at `position`
// sees.
struct Visible {
  int64_t first, last;
};
inline Visible VisibleKeys(int64_t position, int64_t first_key, int64_t num_keys, int64_t window) {
  const int64_t first = window > 0 ? position - window + 1 - first_key : 0;
  return {MaxOf(first, 0), MinOf(position - first_key + 1, num_keys)};
}

// v where first <= lane number < last, else `other`; `lane` is the number of v's first lane.
inline Vec Select(Vec v, int64_t lane, const Visible& keys, Vec other) {
  static constexpr float kLanes[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const Vec number = Load(kLanes) + Set1(static_cast<float>(lane));
  const Vec after = number < Set1(static_cast<float>(keys.last)) ? v : other;
  return number < Set1(static_cast<float>(keys.first)) ? other : after;
}

}  // namespace
}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
