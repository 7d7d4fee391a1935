#include "rl/algorithms/objective.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>

#include "base/check.h"
#include "base/philox.h"
#include "tests/oracle/objective_oracle.h"

namespace rationale {
namespace {

using oracle::Sequence;
using oracle::Token;
using Loss = std::function<double(const std::vector<Sequence>&)>;

std::vector<Sequence> RandomBatch(uint64_t seed) {
  PhiloxStream random(seed);
  std::vector<Sequence> batch;
  for (const int length : {3, 1, 7, 4}) {
    const double advantage = 4 * random.Uniform() - 2;
    Sequence sequence;
    for (int i = 0; i < length; ++i) {
      const double old_logp = -3 * random.Uniform();
      sequence.push_back({.logp = old_logp + 0.8 * (random.Uniform() - 0.5),
                          .old_logp = old_logp,
                          .ref_logp = old_logp + random.Uniform() - 0.5,
                          .advantage = advantage,
                          .masked_in = i == 0 || random.Uniform() < 0.8});
    }
    batch.push_back(sequence);
  }
  return batch;
}

at::Tensor Column(const std::vector<Sequence>& batch,
                  const std::function<double(const Token&)>& get) {
  std::vector<float> values;
  for (const auto& sequence : batch) {
    for (const auto& token : sequence) values.push_back(static_cast<float>(get(token)));
  }
  auto tensor = at::empty({static_cast<int64_t>(values.size())}, at::kFloat);
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<float>());
  return tensor;
}

ObjectiveInput InputOf(const std::vector<Sequence>& batch) {
  ObjectiveInput input;
  input.logprobs_T = Column(batch, [](const Token& t) { return t.logp; }).requires_grad_(true);
  input.old_logprobs_T = Column(batch, [](const Token& t) { return t.old_logp; });
  input.reference_logprobs_T = Column(batch, [](const Token& t) { return t.ref_logp; });
  input.advantages_T = Column(batch, [](const Token& t) { return t.advantage; });
  input.mask_T = Column(batch, [](const Token& t) { return t.masked_in; });
  input.sequence_T = at::empty({input.mask_T.size(0)}, at::kLong);
  int64_t row = 0;
  for (size_t s = 0; s < batch.size(); ++s) {
    for (size_t i = 0; i < batch[s].size(); ++i) {
      input.sequence_T.mutable_data_ptr<int64_t>()[row++] = static_cast<int64_t>(s);
    }
  }
  input.num_sequences = static_cast<int64_t>(batch.size());
  return input;
}

Denominators Count(const ObjectiveInput& input) {
  return {.tokens = input.mask_T.sum().item<double>(),
          .sequences = static_cast<double>(input.num_sequences)};
}

double LossOf(const ObjectiveInput& input, const ObjectiveSettings& settings) {
  return ComputeObjective(input, settings, Count(input)).loss.item<double>();
}

// The slope of `loss` in token `index` of the packed batch, by central differences.
double Slope(std::vector<Sequence> batch, size_t index, const Loss& loss) {
  constexpr double kStep = 1e-6;
  for (auto& sequence : batch) {
    if (index >= sequence.size()) {
      index -= sequence.size();
      continue;
    }
    const double at = sequence[index].logp;
    sequence[index].logp = at + kStep;
    const double above = loss(batch);
    sequence[index].logp = at - kStep;
    return (above - loss(batch)) / (2 * kStep);
  }
  return NAN;
}

void ExpectMatches(const ObjectiveSettings& settings, const Loss& oracle_loss) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto batch = RandomBatch(seed);
    const auto input = InputOf(batch);
    const auto output = ComputeObjective(input, settings, Count(input));
    EXPECT_NEAR(output.loss.item<double>(), oracle_loss(batch), 1e-5) << "seed " << seed;
    output.loss.backward();
    for (int64_t i = 0; i < input.logprobs_T.size(0); ++i) {
      EXPECT_NEAR(input.logprobs_T.grad()[i].item<double>(),
                  Slope(batch, static_cast<size_t>(i), oracle_loss), 1e-5)
          << "seed " << seed << " token " << i;
    }
  }
}

TEST(Objective, IsGrposLossOfThePaper) {
  ExpectMatches({.clip_low = 0.2, .clip_high = 0.2, .kl = 0.04},
                [](const auto& batch) { return oracle::GrpoLoss(batch, 0.2, 0.2, 0.04, false); });
}

