// Tests of promises 1 and 2 on real models: the sampler's log-probabilities are the learner's, bit
// for bit, however the rollouts were scheduled.

#include "rollout/exactness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "policy/model.h"
#include "policy/ops/ops.h"
#include "rollout/engine.h"
#include "rollout/gap.h"
#include "rollout/hooked_model.h"
#include "tests/rollout/architectures.h"
#include "tests/rollout/fake_model.h"
#include "tests/rollout/requests.h"

namespace rationale {
namespace {

class Exactness : public testing::TestWithParam<std::tuple<int, at::ScalarType>> {
 protected:
  Exactness() {
    const auto [index, dtype] = GetParam();
    const Architecture architecture = Architectures()[static_cast<size_t>(index)];
    model_ = CreateModel(architecture.config, {.dtype = dtype}, 11);
    // Drawn weights give nearly uniform logits; these are as uneven as a trained model's.
    for (Parameter* parameter : model_->parameters()) {
      if (parameter != &model_->head()) continue;
      parameter->value.mul_(8);
      ++parameter->version;
    }
  }
  ~Exactness() override { ops::SetNumThreads(1); }

  std::unique_ptr<Model> model_;
};

TEST_P(Exactness, AloneBatchedPreemptedChunkedAndThreadedAreTheSame) {
  const auto requests = MakeRequests(6, 3, 50, 40, model_->config().vocab_size);
  const auto alone = GenerateAlone(*model_, requests);
  const std::vector<EngineOptions> options = {
      {.max_batch = 64},
      {.max_batch = 5, .prefill_chunk_tokens = 7},
      {.max_batch = 64, .prefill_chunk_tokens = 33, .num_pages = 14},
      {.max_batch = 4, .draft_tokens = 9, .draft_fixed_rows = 20}};
  for (const EngineOptions& option : options) {
    for (const int num_threads : {1, 2, 3, 8}) {
      ops::SetNumThreads(num_threads);
      Engine engine(*model_, nullptr, option);
      ExpectSame(
          alone, engine.Generate(requests),
          "batch " + std::to_string(option.max_batch) + ", threads " + std::to_string(num_threads));
      EXPECT_EQ(engine.num_pages_held(), 0);
      EXPECT_EQ(engine.stats().preemptions > 0, option.num_pages > 0);
      EXPECT_EQ(engine.stats().accepted_tokens > 0, option.draft_tokens > 0);
    }
  }
}

TEST_P(Exactness, TheLearnersForwardGivesTheSamplersLogprobs) {
  const auto requests = MakeRequests(12, 6, 60, 60, model_->config().vocab_size, 3);
  Engine engine(*model_, nullptr, {.max_batch = 20, .prefill_chunk_tokens = 30, .num_pages = 60});
  const auto rollouts = engine.Generate(requests);
  int64_t num_tokens = 0;
  double sum = 0;
  for (const Rollout& rollout : rollouts) {
    num_tokens += static_cast<int64_t>(rollout.response.size());
    for (const float logprob : rollout.logprobs) sum += static_cast<double>(logprob);
  }
  EXPECT_GT(num_tokens, 1500);
  const double mean = sum / static_cast<double>(num_tokens);  // neither certain nor uniform
  EXPECT_LT(mean, -0.2);
  EXPECT_GT(mean, -4.5);
  for (const int64_t max_rows : {1, 100, 4096}) {
    for (const int num_threads : {1, 3}) {
      ops::SetNumThreads(num_threads);
      EXPECT_EQ(MaxAbsLogprobGap(*model_, rollouts, 0, max_rows), 0);
    }
  }
}

TEST_P(Exactness, TenThousandTokensHaveNoGapWithSharingChunksPreemptionAndASwapForced) {
  ops::SetNumThreads(2);
  const std::string before = ParamsHash(*model_);
  const ExactnessReport report = TryExactness(*model_, {});
  EXPECT_GE(report.num_tokens, 10000);
  EXPECT_EQ(report.gap, 0);
  EXPECT_EQ(report.swap_gap, 0);
  EXPECT_GT(report.flipped_gap, 0);
  EXPECT_GT(report.stats.preemptions, 10);
  EXPECT_GT(report.stats.shared_tokens, 0);
  EXPECT_GT(report.stats.prefill_chunks, report.num_prompts);
  EXPECT_GT(report.swap_tokens_before, 100);
  EXPECT_GT(report.swap_tokens_after, 100);
  EXPECT_GT(report.swap_recomputed_tokens, 0);
  EXPECT_TRUE(report.Holds());
  EXPECT_EQ(ParamsHash(*model_), before);
}

TEST(ExactnessReport, HoldsOnlyWhereAllWasForcedAndTheFlippedValueShows) {
  ExactnessReport good{.num_prompts = 4,
                       .swap_tokens_before = 1,
                       .swap_tokens_after = 1,
                       .swap_recomputed_tokens = 1,
                       .flipped_gap = 0.1};
  good.stats.preemptions = 1;
  good.stats.shared_tokens = 1;
  good.stats.prefill_chunks = 5;
  EXPECT_TRUE(good.Holds());
  const std::vector<void (*)(ExactnessReport&)> spoil = {
      [](ExactnessReport& r) { r.stats.preemptions = 0; },
      [](ExactnessReport& r) { r.stats.shared_tokens = 0; },
      [](ExactnessReport& r) { r.stats.prefill_chunks = 4; },
      [](ExactnessReport& r) { r.swap_tokens_after = 0; },
      [](ExactnessReport& r) { r.gap = 1e-9; },
      [](ExactnessReport& r) { r.swap_gap = 1e-9; },
      [](ExactnessReport& r) { r.flipped_gap = 0; }};
  for (const auto& change : spoil) {
    ExactnessReport bad = good;
    change(bad);
    EXPECT_FALSE(bad.Holds());
  }
}

// The gap's test can fail: one value of one key is changed by its last bit or so, and it shows.
TEST_P(Exactness, OneFlippedValueInTheCacheShowsAsAGap) {
  int64_t num_steps = 0;
  HookedModel hooked(*model_, [&](const ForwardBatch& batch) {
    if (batch.kv == nullptr || ++num_steps != 4) return;
    const at::Tensor key =
        batch.kv->layers[0].keys.select(0, batch.spans[0].pages[0]).select(0, 0).select(0, 0);
    key.narrow(0, 3, 1).neg_();
  });
  const auto requests = MakeRequests(1, 4, 30, 40, model_->config().vocab_size);
  Engine engine(hooked, nullptr, {});
  EXPECT_GT(MaxAbsLogprobGap(*model_, engine.Generate(requests), 0), 0);
}

TEST_P(Exactness, AChangeOfWeightsInFlightKeepsEveryVersionsTokensExact) {
  const auto requests = MakeRequests(4, 4, 40, 40, model_->config().vocab_size, 5);
  Engine engine(*model_, nullptr, {.max_batch = 8, .prefill_chunk_tokens = 24});
  for (const auto& request : requests) engine.Submit(request);
  for (int step = 0; step < 25; ++step) engine.Step();
  const auto scale_weights =
      [&](double factor) {  // powers of two, so that it can be undone exactly
        for (Parameter* parameter : model_->parameters()) {
          if (parameter->value.dim() < 2) continue;
          parameter->value.mul_(factor);
          ++parameter->version;
        }
      };
  scale_weights(0.5);
  engine.SetVersion(1);
  EXPECT_TRUE(engine.Run());
  const auto rollouts = engine.TakeFinished();
  EXPECT_EQ(MaxAbsLogprobGap(*model_, rollouts, 1), 0);
  EXPECT_GT(MaxAbsLogprobGap(*model_, rollouts, 0), 0);
  scale_weights(2);
  EXPECT_EQ(MaxAbsLogprobGap(*model_, rollouts, 0), 0);
  EXPECT_GT(MaxAbsLogprobGap(*model_, rollouts, 1), 0);
}

// Of a policy that differs a little from the learner's, but the same policy however it is
// scheduled.
TEST_P(Exactness, Int8RolloutsAreTheSameInAnyScheduleAndNearTheLearner) {
  const auto requests = MakeRequests(6, 3, 50, 40, model_->config().vocab_size);
  Engine alone(*model_, nullptr, {.max_batch = 1, .int8 = true});
  const auto expected = alone.Generate(requests);
  for (const int num_threads : {1, 3}) {
    ops::SetNumThreads(num_threads);
    Engine engine(*model_, nullptr,
                  {.max_batch = 64, .prefill_chunk_tokens = 33, .num_pages = 8, .int8 = true});
    ExpectSame(expected, engine.Generate(requests), "threads " + std::to_string(num_threads));
    EXPECT_GT(engine.stats().preemptions, 0);
  }
  EXPECT_GT(MaxAbsLogprobGap(*model_, expected, 0), 0);
  const auto learner = LearnerLogprobs(*model_, expected);
  double sum = 0, num_tokens = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    for (size_t t = 0; t < learner[i].size(); ++t, ++num_tokens) {
      sum += std::abs(static_cast<double>(expected[i].logprobs[t] - learner[i][t]));
    }
  }
  EXPECT_LT(sum / num_tokens, 1);  // single tokens are far off where a router chose otherwise
  Engine exact(*model_, nullptr, {});
  EXPECT_EQ(MaxAbsLogprobGap(*model_, exact.Generate(requests), 0), 0);
}

std::string NameOf(const testing::TestParamInfo<std::tuple<int, at::ScalarType>>& info) {
  return Architectures()[static_cast<size_t>(std::get<0>(info.param))].name +
         (std::get<1>(info.param) == at::kFloat ? "_fp32" : "_bf16");
}

INSTANTIATE_TEST_SUITE_P(Models, Exactness,
                         testing::Combine(testing::Range(0, 3),
                                          testing::Values(at::kFloat, at::kBFloat16)),
                         NameOf);

}  // namespace
}  // namespace rationale
