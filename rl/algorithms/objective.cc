#include "rl/algorithms/objective.h"

#include <algorithm>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/max.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include "base/check.h"

namespace rationale {
namespace {

// Sum of x over each sequence's tokens [S].
at::Tensor SumBySequence(const at::Tensor& x_T, const ObjectiveInput& input) {
  return at::zeros({input.num_sequences}, x_T.options()).index_add(0, input.sequence_T, x_T);
}

// ln r per token; with sequence ratios the value is the sequence's mean, repeated.
at::Tensor LogRatio(const ObjectiveInput& input, Ratio ratio) {
  const auto token_T = input.logprobs_T.sub(input.old_logprobs_T).mul(input.mask_T);
  if (ratio == Ratio::kToken) return token_T;
  const auto length_S = SumBySequence(input.mask_T, input).clamp_min(1);
  return SumBySequence(token_T, input).div(length_S).index_select(0, input.sequence_T);
}

at::Tensor PolicyLoss(const ObjectiveInput& input, const ObjectiveSettings& settings,
                      const at::Tensor& ratio_T) {
  const auto& advantages = input.advantages_T;
  const auto clipped = at::clamp(ratio_T, 1 - settings.clip_low, 1 + settings.clip_high);
  switch (settings.surrogate) {
    case Surrogate::kReinforce:
      return advantages.mul(input.logprobs_T).neg();
    case Surrogate::kClippedWeight:
      return clipped.detach().mul(advantages).mul(input.logprobs_T).neg();
    case Surrogate::kClipped:
      break;
  }
  auto gain = at::minimum(ratio_T.mul(advantages), clipped.mul(advantages));
  if (settings.dual_clip > 1) {
    const auto bounded = at::maximum(gain, advantages.mul(settings.dual_clip));
    gain = at::where(advantages.lt(0), bounded, gain);
  }
  return gain.neg();
}

at::Tensor KlPenalty(const ObjectiveInput& input, const ObjectiveSettings& settings,
                     const at::Tensor& ratio_T) {
  const auto d = input.reference_logprobs_T.sub(input.logprobs_T);
  const auto k3 = d.clamp_max(settings.kl_exponent_max).exp().sub(1).sub(d);
  switch (settings.kl_estimator) {
    case KlEstimator::kK1:
      break;
    case KlEstimator::kK2:
      return d.square().mul(0.5);
    case KlEstimator::kK3:
      return k3;
    case KlEstimator::kUnbiased:
      return ratio_T.mul(k3);
  }
  Check{false, "k1 has no gradient in expectation: it may enter the reward, not the loss"};
  return {};
}

at::Tensor Aggregate(const at::Tensor& loss_T, const ObjectiveInput& input,
                     const ObjectiveSettings& settings, const Denominators& batch) {
  const auto masked = loss_T.mul(input.mask_T);
  switch (settings.aggregation) {
    case Aggregation::kToken:
      return masked.sum().div(batch.tokens);
    case Aggregation::kConstant:
      Check{settings.constant_length > 0, "constant aggregation without a length"};
      return masked.sum().div(batch.sequences * settings.constant_length);
    case Aggregation::kSequence:
      break;
  }
  const auto length_S = SumBySequence(input.mask_T, input).clamp_min(1);
  return SumBySequence(masked, input).div(length_S).sum().div(batch.sequences);
}

// Masked tokens at which the clip, not the policy, decides: no gradient flows there.
void CountClipped(const ObjectiveInput& input, const ObjectiveSettings& settings,
                  const at::Tensor& ratio_T, ObjectiveOutput& output) {
  const auto count = [&](const at::Tensor& hit) {
    return hit.to(at::kFloat).mul(input.mask_T).sum().item<double>();
  };
  const bool weight = settings.surrogate == Surrogate::kClippedWeight;
  if (settings.surrogate == Surrogate::kReinforce) return;
  auto low = ratio_T.lt(1 - settings.clip_low), high = ratio_T.gt(1 + settings.clip_high);
  if (!weight) {
    low = low.logical_and(input.advantages_T.lt(0));
    high = high.logical_and(input.advantages_T.gt(0));
  }
  output.clipped_low = count(low);
  output.clipped_high = count(high);
}

}  // namespace

ObjectiveOutput ComputeObjective(const ObjectiveInput& input, const ObjectiveSettings& settings,
                                 const Denominators& batch) {
  Check{input.logprobs_T.sizes() == input.old_logprobs_T.sizes() &&
            input.logprobs_T.sizes() == input.mask_T.sizes() &&
            input.logprobs_T.sizes() == input.advantages_T.sizes() &&
            input.logprobs_T.sizes() == input.sequence_T.sizes(),
        "objective: shapes differ"};
  Check{batch.tokens > 0 && batch.sequences > 0, "objective: an empty batch"};
  ObjectiveOutput output;
  const auto ratio_T = LogRatio(input, settings.ratio).exp();
  auto loss_T = PolicyLoss(input, settings, ratio_T);
  if (settings.importance_clip > 0) {
    const auto drift = input.old_logprobs_T.sub(input.behaviour_logprobs_T).exp();
    loss_T = loss_T.mul(drift.clamp_max(settings.importance_clip));  // both are data: no gradient
  }
  if (settings.kl > 0) loss_T = loss_T.add(KlPenalty(input, settings, ratio_T), settings.kl);
  output.loss = Aggregate(loss_T, input, settings, batch);

  const at::NoGradGuard no_grad;
  CountClipped(input, settings, ratio_T, output);
  output.ratio_sum = ratio_T.mul(input.mask_T).sum().item<double>();
  output.ratio_max = ratio_T.mul(input.mask_T).max().item<double>();
  if (input.reference_logprobs_T.defined()) {
    const auto d = input.reference_logprobs_T.sub(input.logprobs_T);
    const auto k3 = d.clamp_max(settings.kl_exponent_max).exp().sub(1).sub(d);
    output.kl_sum = k3.mul(input.mask_T).sum().item<double>();
  }
  return output;
}

}  // namespace rationale
