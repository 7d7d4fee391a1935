// Algorithm: the named members of the GRPO family as one table of defaults; every option can be set
// on its own. Torch-free.
//
// Adding one: a line in algorithm.cc's table, and where its formula is new, a case in advantages.cc
// or objective.cc.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/config.h"
#include "rl/algorithms/advantages.h"
#include "rl/algorithms/objective_settings.h"

namespace rationale {

std::vector<std::pair<std::string_view, Baseline>> ConfigNames(Baseline);
std::vector<std::pair<std::string_view, Normalise>> ConfigNames(Normalise);
std::vector<std::pair<std::string_view, Ratio>> ConfigNames(Ratio);
std::vector<std::pair<std::string_view, Surrogate>> ConfigNames(Surrogate);
std::vector<std::pair<std::string_view, Aggregation>> ConfigNames(Aggregation);
std::vector<std::pair<std::string_view, KlEstimator>> ConfigNames(KlEstimator);

// The options of a recipe's [rl] section that make up the algorithm. Absent ones are the named
// algorithm's.
struct AlgorithmConfig {
  std::string algorithm = "grpo";
  std::optional<Baseline> baseline;
  std::optional<Normalise> normalise;
  std::optional<int> std_ddof;
  std::optional<double> std_epsilon;
  std::optional<Ratio> ratio;
  std::optional<Surrogate> surrogate;
  std::optional<Aggregation> aggregation;
  std::optional<double> clip_low, clip_high;
  std::optional<double> dual_clip;
  std::optional<double> kl;
  std::optional<KlEstimator> kl_estimator;
  std::optional<double> kl_in_reward;
  std::optional<double> importance_clip;
  std::optional<bool> mask_truncated;
  std::optional<bool> dynamic_sampling;

  template <class V>
  void Visit(V& v) {
    v("algorithm", algorithm,
      "grpo, dr_grpo, dapo, gspo, cispo, rloo or reinforce_pp: the defaults of the keys below");
    v("baseline", baseline,
      "what a reward is compared with: group_mean, leave_one_out or batch_mean");
    v("normalise", normalise, "what the difference is divided by: none, group_std or batch_std");
    v("std_ddof", std_ddof, "1: the std divides by n - 1, 0: by n", Between(0, 1));
    v("std_epsilon", std_epsilon, "added to the std", AtLeast(0));
    v("ratio", ratio, "importance ratio a token or a sequence");
    v("surrogate", surrogate, "clipped (PPO), clipped_weight (CISPO) or reinforce");
    v("aggregation", aggregation,
      "the loss is a mean over sequence, over token, or a sum over a constant");
    v("clip_low", clip_low, "the ratio is clipped below at 1 - clip_low", Between(0, 1));
    v("clip_high", clip_high, "and above at 1 + clip_high; R1: 10", AtLeast(0));
    v("dual_clip", dual_clip, "bound of a bad token's loss in units of |advantage|; 0: off",
      AtLeast(0));
    v("kl", kl, "weight of KL(policy || reference) in the loss", AtLeast(0));
    v("kl_estimator", kl_estimator, "k2, k3 or unbiased");
    v("kl_in_reward", kl_in_reward, "weight of the sequence's k1 sum, taken off the reward",
      AtLeast(0));
    v("importance_clip", importance_clip,
      "tokens weigh min(p of the learner / p they were drawn with, this): TIS; 0: off", AtLeast(0));
    v("mask_truncated", mask_truncated,
      "responses that hit the length limit count for the baseline, their tokens not for the loss");
    v("dynamic_sampling", dynamic_sampling,
      "draw further prompts until no group of the batch has equal rewards");
  }
};

struct Algorithm {
  AdvantageSettings advantages;
  ObjectiveSettings objective;
  double kl_in_reward = 0;
  bool mask_truncated = false;
  bool dynamic_sampling = false;
};

// The algorithm a recipe asks for; `config` comes back with every option filled in.
// `max_new_tokens` is the constant of constant aggregation. Throws Error naming the nearest
// algorithm, or an option that excludes another.
Algorithm ResolveAlgorithm(AlgorithmConfig& config, int64_t max_new_tokens);

std::vector<std::string> AlgorithmNames();

}  // namespace rationale
