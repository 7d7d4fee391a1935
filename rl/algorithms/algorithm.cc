#include "rl/algorithms/algorithm.h"

#include <fmt/ranges.h>

#include "base/error.h"
#include "base/spelling.h"

namespace rationale {
namespace {

struct Named {
  std::string_view name;
  Algorithm defaults;
};

// The papers' settings. Where a paper leaves the std's form open: that of its authors' code.
const std::vector<Named>& Table() {
  static const std::vector<Named> table = {
      // DeepSeekMath, arXiv:2402.03300: clip 0.2, KL 0.04 in the loss by k3, mean over each
      // sequence.
      {"grpo", {.advantages = {}, .objective = {.kl = 0.04}}},
      // Dr. GRPO, arXiv:2503.20783: no std, a constant length.
      {"dr_grpo",
       {.advantages = {.normalise = Normalise::kNone},
        .objective = {.aggregation = Aggregation::kConstant}}},
      // DAPO, arXiv:2503.14476: clip-higher, token mean, dynamic sampling, no KL.
      {"dapo",
       {.advantages = {},
        .objective = {.aggregation = Aggregation::kToken, .clip_high = 0.28},
        .dynamic_sampling = true}},
      // GSPO, arXiv:2507.18071: the sequence's ratio, clipped at 3e-4 and 4e-4.
      {"gspo",
       {.advantages = {},
        .objective = {.ratio = Ratio::kSequence, .clip_low = 3e-4, .clip_high = 4e-4}}},
      // CISPO, MiniMax-M1, arXiv:2506.13585: no lower bound on the weight, token mean.
      {"cispo",
       {.advantages = {},
        .objective = {.surrogate = Surrogate::kClippedWeight,
                      .aggregation = Aggregation::kToken,
                      .clip_low = 1,
                      .clip_high = 4}}},
      // RLOO, arXiv:2402.14740: REINFORCE of whole sequences against the mean of the others.
      {"rloo",
       {.advantages = {.baseline = Baseline::kLeaveOneOut, .normalise = Normalise::kNone},
        .objective = {.surrogate = Surrogate::kReinforce, .aggregation = Aggregation::kToken},
        .kl_in_reward = 0.03}},
      // REINFORCE++, arXiv:2501.03262: PPO's clip with advantages normalised over the batch, KL in
      // the reward.
      {"reinforce_pp",
       {.advantages = {.baseline = Baseline::kBatchMean, .normalise = Normalise::kBatchStd},
        .objective = {.aggregation = Aggregation::kToken},
        .kl_in_reward = 0.01}},
  };
  return table;
}

// An option set in the recipe replaces the default; one left open is filled in with it.
template <typename T>
void Merge(std::optional<T>& option, T& setting) {
  if (option) {
    setting = *option;
  } else {
    option = setting;
  }
}

}  // namespace

std::vector<std::pair<std::string_view, Baseline>> ConfigNames(Baseline) {
  return {{"group_mean", Baseline::kGroupMean},
          {"leave_one_out", Baseline::kLeaveOneOut},
          {"batch_mean", Baseline::kBatchMean}};
}

std::vector<std::pair<std::string_view, Normalise>> ConfigNames(Normalise) {
  return {{"none", Normalise::kNone},
          {"group_std", Normalise::kGroupStd},
          {"batch_std", Normalise::kBatchStd}};
}

std::vector<std::pair<std::string_view, Ratio>> ConfigNames(Ratio) {
  return {{"token", Ratio::kToken}, {"sequence", Ratio::kSequence}};
}

std::vector<std::pair<std::string_view, Surrogate>> ConfigNames(Surrogate) {
  return {{"clipped", Surrogate::kClipped},
          {"clipped_weight", Surrogate::kClippedWeight},
          {"reinforce", Surrogate::kReinforce}};
}

std::vector<std::pair<std::string_view, Aggregation>> ConfigNames(Aggregation) {
  return {{"sequence", Aggregation::kSequence},
          {"token", Aggregation::kToken},
          {"constant", Aggregation::kConstant}};
}

std::vector<std::pair<std::string_view, KlEstimator>> ConfigNames(KlEstimator) {
  return {{"k1", KlEstimator::kK1},
          {"k2", KlEstimator::kK2},
          {"k3", KlEstimator::kK3},
          {"unbiased", KlEstimator::kUnbiased}};
}

std::vector<std::string> AlgorithmNames() {
  std::vector<std::string> names;
  for (const Named& named : Table()) names.emplace_back(named.name);
  return names;
}

Algorithm ResolveAlgorithm(AlgorithmConfig& config, int64_t max_new_tokens) {
  const Named* found = nullptr;
  for (const Named& named : Table()) {
    if (named.name == config.algorithm) found = &named;
  }
  if (found == nullptr) {
    throw Error("rl.algorithm: '{}' is none of {}; did you mean '{}'?", config.algorithm,
                fmt::join(AlgorithmNames(), ", "), NearestName(config.algorithm, AlgorithmNames()));
  }
  Algorithm algorithm = found->defaults;
  Merge(config.baseline, algorithm.advantages.baseline);
  Merge(config.normalise, algorithm.advantages.normalise);
  Merge(config.std_ddof, algorithm.advantages.ddof);
  Merge(config.std_epsilon, algorithm.advantages.epsilon);
  Merge(config.ratio, algorithm.objective.ratio);
  Merge(config.surrogate, algorithm.objective.surrogate);
  Merge(config.aggregation, algorithm.objective.aggregation);
  Merge(config.clip_low, algorithm.objective.clip_low);
  Merge(config.clip_high, algorithm.objective.clip_high);
  Merge(config.dual_clip, algorithm.objective.dual_clip);
  Merge(config.kl, algorithm.objective.kl);
  Merge(config.kl_estimator, algorithm.objective.kl_estimator);
  Merge(config.kl_in_reward, algorithm.kl_in_reward);
  Merge(config.importance_clip, algorithm.objective.importance_clip);
  Merge(config.mask_truncated, algorithm.mask_truncated);
  Merge(config.dynamic_sampling, algorithm.dynamic_sampling);
  if (const double bound = algorithm.objective.dual_clip; bound > 0 && bound <= 1) {
    throw Error("rl.dual_clip: found {}, allowed: 0 (off) or above 1", bound);
  }
  algorithm.objective.constant_length = static_cast<double>(max_new_tokens);
  if (algorithm.objective.kl > 0 && algorithm.objective.kl_estimator == KlEstimator::kK1) {
    throw Error(
        "rl.kl_estimator: k1 has no gradient in expectation; use k2, k3 or unbiased, or "
        "kl_in_reward");
  }
  return algorithm;
}

}  // namespace rationale
