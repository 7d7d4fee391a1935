// RunFolder: a run directory as it lies on the disk, read without torch.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rl/record/chart.h"
#include "rl/record/metrics.h"

namespace rationale {

struct RunFolder {
  std::string path;
  std::vector<std::string> checkpoints;  // names, oldest first; SFT's come before RL's
  // From the newest checkpoint's trainer/state.json; without a checkpoint: "", 0 and the recipe's
  // seed.
  std::string stage;
  int64_t step = 0;
  std::string params_hash;
  uint64_t seed = 0;
  bool finished = false;
  std::vector<MetricsLine> metrics;    // all lines of metrics.jsonl
  std::vector<int64_t> rollout_steps;  // ascending
};

// Throws Error when there is no run at `path` or a file of it is damaged.
RunFolder ReadRunFolder(const std::string& path);

// The lines of one stage, in order.
std::vector<MetricsLine> LinesOf(const RunFolder& run, const std::string& stage);

// Reward, its components, held-out accuracy and response length over the RL steps; for a run
// without RL, SFT's loss.
std::vector<Chart> RunCharts(const RunFolder& run);

// The run's table for people: at most `rows_max` rows, each the mean of the steps since the row
// before.
std::string RunTable(const RunFolder& run, size_t rows_max = 12);

// One JSON object:
// {"step":40,"params_hash":"..","seed":0,"stage":"rl","finished":false,"checkpoints":[..],
// "metrics":{last line of the stage},"eval":{last evaluation}}.
std::string RunJson(const RunFolder& run);

}  // namespace rationale
