#include "policy/ops/cpu/int8.h"

#include <cstdint>

#include "policy/ops/cpu/vec.h"

#if defined(__AVX512F__)
#define RATIONALE_VNNI __attribute__((target("avx512vnni")))
#endif

namespace rationale::ops::cpu::RATIONALE_LEVEL {
namespace {

constexpr int kColumnVecs = static_cast<int>(kInt8Columns) / kWidth;

template <typename T>
float QuantiseRow(const T* x, int64_t k, uint8_t* to) {
  Vec greatest = Zero();
  const auto load = [&](int64_t i) {
    return k - i < kWidth ? Load(x + i, static_cast<int>(k - i)) : Load(x + i);
  };
  for (int64_t i = 0; i < k; i += kWidth) {
    const Vec v = load(i);
    greatest = Max(Max(v, Zero() - v), greatest);
  }
  const float scale = Maximum(greatest) / 127.0f;
  const Vec inverse = Set1(scale > 0 ? 1.0f / scale : 0.0f);
  for (int64_t i = 0; i < k; i += kWidth) {
    const Vec rounded = Min(Max(Round(load(i) * inverse), Set1(-127.0f)), Set1(127.0f));
    const int64_t end = k - i < kWidth ? k - i : kWidth;
#if defined(__AVX512F__)
    const __m512i bytes = _mm512_add_epi32(_mm512_cvtps_epi32(rounded), _mm512_set1_epi32(128));
    _mm512_mask_cvtepi32_storeu_epi8(to + i, FirstLanes(static_cast<int>(end)), bytes);
#else
    float values[kWidth];
    Store(values, rounded);
    for (int64_t j = 0; j < end; ++j) {
      to[i + j] = static_cast<uint8_t>(static_cast<int32_t>(values[j]) + 128);
    }
#endif
  }
  for (int64_t i = k; i < Int8RowBytes(k); ++i) to[i] = 128;
  return scale;
}

struct Panel {
  const int8_t* b;  // [depth][column][kInt8Depth]
  const float* scale;
  const int32_t* excess;
};

inline Panel PanelOf(const Int8Tile& tile) {
  const auto* b = static_cast<const int8_t*>(tile.packed_panel);
  const auto* scale = reinterpret_cast<const float*>(b + kInt8Columns * Int8RowBytes(tile.k));
  return {b, scale, reinterpret_cast<const int32_t*>(scale + kInt8Columns)};
}

inline Vec BiasOf(const Int8Tile& tile, int64_t column, int lanes) {
  if (tile.bias_element == Element::kFloat) {
    return Load(static_cast<const float*>(tile.bias) + column, lanes);
  }
  return Load(static_cast<const Bf16*>(tile.bias) + column, lanes);
}

// One register of C's row: float32(sum - excess) * column's scale * row's scale (+ bias).
inline void Finish(const Int8Tile& tile, const Panel& panel, int64_t row, int64_t column, Vec sum) {
  const int64_t left = tile.columns - column;
  if (left <= 0) return;
  const int lanes = static_cast<int>(left < kWidth ? left : kWidth);
  Vec value = sum * Load(panel.scale + column) * Set1(tile.a_scale[row]);
  if (tile.bias != nullptr) value = value + BiasOf(tile, column, lanes);
  if (tile.output == Element::kFloat) {
    Store(static_cast<float*>(tile.c) + row * tile.c_stride + column, value, lanes);
  } else {
    Store(static_cast<Bf16*>(tile.c) + row * tile.c_stride + column, value, lanes);
  }
}

void Tile(const Int8Tile& tile) {
  const Panel panel = PanelOf(tile);
  const int64_t row_bytes = Int8RowBytes(tile.k);
  for (int64_t row = 0; row < tile.m; ++row) {
    int32_t sums[kInt8Columns] = {};
    const uint8_t* a = tile.a + row * row_bytes;
    for (int64_t i = 0; i < row_bytes; i += kInt8Depth) {
      const int8_t* b = panel.b + i * kInt8Columns;
      for (int64_t column = 0; column < kInt8Columns; ++column) {
        int32_t sum = 0;
        for (int64_t j = 0; j < kInt8Depth; ++j) sum += a[i + j] * b[column * kInt8Depth + j];
        sums[column] += sum;
      }
    }
    float values[kInt8Columns];
    for (int64_t column = 0; column < kInt8Columns; ++column) {
      values[column] = static_cast<float>(sums[column] - panel.excess[column]);
    }
    for (int v = 0; v < kColumnVecs; ++v) {
      Finish(tile, panel, row, v * kWidth, Load(values + v * kWidth));
    }
  }
}

#if defined(__AVX512F__)
constexpr int kVnniRows = 12;  // 2 registers each, and 2 of B

template <int kRows>
RATIONALE_VNNI void VnniBlock(const Int8Tile& tile, const Panel& panel, int64_t first_row) {
  const int64_t row_bytes = Int8RowBytes(tile.k);
  const uint8_t* a = tile.a + first_row * row_bytes;
  __m512i sums[kRows][2];
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r) sums[r][0] = sums[r][1] = _mm512_setzero_si512();
  for (int64_t i = 0; i < row_bytes; i += kInt8Depth) {
    const int8_t* b = panel.b + i * kInt8Columns;
    const __m512i first = _mm512_loadu_si512(b), second = _mm512_loadu_si512(b + 64);
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r) {
      int32_t four;
      __builtin_memcpy(&four, a + r * row_bytes + i, sizeof(four));
      const __m512i x = _mm512_set1_epi32(four);
      sums[r][0] = _mm512_dpbusd_epi32(sums[r][0], x, first);
      sums[r][1] = _mm512_dpbusd_epi32(sums[r][1], x, second);
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v) {
      const __m512i excess = _mm512_loadu_si512(panel.excess + v * kWidth);
      Finish(tile, panel, first_row + r, v * kWidth,
             _mm512_cvtepi32_ps(_mm512_sub_epi32(sums[r][v], excess)));
    }
  }
}

template <int kRows>
void VnniRows(const Int8Tile& tile, const Panel& panel, int64_t row, int64_t rows) {
  if constexpr (kRows > 0) {
    if (rows == kRows) return VnniBlock<kRows>(tile, panel, row);
    VnniRows<kRows - 1>(tile, panel, row, rows);
  }
}

// In blocks of rows as equal as can be.
void VnniTile(const Int8Tile& tile) {
  const Panel panel = PanelOf(tile);
  const int64_t num_blocks = (tile.m + kVnniRows - 1) / kVnniRows;
  for (int64_t block = 0; block < num_blocks; ++block) {
    const int64_t begin = tile.m * block / num_blocks, end = tile.m * (block + 1) / num_blocks;
    VnniRows<kVnniRows>(tile, panel, begin, end - begin);
  }
}
#endif

}  // namespace

const Int8Kernels kInt8 = {
    .quantise_float = QuantiseRow<float>,
    .quantise_bf16 = QuantiseRow<Bf16>,
    .tile = Tile,
#if defined(__AVX512F__)
    .vnni_tile = VnniTile,
#else
    .vnni_tile = nullptr,
#endif
};

}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
