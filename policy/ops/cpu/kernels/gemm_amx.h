// gemm_amx: bfloat16 products on AMX's tile registers, for the level that has them.
//
// Tiles (amx_tiles.h) of B, 16 pairs of k of 16 columns, are loaded from panels as gemm.cc packs
// them. Of C, 32 x 32 elements are computed at a time, or up to 16 x 64 where 16 rows or fewer are
// left. The last rows of more than 16 are computed as the last 16, so that all tiles of a call have
// one shape; no element depends on its tile's other rows.

#pragma once

#include <cstdint>
#include <cstring>

#include "policy/ops/cpu/gemm.h"
#include "policy/ops/cpu/kernels/amx_tiles.h"
#include "policy/ops/cpu/vec.h"

namespace rationale::ops::cpu::RATIONALE_LEVEL {
namespace {

constexpr int64_t kTileDepth = 32;  // elements of k in one product of tiles
constexpr int64_t kTilePanelColumns = 4 * kTileColumns;

// ---- a block of C ----

// kRowTiles x kColumnTiles tiles: 1 x 1..4 or 2 x 1..2.
template <int kRowTiles, int kColumnTiles>
struct TileBlock {
  static_assert(kRowTiles * kColumnTiles <= 4);
  static constexpr int kFirstA = 4, kFirstB = 6;
  static constexpr int kCStride = kColumnTiles * static_cast<int>(kTileColumns);

  // f.operator()<row tile, column tile, C's register>() for all, column by column.
  template <typename F>
  static void ForEach(const F& f) {
    Columns<0>(f);
  }
  template <int kColumn, typename F>
  static void Columns(const F& f) {
    f.template operator()<0, kColumn, kColumn>();
    if constexpr (kRowTiles == 2) f.template operator()<1, kColumn, kColumnTiles + kColumn>();
    if constexpr (kColumn + 1 < kColumnTiles) Columns<kColumn + 1>(f);
  }

  static void Zero() {
    ForEach([]<int, int, int kC>() { ZeroTile<kC>(); });
  }
  // From and to c[row tile * 16 + row][kCStride].
  static void Load(const float* c) {
    ForEach([c]<int kRow, int kColumn, int kC>() {
      LoadTile<kC>(c + kRow * kTileRows * kCStride + kColumn * kTileColumns, kCStride * 4);
    });
  }
  static void Store(float* c) {
    ForEach([c]<int kRow, int kColumn, int kC>() {
      StoreTile<kC>(c + kRow * kTileRows * kCStride + kColumn * kTileColumns, kCStride * 4);
    });
  }

  // C += A B over kTileDepth elements of k.
  static void Multiply(const Bf16* const (&a)[2], int64_t a_stride, const uint32_t* b,
                       int64_t b_stride) {
    LoadTile<kFirstA>(a[0], a_stride * 2);
    if constexpr (kRowTiles == 2) LoadTile<kFirstA + 1>(a[1], a_stride * 2);
    ForEach([b, b_stride]<int kRow, int kColumn, int kC>() {
      constexpr int kB = kFirstB + kColumn % 2;
      if constexpr (kRow == 0) LoadTile<kB>(b + kColumn * kTileColumns, b_stride * 4);
      MultiplyTiles<kC, kFirstA + kRow, kB>();
    });
  }
};

// A panel of B: k / 2 pairs of `width` columns, of which the first is C's `column`.
struct TilePanel {
  const uint32_t* b;
  int64_t width;
  int64_t column;
};

// The last k % kTileDepth elements of k as whole tiles, filled up with zeros.
struct DepthRest {
  alignas(64) Bf16 a[2][kTileRows * kTileDepth];
  alignas(64) uint32_t b[kTileRows * kTilePanelColumns];

