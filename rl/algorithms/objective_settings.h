// ObjectiveSettings: which loss of the GRPO family, with which constants. Torch-free, so that what
// a recipe asks for is read without torch.

#pragma once

namespace rationale {

enum class Ratio {
  kToken,     // r_t = exp(logp_t - old_logp_t)
  kSequence,  // one r a sequence: exp of the mean over its tokens (GSPO, Zheng et al. 2025,
              // arXiv:2507.18071)
};

enum class Surrogate {
  kClipped,        // -min(r A, clip(r) A) (PPO, Schulman et al. 2017, arXiv:1707.06347)
  kClippedWeight,  // -stop_gradient(clip(r)) A logp (CISPO, MiniMax-M1, arXiv:2506.13585)
  kReinforce,      // -A logp (RLOO, REINFORCE)
};

enum class Aggregation {
  kSequence,  // mean over sequences of the mean over their tokens (GRPO)
  kToken,     // mean over all tokens (DAPO, Yu et al. 2025, arXiv:2503.14476)
  kConstant,  // sum over tokens / (sequences * constant_length) (Dr. GRPO, arXiv:2503.20783)
};

// Estimators of KL(policy || reference) from one sample, d = ref_logp - logp (Schulman,
// "Approximating KL divergence"): k1 = -d, k2 = d^2 / 2, k3 = exp(d) - 1 - d.
enum class KlEstimator { kK1, kK2, kK3, kUnbiased };

struct ObjectiveSettings {
  Ratio ratio = Ratio::kToken;
  Surrogate surrogate = Surrogate::kClipped;
  Aggregation aggregation = Aggregation::kSequence;
  double clip_low = 0.2;
  double clip_high = 0.2;
  double dual_clip = 0;  // > 1: for A < 0 the loss is bounded by dual_clip * |A| (Ye et al. 2020,
                         // arXiv:1912.09729); 0: off
  double kl = 0;         // weight of the KL term in the loss
  KlEstimator kl_estimator =
      KlEstimator::kK3;         // kUnbiased: r_t k3 (DeepSeek-V3.2, arXiv:2512.02556, eq. 7)
  double kl_exponent_max = 20;  // d is clamped to it before exp
  double constant_length = 0;   // kConstant's length, usually max_new_tokens
  // > 0: tokens are weighted by min(exp(old_logp - behaviour_logp), this), truncated importance
  // sampling (Yao et al. 2025, "Your Efficient RL Framework Secretly Brings You Off-Policy RL
  // Training"); 0: off
  double importance_clip = 0;
};

}  // namespace rationale
