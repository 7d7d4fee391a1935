// Exactness: promise 1 tried on one model, with all that could break it forced to happen.

#pragma once

#include <cstdint>

#include "policy/model.h"
#include "rollout/stats.h"

namespace rationale {

struct ExactnessWork {
  int64_t num_tokens = 10000;  // drawn at least
  int64_t samples = 8;         // of each prompt, which they share
  int64_t prompt = 100;        // tokens of each random prompt
  int64_t new_tokens = 64;     // drawn a sample
  uint64_t seed = 0;
};

// Gaps are max |ln p recorded by the sampler - ln p of the learner's forward|.
struct ExactnessReport {
  RolloutStats stats;       // of the rollouts: what was forced, and how often
  int64_t num_prompts = 0;  // drawn from
  int64_t num_tokens = 0;   // compared
  double mean_logprob = 0;  // of them: neither certain (0) nor, of a trained model, uniform
  double gap = 0;
  // Of as many prompts as fit the batch at once, and other weights from the middle on (all matrices
  // halved): the cache is computed again, and every token is compared under the weights that drew
  // it.
  int64_t swap_tokens_before = 0, swap_tokens_after = 0;
  int64_t swap_recomputed_tokens = 0;
  double swap_gap = 0;
  // After the sign of one value in the cache was changed. Not 0, or the others prove nothing.
  double flipped_gap = 0;

  // Prompts shared, prefilled in pieces, sequences preempted, weights swapped while tokens were
  // due; every gap 0 but the flipped one.
  bool Holds() const;
};

// Draws at temperature 1 from random prompts with a cache of a third of the pages that the batch
// wants and prompts prefilled 24 tokens at a time. The weights are put back. Throws Error where the
// model's context is shorter than a prompt and its response.
ExactnessReport TryExactness(Model& model, const ExactnessWork& work);

}  // namespace rationale
