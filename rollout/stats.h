// RolloutStats: what the engine did, for the trainer's metrics and `bench rollout`.

#pragma once

#include <cstdint>
#include <string>

namespace rationale {

// Counts since the engine's last ResetStats. Rows are tokens that went through the model.
struct RolloutStats {
  int64_t finished = 0;           // rollouts, cancelled ones included
  int64_t sampled_tokens = 0;     // all tokens drawn
  int64_t prefill_tokens = 0;     // prompt rows computed for the first time
  int64_t prefill_chunks = 0;     // the pieces they came in: one a prompt, where none was cut
  int64_t shared_tokens = 0;      // prompt tokens a sequence took over from another's prefill
  int64_t recomputed_tokens = 0;  // rows computed again: after a preemption or a change of weights
  int64_t decode_tokens = 0;      // rows of sequences that were decoding
  int64_t draft_tokens = 0;       // of them, those of guessed tokens
  int64_t accepted_tokens = 0;    // guesses that were right: tokens drawn without a step
  int64_t steps = 0;              // forward passes
  int64_t decode_steps = 0;       // of them, those with decode rows
  int64_t preemptions = 0;
  int64_t live_peak = 0;          // sequences in the batch
  int64_t cache_tokens_peak = 0;  // pages held, in tokens
  int64_t cache_bytes_peak = 0;   // the same in bytes
  double prefill_s = 0;  // forward passes, shared out by rows where a pass has rows of both kinds
  double decode_s = 0;
  double logits_s = 0;    // output matrix
  double sampling_s = 0;  // cut, draw, log-probability, text
  double total_s = 0;     // inside Step

  // One line: "512 rollouts, 12,345 tokens, ... tokens/s". For logs.
  std::string Summary() const;
};

}  // namespace rationale
