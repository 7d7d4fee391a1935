#include "policy/ops/cpu/gemm.h"

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "policy/ops/cpu/transpose.h"
#include "policy/ops/cpu/vec.h"
#if defined(__AMX_BF16__)
#include "policy/ops/cpu/kernels/gemm_amx.h"
#endif

namespace rationale::ops::cpu::RATIONALE_LEVEL {
namespace {

// The inner kernel holds kRows x kVecs accumulators and kVecs + 1 operands in registers: 32 with
// AVX-512, else 16.
#if defined(__AVX512F__)
constexpr int kMaxRows = 6;
constexpr int kPanelVecs = 4;
#elif defined(__AVX2__)
constexpr int kMaxRows = 6;
constexpr int kPanelVecs = 2;
#else
constexpr int kMaxRows = 4;
constexpr int kPanelVecs = 2;
#endif
// Where columns are widened as they are read, more rows than kMaxRows take kTallVecs registers of
// columns at a time, so that each serves up to kTallRows.
constexpr int kTallVecs = 2;
constexpr int kTallRows = kPanelVecs > kTallVecs ? 14 : kMaxRows;
constexpr int kPanelColumns = kPanelVecs * kWidth;
constexpr int64_t kCacheLine = 64;
constexpr int64_t kSoon = 2048;  // bytes of a panel, in which it is asked for into the first level

// How operands are multiplied: A is read kDepth elements at a time, one packed element of B holds
// as many.
struct FloatByFloat {
  using A = float;
  using B = float;
  using Operand = Vec;
  static constexpr int kDepth = 1;
  static constexpr int kRowsMost = kMaxRows;  // of a block
  static Operand Broadcast(const A* a) { return Set1(*a); }
  template <int kVecs>
  static void LoadB(const B* b, Operand (&columns)[kVecs]) {
    for (int v = 0; v < kVecs; ++v) columns[v] = Load(b + v * kWidth);
  }
  static Vec Multiply(Operand a, Operand b, Vec sum) { return Fma(a, b, sum); }
};

// Pairs of registers of bfloat16 columns are packed in the order in which LoadPair reads them.
struct FloatByBf16 {
  using A = float;
  using B = Bf16;
  using Operand = Vec;
  static constexpr int kDepth = 1;
  static constexpr int kRowsMost = kTallRows;
  static Operand Broadcast(const A* a) { return Set1(*a); }
  template <int kVecs>
  static void LoadB(const B* b, Operand (&columns)[kVecs]) {
    for (int v = 0; v + 1 < kVecs; v += 2) LoadPair(b + v * kWidth, columns[v], columns[v + 1]);
    if constexpr (kVecs % 2 == 1) columns[kVecs - 1] = Load(b + (kVecs - 1) * kWidth);
  }
  static Vec Multiply(Operand a, Operand b, Vec sum) { return Fma(a, b, sum); }
  // A row of a panel, `width` columns, in float32.
  static void Widen(const B* b, float* to, int64_t width) {
    int64_t i = 0;
    for (; i + 2 * kWidth <= width; i += 2 * kWidth) {
      Vec first, second;
      LoadPair(b + i, first, second);
      Store(to + i, first);
      Store(to + i + kWidth, second);
    }
    if (i < width) Store(to + i, Load(b + i));
  }
};

#if defined(__AVX512BF16__)
struct Bf16Pairs {
  using A = Bf16;
  using B = uint32_t;
  using Operand = __m512i;
  static constexpr int kDepth = 2;
  static constexpr int kRowsMost = kMaxRows;
  static Operand Broadcast(const A* a) {
    int32_t pair;
    std::memcpy(&pair, a, sizeof(pair));
    return _mm512_set1_epi32(pair);
  }
  static Operand BroadcastLast(const A* a) { return _mm512_set1_epi32(a->bits); }
  template <int kVecs>
  static void LoadB(const B* b, Operand (&columns)[kVecs]) {
    for (int v = 0; v < kVecs; ++v) columns[v] = _mm512_loadu_si512(b + v * kWidth);
  }
  static Vec Multiply(Operand a, Operand b, Vec sum) {
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
};
#endif

template <typename Mode, int kRows, int kVecs>
struct Accumulators {
  Vec sum[kRows][kVecs];

