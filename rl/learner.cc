#include "rl/learner.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include "base/check.h"
#include "base/error.h"
#include "base/philox.h"
#include "base/thread_pool.h"

namespace rationale {
namespace {

// Adds the seconds of its own life to a counter.
class Stopwatch {
 public:
  explicit Stopwatch(double& seconds) : seconds_(seconds) {}
  Stopwatch(const Stopwatch&) = delete;
  ~Stopwatch() {
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

SequenceView ViewOf(const Sample& sample, float temperature) {
  return {.prompt = sample.rollout.prompt,
          .response = sample.rollout.response,
          .temperature = temperature,
          .kept = sample.rollout.kept};
}

bool Masked(const Sample& sample, const LearnerSettings& settings) {
  return settings.mask_truncated && sample.rollout.finish == Finish::kLength;
}

at::Tensor FloatTensor(const std::vector<float>& values, at::Device device) {
  auto tensor = at::empty({static_cast<int64_t>(values.size())}, at::kFloat);
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<float>());
  return tensor.to(device);
}

double MaxAbs(const at::Tensor& tensor) {
  return tensor.abs().max().item<double>();
}

}  // namespace

struct Learner::Minibatch {
  std::vector<const Sample*> samples;
  std::vector<SequenceView> views;
  Denominators denominators;
  const OldLogprobs* old = nullptr;  // empty: they are those of this batch's forward pass
};

Learner::Learner(Model& model, AdamW& optimizer, Model* reference, LearnerSettings settings)
    : model_(model), optimizer_(optimizer), reference_(reference), settings_(settings) {
  Check{settings_.objective.kl == 0 || reference != nullptr, "a KL term without a reference"};
}

void Learner::Update(std::span<const Sample> samples, double lr, uint64_t shuffle_key,
                     UpdateReport& report) {
  const ThreadPool::CallerPin pin(ComputePool());
  std::vector<const Sample*> used;
  for (const Sample& sample : samples) {
    if (sample.used && !sample.rollout.response.empty()) used.push_back(&sample);
  }
  const auto count = static_cast<int64_t>(used.size());
  const int64_t minibatches = std::min(settings_.minibatches, count);
  PhiloxStream shuffle(shuffle_key);
  OldLogprobs old;
  if (settings_.objective.importance_clip > 0 && settings_.epochs * minibatches > 1) {
    old = LearnerLogprobs(used, report);
  }
  for (int64_t epoch = 0; epoch < settings_.epochs && count > 0; ++epoch) {
    if (minibatches > 1) {
      for (int64_t i = count - 1; i > 0; --i) {
        std::swap(used[static_cast<size_t>(i)], used[static_cast<size_t>(shuffle.Int(0, i))]);
      }
    }
    for (int64_t m = 0; m < minibatches; ++m) {
      Minibatch batch;
      for (int64_t i = m * count / minibatches; i < (m + 1) * count / minibatches; ++i) {
        const Sample& sample = *used[static_cast<size_t>(i)];
        const bool masked = Masked(sample, settings_);
        if (!masked) {
          batch.denominators.tokens += static_cast<double>(sample.rollout.response.size());
          batch.denominators.sequences += 1;
        }
        if (!batch.samples.empty() && HasNoGradient(sample, masked)) {
          ++report.skipped_samples;
          continue;
        }
        batch.samples.push_back(&sample);
        batch.views.push_back(ViewOf(sample, settings_.temperature));
      }
      if (batch.denominators.tokens == 0) continue;  // all truncated and masked
      batch.old = &old;
      UpdateMinibatch(batch, lr, epoch == 0 && m == 0, report);
    }
  }
  if (report.updates == 0) return;
  for (double* mean : {&report.entropy, &report.kl, &report.clip_fraction_low,
                       &report.clip_fraction_high, &report.ratio_mean}) {
    *mean /= std::max(1.0, static_cast<double>(report.forward_tokens));
  }
  for (double* mean : {&report.mean_abs_logprob_gap, &report.importance_cut_fraction})
    *mean /= std::max(1.0, static_cast<double>(report.gap_tokens));
  for (double* mean : {&report.loss, &report.gradient_norm})
    *mean /= static_cast<double>(report.updates);
}

void Learner::ChargeKl(std::span<Sample> samples, double weight, UpdateReport& report) {
  std::vector<Sample*> judged;
  std::vector<SequenceView> views;
  for (Sample& sample : samples) {
    if (!sample.verdict.judged || sample.rollout.response.empty()) continue;
    judged.push_back(&sample);
    views.push_back(ViewOf(sample, settings_.temperature));
  }
  if (views.empty()) return;
  const auto starts = SplitByTokens(views, settings_.micro_batch_tokens);
  for (size_t run = 0; run + 1 < starts.size(); ++run) {
    PackedBatch packed = Pack(std::span(views.data() + starts[run], starts[run + 1] - starts[run]),
                              model_.options().device);
    const auto reference_N = ReferenceLogprobs(packed, report).cpu();
    const float* reference = reference_N.const_data_ptr<float>();
    for (size_t i = starts[run]; i < starts[run + 1]; ++i) {
      double kl = 0;
      for (const float logprob : judged[i]->rollout.logprobs)
        kl += double{logprob} - double{*reference++};
      judged[i]->reward -= weight * kl;
    }
  }
}

Learner::OldLogprobs Learner::LearnerLogprobs(std::span<const Sample* const> samples,
                                              UpdateReport& report) {
  const at::NoGradGuard no_grad;
  const Stopwatch watch(report.forward_seconds);
  std::vector<SequenceView> views;
  for (const Sample* sample : samples) views.push_back(ViewOf(*sample, settings_.temperature));
  OldLogprobs old;
  const auto starts = SplitByTokens(views, settings_.micro_batch_tokens);
  for (size_t run = 0; run + 1 < starts.size(); ++run) {
    PackedBatch packed = Pack(std::span(views.data() + starts[run], starts[run + 1] - starts[run]),
                              model_.options().device);
    const auto logprobs_N = ResponseLogprobs(model_, packed).logprobs_T.cpu();
    const float* next = logprobs_N.const_data_ptr<float>();
    for (size_t i = starts[run]; i < starts[run + 1]; ++i) {
      const size_t length = samples[i]->rollout.response.size();
      old[samples[i]].assign(next, next + length);
      next += length;
    }
  }
  return old;
}

std::vector<float> Learner::OldOf(const OldLogprobs& old, std::span<const Sample* const> samples) {
  std::vector<float> all;
  for (const Sample* sample : samples) {
    const std::vector<float>& own = old.at(sample);
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}

bool Learner::HasNoGradient(const Sample& sample, bool masked) const {
  if (!settings_.skip_zero_advantage || settings_.objective.kl > 0) return false;
  for (const auto& bias_E : model_.router_biases()) {
    if (bias_E.defined()) return false;
  }
  return masked || sample.advantage == 0;
}

void Learner::UpdateMinibatch(Minibatch& batch, double lr, bool first, UpdateReport& report) {
  const auto device = model_.options().device;
  const auto starts = SplitByTokens(batch.views, settings_.micro_batch_tokens);
  double loss = 0;
  for (size_t run = 0; run + 1 < starts.size(); ++run) {
    const std::span views(batch.views.data() + starts[run], starts[run + 1] - starts[run]);
    PackedBatch packed = Pack(views, device);
    RouterStats stats;
    packed.forward.router = &stats;
    std::vector<float> recorded, advantages, mask;
    for (size_t i = starts[run]; i < starts[run + 1]; ++i) {
      const Sample& sample = *batch.samples[i];
      const size_t length = sample.rollout.response.size();
      recorded.insert(recorded.end(), sample.rollout.logprobs.begin(),
                      sample.rollout.logprobs.end());
      advantages.insert(advantages.end(), length, static_cast<float>(sample.advantage));
      mask.insert(mask.end(), length, Masked(sample, settings_) ? 0.F : 1.F);
    }
    ObjectiveInput input{.logprobs_T = {},
                         .old_logprobs_T = FloatTensor(recorded, device),
                         .behaviour_logprobs_T = {},
                         .reference_logprobs_T = {},
                         .advantages_T = FloatTensor(advantages, device),
                         .mask_T = FloatTensor(mask, device),
                         .sequence_T = packed.sequence_N,
                         .num_sequences = static_cast<int64_t>(views.size())};
    // One forward pass for rollout and learner: what the sampler recorded is the old policy,
    // exactly. Where it drew from another policy, OldOf tells.
    input.behaviour_logprobs_T = input.old_logprobs_T;
    if (reference_ != nullptr) input.reference_logprobs_T = ReferenceLogprobs(packed, report);
    ops::TokenLogprobs policy;
    {
      const Stopwatch watch(report.forward_seconds);
      policy = ResponseLogprobs(model_, packed);
    }
    input.logprobs_T = policy.logprobs_T;
    CountLoad(stats);
    if (settings_.objective.importance_clip > 0) {
      const auto samples = std::span(batch.samples).subspan(starts[run], views.size());
      input.old_logprobs_T = batch.old->empty() ? policy.logprobs_T.detach()
                                                : FloatTensor(OldOf(*batch.old, samples), device);
    }
    if (first) {
      const auto gap = policy.logprobs_T.detach().sub(input.behaviour_logprobs_T);
      report.max_abs_logprob_gap = std::max(report.max_abs_logprob_gap, MaxAbs(gap));
      report.gap_tokens += gap.numel();
      report.mean_abs_logprob_gap += gap.abs().sum().item<double>();
      if (settings_.objective.importance_clip > 0) {
        report.importance_cut_fraction +=
            gap.gt(std::log(settings_.objective.importance_clip)).sum().item<double>();
      }
    }
    const auto output = ComputeObjective(input, settings_.objective, batch.denominators);
    loss += output.loss.item<double>();
    report.forward_tokens += static_cast<int64_t>(input.mask_T.sum().item<double>());
    report.entropy += policy.entropy_T.mul(input.mask_T).sum().item<double>();
    report.kl += output.kl_sum;
    report.clip_fraction_low += output.clipped_low;
    report.clip_fraction_high += output.clipped_high;
    report.ratio_mean += output.ratio_sum;
    report.ratio_max = std::max(report.ratio_max, output.ratio_max);
    const Stopwatch watch(report.backward_seconds);
    output.loss.backward();
  }
  report.tokens += static_cast<int64_t>(batch.denominators.tokens);
  StepOptimizer(lr, loss, report);
}

UpdateReport Learner::Fit(std::span<const DemonstrationTokens> batch, double lr) {
  std::vector<SequenceView> views;
  UpdateReport report;
  for (const auto& demonstration : batch) {
    views.push_back({.prompt = demonstration.prompt,
                     .response = demonstration.completion,
                     .temperature = 1,
                     .kept = {}});
    report.tokens += static_cast<int64_t>(demonstration.completion.size());
  }
  const ThreadPool::CallerPin pin(ComputePool());
  const auto starts = SplitByTokens(views, settings_.micro_batch_tokens);
  double loss = 0;
  for (size_t run = 0; run + 1 < starts.size(); ++run) {
    PackedBatch packed = Pack(std::span(views.data() + starts[run], starts[run + 1] - starts[run]),
                              model_.options().device);
    RouterStats stats;
    packed.forward.router = &stats;
    at::Tensor share;
    {
      const Stopwatch watch(report.forward_seconds);
      const auto policy = ResponseLogprobs(model_, packed);
      share = policy.logprobs_T.sum().div(-static_cast<double>(report.tokens));
      report.entropy += policy.entropy_T.sum().item<double>();
    }
    CountLoad(stats);
    loss += share.item<double>();
    const Stopwatch watch(report.backward_seconds);
    share.backward();
  }
  StepOptimizer(lr, loss, report);
  report.entropy /= static_cast<double>(report.tokens);
  return report;
}

at::Tensor Learner::ReferenceLogprobs(PackedBatch& batch, UpdateReport& report) {
  const at::NoGradGuard no_grad;
  const Stopwatch watch(report.reference_seconds);
  RouterStats* stats = std::exchange(batch.forward.router, nullptr);
  auto logprobs = ResponseLogprobs(*reference_, batch).logprobs_T;
  batch.forward.router = stats;
  return logprobs;
}

void Learner::StepOptimizer(double lr, double loss, UpdateReport& report) {
  if (!std::isfinite(loss)) throw Failure("the loss is {}", loss);
  const Stopwatch watch(report.optimizer_seconds);
  const double norm = optimizer_.Step(lr);
  if (!std::isfinite(norm)) throw Failure("the gradient's norm is {} (loss {})", norm, loss);
  report.loss += loss;
  report.gradient_norm += norm;
  ++report.updates;
}

void Learner::CountLoad(const RouterStats& stats) {
  load_E_.resize(std::max(load_E_.size(), stats.load_E.size()));
  for (size_t layer = 0; layer < stats.load_E.size(); ++layer) {
    if (!stats.load_E[layer].defined()) continue;
    load_E_[layer] = load_E_[layer].defined() ? load_E_[layer].add(stats.load_E[layer])
                                              : stats.load_E[layer].clone();
  }
}

double Learner::BalanceRouters(double rate) {
  double worst = 0;
  for (size_t layer = 0; layer < load_E_.size(); ++layer) {
    if (!load_E_[layer].defined()) continue;
    const auto load = load_E_[layer].to(at::kDouble);
    const double mean = load.mean().item<double>();
    worst = std::max(worst, load.max().item<double>() / std::max(mean, 1.0));
    auto& bias_E = model_.router_biases()[layer];
    if (bias_E.defined() && rate > 0) {
      bias_E.add_(load.sub(mean).sign().to(bias_E.device(), at::kFloat), -rate);
    }
    load_E_[layer] = at::Tensor();
  }
  return worst;
}

}  // namespace rationale
