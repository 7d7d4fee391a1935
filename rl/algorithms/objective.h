// Objective: the loss of a packed batch of responses, and what there is to say about it.
//
// T response tokens of the batch, one sequence after another; S sequences.

#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "rl/algorithms/objective_settings.h"

namespace rationale {

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
