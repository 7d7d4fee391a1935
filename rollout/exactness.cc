#include "rollout/exactness.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/philox.h"
#include "policy/ops/ops.h"
#include "rollout/engine.h"
#include "rollout/gap.h"
#include "rollout/hooked_model.h"

namespace rationale {
namespace {

constexpr int64_t kBatch = 32;

std::vector<SampleRequest> Requests(const ExactnessWork& work, int64_t num_prompts,
                                    int64_t vocab_size) {
  std::vector<SampleRequest> requests;
  for (int64_t i = 0; i < num_prompts * work.samples; ++i) {
    const auto group = static_cast<uint64_t>(i / work.samples);
    PhiloxStream random(DeriveKey({work.seed, group}));
    SampleRequest request{.id = static_cast<uint64_t>(i),
                          .key = DeriveKey({work.seed, group, static_cast<uint64_t>(i)}),
                          .group = group};
    for (int64_t t = 0; t < work.prompt; ++t) {
      request.prompt.push_back(static_cast<int32_t>(random.Int(0, vocab_size - 1)));
    }
    request.sampling.max_new_tokens = static_cast<int32_t>(work.new_tokens);
    requests.push_back(std::move(request));
  }
  return requests;
}

EngineOptions TightOptions(const ExactnessWork& work) {
  const int64_t pages = (work.prompt + work.new_tokens) / ops::kPageTokens + 1;
  return {.max_batch = kBatch, .prefill_chunk_tokens = 24, .num_pages = pages * kBatch / 3};
}

// Powers of two, so that it can be undone exactly.
void ScaleMatrices(Model& model, double factor) {
  for (Parameter* parameter : model.parameters()) {
    if (parameter->value.dim() < 2) continue;
    parameter->value.mul_(factor);
    ++parameter->version;
  }
}

void DrawAndCompare(Model& model, const ExactnessWork& work, ExactnessReport& report) {
  const int64_t tokens_a_prompt = work.samples * work.new_tokens;
  report.num_prompts = (work.num_tokens + tokens_a_prompt - 1) / tokens_a_prompt;
  Engine engine(model, nullptr, TightOptions(work));
  const std::vector<Rollout> rollouts =
      engine.Generate(Requests(work, report.num_prompts, model.config().vocab_size));
  report.stats = engine.stats();
  double sum = 0;
  for (const Rollout& rollout : rollouts) {
    report.num_tokens += static_cast<int64_t>(rollout.response.size());
    for (const float logprob : rollout.logprobs) sum += double{logprob};
  }
  report.mean_logprob = sum / static_cast<double>(report.num_tokens);
  report.gap = double{MaxAbsLogprobGap(model, rollouts, 0)};
}

void SwapWeightsInFlight(Model& model, const ExactnessWork& work, ExactnessReport& report) {
  Engine engine(model, nullptr, {.max_batch = kBatch});
  const int64_t num_prompts = std::max<int64_t>(1, kBatch / work.samples);
  for (auto& request : Requests(work, num_prompts, model.config().vocab_size)) {
    engine.Submit(std::move(request));
  }
  for (int64_t step = 0; step < work.new_tokens / 2; ++step) engine.Step();
  const int64_t recomputed_before = engine.stats().recomputed_tokens;
  ScaleMatrices(model, 0.5);
  engine.SetVersion(1);
  engine.Run();
  report.swap_recomputed_tokens = engine.stats().recomputed_tokens - recomputed_before;
  const std::vector<Rollout> rollouts = engine.TakeFinished();
  for (const Rollout& rollout : rollouts) {
    const auto before =
        std::count(rollout.policy_versions.begin(), rollout.policy_versions.end(), 0);
    report.swap_tokens_before += before;
    report.swap_tokens_after += static_cast<int64_t>(rollout.policy_versions.size()) - before;
  }
  const float gap_after = MaxAbsLogprobGap(model, rollouts, 1);
  ScaleMatrices(model, 2);
  report.swap_gap = double{std::max(gap_after, MaxAbsLogprobGap(model, rollouts, 0))};
}

void FlipOneCachedValue(Model& model, const ExactnessWork& work, ExactnessReport& report) {
  int64_t num_steps = 0;
  HookedModel flipping(model, [&](const ForwardBatch& batch) {
    if (batch.kv == nullptr || ++num_steps != 4) return;
    const at::Tensor key =
        batch.kv->layers[0].keys.select(0, batch.spans[0].pages[0]).select(0, 0).select(0, 0);
    key.narrow(0, 3, 1).neg_();
  });
  Engine engine(flipping, nullptr, {.max_batch = kBatch});
  const auto rollouts = engine.Generate(Requests(work, 1, model.config().vocab_size));
  report.flipped_gap = double{MaxAbsLogprobGap(model, rollouts, 0)};
}

}  // namespace

bool ExactnessReport::Holds() const {
  const bool forced = stats.preemptions > 0 && stats.shared_tokens > 0 &&
                      stats.prefill_chunks > num_prompts && swap_tokens_before > 0 &&
                      swap_tokens_after > 0 && swap_recomputed_tokens > 0;
  return forced && gap == 0 && swap_gap == 0 && flipped_gap > 0;
}

ExactnessReport TryExactness(Model& model, const ExactnessWork& work) {
  if (work.prompt + work.new_tokens > model.config().max_position) {
    throw Error("prompts of {} and responses of {} tokens: the model's context holds {}",
                work.prompt, work.new_tokens, model.config().max_position);
  }
  ExactnessReport report;
  DrawAndCompare(model, work, report);
  SwapWeightsInFlight(model, work, report);
  FlipOneCachedValue(model, work, report);
  return report;
}

}  // namespace rationale