TEST(Objective, IsDaposLossWithClipHigherAndTokenMean) {
  ExpectMatches({.aggregation = Aggregation::kToken, .clip_low = 0.2, .clip_high = 0.28},
                [](const auto& batch) { return oracle::GrpoLoss(batch, 0.2, 0.28, 0, true); });
}

TEST(Objective, IsGsposSequenceRatio) {
  ExpectMatches({.ratio = Ratio::kSequence, .clip_low = 0.05, .clip_high = 0.05},
                [](const auto& batch) { return oracle::GspoLoss(batch, 0.05, 0.05); });
}

TEST(Objective, MaskedTokensGetNoGradientAndTheRatioIsOneOnPolicy) {
  auto batch = RandomBatch(3);
  for (auto& sequence : batch) {
    for (auto& token : sequence) token.logp = token.old_logp;
  }
  const auto input = InputOf(batch);
  const auto output = ComputeObjective(input, {}, Count(input));
  output.loss.backward();
  EXPECT_EQ(output.ratio_sum, Count(input).tokens);
  EXPECT_EQ(output.ratio_max, 1);
  EXPECT_EQ(output.clipped_low + output.clipped_high, 0);
  EXPECT_TRUE(at::equal(input.logprobs_T.grad().ne(0), input.mask_T.ne(0)));
}

TEST(Objective, SplitIntoMicroBatchesAddsUpToTheWhole) {
  const auto batch = RandomBatch(5);
  for (const auto aggregation :
       {Aggregation::kSequence, Aggregation::kToken, Aggregation::kConstant}) {
    const ObjectiveSettings settings{.aggregation = aggregation, .kl = 0.01, .constant_length = 16};
    const auto whole = InputOf(batch);
    const auto denominators = Count(whole);
    double sum = 0;
    for (const auto& sequence : batch) {
      sum += ComputeObjective(InputOf({sequence}), settings, denominators).loss.item<double>();
    }
    EXPECT_NEAR(sum, LossOf(whole, settings), 1e-6);
  }
}

TEST(Objective, CispoClipsTheWeightAndKeepsEveryTokensGradient) {
  auto input = InputOf(RandomBatch(7));
  input.mask_T = at::full(input.mask_T.sizes(), 1.0, at::kFloat);
  const ObjectiveSettings settings{.surrogate = Surrogate::kClippedWeight,
                                   .aggregation = Aggregation::kToken,
                                   .clip_low = 1,
                                   .clip_high = 0.1};
  const auto denominators = Count(input);
  ComputeObjective(input, settings, denominators).loss.backward();
  const auto ratio = input.logprobs_T.detach().sub(input.old_logprobs_T).exp();
  const auto expected = ratio.clamp_max(1.1).mul(input.advantages_T).div(-denominators.tokens);
  EXPECT_LT(input.logprobs_T.grad().sub(expected).abs().max().item<float>(), 1e-6);
}

TEST(Objective, DualClipBoundsTheLossOfABadToken) {
  const auto input = InputOf({{{3, 0, 0, -1, true}}});
  EXPECT_NEAR(LossOf(input, {}), std::exp(3.0), 1e-4);
  EXPECT_NEAR(LossOf(input, {.dual_clip = 3}), 3, 1e-5);
}

TEST(Objective, AHugeKlExponentIsClamped) {
  const auto input = InputOf({{{-200, -200, 0, 0, true}}});
  EXPECT_TRUE(std::isfinite(LossOf(input, {.kl = 1})));
}

TEST(Objective, RefusesK1InTheLoss) {
  const auto input = InputOf(RandomBatch(1));
  EXPECT_THROW(LossOf(input, {.kl = 1, .kl_estimator = KlEstimator::kK1}), CheckFailure);
}

TEST(Objective, TruncatedImportanceWeightsScaleTheLoss) {
  auto input = InputOf(RandomBatch(2));
  input.behaviour_logprobs_T = input.old_logprobs_T.sub(std::log(4.0));  // drift of 4
  EXPECT_NEAR(LossOf(input, {.importance_clip = 2}), 2 * LossOf(input, {}), 1e-5);
}

}  // namespace
}  // namespace rationale
