#include "policy/ops/cpu/int8.h"

#include <cstdint>

#include "policy/ops/cpu/vec.h"

#if defined(__AMX_TILE__)
#include "policy/ops/cpu/kernels/amx_tiles.h"
#endif
#if defined(__AVX512F__)
#define RATIONALE_VNNI __attribute__((target("avx512vnni")))
#endif

namespace rationale::ops::cpu::RATIONALE_LEVEL {
namespace {

constexpr int kColumnVecs = static_cast<int>(kInt8Columns) / kWidth;

#if defined(__AVX512F__)
// 16 values times the Hadamard matrix of 16: sums and differences of lanes 1, 2, 4 and 8 apart.
inline Vec RotateLanes(Vec v) {
  const auto step = [](Vec lanes, Vec partners, int second) {
    const Vec sign = _mm512_castsi512_ps(
        _mm512_maskz_set1_epi32(static_cast<__mmask16>(second), static_cast<int32_t>(0x80000000u)));
    return _mm512_add_ps(partners, _mm512_xor_ps(lanes, sign));
  };
  v = step(v, _mm512_permute_ps(v, 0xB1), 0xAAAA);
  v = step(v, _mm512_permute_ps(v, 0x4E), 0xCCCC);
  v = step(v, _mm512_shuffle_f32x4(v, v, 0xB1), 0xF0F0);
  return step(v, _mm512_shuffle_f32x4(v, v, 0x4E), 0xFF00);
}
#endif

// Sums and differences of spans, each twice as long as those before.
void Rotate(float* x, int64_t k) {
  const int64_t block = Int8Block(k);
  int64_t length = 1;
#if defined(__AVX512F__)
  if (block >= kWidth) {
    for (int64_t i = 0; i < k; i += kWidth) Store(x + i, RotateLanes(Load(x + i)));
    length = kWidth;
  }
#endif
  for (; length < block; length *= 2) {
    for (float* first = x; first < x + k; first += 2 * length) {
      float* const second = first + length;
      for (int64_t i = 0; i < length; i += kWidth) {
        const int lanes = static_cast<int>(length - i < kWidth ? length - i : kWidth);
        const Vec a = Load(first + i, lanes), b = Load(second + i, lanes);
        Store(first + i, a + b, lanes);
        Store(second + i, a - b, lanes);
      }
    }
  }
}

float QuantiseRow(const float* x, int64_t k, uint8_t* to) {
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
  int64_t column;  // C's first
};

inline Panel PanelOf(const Int8Tile& tile, int64_t index) {
  const auto* b = static_cast<const int8_t*>(tile.packed_b) + index * Int8PanelBytes(tile.k);
  const auto* scale = reinterpret_cast<const float*>(b + kInt8Columns * Int8RowBytes(tile.k));
  return {b, scale, reinterpret_cast<const int32_t*>(scale + kInt8Columns), index * kInt8Columns};
}

// The bytes of a row of A that may differ from 128.
inline int64_t UsedBytes(int64_t k) {
  return (k + kInt8Depth - 1) / kInt8Depth * kInt8Depth;
}

inline Vec BiasOf(const Int8Tile& tile, int64_t column, int lanes) {
  if (tile.bias_element == Element::kFloat) {
    return Load(static_cast<const float*>(tile.bias) + column, lanes);
  }
  return Load(static_cast<const Bf16*>(tile.bias) + column, lanes);
}

// One register of C's row, from the panel's column `offset` on: float32(sum - excess) * column's
// scale * row's scale (+ bias).
inline void Finish(const Int8Tile& tile, const Panel& panel, int64_t row, int64_t offset, Vec sum) {
  const int64_t column = panel.column + offset, left = tile.n - column;
  if (left <= 0) return;
  const int lanes = static_cast<int>(left < kWidth ? left : kWidth);
  Vec value = sum * Load(panel.scale + offset) * Set1(tile.a_scale[row]);
  if (tile.bias != nullptr) value = value + BiasOf(tile, column, lanes);
  if (tile.output == Element::kFloat) {
    Store(static_cast<float*>(tile.c) + row * tile.c_stride + column, value, lanes);
  } else {
    Store(static_cast<Bf16*>(tile.c) + row * tile.c_stride + column, value, lanes);
  }
}

void PortableRow(const Int8Tile& tile, const Panel& panel, int64_t row) {
  int32_t sums[kInt8Columns] = {};
  const uint8_t* a = tile.a + row * Int8RowBytes(tile.k);
  for (int64_t i = 0; i < UsedBytes(tile.k); i += kInt8Depth) {
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

void Tile(const Int8Tile& tile) {
  for (int64_t index = tile.panel_begin; index < tile.panel_end; ++index) {
    const Panel panel = PanelOf(tile, index);
    for (int64_t row = 0; row < tile.m; ++row) PortableRow(tile, panel, row);
  }
}

#if defined(__AVX512F__)
inline Vec WithoutExcess(const Panel& panel, int64_t offset, __m512i sums) {
  return _mm512_cvtepi32_ps(_mm512_sub_epi32(sums, _mm512_loadu_si512(panel.excess + offset)));
}

// ---- AVX512-VNNI ----

constexpr int kVnniRows = 12;  // 2 registers each, and 2 of B

template <int kRows>
RATIONALE_VNNI void VnniBlock(const Int8Tile& tile, const Panel& panel, int64_t first_row) {
  const int64_t row_bytes = Int8RowBytes(tile.k);
  const uint8_t* a = tile.a + first_row * row_bytes;
  __m512i sums[kRows][2];
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r) sums[r][0] = sums[r][1] = _mm512_setzero_si512();
  for (int64_t i = 0; i < UsedBytes(tile.k); i += kInt8Depth) {
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
      Finish(tile, panel, first_row + r, v * kWidth, WithoutExcess(panel, v * kWidth, sums[r][v]));
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
  const int64_t num_blocks = (tile.m + kVnniRows - 1) / kVnniRows;
  for (int64_t index = tile.panel_begin; index < tile.panel_end; ++index) {
    const Panel panel = PanelOf(tile, index);
    for (int64_t block = 0; block < num_blocks; ++block) {
      const int64_t begin = tile.m * block / num_blocks, end = tile.m * (block + 1) / num_blocks;
      VnniRows<kVnniRows>(tile, panel, begin, end - begin);
    }
  }
}
#endif

#if defined(__AMX_TILE__)
// ---- AMX ----

static_assert(kInt8Columns == 2 * kTileColumns && kInt8RowStep == kTileRowBytes);

// 16 rows of C, or kRowTiles times 16, from each row of `first_rows` on, of a panel's 32 columns:
// tiles 0 to 3 are C, 4 and 5 A, 6 and 7 B.
template <int kRowTiles>
void AmxBlock(const Int8Tile& tile, const Panel& panel, const int64_t (&first_rows)[kRowTiles]) {
  const int64_t row_bytes = Int8RowBytes(tile.k);
  constexpr int64_t kPanelStride = kInt8Columns * kInt8Depth;
  const uint8_t* const a = tile.a + first_rows[0] * row_bytes;
  const uint8_t* const a_second = tile.a + first_rows[kRowTiles - 1] * row_bytes;
  ZeroTile<0>();
  ZeroTile<1>();
  if constexpr (kRowTiles == 2) {
    ZeroTile<2>();
    ZeroTile<3>();
  }
  for (int64_t i = 0; i < row_bytes; i += kTileRowBytes) {
    const int8_t* b = panel.b + i * kInt8Columns;
    LoadTile<6>(b, kPanelStride);
    LoadTile<7>(b + kTileRowBytes, kPanelStride);
    LoadTile<4>(a + i, row_bytes);
    MultiplyByteTiles<0, 4, 6>();
    MultiplyByteTiles<1, 4, 7>();
    if constexpr (kRowTiles == 2) {
      LoadTile<5>(a_second + i, row_bytes);
      MultiplyByteTiles<2, 5, 6>();
      MultiplyByteTiles<3, 5, 7>();
    }
  }
  alignas(64) int32_t sums[kRowTiles][kTileRows][kInt8Columns];
  StoreTile<0>(sums[0], kInt8Columns * 4);
  StoreTile<1>(&sums[0][0][kTileColumns], kInt8Columns * 4);
  if constexpr (kRowTiles == 2) {
    StoreTile<2>(sums[1], kInt8Columns * 4);
    StoreTile<3>(&sums[1][0][kTileColumns], kInt8Columns * 4);
  }
  const int64_t rows = tile.m < kTileRows ? tile.m : kTileRows;
  for (int t = 0; t < kRowTiles; ++t) {
    for (int64_t r = 0; r < rows; ++r) {
      for (int v = 0; v < kColumnVecs; ++v) {
        Finish(tile, panel, first_rows[t] + r, v * kWidth,
               WithoutExcess(panel, v * kWidth, _mm512_load_si512(sums[t][r] + v * kWidth)));
      }
    }
  }
}

// The last rows of more than 16 are computed as the last 16, so that all tiles have one shape.
void AmxTile(const Int8Tile& tile) {
  ConfigureTiles(tile.m < kTileRows ? tile.m : kTileRows);
  const int64_t last_row = tile.m < kTileRows ? 0 : tile.m - kTileRows;
  const auto first_row = [&](int64_t row) { return row < last_row ? row : last_row; };
  for (int64_t index = tile.panel_begin; index < tile.panel_end; ++index) {
    const Panel panel = PanelOf(tile, index);
    for (int64_t row = 0; row < tile.m; row += 2 * kTileRows) {
      if (row + kTileRows < tile.m) {
        AmxBlock<2>(tile, panel, {first_row(row), first_row(row + kTileRows)});
      } else {
        AmxBlock<1>(tile, panel, {first_row(row)});
      }
    }
  }
  ReleaseTiles();
}
#endif

}  // namespace

const Int8Kernels kInt8 = {
    .rotate = Rotate,
    .quantise = QuantiseRow,
    .tile = Tile,
#if defined(__AVX512F__)
    .vnni_tile = VnniTile,
#else
    .vnni_tile = nullptr,
#endif
#if defined(__AMX_TILE__)
    .amx_tile = AmxTile,
#else
    .amx_tile = nullptr,
#endif
};

}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
