// Metrics: a run's numbers, step by step, in metrics.jsonl and as TensorBoard curves.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "rl/record/tensorboard.h"

namespace rationale {

// Name and value in the order they are shown, e.g. {"reward_mean", 1.25}.
using MetricValues = std::vector<std::pair<std::string, double>>;

// One line of metrics.jsonl: {"stage":"rl","step":12,"reward_mean":1.25,...}. Stages are "sft",
// "rl", and "eval" for evaluations, whose step is the number of RL steps done.
struct MetricsLine {
  std::string stage;
  int64_t step = 0;
  MetricValues values;  // not finite: null in the file, NaN when read

  double Get(const std::string& name) const;  // NaN when there is none
};

// <run_folder>/metrics.jsonl and <run_folder>/tensorboard/<stage>/. Each line is handed to the
// kernel as a whole before Write returns, so a killed run leaves whole lines (but for a full disk).
class MetricsWriter {
 public:
  // Continues after step `last_step` of `stage`: lines of later steps, and a half-written one, are
  // removed. A run that starts over passes ("sft", 0). Throws Failure.
  MetricsWriter(const std::string& run_folder, const std::string& stage, int64_t last_step);

  // Adds a line. One that is there already (an evaluation repeated after a resume) is not doubled.
  // Throws Failure.
  void Write(const MetricsLine& line);

 private:
  std::string run_folder_;
  std::unique_ptr<FileWriter> file_;
  std::map<std::string, TensorboardFile> curves_;  // by stage
  std::set<std::pair<std::string, int64_t>> written_;
};

// All lines of a run's metrics.jsonl; none if there is no such file. A last line without its end is
// left out. Throws Error naming file and line when it is not ours.
std::vector<MetricsLine> ReadMetrics(const std::string& run_folder);

}  // namespace rationale
