// Multi-head latent attention in its two forms, one layer in bfloat16 without its projections of
// the hidden state: build/release/tests/mla_bench [Google Benchmark's options], two threads
//
//   absorbed  queries are multiplied by W_UK, keys and values are the cached latent (what the
//             models use: a cached token is R + rope wide, and decode, prefill and learner share
//             it)
//   expanded  keys and values of every head, made from the latent once a token and cached
//
// Decode: a row for each of `rows` sequences that have `context` cached tokens. Prefill: one
// sequence of `context` tokens, what the learner's forward does too. DeepSeek-AI 2024,
// arXiv:2405.04434, section 2.1.

#include <benchmark/benchmark.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>

#include "policy/ops/ops.h"

namespace rationale {
namespace {

struct Shape {
  int64_t heads, latent, rope, nope, value;
};
constexpr Shape kSmall = {8, 128, 32, 64, 64};     // the DeepSeek-V3-shaped model of the figures
constexpr Shape kLarge = {32, 512, 64, 128, 128};  // DeepSeek-V3's widths, a quarter of its heads

at::Tensor Random(std::vector<int64_t> sizes) {
  return at::randn(sizes).to(at::kBFloat16);
}

Parameter Weight(std::vector<int64_t> sizes) {
  Parameter weight;
  weight.name = "weight";
  weight.value = Random(std::move(sizes));
  return weight;
}

// Rows of a batch and the pages they lie on.
struct Batch {
  std::vector<ops::SequenceSpan> spans;
  int64_t num_rows = 0, num_pages = 0;
};

Batch MakeBatch(const benchmark::State& state, bool decode) {
  const int64_t context = state.range(1), rows = decode ? state.range(0) : context;
  Batch batch{.num_rows = rows};
  for (int64_t i = 0; i < (decode ? rows : 1); ++i) {
    ops::SequenceSpan span{.row = i, .num_rows = rows, .num_cached = 0, .pages = {}};
    if (decode) span.num_rows = 1, span.num_cached = context - 1;
    for (int64_t token = 0; token < context; token += ops::kPageTokens) {
      span.pages.push_back(static_cast<int32_t>(batch.num_pages++));
    }
    batch.spans.push_back(std::move(span));
  }
  return batch;
}

at::Tensor Pages(const Batch& batch, int64_t heads, int64_t width) {
  return Random({batch.num_pages, ops::kPageTokens, heads, width});
}

void SetCounters(benchmark::State& state, int64_t cached_values) {
  state.counters["bytes a cached token"] = static_cast<double>(2 * cached_values);
}

void Absorbed(benchmark::State& state, const Shape& shape, bool decode) {
  const at::NoGradGuard no_grad;
  const Batch batch = MakeBatch(state, decode);
  const int64_t t = batch.num_rows, width = shape.latent + shape.rope;
  Parameter k_up = Weight({shape.heads, shape.latent, shape.nope});
  Parameter v_up = Weight({shape.heads, shape.value, shape.latent});
  const at::Tensor q_nope = Random({t, shape.heads, shape.nope});
  const at::Tensor q_rope = Random({t, shape.heads, shape.rope}), k = Random({t, 1, width});
  ops::KvLayer cache{.keys = Pages(batch, 1, width), .values = {}};
  const ops::AttentionSettings settings{.scale = 0.1, .value_width = shape.latent};
  for (auto _ : state) {
    const auto q = ops::JoinColumns(ops::LinearPerHead(q_nope, k_up), q_rope);
    const auto attended = ops::Attention(q, k, {}, settings, batch.spans, &cache);
    benchmark::DoNotOptimize(ops::LinearPerHead(attended, v_up));
  }
  SetCounters(state, width);
}

void Expanded(benchmark::State& state, const Shape& shape, bool decode) {
  const at::NoGradGuard no_grad;
  const Batch batch = MakeBatch(state, decode);
  const int64_t t = batch.num_rows, heads = shape.heads, width = shape.nope + shape.rope;
  Parameter k_up = Weight({heads * shape.nope, shape.latent});
  Parameter v_up = Weight({heads * shape.value, shape.latent});
  const at::Tensor q = Random({t, heads, width}), latent = Random({t, shape.latent});
  const at::Tensor k_rope = Random({t, heads, shape.rope});
  ops::KvLayer cache{.keys = Pages(batch, heads, width),
                     .values = Pages(batch, heads, shape.value)};
  const ops::AttentionSettings settings{.scale = 0.1, .value_width = shape.value};
  const std::array<ops::HeadsOfLinear, 2> up = {{{&k_up, nullptr, heads}, {&v_up, nullptr, heads}}};
  for (auto _ : state) {
    const auto kv = ops::LinearsToHeads(latent, up);
    const auto k = ops::JoinColumns(kv[0], k_rope);
    const auto& v = kv[1];
    benchmark::DoNotOptimize(ops::Attention(q, k, v, settings, batch.spans, &cache));
  }
  SetCounters(state, heads * (width + shape.value));
}

void Decode(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"rows", "context"})->Unit(benchmark::kMicrosecond)->UseRealTime();
  for (const int64_t rows : {1, 16, 64}) {
    for (const int64_t context : {128, 1024}) bench->Args({rows, context});
  }
}
void Prefill(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"rows", "context"})->Unit(benchmark::kMicrosecond)->UseRealTime();
  for (const int64_t context : {128, 512, 1024}) bench->Args({1, context});
}

BENCHMARK_CAPTURE(Absorbed, small_decode, kSmall, true)->Apply(Decode);
BENCHMARK_CAPTURE(Expanded, small_decode, kSmall, true)->Apply(Decode);
BENCHMARK_CAPTURE(Absorbed, small_prefill, kSmall, false)->Apply(Prefill);
BENCHMARK_CAPTURE(Expanded, small_prefill, kSmall, false)->Apply(Prefill);
BENCHMARK_CAPTURE(Absorbed, large_decode, kLarge, true)->Apply(Decode);
BENCHMARK_CAPTURE(Expanded, large_decode, kLarge, true)->Apply(Decode);
BENCHMARK_CAPTURE(Absorbed, large_prefill, kLarge, false)->Apply(Prefill);
BENCHMARK_CAPTURE(Expanded, large_prefill, kLarge, false)->Apply(Prefill);

}  // namespace
}  // namespace rationale

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  rationale::ops::SetNumThreads(2);
  benchmark::RunSpecifiedBenchmarks();
}
