// Linear against at::linear: build/release/tests/linear_bench --threads=2 [Google Benchmark's
// options]
//
// Arguments of a row: N, K, M (rows of x). The caches are as warm as repeating one call makes them.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>

#include "policy/ops/ops.h"
#include "policy/ops/products.h"

namespace rationale {
namespace {

Parameter MakeWeight(int64_t n, int64_t k, at::ScalarType dtype) {
  Parameter weight;
  weight.name = "weight";
  weight.value = at::randn({n, k}).to(dtype);
  return weight;
}

void SetCounters(benchmark::State& state) {
  const double products = static_cast<double>(state.range(0) * state.range(1) * state.range(2));
  state.counters["GFLOP/s"] =
      benchmark::Counter(2e-9 * products, benchmark::Counter::kIsIterationInvariantRate);
}

void Ours(benchmark::State& state, at::ScalarType dtype) {
  const at::NoGradGuard no_grad;
  Parameter weight = MakeWeight(state.range(0), state.range(1), dtype);
  const at::Tensor x = at::randn({state.range(2), state.range(1)}).to(dtype);
  for (auto _ : state) benchmark::DoNotOptimize(ops::Linear(x, weight));
  SetCounters(state);
}

void ATen(benchmark::State& state, at::ScalarType dtype) {
  const at::NoGradGuard no_grad;
  const Parameter weight = MakeWeight(state.range(0), state.range(1), dtype);
  const at::Tensor x = at::randn({state.range(2), state.range(1)}).to(dtype);
  for (auto _ : state) benchmark::DoNotOptimize(at::linear(x, weight.value));
  SetCounters(state);
}

void OursWeightGrad(benchmark::State& state, at::ScalarType dtype) {
  const at::NoGradGuard no_grad;
  Parameter weight = MakeWeight(state.range(0), state.range(1), dtype);
  weight.value.set_requires_grad(true);
  const at::Tensor x = at::randn({state.range(2), state.range(1)}).to(dtype);
  const at::Tensor y_grad = at::randn({state.range(2), state.range(0)}).to(dtype);
  const ops::RowLayout layout = ops::DenseLayout(x.size(0), weight);
  for (auto _ : state) ops::AddWeightGrad(y_grad, x, weight, layout);
  SetCounters(state);
}

void ATenWeightGrad(benchmark::State& state, at::ScalarType dtype) {
  const at::NoGradGuard no_grad;
  const at::Tensor x = at::randn({state.range(2), state.range(1)}).to(dtype);
  const at::Tensor y_grad = at::randn({state.range(2), state.range(0)}).to(dtype);
  for (auto _ : state) benchmark::DoNotOptimize(at::mm(y_grad.t(), x));
  SetCounters(state);
}

void Sizes(benchmark::internal::Benchmark* bench) {
  constexpr int64_t kWeights[][2] = {
      {128, 128}, {576, 576}, {1536, 576}, {576, 1536}, {49152, 576}};
  for (const auto& [n, k] : kWeights) {
    for (const int64_t m : {1, 8, 64, 256, 4000}) {
      if (n * m < int64_t{49152} * 1000) bench->Args({n, k, m});  // logits are made in chunks
    }
  }
  bench->UseRealTime();
}

void GradSizes(benchmark::internal::Benchmark* bench) {
  for (const int64_t m : {256, 4000}) {
    for (const auto& [n, k] : {std::pair<int64_t, int64_t>{128, 128}, {576, 576}, {1536, 576}}) {
      bench->Args({n, k, m});
    }
  }
  bench->UseRealTime();
}

BENCHMARK_CAPTURE(Ours, fp32, at::kFloat)->Apply(Sizes);
BENCHMARK_CAPTURE(ATen, fp32, at::kFloat)->Apply(Sizes);
BENCHMARK_CAPTURE(Ours, bf16, at::kBFloat16)->Apply(Sizes);
BENCHMARK_CAPTURE(ATen, bf16, at::kBFloat16)->Apply(Sizes);
BENCHMARK_CAPTURE(OursWeightGrad, fp32, at::kFloat)->Apply(GradSizes);
BENCHMARK_CAPTURE(ATenWeightGrad, fp32, at::kFloat)->Apply(GradSizes);
BENCHMARK_CAPTURE(OursWeightGrad, bf16, at::kBFloat16)->Apply(GradSizes);
BENCHMARK_CAPTURE(ATenWeightGrad, bf16, at::kBFloat16)->Apply(GradSizes);

}  // namespace
}  // namespace rationale

int main(int argc, char** argv) {
  int threads = 2;
  constexpr std::string_view kThreads = "--threads=";
  if (argc > 1 && std::string_view(argv[1]).starts_with(kThreads)) {
    threads = std::atoi(argv[1] + kThreads.size());
    argv[1] = argv[0];
    ++argv;
    --argc;
  }
  benchmark::Initialize(&argc, argv);
  at::set_num_threads(threads);
  rationale::ops::SetNumThreads(threads);
  benchmark::RunSpecifiedBenchmarks();
}
