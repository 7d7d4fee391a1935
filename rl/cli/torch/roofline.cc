#include "rl/cli/torch/roofline.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>

#include <ATen/Parallel.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>

#include "base/check.h"
#include "base/thread_pool.h"
#include "policy/ops/cpu/aligned_buffer.h"
#include "policy/ops/ops.h"

namespace rationale {
namespace {

double BestSeconds(int repeats, const std::function<void()>& body) {
  double best = 0;
  for (int i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    body();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (i == 0 || seconds < best) best = seconds;
  }
  return best;
}

// Over memory in huge pages, more than most shared caches hold; memchr reads it as
// fast as vectors can, looking for what is not there.
double MeasureBandwidth() {
  constexpr int64_t kBytes = int64_t{256} << 20, kPiece = int64_t{1} << 20;
  ops::cpu::AlignedBuffer buffer;
  const auto* memory = static_cast<const char*>(std::memset(buffer.Reserve(kBytes), 1, kBytes));
  std::atomic<int64_t> found = 0;
  const double seconds = BestSeconds(4, [&] {
    ParallelFor(kBytes / kPiece, 1, [&](int64_t begin, int64_t end) {
      for (int64_t piece = begin; piece < end; ++piece) {
        if (std::memchr(memory + piece * kPiece, 0, kPiece) != nullptr) ++found;
      }
    });
  });
  Check{found == 0, "memory changed while it was read"};
  return static_cast<double>(kBytes) / seconds;
}

double MeasurePeak(at::ScalarType dtype) {
  constexpr int64_t kSize = 1024;
  const auto a = at::ones({kSize, kSize}, dtype);
  Parameter weight;
  weight.name = "peak";
  weight.sizes = {kSize, kSize};
  weight.dtype = dtype;
  weight.value = at::ones({kSize, kSize}, dtype);
  weight.version = 1;
  const double ours = BestSeconds(5, [&] { ops::Linear(a, weight); });
  const int torch_threads = at::get_num_threads();
  at::set_num_threads(ops::NumThreads());
  const double torch = BestSeconds(5, [&] { at::mm(a, a); });
  at::set_num_threads(torch_threads);
  return 2.0 * kSize * kSize * kSize / std::min(ours, torch);
}

}  // namespace

Machine MeasureMachine(at::ScalarType dtype) {
  return {.bytes_per_s = MeasureBandwidth(), .flop_per_s = MeasurePeak(dtype)};
}

double BoundTokensPerSecond(const ModelConfig& c, const Machine& machine, at::ScalarType dtype,
                            int64_t batch, double context) {
  const auto d = static_cast<double>(c.hidden_size), heads = static_cast<double>(c.num_heads);
  const auto b = static_cast<double>(batch);
  double attention = 0, cached = 0, attention_flops = 0;
  if (c.attention == AttentionKind::kMla) {
    const auto r = static_cast<double>(c.kv_latent), rope = static_cast<double>(c.rope_width);
    const auto nope = static_cast<double>(c.nope_width), value = static_cast<double>(c.value_width);
    const auto q = static_cast<double>(c.q_latent);
    attention = (q > 0 ? d * q + q * heads * (nope + rope) : d * heads * (nope + rope)) +
                d * (r + rope) + r * heads * (nope + value) + heads * value * d;
    cached = r + rope;
    attention_flops = 2 * heads * (2 * r + rope);
  } else {
    const auto width = static_cast<double>(c.head_width), kv = static_cast<double>(c.num_kv_heads);
    attention = 2 * d * heads * width + 2 * d * kv * width;
    cached = 2 * kv * width;
    attention_flops = 4 * heads * width;
  }
  const auto layers = static_cast<double>(c.num_layers);
  double moe_layers = 0;
  for (int64_t i = 0; i < c.num_layers; ++i) moe_layers += c.IsMoeLayer(i);
  const auto experts = static_cast<double>(std::max<int64_t>(1, c.moe.num_experts));
  const auto chosen = static_cast<double>(c.moe.experts_per_token);
  const double expert = 3 * d * static_cast<double>(c.moe.expert_width);
  const double touched = experts * (1 - std::pow(1 - chosen / experts, b));
  const double fixed =
      layers * attention + (layers - moe_layers) * 3 * d * static_cast<double>(c.ffn_width) +
      moe_layers * (static_cast<double>(c.moe.num_shared_experts) * expert + d * experts) +
      d * static_cast<double>(c.vocab_size);
  const auto bytes_per_value = static_cast<double>(c10::elementSize(dtype));
  const double bytes =
      bytes_per_value * (fixed + moe_layers * touched * expert + b * context * layers * cached);
  const double flops =
      b * (2 * (fixed + moe_layers * chosen * expert) + context * layers * attention_flops);
  return b / std::max(bytes / machine.bytes_per_s, flops / machine.flop_per_s);
}

}  // namespace rationale
