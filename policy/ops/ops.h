// ops: the tensor functions all models are written in, and the only place that knows devices.
//
// One call serves prefill, decode and learner. On a CPU tensor each runs our kernel (cpu/); on a
// GPU some have a kernel where no gradient is recorded (cuda/); elsewhere, and with
// Backend::kReference, it is a composition of ATen calls (reference_*.cc). Every op is
// differentiable in its tensor arguments when grad mode is on (custom autograd functions). The
// gradient of a Parameter does not travel through autograd: backward adds it to Parameter::grad
// (float32, created as zeros when undefined) if value.requires_grad().
//
// Exactness: a row of a result depends on that row's inputs alone, bit for bit: not on the other
// rows, their number, the row's place among them, or the number of threads. Accumulation is in
// float32, in one order at every size. On a GPU that holds up to rounding: cuBLAS chooses the
// order.
//
// Shape suffixes: T rows (tokens of all sequences, packed), D model width, K input width, N output
// width, H query heads, G key/value heads, Q head width of queries and keys, V head width of
// values, E experts, A experts a token, S = T * A expert rows, F feed-forward width, W vocabulary.
// Activations are in the compute dtype (float32, bfloat16).

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>
#include <c10/util/SmallVector.h>

#include "policy/parameter.h"

namespace rationale::ops {

// Which form CPU tensors use; kReference is for tests. Process-wide, set before any other thread
// runs ops.
enum class Backend { kKernels, kReference };
void SetBackend(Backend backend);
Backend GetBackend();

// Threads used by the kernels, the calling one included. Results do not depend on it.
void SetNumThreads(int num_threads);
int NumThreads();

// The CPU level in use: "amx_bf16", "avx512_bf16", "avx512", "avx2" or "portable"; the environment
// variable RATIONALE_CPU asks for a lower one than the machine has.
const char* CpuLevel();

// Until its end the calling thread's products with weights are of 8-bit integers, weights scaled by
// output column and activations by row (cpu/int8.h), except by parameters that are `exact`: faster
// on AVX512-VNNI, and another policy than the learner's, whose products are not within one. For CPU
// tensors; others, and Backend::kReference, know nothing of it.
class Int8Products {
 public:
  explicit Int8Products(bool wanted);
  ~Int8Products();
  Int8Products(const Int8Products&) = delete;
  Int8Products& operator=(const Int8Products&) = delete;

  static bool Active();

