// Tests of Sampler against the definitions of its settings, in double precision.

#include "rollout/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/philox.h"

namespace rationale {
namespace {

std::vector<float> RandomLogits(size_t size, uint64_t seed, double spread = 3) {
  PhiloxStream random(seed);
  std::vector<float> logits(size);
  for (float& logit : logits) logit = static_cast<float>(spread * (2 * random.Uniform() - 1));
  return logits;
}

// The distribution as the settings define it, step by step: probabilities by token.
std::vector<double> Oracle(const std::vector<float>& logits, const SamplingSettings& settings,
                           const std::vector<int32_t>& history) {
  std::vector<double> scores(logits.begin(), logits.end());
  for (size_t token = 0; token < scores.size(); ++token) {
    const bool seen =
        std::find(history.begin(), history.end(), static_cast<int32_t>(token)) != history.end();
    const double penalty = seen ? settings.repetition_penalty : 1;
    scores[token] = scores[token] > 0 ? scores[token] / penalty : scores[token] * penalty;
  }
  for (const auto& [token, bias] : settings.logit_bias)
    scores[static_cast<size_t>(token)] += static_cast<double>(bias);
  std::vector<double> p(scores.size());
  const double max = *std::max_element(scores.begin(), scores.end());
  for (size_t token = 0; token < p.size(); ++token)
    p[token] = std::exp((scores[token] - max) / settings.temperature);
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] > p[b]; });
  if (settings.top_k > 0) order.resize(std::min(order.size(), static_cast<size_t>(settings.top_k)));
  double mass = 0;  // of what top-k left
  for (const size_t token : order) mass += p[token];
  size_t num_kept = 0;
  for (double sum = 0;
       num_kept < order.size() && (settings.top_p == 1 || sum < settings.top_p * mass);)
    sum += p[order[num_kept++]];
  order.resize(std::max<size_t>(num_kept, 1));
  std::erase_if(order, [&](size_t token) { return p[token] < settings.min_p * p[order[0]]; });
  std::vector<double> result(p.size(), 0);
  double sum = 0;
  for (const size_t token : order) sum += p[token];
  for (const size_t token : order) result[token] = p[token] / sum;
  return result;
}

struct Case {
  std::string name;
  SamplingSettings settings;
};

std::vector<Case> Cases() {
  return {{"plain", {}},
          {"cold", {.temperature = 0.3}},
          {"hot", {.temperature = 2.5}},
          {"top-k", {.temperature = 0.7, .top_k = 7}},
          {"top-p", {.top_p = 0.6}},
          {"min-p", {.min_p = 0.2}},
          {"all cuts", {.temperature = 1.3, .top_k = 20, .top_p = 0.9, .min_p = 0.05}},
          {"penalty", {.repetition_penalty = 1.8}},
          {"bias", {.logit_bias = {{3, 4.0F}, {7, -50.0F}}}},
          {"everything",
           {.temperature = 0.8,
            .top_k = 15,
            .top_p = 0.85,
            .min_p = 0.02,
            .repetition_penalty = 1.2,
            .logit_bias = {{1, 2.0F}}}}};
}

// The uniform number of every draw is inverted through the oracle's CDF: token and log-probability
// must be the same.
TEST(Sampler, InvertsTheCdfOfTheDistributionItsSettingsDefine) {
  constexpr size_t kVocab = 60;
  for (Case& c : Cases()) {
    c.settings.keep_kept_sets = true;
    int64_t num_unlike = 0;
    for (uint64_t key = 0; key < 400; ++key) {
      const auto logits = RandomLogits(kVocab, DeriveKey({key, 1}));
      const std::vector<int32_t> history = {2, 3, static_cast<int32_t>(key % kVocab)};
      Sampler sampler(c.settings, kVocab);
      for (const int32_t token : history) sampler.Observe(token);
      const auto p = Oracle(logits, c.settings, history);
      const DrawnToken drawn = sampler.Draw(logits, key, 5);

      const double uniform = Uniform(key, 5);
      double cdf = 0, nearest_border = 1;
      int32_t expected = -1;
      for (size_t token = 0; token < kVocab; ++token) {
        cdf += p[token];
        if (p[token] > 0) nearest_border = std::min(nearest_border, std::abs(cdf - uniform));
        if (expected < 0 && cdf > uniform) expected = static_cast<int32_t>(token);
      }
      if (nearest_border > 1e-5) {
        EXPECT_EQ(drawn.token, expected) << c.name << ", key " << key;
      } else {
        ++num_unlike;  // rounding may decide
      }
      EXPECT_NEAR(drawn.logprob, std::log(p[static_cast<size_t>(drawn.token)]), 2e-6 * 30)
          << c.name;
      std::vector<int32_t> kept;
      for (size_t token = 0; token < kVocab; ++token) {
        if (p[token] > 0) kept.push_back(static_cast<int32_t>(token));
      }
      if (kept.size() == kVocab) kept.clear();
      EXPECT_EQ(drawn.kept, kept) << c.name << ", key " << key;
    }
    EXPECT_LT(num_unlike, 10) << c.name;
  }
}

