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

#include "rl/experience.h"

namespace rationale {

// Gives samples whose verdicts stand in the step's file those verdicts (and rewards). A line about
// another response, or a file cut short by a kill, is passed over. Returns how many were replayed.
int64_t ReplayVerdicts(const std::string& run_folder, int64_t step, std::span<Sample> samples);

// Writes the step's verdicts durably. Throws Failure.
void WriteVerdicts(const std::string& run_folder, int64_t step, std::span<const Sample> samples);

// Removes the files of steps up to `step`: a checkpoint has them behind it.
void ForgetVerdicts(const std::string& run_folder, int64_t step);

}  // namespace rationale