  void Copy(const Bf16* const (&from)[2], int64_t a_stride, int64_t rows, const uint32_t* from_b,
            const TilePanel& panel, int64_t columns, int64_t depth) {
    std::memset(this, 0, sizeof(*this));
    for (int i = 0; i < 2; ++i) {
      for (int64_t row = 0; row < rows; ++row) {
        std::memcpy(a[i] + row * kTileDepth, from[i] + row * a_stride,
                    static_cast<size_t>(depth) * sizeof(Bf16));
      }
    }
    for (int64_t pair = 0; pair < (depth + 1) / 2; ++pair) {
      std::memcpy(b + pair * kTilePanelColumns, from_b + pair * panel.width,
                  static_cast<size_t>(columns) * sizeof(uint32_t));
    }
  }
};

// Row tiles of a block: where each begins and how many of its rows the tile before has done.
struct TileRowsOf {
  int64_t row[2];
  int64_t skip[2];
};

// c, [row tile][16][stride], to C or C to c. Finished elements are rounded once.
template <typename T>
inline void FinishRow(const GemmTile& tile, const float* c, T* to, int64_t column,
                      int64_t columns) {
  const void* bias = tile.problem.bias;
  for (int64_t i = 0; i < columns; i += kWidth) {
    const int lanes = static_cast<int>(columns - i < kWidth ? columns - i : kWidth);
    Vec sum = Load(c + i);
    if (bias != nullptr) {
      sum = sum + (tile.settings->bias == Element::kFloat
                       ? Load(static_cast<const float*>(bias) + column + i, lanes)
                       : Load(static_cast<const Bf16*>(bias) + column + i, lanes));
    }
    if (lanes == kWidth) {
      Store(to + i, sum);
    } else {
      Store(to + i, sum, lanes);
    }
  }
}

template <int kRowTiles, int kColumnTiles>
void ComputeTileBlock(const GemmTile& tile, const TileRowsOf& rows, const TilePanel& panel,
                      int64_t first_column) {
  using Tiles = TileBlock<kRowTiles, kColumnTiles>;
  const GemmProblem& problem = tile.problem;
  const GemmSettings& settings = *tile.settings;
  const int64_t tile_rows = problem.m < kTileRows ? problem.m : kTileRows;
  const int64_t column = panel.column + first_column;
  const int64_t left = problem.n - column;
  const int64_t columns = left < Tiles::kCStride ? left : Tiles::kCStride;
  alignas(64) float c[kRowTiles * kTileRows * Tiles::kCStride];

  if (settings.accumulate) {
    const float* from = static_cast<const float*>(problem.c) + column;
    for (int i = 0; i < kRowTiles; ++i) {
      for (int64_t row = 0; row < tile_rows; ++row) {
        std::memcpy(c + (i * kTileRows + row) * Tiles::kCStride,
                    from + (rows.row[i] + row) * problem.c_stride,
                    static_cast<size_t>(columns) * sizeof(float));
      }
    }
    Tiles::Load(c);
  } else {
    Tiles::Zero();
  }

  const Bf16* a = static_cast<const Bf16*>(problem.a);
  const Bf16* a_rows[2] = {a + rows.row[0] * problem.a_stride,
                           a + rows.row[kRowTiles - 1] * problem.a_stride};
  const uint32_t* b = panel.b + first_column;
  int64_t k = 0;
  for (; k + kTileDepth <= problem.k; k += kTileDepth) {
    Tiles::Multiply(a_rows, problem.a_stride, b, panel.width);
    a_rows[0] += kTileDepth;
    a_rows[1] += kTileDepth;
    b += kTileDepth / 2 * panel.width;
  }
  if (k < problem.k) {
    DepthRest rest;
    rest.Copy(a_rows, problem.a_stride, tile_rows, b, panel, kColumnTiles * kTileColumns,
              problem.k - k);
    Tiles::Multiply({rest.a[0], rest.a[1]}, kTileDepth, rest.b, kTilePanelColumns);
  }

  Tiles::Store(c);
  for (int i = 0; i < kRowTiles; ++i) {
    for (int64_t row = rows.skip[i]; row < tile_rows; ++row) {
      const float* from = c + (i * kTileRows + row) * Tiles::kCStride;
      const int64_t place = (rows.row[i] + row) * problem.c_stride + column;
      if (settings.output == Element::kFloat) {
        FinishRow(tile, from, static_cast<float*>(problem.c) + place, column, columns);
      } else {
        FinishRow(tile, from, static_cast<Bf16*>(problem.c) + place, column, columns);
      }
    }
  }
}

// GemmKernels::bf16_tile.
inline void TileOnAmx(const GemmTile& tile) {
  const GemmProblem& problem = tile.problem;
  if (problem.m == 0) return;
  ConfigureTiles(problem.m < kTileRows ? problem.m : kTileRows);
  const int64_t last_row = problem.m < kTileRows ? 0 : problem.m - kTileRows;
  const int64_t pairs = (problem.k + 1) / 2;
  for (int64_t index = tile.panel_begin; index < tile.panel_end; ++index) {
    TilePanel panel{};
    panel.column = index * kTilePanelColumns;
    panel.b = static_cast<const uint32_t*>(problem.packed_b) + panel.column * pairs;
    const int64_t left = problem.n - panel.column;
    const int64_t tiles = left < kTilePanelColumns ? (left + kTileColumns - 1) / kTileColumns : 4;
    panel.width = tiles * kTileColumns;
    for (int64_t row = 0; row < problem.m; row += 2 * kTileRows) {
      const int64_t second = row + kTileRows;
      TileRowsOf rows{};
      rows.row[0] = row < last_row ? row : last_row;
      rows.skip[0] = row - rows.row[0];
      rows.row[1] = second < last_row ? second : last_row;
      rows.skip[1] = second - rows.row[1];
      if (second < problem.m) {
        if (tiles >= 2) ComputeTileBlock<2, 2>(tile, rows, panel, 0);
        if (tiles == 4) ComputeTileBlock<2, 2>(tile, rows, panel, 2 * kTileColumns);
        if (tiles % 2 == 1) ComputeTileBlock<2, 1>(tile, rows, panel, (tiles - 1) * kTileColumns);
      } else if (tiles == 4) {
        ComputeTileBlock<1, 4>(tile, rows, panel, 0);
      } else {
        if (tiles >= 2) ComputeTileBlock<1, 2>(tile, rows, panel, 0);
        if (tiles % 2 == 1) ComputeTileBlock<1, 1>(tile, rows, panel, (tiles - 1) * kTileColumns);
      }
    }
  }
  ReleaseTiles();
}

}  // namespace
}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
