// VerdictLog: verdicts written down before they are used, so that a resumed run replays them
// instead of judging again.
//
// A reward may be a user's program or a jail under load: judged twice, it may answer twice.
// <run>/verdicts/step-000123.jsonl holds a step's verdicts, one line a sample in request order,
// with a hash of the response each is about.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "rl/experience.h"

namespace rationale {

// The verdicts that stand in the step's file: those of a run that was killed behind them. A file
// cut short has those before the cut.
class RecordedVerdicts {
 public:
  RecordedVerdicts(const std::string& run_folder, int64_t step);

  // The verdict of sample `index`, if it is about this very response; else null.
  const Verdict* Find(size_t index, const Problem& problem, const Rollout& rollout) const;

 private:
  struct Line {
    std::string response_hash;
    Verdict verdict;
  };
  std::vector<Line> lines_;
};

// Writes the step's verdicts durably. Throws Failure.
void WriteVerdicts(const std::string& run_folder, int64_t step, std::span<const Sample> samples);

// Removes the files of steps up to `step`: a checkpoint has them behind it.
void ForgetVerdicts(const std::string& run_folder, int64_t step);

}  // namespace rationale
