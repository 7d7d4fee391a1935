// Timed rollouts: what `bench rollout` and `bench scaling` measure.

#pragma once

#include <cstdint>
#include <vector>

#include "rollout/engine.h"

namespace rationale {

// Random prompts without a tokenizer, as peers' timing scripts draw them: ids above the special
// ones, no stop tokens.
struct RandomWork {
  int64_t batch = 64;   // sequences
  int64_t samples = 1;  // sequences a prompt
  int64_t prompt = 64;  // tokens
  int64_t new_tokens = 128;
  double temperature = 0;
  uint64_t seed = 0;
};

std::vector<SampleRequest> RandomRequests(const RandomWork& work, int64_t vocab_size);

struct RolloutTiming {
  double total_s = 0;    // the fastest run
  double prefill_s = 0;  // the fastest run of one token a sequence
  int64_t steps = 0;     // decoding
  int64_t tokens = 0;    // drawn in a run
  int64_t sequences = 0;

  // Of all tokens but each sequence's first.
  double DecodeTokensPerSecond() const;
};

// Runs the requests `repeats` times after a short run that packs the weights and makes the pages.
// The engine's stats and trace are those of the last run.
RolloutTiming TimeRollouts(Engine& engine, const std::vector<SampleRequest>& requests,
                           int64_t repeats, ChromeTrace* trace = nullptr);

}  // namespace rationale