  // C's columns from `column` on; the last register holds only those below n.
  void LoadFrom(const GemmTile& tile, int64_t row, int64_t column) {
    const float* c =
        static_cast<const float*>(tile.problem.c) + row * tile.problem.c_stride + column;
    const int last_lanes = LastLanes(tile, column);
    for (int r = 0; r < kRows; ++r, c += tile.problem.c_stride) {
      for (int v = 0; v + 1 < kVecs; ++v) sum[r][v] = Load(c + v * kWidth);
      const float* last = c + (kVecs - 1) * kWidth;
      sum[r][kVecs - 1] = last_lanes == kWidth ? Load(last) : Load(last, last_lanes);
    }
  }

  void SetZero() {
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVecs; ++v) sum[r][v] = Zero();
    }
  }

  // For each element of a column, kPrefetch cache lines from `ahead` on are asked for, and what
  // of this panel comes soon: fetching the next one keeps the hardware from doing it in time.
  template <int kPrefetch>
  void AddProducts(const typename Mode::A* a, int64_t a_stride, const typename Mode::B* b,
                   int64_t b_stride, int64_t k, const char* ahead) {
    int64_t i = 0;
    for (; i + Mode::kDepth <= k; i += Mode::kDepth, b += b_stride) {
      for (int line = 0; line < kPrefetch; ++line, ahead += kCacheLine) {
        __builtin_prefetch(ahead, /*write=*/0, /*second-level cache*/ 2);
      }
      if constexpr (kPrefetch > 0) {
        const char* soon = reinterpret_cast<const char*>(b) + kSoon;
        __builtin_prefetch(soon);
        if constexpr (kVecs > kTallVecs) __builtin_prefetch(soon + kCacheLine);
      }
      typename Mode::Operand columns[kVecs];
      Mode::template LoadB<kVecs>(b, columns);
#pragma GCC unroll 14
      for (int r = 0; r < kRows; ++r) {
        const typename Mode::Operand element = Mode::Broadcast(a + r * a_stride + i);
        for (int v = 0; v < kVecs; ++v) sum[r][v] = Mode::Multiply(element, columns[v], sum[r][v]);
      }
    }
    if constexpr (Mode::kDepth > 1) {
      if (i == k) return;
      typename Mode::Operand columns[kVecs];
      Mode::template LoadB<kVecs>(b, columns);
#pragma GCC unroll 14
      for (int r = 0; r < kRows; ++r) {
        const typename Mode::Operand element = Mode::BroadcastLast(a + r * a_stride + i);
        for (int v = 0; v < kVecs; ++v) sum[r][v] = Mode::Multiply(element, columns[v], sum[r][v]);
      }
    }
  }

  template <typename T>
  void AddBias(const GemmTile& tile, int64_t column) {
    const T* bias = static_cast<const T*>(tile.problem.bias) + column;
    const int last_lanes = LastLanes(tile, column);
    for (int v = 0; v < kVecs; ++v) {
      const bool whole = v + 1 < kVecs || last_lanes == kWidth;
      const Vec addend = whole ? Load(bias + v * kWidth) : Load(bias + v * kWidth, last_lanes);
      for (int r = 0; r < kRows; ++r) sum[r][v] = sum[r][v] + addend;
    }
  }

