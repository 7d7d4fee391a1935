// Tests of the learner on samples that another policy drew, as int8 rollouts are.

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "policy/model.h"
#include "rl/learner.h"
#include "rollout/engine.h"
#include "rollout/gap.h"

namespace rationale {
namespace {

ModelConfig SmallConfig() {
  ModelConfig config;
  config.family = "llama";
  config.vocab_size = 61;
  config.hidden_size = 32;
  config.ffn_width = 48;
  config.num_layers = 2;
  config.num_heads = 2;
  config.num_kv_heads = 2;
  config.head_width = 16;
  config.max_position = 64;
  return config;
}

std::vector<Sample> SamplesOf(Model& model, bool int8) {
  std::vector<SampleRequest> requests;
  for (uint64_t id = 0; id < 8; ++id) {
    requests.push_back({.id = id,
                        .prompt = {1, 2, 3, static_cast<int32_t>(4 + id / 4)},
                        .key = id,
                        .group = id / 4,
                        .sampling = {.max_new_tokens = 12}});
  }
  Engine engine(model, nullptr, {.int8 = int8});
  std::vector<Sample> samples;
  for (Rollout& rollout : engine.Generate(requests)) {
    Sample sample;
    sample.rollout = std::move(rollout);
    sample.verdict.judged = sample.used = true;
    sample.advantage = samples.size() % 2 == 0 ? 1 : -1;
    samples.push_back(std::move(sample));
  }
  return samples;
}

struct Updated {
  UpdateReport report;
  std::string hash;
};

Updated UpdateWith(const LearnerSettings& settings, bool int8) {
  const auto model = CreateModel(SmallConfig(), {.trainable = true}, 5);
  const auto samples = SamplesOf(*model, int8);
  AdamW optimizer(model->parameters(), {});
  Learner learner(*model, optimizer, nullptr, settings);
  Updated updated;
  learner.Update(samples, 1e-3, 1, updated.report);
  updated.hash = ParamsHash(*model);
  return updated;
}

// The ratio of the clipped loss compares with the learner's own policy, whoever drew the tokens.
TEST(ImportanceCorrection, TheFirstUpdatesRatioIsOneAndTheGapIsToTheSampler) {
  LearnerSettings settings;
  settings.objective.clip_low = settings.objective.clip_high = 1e-4;  // far below the gap
  const Updated plain = UpdateWith(settings, true);
  EXPECT_GT(plain.report.max_abs_logprob_gap, 0);
  EXPECT_NE(plain.report.ratio_max, 1);
  EXPECT_GT(plain.report.clip_fraction_low + plain.report.clip_fraction_high, 0);
  settings.objective.importance_clip = 2;
  const Updated corrected = UpdateWith(settings, true);
  EXPECT_EQ(corrected.report.max_abs_logprob_gap, plain.report.max_abs_logprob_gap);
  EXPECT_EQ(corrected.report.ratio_max, 1);
  EXPECT_EQ(corrected.report.clip_fraction_low + corrected.report.clip_fraction_high, 0);
  EXPECT_NE(corrected.hash, plain.hash);
}

// Of the samples that UpdateWith learns from, in int8.
double MeanAbsGap() {
  const auto model = CreateModel(SmallConfig(), {}, 5);
  double sum = 0, num_tokens = 0;
  for (const Sample& sample : SamplesOf(*model, true)) {
    const auto logprobs = LearnerLogprobs(*model, std::span(&sample.rollout, 1))[0];
    for (size_t i = 0; i < logprobs.size(); ++i) {
      sum += std::abs(sample.rollout.logprobs[i] - logprobs[i]);
      ++num_tokens;
    }
  }
  return sum / num_tokens;
}

TEST(ImportanceCorrection, ReportsTheMeanGapAndTheShareOfWeightsThatAreCut) {
  LearnerSettings settings;
  const UpdateReport plain = UpdateWith(settings, true).report;
  EXPECT_NEAR(plain.mean_abs_logprob_gap, MeanAbsGap(), 1e-6);
  EXPECT_EQ(plain.importance_cut_fraction, 0);
  settings.objective.importance_clip = 0.5;  // all are above
  EXPECT_EQ(UpdateWith(settings, true).report.importance_cut_fraction, 1);
  settings.objective.importance_clip = 1;  // some are
  const double some = UpdateWith(settings, true).report.importance_cut_fraction;
  EXPECT_GT(some, 0);
  EXPECT_LT(some, 1);
  settings.objective.importance_clip = 2;  // none is
  EXPECT_EQ(UpdateWith(settings, true).report.importance_cut_fraction, 0);
}

// What is computed before the first of several updates is what its own forward finds.
TEST(ImportanceCorrection, SeveralUpdatesCompareWithThePolicyBeforeTheFirst) {
  LearnerSettings settings;
  settings.objective.importance_clip = 2;
  settings.epochs = 2;
  const Updated updated = UpdateWith(settings, true);
  EXPECT_EQ(updated.report.updates, 2);
  EXPECT_GT(updated.report.ratio_max, 1);
  settings.objective.importance_clip = 0;
  EXPECT_NE(UpdateWith(settings, true).hash, updated.hash);
}

// Every token's weight is above 1/2 here, so both clips hold for all of them.
TEST(ImportanceCorrection, TheClipBoundsEveryTokensWeight) {
  LearnerSettings settings;
  settings.objective.importance_clip = 0.5;
  const double half = UpdateWith(settings, true).report.gradient_norm;
  settings.objective.importance_clip = 0.25;
  EXPECT_GT(half, 0);
  EXPECT_NEAR(UpdateWith(settings, true).report.gradient_norm, half / 2, 1e-6 * half);
}

TEST(ImportanceCorrection, ChangesNothingWhereTheSamplerIsTheLearner) {
  LearnerSettings settings;
  for (const int64_t epochs : {1, 2}) {
    settings.epochs = epochs;
    settings.objective.importance_clip = 0;
    const Updated plain = UpdateWith(settings, false);
    EXPECT_EQ(plain.report.max_abs_logprob_gap, 0);
    settings.objective.importance_clip = 2;
    EXPECT_EQ(UpdateWith(settings, false).hash, plain.hash);
  }
}

}  // namespace
}  // namespace rationale
