// RolloutStats: what the engine did, for the trainer's metrics and `bench rollout`.

#include "rollout/stats.h"

#include <fmt/format.h>

namespace rationale {

std::string RolloutStats::Summary() const {
  const double tokens_per_s = total_s > 0 ? static_cast<double>(sampled_tokens) / total_s : 0;
  return fmt::format(
      "{} rollouts, {} tokens in {:.2f} s ({:.0f} tokens/s): prefill {:.2f} s for {} prompt tokens "
      "({} more shared, {} "
      "recomputed), decode {:.2f} s in {} steps, logits {:.2f} s, sampling {:.2f} s; at most {} "
      "live, cache {:.1f} MB, "
      "{} preemptions",
      finished, sampled_tokens, total_s, tokens_per_s, prefill_s, prefill_tokens, shared_tokens,
      recomputed_tokens, decode_s, decode_steps, logits_s, sampling_s, live_peak,
      static_cast<double>(cache_bytes_peak) / 1e6, preemptions);
}

}  // namespace rationale
