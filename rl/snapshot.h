// Snapshot: what a policy can do at one moment of a run, on held-out problems, greedily and
// sampled, with samples to show.

#pragma once

#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rl/eval.h"
#include "rl/run.h"

namespace rationale {

struct Snapshot {
  struct Shown {
    std::string id, prompt, response, reference;
    double reward = 0;
  };

  EvalSlice greedy, sampled;
  std::map<std::string, double> greedy_by_language;  // accuracy
  std::map<int64_t, double> pass_at_k, majority_at_k;
  std::vector<Shown>
      shown;  // sampled responses to the first problem of each language, kShown at most

  static constexpr size_t kShown = 3;
};

// Samples are keyed by the run's seed alone, so before and after RL the same random numbers meet
// another policy. Nothing when `stop` was set meanwhile.
std::optional<Snapshot> TakeSnapshot(Run& run, const std::atomic<bool>& stop);

// One greedy response to every held-out problem. `progress`: what a progress bar calls it; empty:
// none is shown. Nothing when `stop` was set meanwhile.
std::optional<EvalReport> EvaluateGreedily(Run& run, const std::atomic<bool>& stop,
                                           const std::string& progress = "");

// Throws Error when the recipe's eval section does not fit its rewards.
void CheckEvalSection(const Run& run);

// A snapshot survives in a checkpoint as JSON.
std::string SnapshotJson(const Snapshot& snapshot);
Snapshot ParseSnapshot(const std::string& json);

}  // namespace rationale
