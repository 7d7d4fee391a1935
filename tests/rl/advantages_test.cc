#include "rl/algorithms/advantages.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace rationale {
namespace {

std::vector<ScoredSample> Samples(const std::vector<std::vector<double>>& groups) {
  std::vector<ScoredSample> samples;
  for (size_t g = 0; g < groups.size(); ++g) {
    for (const double reward : groups[g]) {  // NaN stands for "could not judge"
      const bool judged = !std::isnan(reward);
      samples.push_back({static_cast<int64_t>(g), judged, judged ? reward : 0});
    }
  }
  return samples;
}

TEST(GroupAdvantages, AreRewardsMinusMeanOverStd) {
  const auto a = ComputeAdvantages(Samples({{1, 0, 0, 0}}), {.ddof = 1, .epsilon = 0});
  EXPECT_NEAR(a.values[0], 0.75 / 0.5, 1e-12);  // std of {1,0,0,0}: sqrt(0.75 / 3)
  EXPECT_NEAR(a.values[3], -0.25 / 0.5, 1e-12);
  const auto population = ComputeAdvantages(Samples({{1, 0, 0, 0}}), {.ddof = 0, .epsilon = 0});
  EXPECT_NEAR(population.values[0], 0.75 / std::sqrt(0.1875), 1e-12);
}

TEST(GroupAdvantages, EqualRewardsGiveZero) {
  const auto a = ComputeAdvantages(Samples({{0.1, 0.1, 0.1}, {0.3, 0.3, 0.3}}), {.epsilon = 0});
  for (const double value : a.values) EXPECT_EQ(value, 0);
  EXPECT_EQ(a.zero_variance_groups, 2);
}

TEST(GroupAdvantages, AnUnjudgedSampleChangesNothingForTheOthers) {
  const AdvantageSettings settings;
  const auto with = ComputeAdvantages(Samples({{1, NAN, 0, 0.5}}), settings);
  const auto without = ComputeAdvantages(Samples({{1, 0, 0.5}}), settings);
  EXPECT_EQ(with.values[0], without.values[0]);
  EXPECT_EQ(with.values[2], without.values[1]);
  EXPECT_EQ(with.values[3], without.values[2]);
  EXPECT_FALSE(with.used[1]);
  EXPECT_EQ(with.values[1], 0);
}

TEST(GroupAdvantages, AGroupWithFewerThanTwoJudgedIsDroppedAndCounted) {
  const auto a = ComputeAdvantages(Samples({{1, NAN, NAN}, {NAN, NAN}, {1, 0}}), {});
  EXPECT_EQ(a.dropped_groups, 2);
  EXPECT_EQ(a.num_groups, 1);
  EXPECT_FALSE(a.used[0]);
  EXPECT_TRUE(a.used[5]);
}

TEST(GroupAdvantages, WithoutNormalisationAreCentredRewards) {
  const auto a = ComputeAdvantages(Samples({{3, 1}}), {.normalise = Normalise::kNone});
  EXPECT_EQ(a.values, (std::vector<double>{1, -1}));
}

TEST(LeaveOneOut, ComparesWithTheMeanOfTheOthers) {
  const auto a = ComputeAdvantages(
      Samples({{1, 0, 0.5}}), {.baseline = Baseline::kLeaveOneOut, .normalise = Normalise::kNone});
  EXPECT_NEAR(a.values[0], 1 - 0.25, 1e-12);
  EXPECT_NEAR(a.values[1], 0 - 0.75, 1e-12);
  EXPECT_NEAR(a.values[2], 0.5 - 0.5, 1e-12);
}

TEST(BatchAdvantages, HaveMeanZeroAndUnitStdOverTheBatch) {
  const auto a =
      ComputeAdvantages(Samples({{1, 1}, {0, 0.5}, {0, NAN}}), {.baseline = Baseline::kBatchMean,
                                                                .normalise = Normalise::kBatchStd,
                                                                .ddof = 0,
                                                                .epsilon = 0});
  double sum = 0, squares = 0;
  for (size_t i = 0; i < 4; ++i) {  // the last group is dropped
    sum += a.values[i];
    squares += a.values[i] * a.values[i];
  }
  EXPECT_NEAR(sum, 0, 1e-12);
  EXPECT_NEAR(squares, 4, 1e-12);
  EXPECT_GT(a.values[0], 0);
}

}  // namespace
}  // namespace rationale
