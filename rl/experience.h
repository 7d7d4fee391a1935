// Experience: what one training step draws from the policy and learns from.

#pragma once

#include <cstdint>
#include <vector>

#include "datasets/problem.h"
#include "rewards/verdict.h"
#include "rollout/rollout.h"

namespace rationale {

// One response on its way through a step: drawn, judged, compared with its group.
struct Sample {
  const Problem* problem = nullptr;
  int64_t group = 0;  // samples of one problem in one step share it
  Rollout rollout;
  Verdict verdict;
  double reward =
      0;  // the verdict's score, after the trainer's own penalties (k1 KL in the reward)
  double advantage = 0;
  bool used = false;  // judged, and of a group that is learnt from
};

}  // namespace rationale
