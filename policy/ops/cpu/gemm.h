// gemm: matrix products C = A B (+ bias) in which an element of C depends on its row of A and its
// column of B alone.
//
// Every element is summed over k = 0, 1, 2, ... in one float32 accumulator, whatever the number of
// rows, the blocking, the threads or the inner kernel that computes it, so a row's result is the
// same in any batch:
//   float32 operands                c = fma(a_k, b_k, c)  (portable: c + a_k * b_k, rounded twice)
//   bfloat16 operands, avx512_bf16  c = vdpbf16ps(c, a_2i : a_2i+1, b_2i : b_2i+1), an odd last k
//                                   paired with zeros
//   bfloat16 operands, amx_bf16     c = c + (even + odd) for every 32 of k (filled up with zeros),
//                                   even = fma(a_2i, b_2i, even) over them and odd likewise, as
//                                   TDPBF16PS does
//   bfloat16 operands, other levels as float32, of the widened operands
// B is packed once into panels of as many columns as one inner kernel holds; the panels of a weight
// are kept between calls (packed_weight.h). Cf. Goto & van de Geijn 2008, "Anatomy of
// high-performance matrix multiplication", without its blocking of k: keeping one accumulator an
// element means that a panel is read from the second-level cache.

#pragma once

#include <cstdint>
#include <span>

#include "policy/ops/cpu/bf16.h"
#include "policy/ops/cpu/dispatch.h"

namespace rationale::ops::cpu {

enum class Element { kFloat, kBf16 };

constexpr int64_t SizeOf(Element element) {
  return element == Element::kFloat ? 4 : 2;
}

// ---- packing ----

// A matrix B [k, n] in row-major memory, or stored the other way round.
struct MatrixView {
  const void* data = nullptr;
  int64_t stride = 0;  // elements from one row in memory to the next
  int64_t k = 0;
  int64_t n = 0;
  bool columns_in_rows = false;  // memory holds [n, k]: a weight as it is, used as x @ weight^T
};

// Bytes of `view` packed at the level in use.
int64_t PackedBytes(Element element, int64_t k, int64_t n);
// Number of panels.
int64_t NumPanels(int64_t n);
// Packs panels [begin, end) of `view` to their place in `packed`, which holds PackedBytes and is
// aligned to 64 bytes.
void PackPanels(Element element, const MatrixView& view, int64_t begin, int64_t end, void* packed);
// Packs them all, on all threads.
void Pack(Element element, const MatrixView& view, void* packed);

// ---- products ----

// One product: A [m, k] with rows `a_stride` elements apart, packed B [k, n], C [m, n]; bias [n],
// which may be null, is added to the sum in float32 before the one rounding.
struct GemmProblem {
  const void* a = nullptr;
  int64_t a_stride = 0;
  int64_t m = 0;
  int64_t n = 0;
  int64_t k = 0;
  const void* packed_b = nullptr;
  const void* bias = nullptr;
  void* c = nullptr;
  int64_t c_stride = 0;
};

inline bool HaveSameA(const GemmProblem& one, const GemmProblem& other) {
  return one.a == other.a && one.a_stride == other.a_stride && one.m == other.m && one.k == other.k;
}

// What the products of one call have in common.
struct GemmSettings {
  Element operands = Element::kFloat;  // of A and B
  bool widen_a = false;  // A is bfloat16 though `operands` is kFloat: widened on the way
  Element output = Element::kFloat;  // of C
  Element bias = Element::kFloat;
  const void* next_b = nullptr;  // panels that the call after this one reads, as far as is known
  bool accumulate = false;       // sums start from C, which is float32, instead of 0; no bias then
};

// Computes all products in one parallel region. Their C must not overlap; products of the same A
// are best neighbours.
void Gemm(const GemmSettings& settings, std::span<const GemmProblem> problems);

// One product of gradients: weight_grad [n, k] += y_grad^T x, y_grad [m, n], x [m, k], summed over
// rows in order. Bfloat16 rows are paired from each group's first row on (see above): with float32
// operands, and at levels without pairs, cutting the rows into several calls changes no bit.
struct WeightGradProblem {
  const void* y_grad = nullptr;
  int64_t y_stride = 0;
  const void* x = nullptr;
  int64_t x_stride = 0;
  int64_t m = 0;
  float* weight_grad = nullptr;
};

// Computes all of them, split over elements of the gradients and never over rows. Gradients must
// not overlap.
void AddWeightGrads(Element operands, int64_t n, int64_t k,
                    std::span<const WeightGradProblem> problems);

// ---- the kernels of one level ----

// Rows [0, m) of C in panels [panel_begin, panel_end).
struct GemmTile {
  const GemmSettings* settings = nullptr;
  GemmProblem problem;
  int64_t panel_begin = 0;
  int64_t panel_end = 0;
  float* panel_room = nullptr;  // for a panel of B in float32, aligned to 64 bytes; may be null
  const void* next_panel = nullptr;  // of B, which this thread reads next as far as is known
};

struct GemmKernels {
  int panel_columns;            // of a panel
  int row_unit;                 // tiles have a multiple of it as rows, but for a product's last
  double bf16_products_per_ns;  // about: it decides how work is cut, never what is computed
  bool bf16_pairs;  // whether bfloat16 is multiplied in pairs; if not, bf16_tile takes A widened to
                    // float32
  void (*float_tile)(const GemmTile& tile);
  void (*bf16_tile)(const GemmTile& tile);
  void (*pack_float)(const MatrixView& view, int64_t panel, void* packed_panel);
  void (*pack_bf16)(const MatrixView& view, int64_t panel, void* packed_panel);
  // to[column * to_stride + row] = from[row * from_stride + column].
  void (*transpose_float)(const float* from, int64_t from_stride, int64_t rows, int64_t columns,
                          float* to, int64_t to_stride);
  void (*transpose_bf16)(const Bf16* from, int64_t from_stride, int64_t rows, int64_t columns,
                         Bf16* to, int64_t to_stride);
};
RATIONALE_KERNELS(GemmKernels, GemmTable)

}  // namespace rationale::ops::cpu
