// Sampler: draws the next token of one sequence from a row of logits.
//
// The distribution: logits, repetition penalty (Keskar et al. 2019, CTRL, eq. 1), logit bias,
// temperature, then the cut of top-k (Fan et al. 2018), top-p (Holtzman et al. 2020) and min-p
// (Nguyen et al. 2024), renormalised over what is left. The draw inverts its CDF at a counter-based
// uniform number: row_logits.h, which the learner's SelectedLogprobs shares, so that recorded and
// learned log-probabilities are equal bit for bit.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "policy/ops/gpu_decode.h"
#include "rollout/rollout.h"

namespace rationale {

// Throws Error, naming the setting, what was found and what is allowed, unless the settings can be
// sampled with a vocabulary of this size. `request` names the request in the message.
void CheckSampling(const SamplingSettings& settings, int64_t vocab_size, uint64_t request);

struct DrawnToken {
  int32_t token = 0;
  float logprob =
      0;  // natural log, of the distribution drawn from; greedy: at temperature 1, nothing cut
  std::vector<int32_t> kept;  // ascending, empty: all; only with keep_kept_sets
};

class Sampler {
 public:
  // `settings` must outlive the sampler and have passed CheckSampling.
  Sampler(const SamplingSettings& settings, int64_t vocab_size);

  // Adds a token of the prompt or response to what the repetition penalty applies to.
  void Observe(int32_t token);

  // Draws token number `position` of the response: a pure function of logits, key, position,
  // settings and the tokens observed. Safe to call from several threads at once.
  DrawnToken Draw(std::span<const float> logits, uint64_t key, int64_t position) const;

  // Whether the logits are changed before the temperature (penalty or bias), as the learner's are
  // not.
  bool adjusts_logits() const { return penalises_ || !settings_->logit_bias.empty(); }

  // The draw number `position` where only a temperature, or greed, makes the distribution; else
  // none.
  std::optional<ops::RowDraw> PlainDraw(uint64_t key, int64_t position) const;

  // Whether the learner can form the same distribution from its own logits and what is recorded.
  bool comparable() const { return !adjusts_logits() && (!cuts() || settings_->keep_kept_sets); }

  // The temperature of the recorded log-probabilities.
  float temperature() const;

 private:
  // Whether top-k, top-p or min-p may leave tokens out.
  bool cuts() const;
  std::span<const float> Adjust(std::span<const float> logits) const;

  const SamplingSettings* settings_;
  bool penalises_;
  std::vector<bool> observed_;      // per token id; empty without a penalty
  std::vector<int32_t> penalised_;  // the ids set in it
};

}  // namespace rationale
