// Learner: from judged samples to updated weights.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "policy/model.h"
#include "rl/algorithms/objective.h"
#include "rl/experience.h"
#include "rl/optimizer.h"
#include "rl/pack.h"

namespace rationale {

struct LearnerSettings {
  ObjectiveSettings objective;
  int64_t minibatches = 1;            // optimizer updates an epoch over a step's samples
  int64_t epochs = 1;                 // passes over a step's samples
  int64_t micro_batch_tokens = 4096;  // rows of one forward and backward pass
  bool mask_truncated =
      false;  // tokens of truncated responses earn no gradient (DAPO's overlong filtering)
  // Samples of zero advantage are left out of the passes where their gradient is exactly zero: no
  // KL term in the loss and no router whose load they would count for. The first sample never is,
  // so that the gap is measured in every step.
  bool skip_zero_advantage = true;
  float temperature = 1;  // the samples were drawn at
};

// Means over the tokens of a step's updates; the gap over the tokens learnt from before the first
// update of the step.
struct UpdateReport {
  double loss = 0;
  double gradient_norm = 0;  // before clipping, mean over updates
  double entropy = 0;        // nats a token
  double kl = 0;             // k3 to the reference
  double clip_fraction_low = 0, clip_fraction_high = 0;
  double ratio_mean = 0, ratio_max = 0;
  double max_abs_logprob_gap =
      0;                   // |ln p the sampler recorded - ln p the learner computed|, same weights
  int64_t gap_tokens = 0;  // tokens the gap was measured on
  double mean_abs_logprob_gap = 0;  // over them
  // Of them, the share whose importance weight, p of the learner / p of the sampler, is above
  // objective.importance_clip, and so cut to it; 0 where tokens are not weighted.
  double importance_cut_fraction = 0;
  int64_t tokens = 0, updates = 0;
  int64_t skipped_samples = 0;  // of zero gradient, left out of the passes
  int64_t forward_tokens = 0;   // response tokens that went through; means are over them
  double forward_seconds = 0, backward_seconds = 0, optimizer_seconds = 0, reference_seconds = 0;
};

// What an SFT batch is made of.
struct DemonstrationTokens {
  std::vector<int32_t> prompt, completion;
};

class Learner {
 public:
  // `reference`: the frozen policy of the KL term; null without one. All live longer than the
  // learner.
  Learner(Model& model, AdamW& optimizer, Model* reference, LearnerSettings settings);

  // One step's updates on the samples marked `used`, in their order, or for several minibatches in
  // an order drawn from `shuffle_key`. Throws Failure when loss or gradient is NaN or infinite; the
  // weights are then as they were before that update.
  // Adds to `report`.
  void Update(std::span<const Sample> samples, double lr, uint64_t shuffle_key,
              UpdateReport& report);

  // Takes weight * sum over the response of (ln p - ln p of the reference), the k1 estimate of the
  // sequence's KL, off every judged sample's reward. Requires a reference.
  void ChargeKl(std::span<Sample> samples, double weight, UpdateReport& report);

  // One update on the mean negative log-likelihood of the completions' tokens.
  UpdateReport Fit(std::span<const DemonstrationTokens> batch, double lr);

  // Router loads counted since the last call of BalanceRouters, per layer (undefined for dense
  // layers).
  const std::vector<at::Tensor>& router_load() const { return load_E_; }

  // Moves every choice bias by rate * sign(mean load - load) and forgets the loads (DeepSeek-V3,
  // arXiv:2412.19437, section 2.1.2). Returns the greatest load over the mean one, over all layers;
  // 0 for a dense model.
  double BalanceRouters(double rate);

 private:
  struct Minibatch;
  // The policy's own log-probabilities before a step's first update, where the samples were drawn
  // from another.
  using OldLogprobs = std::unordered_map<const Sample*, std::vector<float>>;

  OldLogprobs LearnerLogprobs(std::span<const Sample* const> samples, UpdateReport& report);
  static std::vector<float> OldOf(const OldLogprobs& old, std::span<const Sample* const> samples);
  bool HasNoGradient(const Sample& sample, bool masked) const;
  void UpdateMinibatch(Minibatch& batch, double lr, bool first, UpdateReport& report);
  at::Tensor ReferenceLogprobs(PackedBatch& batch, UpdateReport& report);
  void StepOptimizer(double lr, double loss, UpdateReport& report);
  void CountLoad(const RouterStats& stats);

  Model& model_;
  AdamW& optimizer_;
  Model* reference_;
  LearnerSettings settings_;
  std::vector<at::Tensor> load_E_;
};

}  // namespace rationale
