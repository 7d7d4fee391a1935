// int8: matrix products of 8-bit integers, C = A B^T, for rollouts that may differ from the
// learner.
//
// Both sides are first rotated: each block of Int8Block(k) values of a row is multiplied by the
// Hadamard matrix H of that size, which changes no product and spreads the few large activations
// over the block (QuaRot, Ashkboos et al. 2024, arXiv:2404.00456; here at the time of the product,
// so that the model's files stay as they are). Weights are then scaled by output column,
// activations by row, both symmetrically and rounded to nearest even (the W8A8 of Dettmers et al.
// 2022, LLM.int8(), arXiv:2208.07339, eq. 4, without its outliers):
//   (H w_n)_k = scale_n q_nk,  (H x_m)_k = scale_m p_mk,  q and p integers in [-127, 127]
//   c_mn = float32(sum over k of p_mk q_nk) * (scale_n / Int8Block(k)) * scale_m (+ bias_n)
// H's sums have one order, and those of integers are the same in every order: a row's result
// depends on its own values alone, and on no CPU level.
//
// A is stored with 128 added, as AVX512-VNNI's vpdpbusd and AMX's tdpbusd multiply unsigned with
// signed bytes; what that adds to a column's sum, 128 sum over k of q_nk, is kept with the column.

#pragma once

#include <cstdint>
#include <span>

#include "policy/ops/cpu/bf16.h"
#include "policy/ops/cpu/dispatch.h"
#include "policy/ops/cpu/gemm.h"

namespace rationale::ops::cpu {

// A panel of B: kInt8Columns columns, for every 4 of k 4 bytes of each column, then each column's
// scale (float32) and excess (int32).
inline constexpr int64_t kInt8Columns = 32;
inline constexpr int64_t kInt8Depth = 4;
inline constexpr int64_t kInt8RowStep = 64;  // of k: what a tile of AMX takes at a time

// Bytes of a row of A: k rounded up to kInt8RowStep.
constexpr int64_t Int8RowBytes(int64_t k) {
  return (k + kInt8RowStep - 1) / kInt8RowStep * kInt8RowStep;
}
// The greatest power of two that divides k.
constexpr int64_t Int8Block(int64_t k) {
  return k == 0 ? 1 : k & -k;
}
constexpr int64_t Int8PanelBytes(int64_t k) {
  return kInt8Columns * (Int8RowBytes(k) + 8);
}
constexpr int64_t Int8Panels(int64_t n) {
  return (n + kInt8Columns - 1) / kInt8Columns;
}

// Packs panel `panel` of a weight [n, k] (rows of k elements, `stride` apart). |values| finite.
void PackInt8Panel(Element element, const void* weight, int64_t stride, int64_t n, int64_t k,
                   int64_t panel, void* packed_panel);

// Computes all products in two parallel regions: A of each problem is quantised, then multiplied.
// A and C as for Gemm (no accumulate); packed_b are panels as above.
void GemmInt8(const GemmSettings& settings, std::span<const GemmProblem> problems);

// ---- the kernels of one level ----

// Rows of A times panels [panel_begin, panel_end) of B.
struct Int8Tile {
  const uint8_t* a = nullptr;      // rows of Int8RowBytes(k)
  const float* a_scale = nullptr;  // a row
  int64_t m = 0;                   // 1 or more
  int64_t k = 0;
  const void* packed_b = nullptr;  // the first panel
  int64_t panel_begin = 0, panel_end = 0;
  int64_t n = 0;  // columns of all panels
  const void* bias = nullptr;
  Element bias_element = Element::kFloat;
  void* c = nullptr;  // the first row's column 0
  int64_t c_stride = 0;
  Element output = Element::kFloat;
};

struct Int8Kernels {
  // Rotates x [k] in place.
  void (*rotate)(float* x, int64_t k);
  // x [k] to bytes (values above k: 128) and returns the scale; 0 for a row of zeros.
  float (*quantise)(const float* x, int64_t k, uint8_t* to);
  void (*tile)(const Int8Tile& tile);
  void (*vnni_tile)(const Int8Tile& tile);  // null where the level has no AVX-512
  void (*amx_tile)(const Int8Tile& tile);   // null where the level has no AMX
};
RATIONALE_KERNELS(Int8Kernels, Int8)

// How bytes are multiplied: the fastest form that the machine has at the level in use. Portable
// sums take about as long as float32's, or longer.
enum class Int8Form { kPortable, kVnni, kAmx };
Int8Form ActiveInt8Form();

}  // namespace rationale::ops::cpu
