// Report: what a finished run says of itself, for people and for scripts.

#pragma once

#include <string>

#include "rl/trainer.h"

namespace rationale {

// Before and after RL: accuracy, rewards and lengths, greedy accuracy by language, sample
// responses, where things are, and the memory estimate beside the peak.
std::string ReportText(const Trainer& trainer);

// One JSON object on one line: accuracy_before, accuracy_after (sampled), greedy_before,
// greedy_after, for every other reward <name>_before and <name>_after (mean over samples),
// seconds_sft, seconds_rl, tokens_per_second (response tokens over the RL steps' seconds),
// max_abs_logprob_gap, params_hash, peak_memory_mb, model_dir, run_dir.
std::string ReportJson(const Trainer& trainer);

}  // namespace rationale
