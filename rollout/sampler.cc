// Sampler: draws the next token of one sequence from a row of logits.

#include "rollout/sampler.h"

#include <cmath>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/philox.h"
#include "policy/ops/row_logits.h"

namespace rationale {

void CheckSampling(const SamplingSettings& settings, int64_t vocab_size, uint64_t request) {
  const auto require = [&](bool ok, const char* name, auto found, const char* allowed) {
    if (!ok) throw Error("request {}: {} is {}, it must be {}", request, name, found, allowed);
  };
  const auto require_token = [&](int32_t token, const char* name) {
    if (token >= 0 && token < vocab_size) return;
    throw Error("request {}: {} holds token {}, the vocabulary has tokens 0 to {}", request, name,
                token, vocab_size - 1);
  };
  const double temperature = settings.temperature;
  require(std::isfinite(temperature) && (temperature == 0 || temperature >= 1e-3), "temperature",
          temperature, "0 (greedy) or at least 0.001");
  require(settings.top_k >= 0, "top_k", settings.top_k, "0 (off) or more");
  require(settings.top_p > 0 && settings.top_p <= 1, "top_p", settings.top_p,
          "above 0, and 1 (off) at most");
  require(settings.min_p >= 0 && settings.min_p <= 1, "min_p", settings.min_p,
          "between 0 (off) and 1");
  require(std::isfinite(settings.repetition_penalty) && settings.repetition_penalty > 0,
          "repetition_penalty", settings.repetition_penalty, "above 0; 1 is off");
  require(settings.max_new_tokens >= 1, "max_new_tokens", settings.max_new_tokens, "1 or more");
  for (const auto& [token, bias] : settings.logit_bias) {
    require_token(token, "logit_bias");
    require(std::isfinite(bias), "a logit_bias", bias, "a finite number");
  }
  for (const int32_t token : settings.stop_tokens) require_token(token, "stop_tokens");
  for (const std::string& stop : settings.stop_strings)
    require(!stop.empty(), "a stop string", "empty", "text");
}

Sampler::Sampler(const SamplingSettings& settings, int64_t vocab_size)
    : settings_(&settings), penalises_(settings.repetition_penalty != 1) {
  if (!penalises_) return;
  observed_.resize(static_cast<size_t>(vocab_size), false);
  penalised_.reserve(static_cast<size_t>(vocab_size));
}

void Sampler::Observe(int32_t token) {
  if (!penalises_ || observed_[static_cast<size_t>(token)]) return;
  observed_[static_cast<size_t>(token)] = true;
  penalised_.push_back(token);
}

float Sampler::temperature() const {
  return settings_->temperature == 0 ? 1.0F : static_cast<float>(settings_->temperature);
}

bool Sampler::cuts() const {
  return settings_->temperature != 0 &&
         (settings_->top_k > 0 || settings_->top_p < 1 || settings_->min_p > 0);
}

std::span<const float> Sampler::Adjust(std::span<const float> logits) const {
  thread_local std::vector<float> adjusted;
  adjusted.assign(logits.begin(), logits.end());
  const auto penalty = static_cast<float>(settings_->repetition_penalty);
  for (const int32_t token : penalised_) {
    float& logit = adjusted[static_cast<size_t>(token)];
    logit = logit > 0 ? logit / penalty : logit * penalty;
  }
  for (const auto& [token, bias] : settings_->logit_bias)
    adjusted[static_cast<size_t>(token)] += bias;
  return adjusted;
}

std::optional<ops::RowDraw> Sampler::PlainDraw(uint64_t key, int64_t position) const {
  if (adjusts_logits() || cuts()) return {};
  return ops::RowDraw{
      .uniform = settings_->temperature == 0 ? -1 : Uniform(key, static_cast<uint64_t>(position)),
      .inverse_temperature = 1.0F / temperature()};
}

DrawnToken Sampler::Draw(std::span<const float> logits, uint64_t key, int64_t position) const {
  if (adjusts_logits()) logits = Adjust(logits);
  const float inverse_temperature = 1.0F / temperature();
  DrawnToken drawn;
  if (settings_->temperature == 0) {
    drawn.token = ops::Argmax(logits);
    const ops::RowNormaliser normaliser = ops::Normalise(logits, inverse_temperature, {});
    drawn.logprob = ops::Logprob(logits, inverse_temperature, normaliser, drawn.token);
    return drawn;
  }
  std::vector<int32_t> kept;
  ops::RowNormaliser normaliser = ops::Normalise(logits, inverse_temperature, {});
  if (!std::isfinite(normaliser.log_sum)) {  // cutting requires numbers
    drawn.logprob = std::numeric_limits<float>::quiet_NaN();
    return drawn;
  }
  if (cuts()) {
    kept = ops::KeptTokens(logits, inverse_temperature,
                           {.top_k = settings_->top_k,
                            .top_p = static_cast<float>(settings_->top_p),
                            .min_p = static_cast<float>(settings_->min_p)});
    if (!kept.empty()) normaliser = ops::Normalise(logits, inverse_temperature, kept);
  }
  const double uniform = Uniform(key, static_cast<uint64_t>(position));
  drawn.token = ops::Draw(logits, inverse_temperature, normaliser, kept, uniform);
  drawn.logprob = ops::Logprob(logits, inverse_temperature, normaliser, drawn.token);
  if (settings_->keep_kept_sets) drawn.kept = std::move(kept);
  return drawn;
}

}  // namespace rationale
