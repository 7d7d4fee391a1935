// The learner's view of recorded rollouts: promise 1, max |ln p recorded - ln p learner| = 0,
// measured.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "policy/model.h"
#include "rollout/rollout.h"

namespace rationale {

// ln p of every response token by the learner's forward: whole sequences, packed, without a cache,
// under the recorded temperature and kept sets. No gradient. A pack holds whole sequences, up to
// `max_rows` rows or one sequence. Throws Error for a rollout that is not `comparable`. One list a
// rollout, as long as its response.
std::vector<std::vector<float>> LearnerLogprobs(Model& model, std::span<const Rollout> rollouts,
                                                int64_t max_rows = 4096);

// max |recorded - learner's| over all response tokens drawn by the weights `version`, which the
// model has now. 0 when there are none. A NaN on either side counts as infinity.
float MaxAbsLogprobGap(Model& model, std::span<const Rollout> rollouts, int64_t version,
                       int64_t max_rows = 4096);

}  // namespace rationale