 private:
  bool before_;
};

// ---- embedding, linear ----

// Rows of the table: tokens_T int64 in [0, W), table [W, D] -> [T, D].
at::Tensor Embedding(const at::Tensor& tokens_T, Parameter& table_WD);

// x_TK @ weight_NK^T (+ bias_N) -> [T, N], in x's dtype, or float32 where the weight's dtype is
// float32 or `float32_output` is set (logits). Leading dimensions of x are kept: [..., K] -> [...,
// N].
at::Tensor Linear(const at::Tensor& x_TK, Parameter& weight_NK, Parameter* bias_N = nullptr,
                  bool float32_output = false);

// The same to heads that lie side by side, by several weights at once: x [T, K] or [T, 1, K] ->
// [T, H, N / H] each. On CPUs one product, which reads x once.
struct HeadsOfLinear {
  Parameter* weight = nullptr;  // [N, K]
  Parameter* bias = nullptr;    // [N], or null
  int64_t heads = 1;            // H
};
using Heads = c10::SmallVector<at::Tensor, 4>;
Heads LinearsToHeads(const at::Tensor& x_TK, std::span<const HeadsOfLinear> linears);

// And from them: [T, H, V] -> [T, N], K = H V.
at::Tensor LinearFromHeads(const at::Tensor& x_THV, Parameter& weight_NK, Parameter* bias_N);

// One matrix a head: x [T, H, K], weight [H, N, K] -> [T, H, N]. MLA's absorbed projections.
at::Tensor LinearPerHead(const at::Tensor& x_THK, Parameter& weight_HNK);

// One matrix an expert over rows sorted by expert: rows offsets[e] <= s < offsets[e + 1] of x use
// weight[e]. x [S, K], weight [E, N, K] -> [S, N].
// `ends_E`: the same without the first, int32 on the GPU, where HasGroupedProduct; `offsets` may
// then be empty.
at::Tensor GroupedLinear(const at::Tensor& x_SK, Parameter& weight_ENK,
                         std::span<const int64_t> offsets, const at::Tensor& ends_E = {});

// Whether rows like x's are multiplied by all experts in one call that reads the rows' ends on the
// GPU: bfloat16 there, sixteen bytes at a time, no gradient.
bool HasGroupedProduct(const at::Tensor& x, const Parameter& weight_ENK);

// ---- rows ----

// x * rsqrt(mean(x^2) + eps) * weight over the last dimension, in float32, rounded once to x's
// dtype. Zhang & Sennrich 2019.
at::Tensor RmsNorm(const at::Tensor& x, Parameter& weight_D, double eps);

// silu(gate) * up, where x's last dimension holds gate then up: [..., 2F] -> [..., F]. Shazeer
// 2020.
at::Tensor SwiGlu(const at::Tensor& x_T2F);

// a + b, same shape and dtype.
at::Tensor Add(const at::Tensor& a, const at::Tensor& b);

// a [T, H, M] and b [T, H, N] side by side: [T, H, M + N].
at::Tensor JoinColumns(const at::Tensor& a_THM, const at::Tensor& b_THN);

// cos and sin [max_position, R / 2] float32, attention factor (YaRN's mscale) already multiplied
// in.
struct RopeTable {
  at::Tensor cos, sin;
};
// Rotates columns [offset, offset + R) of every head, R = 2 * cos.size(1), and copies the others.
// x [T, H, Q]; positions_T int32. `interleaved`: the file pairs columns (2i, 2i+1), as DeepSeek's
// do; the result then has the pair's members at i and i + R/2, as transformers' does. Su et al.
// 2021.
at::Tensor Rope(const at::Tensor& x_THQ, const at::Tensor& positions_T, const RopeTable& table,
                int64_t offset, bool interleaved);

// ---- attention ----

// Rows [row, row + num_rows) of a batch are tokens [num_cached, num_cached + num_rows) of one
// sequence. With a cache, its keys 0 .. num_cached + num_rows - 1 lie on `pages` in order,
// kPageTokens to a page. Without one num_cached is 0.
struct SequenceSpan {
  int64_t row = 0;
  int64_t num_rows = 0;
  int64_t num_cached = 0;
  std::vector<int32_t> pages;
};

inline constexpr int64_t kPageTokens = 16;

// One layer's paged keys and values: [num_pages, kPageTokens, G, Q] and [num_pages, kPageTokens, G,
// V] in the compute dtype. MLA: G = 1, keys are the latent then the rope key, `values` is undefined
// (values are the first V columns).
struct KvLayer {
  at::Tensor keys, values;
};

struct AttentionSettings {
  double scale = 0;            // of q.k
  int64_t value_width = 0;     // V
  int64_t sliding_window = 0;  // a row sees its last so many keys, itself included; 0: all
};

// Causal softmax(q k^T * scale) v of every row over its own sequence. q [T, H, Q], k [T, G, Q], v
// [T, G, V] or undefined (then v is the first V columns of k: MLA absorbed), H a multiple of G ->
// [T, H, V]. cache: writes k and v to the spans' pages first and reads all keys from there; no
// gradient then. Without: the rows' own k and v. A row visits its keys page by page from its
// sequence's first token, online softmax in float32 (Milakov & Gimelshein 2018), whichever the
// source: prefill, decode and learner agree bit for bit.
at::Tensor Attention(const at::Tensor& q_THQ, const at::Tensor& k_TGQ, const at::Tensor& v_TGV,
                     const AttentionSettings& settings, std::span<const SequenceSpan> spans,
                     KvLayer* cache = nullptr);

// ---- mixture of experts ----

enum class Gate { kSoftmax, kSigmoid };
// What a group of experts is worth: its best score (DeepSeek-V2) or the sum of its two best
// (DeepSeek-V3).
enum class GroupScore { kMax, kTopTwoSum };

struct RouteSettings {
  Gate gate = Gate::kSoftmax;
  int64_t experts_per_token = 1;  // A
  int64_t num_groups =
      1;  // experts are chosen within the `top_groups` best of so many equal groups,
  int64_t top_groups = 1;  //   never outside them, as in DeepSeek's own code
  GroupScore group_score = GroupScore::kTopTwoSum;
  bool normalise =
      true;          // the chosen weights are divided by their sum (+ 1e-20 with the sigmoid gate)
  double scale = 1;  // then multiplied by this
  bool ends_suffice = false;  // on a GPU `offsets` may stay empty: HasGroupedProduct said so
};

struct Routing {
  at::Tensor experts_TA;                   // int32, best first; ties go to the lower id
  at::Tensor weights_TA;                   // float32, differentiable in the logits
  c10::SmallVector<int64_t, 257> offsets;  // E + 1: the rows of expert e among the S sorted ones
  at::Tensor slot_token_S;  // int32: the token of each sorted row; within an expert in token order
  at::Tensor slot_of_TA;    // int32: the sorted row of each (token, choice)
  at::Tensor ends_E = {};   // int32, on a GPU alone: offsets[1 ..]
};

// logits [T, E] float32; bias [E] float32 or undefined is added for the choice only (DeepSeek-V3,
// arXiv:2412.19437, eq. 16: aux-loss-free balancing), never to the weights.
Routing Route(const at::Tensor& logits_TE, const at::Tensor& bias_E, const RouteSettings& settings);

// x [T, D] -> its rows in the routing's order [S, D].
at::Tensor MoeGather(const at::Tensor& x_TD, const Routing& routing);

// y[t] = sum over choices a = 0..A-1, in that order, of weights[t, a] * x[slot_of[t, a]] -> [T, D],
// summed in float32.
at::Tensor MoeCombine(const at::Tensor& x_SD, const Routing& routing);

// ---- log-probabilities ----

// The distribution a row's token was drawn from: softmax(logits / temperature) over the kept
// tokens. Entries are per row; an empty kept list keeps all.
struct RowDistribution {
  float temperature = 1;          // > 0; greedy rows pass 1
  std::span<const int32_t> kept;  // ascending token ids that top-k, top-p and min-p left
};

struct TokenLogprobs {
  at::Tensor logprobs_T;  // float32, natural log, differentiable in hidden and head
  at::Tensor entropy_T;   // float32, nats, of the same distribution; no gradient
};

// ln p(targets[t]) under softmax(hidden_TD @ head_WD^T / temperature) restricted to the kept set.
// Logits live for one chunk of rows at a time, in forward and backward; the same row function as
// the sampler's (row_logits.h).
TokenLogprobs SelectedLogprobs(const at::Tensor& hidden_TD, Parameter& head_WD,
                               const at::Tensor& targets_T, std::span<const RowDistribution> rows);

}  // namespace rationale::ops
