// RlStep: one step of reinforcement learning: draw, judge, compare, update.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "rl/algorithms/advantages.h"
#include "rl/checkpoint.h"
#include "rl/experience.h"
#include "rl/learner.h"
#include "rl/run.h"

namespace rationale {

struct RlStepResult {
  std::vector<std::unique_ptr<Problem>> problems;  // the samples point to them
  std::vector<Sample> samples;                     // of the batch, in request order
  Advantages advantages;
  UpdateReport update;
  int64_t rejected_groups = 0;    // drawn and left out by dynamic sampling
  int64_t replayed_verdicts = 0;  // taken from the step's verdict file
  double lr = 0;
  double load_imbalance = 0;       // greatest expert load over the mean; 0 for a dense model
  int64_t repeated_responses = 0;  // judged with an equal one
  double generate_seconds = 0, update_seconds = 0, seconds = 0;
  double judge_seconds = 0;       // waited for verdicts once all samples were drawn
  double judge_busy_seconds = 0;  // spent on verdicts, most of it while samples were drawn
};

// Carries out step state.step (counted from 0) and moves `state` past it. Nothing, with state and
// weights as they were, when `stop` was set while samples were drawn. Throws Failure naming the
// step when the loss is NaN.
std::optional<RlStepResult> RunRlStep(Run& run, Learner& learner, TrainerState& state,
                                      const std::atomic<bool>& stop);

}  // namespace rationale