TEST(Sampler, DrawsEachTokenAsOftenAsItsProbabilitySays) {
  const auto logits = RandomLogits(8, 4, 1.5);
  const SamplingSettings settings{.temperature = 0.9};
  const Sampler sampler(settings, 8);
  const auto p = Oracle(logits, settings, {});
  constexpr int kDraws = 200'000;
  std::vector<double> count(8, 0);
  for (int i = 0; i < kDraws; ++i) ++count[static_cast<size_t>(sampler.Draw(logits, 77, i).token)];
  double chi_squared = 0;
  for (size_t token = 0; token < 8; ++token) {
    chi_squared += std::pow(count[token] - kDraws * p[token], 2) / (kDraws * p[token]);
  }
  EXPECT_LT(chi_squared, 24.3);  // 7 degrees of freedom: one chance in a thousand
}

TEST(Sampler, GreedyTakesTheGreatestLogitAndTheLowerIdOfTwo) {
  std::vector<float> logits = RandomLogits(100, 9);
  logits[70] = logits[40] = 10;
  const SamplingSettings settings{.temperature = 0, .top_k = 3, .keep_kept_sets = true};
  const Sampler sampler(settings, 100);
  const DrawnToken drawn = sampler.Draw(logits, 1, 0);
  EXPECT_EQ(drawn.token, 40);
  EXPECT_EQ(sampler.temperature(), 1);
  EXPECT_TRUE(sampler.comparable());
  EXPECT_TRUE(drawn.kept.empty());
  EXPECT_NEAR(drawn.logprob, std::log(Oracle(logits, {}, {})[40]),
              1e-5);  // temperature 1, nothing cut
}

TEST(Sampler, PenaltyAndBiasMoveTheGreedyChoice) {
  const std::vector<float> logits = {1.0F, 0.9F, -2.0F};
  const SamplingSettings penalised{.temperature = 0, .repetition_penalty = 1.5};
  Sampler sampler(penalised, 3);
  EXPECT_EQ(sampler.Draw(logits, 0, 0).token, 0);
  sampler.Observe(0);
  sampler.Observe(0);  // once seen is seen
  EXPECT_EQ(sampler.Draw(logits, 0, 1).token, 1);
  EXPECT_FALSE(sampler.comparable());
  const SamplingSettings biased{.temperature = 0, .logit_bias = {{2, 5.0F}}};
  EXPECT_EQ(Sampler(biased, 3).Draw(logits, 0, 0).token, 2);
}

TEST(Sampler, MarksANanRow) {
  std::vector<float> logits = RandomLogits(500, 2);
  logits[123] = std::numeric_limits<float>::quiet_NaN();
  for (const Case& c : Cases()) {
    EXPECT_TRUE(std::isnan(Sampler(c.settings, 500).Draw(logits, 3, 0).logprob)) << c.name;
  }
  const SamplingSettings greedy{.temperature = 0};
  EXPECT_TRUE(std::isnan(Sampler(greedy, 500).Draw(logits, 3, 0).logprob));
}

TEST(CheckSampling, NamesTheSettingWhatWasFoundAndWhatIsAllowed) {
  const auto message = [](const SamplingSettings& settings) -> std::string {
    try {
      CheckSampling(settings, 100, 12);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message({}), "");
  EXPECT_EQ(message({.temperature = -1}),
            "request 12: temperature is -1, it must be 0 (greedy) or at least 0.001");
  EXPECT_EQ(message({.temperature = std::nan("")}),
            "request 12: temperature is nan, it must be 0 (greedy) or at least 0.001");
  EXPECT_EQ(message({.top_k = -2}), "request 12: top_k is -2, it must be 0 (off) or more");
  EXPECT_EQ(message({.top_p = 0}),
            "request 12: top_p is 0, it must be above 0, and 1 (off) at most");
  EXPECT_EQ(message({.min_p = 1.5}), "request 12: min_p is 1.5, it must be between 0 (off) and 1");
  EXPECT_EQ(message({.repetition_penalty = 0}),
            "request 12: repetition_penalty is 0, it must be above 0; 1 is off");
  EXPECT_EQ(message({.logit_bias = {{100, 1.0F}}}),
            "request 12: logit_bias holds token 100, the vocabulary has tokens 0 to 99");
  EXPECT_EQ(message({.stop_tokens = {-1}}),
            "request 12: stop_tokens holds token -1, the vocabulary has tokens 0 to 99");
  EXPECT_EQ(message({.stop_strings = {""}}), "request 12: a stop string is empty, it must be text");
  EXPECT_EQ(message({.max_new_tokens = 0}),
            "request 12: max_new_tokens is 0, it must be 1 or more");
}

}  // namespace
}  // namespace rationale
