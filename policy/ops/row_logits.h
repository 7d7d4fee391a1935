// row_logits: what is done with one row of logits: log-normaliser, entropy, cut, draw. Torch-free;
// the sampler and the learner's SelectedLogprobs call the same functions, so they agree bit for
// bit.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rationale::ops {

// ln sum exp(logits * inverse_temperature) over `kept` (ascending ids; empty: all), a maximum pass
// and a sum in one fixed order at the level in use. inverse_temperature is 1.0f / temperature. A
// NaN logit makes log_sum NaN.
struct RowNormaliser {
  float max = 0;      // the greatest scaled logit
  float log_sum = 0;  // ln sum exp(scaled - max)
  float entropy = 0;  // -sum p ln p, nats
};
RowNormaliser Normalise(std::span<const float> logits, float inverse_temperature,
                        std::span<const int32_t> kept);

// ln p(token): logits[token] * inverse_temperature - max - log_sum, in this order.
float Logprob(std::span<const float> logits, float inverse_temperature,
              const RowNormaliser& normaliser, int32_t token);

struct CutSettings {
  int32_t top_k = 0;  // 0: off
  float top_p = 1;    // 1: off
  float min_p = 0;    // 0: off; relative to the greatest probability
};
// The ids, ascending, that stay: top-k first, then top-p over what is left (the smallest set of
// greatest probabilities that reaches top_p, one at least), then min-p. Ties go to the lower id.
// Empty when nothing is cut. Requires no NaN.
std::vector<int32_t> KeptTokens(std::span<const float> logits, float inverse_temperature,
                                const CutSettings& cut);

// The first token, in ascending id order, at which the running sum of p exceeds u in [0, 1); the
// sum runs in double in one fixed order; the last token with p > 0 where rounding leaves it short.
int32_t Draw(std::span<const float> logits, float inverse_temperature,
             const RowNormaliser& normaliser, std::span<const int32_t> kept, double u);

// The greatest logit; ties go to the lower id.
int32_t Argmax(std::span<const float> logits);

}  // namespace rationale::ops
