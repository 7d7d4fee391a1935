// Objective: the loss of a packed batch of responses, and what there is to say about it.
//
// T response tokens of the batch, one sequence after another; S sequences.

#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

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
  double importance_clip =
      0;  // > 0: tokens are weighted by min(exp(old_logp - behaviour_logp), this): TIS; 0: off
};

// The tokens of a micro-batch. All float32, [T] unless said otherwise.
struct ObjectiveInput {
  at::Tensor logprobs_T;            // of the present policy; differentiable
  at::Tensor old_logprobs_T;        // of the policy at the start of the update
  at::Tensor behaviour_logprobs_T;  // recorded by the sampler; needed with importance_clip only
  at::Tensor reference_logprobs_T;  // needed with kl > 0 only
  at::Tensor advantages_T;          // the sequence's, repeated
  at::Tensor mask_T;                // 1 where the token counts, else 0
  at::Tensor sequence_T;            // int64: the token's sequence, 0 .. S - 1, ascending
  int64_t num_sequences = 0;        // S
};

// What the whole optimizer batch divides by, over micro-batches and ranks: splitting a batch
// changes rounding only.
struct Denominators {
  double tokens = 0;     // masked tokens
  double sequences = 0;  // sequences with one masked token at least
};

struct ObjectiveOutput {
  at::Tensor loss;  // this micro-batch's share of the batch's loss; float32 scalar, differentiable
                    // in logprobs_T only
  // Sums over masked tokens, for metrics (divide by the batch's tokens).
  double clipped_low = 0, clipped_high = 0;  // tokens whose gradient the clip removed
  double kl_sum = 0;                         // k3 against the reference
  double ratio_sum = 0;
  double ratio_max = 0;
};

// Requires equal shapes and clip_low <= 1 where it clips from below; clip_high may exceed 1 (R1:
// 10).
ObjectiveOutput ComputeObjective(const ObjectiveInput& input, const ObjectiveSettings& settings,
                                 const Denominators& batch);

}  // namespace rationale
