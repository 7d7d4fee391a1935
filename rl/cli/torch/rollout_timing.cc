#include "rl/cli/torch/rollout_timing.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/philox.h"

namespace rationale {
namespace {

double Seconds(Engine& engine, std::vector<SampleRequest> requests, int64_t new_tokens) {
  for (SampleRequest& request : requests) {
    request.sampling.max_new_tokens =
        std::min(request.sampling.max_new_tokens, static_cast<int32_t>(new_tokens));
  }
  const auto start = std::chrono::steady_clock::now();
  engine.Generate(std::move(requests));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

std::vector<SampleRequest> RandomRequests(const RandomWork& work, int64_t vocab_size) {
  std::vector<SampleRequest> requests;
  for (int64_t i = 0; i < work.batch; ++i) {
    const auto group = static_cast<uint64_t>(i / work.samples);
    PhiloxStream random(DeriveKey({work.seed, group}));
    SampleRequest request{.id = static_cast<uint64_t>(i),
                          .key = DeriveKey({work.seed, static_cast<uint64_t>(i), 1}),
                          .group = group};
    for (int64_t t = 0; t < work.prompt; ++t) {
      request.prompt.push_back(
          static_cast<int32_t>(random.Int(std::min<int64_t>(100, vocab_size / 4), vocab_size - 1)));
    }
    request.sampling.temperature = work.temperature;
    request.sampling.max_new_tokens = static_cast<int32_t>(work.new_tokens);
    requests.push_back(std::move(request));
  }
  return requests;
}

double RolloutTiming::DecodeTokensPerSecond() const {
  return static_cast<double>(tokens - sequences) / (total_s - prefill_s);
}

RolloutTiming TimeRollouts(Engine& engine, const std::vector<SampleRequest>& requests,
                           int64_t repeats, ChromeTrace* trace) {
  constexpr int64_t kAll = 1 << 30;
  Seconds(engine, requests, 3);
  RolloutTiming timing{.prefill_s = Seconds(engine, requests, 1),
                       .sequences = static_cast<int64_t>(requests.size())};
  for (int64_t i = 0; i < repeats; ++i) {
    timing.prefill_s = std::min(timing.prefill_s, Seconds(engine, requests, 1));
    engine.ResetStats();
    if (trace != nullptr) *trace = {};
    const double total_s = Seconds(engine, requests, kAll);
    timing.total_s = i == 0 ? total_s : std::min(timing.total_s, total_s);
  }
  timing.tokens = engine.stats().sampled_tokens;
  timing.steps = engine.stats().decode_steps;
  return timing;
}

}  // namespace rationale
