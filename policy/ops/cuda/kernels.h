// kernels: what the .cu files of this folder offer. Device pointers and sizes in, a launch on a
// stream out; no torch, no CUDA types, so that nvcc reads nothing else.
//
// T rows (tokens), S expert rows, H query heads, G key/value heads, Q and V head widths, E experts,
// A experts a token. `bf16`: tensors of activations and weights are bfloat16, else float32. Sums
// are in float32, in an order that depends on a row's own sizes alone.

#pragma once

#include <cstdint>

namespace rationale::ops::cuda {

using Stream = void*;  // a cudaStream_t

// Rows of `width` dense elements: row i is at (i / inner_count) * outer + (i % inner_count) *
// inner.
struct RowsView {
  const void* data = nullptr;
  int64_t count = 0, width = 0;
  int64_t inner_count = 1, outer = 0, inner = 0;  // elements
};

void LaunchRmsNorm(bool bf16, const RowsView& x, const void* weight, float eps, void* y,
                   Stream stream);

// x's rows are gate then up, each half the width.
void LaunchSwiGlu(bool bf16, const RowsView& x, void* y, Stream stream);

struct RopeCall {
  RowsView x;  // T * H rows, H of them a token
  const int32_t* positions = nullptr;
  const float *cos = nullptr, *sin = nullptr;  // [positions, half]
  int64_t heads = 0, half = 0, offset = 0;
  bool interleaved = false;
  void* y = nullptr;  // contiguous
};
void LaunchRope(bool bf16, const RopeCall& call, Stream stream);

// y[t] = sum over a of weights[t, a] * x[slots[t, a]], in the order of a.
void LaunchCombine(bool bf16, const void* x_SD, const int32_t* slots_TA, const float* weights_TA,
                   int64_t num_tokens, int64_t choices, int64_t width, void* y_TD, Stream stream);

// Where the rows of a batch lie: row t is token position[t] of sequence sequence[t], whose first
// row is first_row[s] and whose pages begin at pages[page_start[s]]. A row at a negative position
// is none: it is not written, and its attention is 0.
struct RowPlaces {
  int64_t num_rows = 0;
  const int32_t *sequence = nullptr, *position = nullptr;
  const int32_t* first_row = nullptr;                     // by sequence
  const int32_t *page_start = nullptr, *pages = nullptr;  // null without a cache
  int64_t page_tokens = 0;
};

// Copies x [T, G, width] to the pages [num_pages, page_tokens, G, width].
void LaunchWritePages(bool bf16, const RowsView& x, int64_t heads, const RowPlaces& places,
                      void* pages, Stream stream);

// Keys or values of a token under a head: data + token * token_stride + head * head_stride.
struct HeadsView {
  const void* data = nullptr;
  int64_t token_stride = 0, head_stride = 0;
};

struct AttentionCall {
  HeadsView q, keys, values;
  RowPlaces places;
  int64_t heads = 0, group = 0, key_width = 0, value_width = 0, window = 0;
  float scale = 0;
  void* out = nullptr;  // [T, H, V]
};
inline constexpr int64_t kKeyWidthMax = 576, kValueWidthMax = 512;
void LaunchAttention(bool bf16, const AttentionCall& call, Stream stream);

struct RouteCall {
  const float *logits = nullptr, *bias = nullptr;  // [T, E], [E] or null
  int64_t num_tokens = 0, num_experts = 0, choices = 0, num_groups = 1, top_groups = 1;
  bool sigmoid = false, best_two = false, normalise = false;
  float scale = 1;
  int32_t* experts = nullptr;     // [T, A]
  float* weights = nullptr;       // [T, A]
  int32_t* slot_token = nullptr;  // [S]
  int32_t* slot_of = nullptr;     // [T, A]
  int64_t* offsets = nullptr;     // [E + 1]
  int32_t* ends = nullptr;        // [E]: offsets[1 ..]
};
inline constexpr int64_t kExpertsMax = 1024, kGroupsMax = 32;
void LaunchRoute(const RouteCall& call, Stream stream);

// One token a row of logits [R, W]: the greatest, ties to the lower id, where uniforms[r] < 0, else
// the first whose cumulated probability at the row's temperature exceeds uniforms[r]. logprobs: of
// that token at that temperature. Sums are in double, in an order that depends on W alone.
struct DrawCall {
  const float* logits = nullptr;
  int64_t num_rows = 0, width = 0;
  const double* uniforms = nullptr;
  const float* inverse_temperatures = nullptr;
  int32_t* tokens = nullptr;
  float* logprobs = nullptr;
};
void LaunchDraw(const DrawCall& call, Stream stream);

// What went wrong with a launch since the last call, or null.
const char* LaunchError();

}  // namespace rationale::ops::cuda