  template <typename T>
  void StoreTo(const GemmTile& tile, int64_t row, int64_t column) const {
    T* c = static_cast<T*>(tile.problem.c) + row * tile.problem.c_stride + column;
    const int last_lanes = LastLanes(tile, column);
    for (int r = 0; r < kRows; ++r, c += tile.problem.c_stride) {
      for (int v = 0; v + 1 < kVecs; ++v) Store(c + v * kWidth, sum[r][v]);
      T* last = c + (kVecs - 1) * kWidth;
      if (last_lanes == kWidth) {
        Store(last, sum[r][kVecs - 1]);
      } else {
        Store(last, sum[r][kVecs - 1], last_lanes);
      }
    }
  }

  static int LastLanes(const GemmTile& tile, int64_t column) {
    const int64_t left = tile.problem.n - column - (kVecs - 1) * kWidth;
    return left < kWidth ? static_cast<int>(left) : kWidth;
  }
};

// Where a block of C lies and what it is computed from.
template <typename Mode>
struct BlockArgs {
  int64_t row;
  int64_t column;
  const typename Mode::B* b;  // the panel from that column on
  int64_t b_stride;           // elements of one of its rows
  const char* ahead;          // memory to ask for meanwhile
};

// kRows rows of C in a panel that holds kVecs registers of columns.
template <typename Mode, int kRows, int kVecs, int kPrefetch>
void Block(const GemmTile& tile, const BlockArgs<Mode>& args) {
  const GemmProblem& problem = tile.problem;
  const GemmSettings& settings = *tile.settings;
  Accumulators<Mode, kRows, kVecs> block;
  if (settings.accumulate) {
    block.LoadFrom(tile, args.row, args.column);
  } else {
    block.SetZero();
  }
  block.template AddProducts<kPrefetch>(
      static_cast<const typename Mode::A*>(problem.a) + args.row * problem.a_stride,
      problem.a_stride, args.b, args.b_stride, problem.k, args.ahead);
  if (problem.bias != nullptr) {
    if (settings.bias == Element::kFloat) {
      block.template AddBias<float>(tile, args.column);
    } else {
      block.template AddBias<Bf16>(tile, args.column);
    }
  }
  if (settings.output == Element::kFloat) {
    block.template StoreTo<float>(tile, args.row, args.column);
  } else {
    block.template StoreTo<Bf16>(tile, args.row, args.column);
  }
}

template <typename Mode>
using BlockFunction = void (*)(const GemmTile&, const BlockArgs<Mode>&);

template <typename Mode, int kRows, int kVecs>
BlockFunction<Mode> WithPrefetch(int prefetch) {
  if (prefetch == 2) return Block<Mode, kRows, kVecs, 2>;
  return prefetch == 1 ? Block<Mode, kRows, kVecs, 1> : Block<Mode, kRows, kVecs, 0>;
}

template <typename Mode, int kRows>
BlockFunction<Mode> BlockOfRows(int num_vecs, int prefetch) {
  if constexpr (kPanelVecs == 4 && kRows <= kMaxRows) {
    if (num_vecs == 4) return WithPrefetch<Mode, kRows, 4>(prefetch);
    if (num_vecs == 3) return Block<Mode, kRows, 3, 0>;
  }
  return num_vecs == 2 ? WithPrefetch<Mode, kRows, 2>(prefetch) : Block<Mode, kRows, 1, 0>;
}

// For 1 .. kRows rows.
template <typename Mode, int kRows = Mode::kRowsMost>
BlockFunction<Mode> FindBlock(int64_t num_rows, int num_vecs, int prefetch) {
  if constexpr (kRows > 1) {
    if (num_rows < kRows) return FindBlock<Mode, kRows - 1>(num_rows, num_vecs, prefetch);
  }
  return BlockOfRows<Mode, kRows>(num_vecs, prefetch);
}

constexpr int64_t DivideUp(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

// Lines of the next panel that a block asks for per element of its column, of the `panel_lines`
// that element's row of the panel fills. With many, the next panel's fetch hardly shows.
int PrefetchLines(int64_t num_blocks, int64_t panel_lines) {
  if (num_blocks > 16) return 0;
  return num_blocks < panel_lines ? 2 : 1;
}

// The rows in blocks as equal as can be: 16 are 8 + 8, not 14 + 2. `ahead` are `ahead_lines` cache
// lines.
template <typename Mode>
void Panel(const GemmTile& tile, BlockArgs<Mode> args, int64_t ahead_lines) {
  const GemmProblem& problem = tile.problem;
  const int64_t depth = DivideUp(problem.k, Mode::kDepth);
  const int num_vecs = static_cast<int>(args.b_stride / kWidth);
  const bool tall = Mode::kRowsMost > kMaxRows && problem.m > kMaxRows && num_vecs > kTallVecs;
  const int block_vecs = tall ? kTallVecs : num_vecs;
  const int64_t num_blocks = DivideUp(problem.m, tall ? kTallRows : kMaxRows);
  const int64_t small_rows = problem.m / num_blocks;
  const int64_t num_large = problem.m - num_blocks * small_rows;
  const int64_t first_column = args.column;
  const typename Mode::B* const panel = args.b;
  int prefetch = PrefetchLines(num_blocks * DivideUp(num_vecs, block_vecs), ahead_lines / depth);
  for (int64_t i = 0; i < num_blocks; ++i) {
    const int64_t rows = i < num_large ? small_rows + 1 : small_rows;
    for (int vec = 0; vec < num_vecs; vec += block_vecs) {
      if (ahead_lines < depth) prefetch = 0;
      args.column = first_column + vec * kWidth;
      args.b = panel + vec * kWidth;
      const int vecs = num_vecs - vec < block_vecs ? num_vecs - vec : block_vecs;
      FindBlock<Mode>(rows, vecs, prefetch)(tile, args);
      args.ahead += prefetch * depth * kCacheLine;
      ahead_lines -= prefetch * depth;
    }
    args.row += rows;
  }
}

// More rows than this multiply by a bfloat16 panel that is widened once.
constexpr int64_t kRowsInPlace = kTallRows > kMaxRows ? 64 : 48;

template <typename Mode>
void Tile(const GemmTile& tile) {
  using B = typename Mode::B;
  const GemmProblem& problem = tile.problem;
  if (problem.m == 0) return;
  const int64_t depth = DivideUp(problem.k, Mode::kDepth);
  for (int64_t panel = tile.panel_begin; panel < tile.panel_end; ++panel) {
    const int64_t column = panel * kPanelColumns;
    const B* b = static_cast<const B*>(problem.packed_b) + column * depth;
    const int64_t columns = problem.n - column;
    const int64_t width =
        columns < kPanelColumns ? DivideUp(columns, kWidth) * kWidth : kPanelColumns;
    const void* next = panel + 1 < tile.panel_end ? b + kPanelColumns * depth : tile.next_panel;
    const char* ahead = static_cast<const char*>(next);
    const int64_t ahead_lines =
        ahead == nullptr ? 0 : depth * (kPanelColumns * int64_t{sizeof(B)} / kCacheLine);
    if constexpr (std::is_same_v<Mode, FloatByBf16>) {
      if (problem.m > kRowsInPlace && tile.panel_room != nullptr) {
        for (int64_t i = 0; i < depth * width; i += width) {
          Mode::Widen(b + i, tile.panel_room + i, width);
        }
        Panel<FloatByFloat>(tile, {0, column, tile.panel_room, width, ahead}, ahead_lines);
        continue;
      }
    }
    Panel<Mode>(tile, {0, column, b, width, ahead}, ahead_lines);
  }
}

// Packed elements of kDepth values of T each, moved as bits; those beyond B's last row or column
// are zero.
template <typename T, typename Packed, int kDepth>
struct Packer {
  static constexpr bool kPairs = kDepth == 2;

  static void Pack(const MatrixView& view, int64_t panel, void* packed_panel) {
    const int64_t column = panel * kPanelColumns;
    const int64_t left = view.n - column;
    const int64_t columns = left < kPanelColumns ? left : kPanelColumns;
    const int64_t width = DivideUp(columns, kWidth) * kWidth;
    const int64_t depth = DivideUp(view.k, kDepth);
    Packed* to = static_cast<Packed*>(packed_panel);
    if (columns < width) std::memset(to, 0, static_cast<size_t>(depth * width) * sizeof(Packed));
    const T* from = static_cast<const T*>(view.data);
    if (view.columns_in_rows) {
      FromRows(from + column * view.stride, view.stride, view.k, columns, to, width);
    } else {
      FromColumns(from + column, view.stride, view.k, columns, to, width);
    }
    if constexpr (sizeof(Packed) == sizeof(Bf16)) {
      for (int64_t row = 0; row < depth; ++row) {
        for (int64_t i = 0; i + 2 * kWidth <= width; i += 2 * kWidth) {
          Bf16* pair = reinterpret_cast<Bf16*>(to + row * width + i);
          StorePair(pair, Load(pair), Load(pair + kWidth));
        }
      }
    }
  }

  // from[column][k]
  static void FromRows(const T* from, int64_t stride, int64_t k, int64_t columns, Packed* to,
                       int64_t width) {
    const int64_t whole = k / kDepth;
    Transpose(from, stride * static_cast<int64_t>(sizeof(T)), columns, whole, to, width);
    if (whole * kDepth == k) return;
    for (int64_t column = 0; column < columns; ++column) {
      to[whole * width + column] = from[column * stride + k - 1];
    }
  }

  // from[k][column]
  static void FromColumns(const T* from, int64_t stride, int64_t k, int64_t columns, Packed* to,
                          int64_t width) {
    const int64_t whole = k / kDepth;
    for (int64_t i = 0; i < whole; ++i, to += width, from += kDepth * stride) {
      if constexpr (kPairs) {
        for (int64_t column = 0; column < columns; ++column) {
          to[column] =
              static_cast<Packed>(from[column] | static_cast<Packed>(from[stride + column]) << 16);
        }
      } else {
        std::memcpy(to, from, static_cast<size_t>(columns) * sizeof(T));
      }
    }
    if (whole * kDepth == k) return;
    for (int64_t column = 0; column < columns; ++column) to[column] = from[column];
  }
};

#if defined(__AVX512BF16__)
using Bf16Mode = Bf16Pairs;
using Bf16Bits = uint32_t;
#else
using Bf16Mode = FloatByBf16;
using Bf16Bits = uint16_t;
#endif

void TransposeFloats(const float* from, int64_t from_stride, int64_t rows, int64_t columns,
                     float* to, int64_t to_stride) {
  Transpose(from, from_stride * 4, rows, columns, reinterpret_cast<uint32_t*>(to), to_stride);
}

void TransposeBf16s(const Bf16* from, int64_t from_stride, int64_t rows, int64_t columns, Bf16* to,
                    int64_t to_stride) {
  Transpose(from, from_stride * 2, rows, columns, reinterpret_cast<uint16_t*>(to), to_stride);
}

}  // namespace

const GemmKernels kGemmTable = {
    .panel_columns = kPanelColumns,
#if defined(__AMX_BF16__)
    .row_unit = 2 * kTileRows,
    .bf16_products_per_ns = 400,
#else
    .row_unit = 1,
    .bf16_products_per_ns = Bf16Mode::kDepth == 2 ? 100 : 50,
#endif
    .bf16_pairs = Bf16Mode::kDepth == 2,
    .float_tile = Tile<FloatByFloat>,
#if defined(__AMX_BF16__)
    .bf16_tile = TileOnAmx,
#else
    .bf16_tile = Tile<Bf16Mode>,
#endif
    .pack_float = Packer<uint32_t, uint32_t, 1>::Pack,
    .pack_bf16 = Packer<uint16_t, Bf16Bits, Bf16Mode::kDepth>::Pack,
    .transpose_float = TransposeFloats,
    .transpose_bf16 = TransposeBf16s,
};

}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
