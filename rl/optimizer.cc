#include "rl/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include <ATen/ops/zeros.h>

#include "base/check.h"
#include "base/error.h"
#include "base/thread_pool.h"

namespace rationale {
namespace {

constexpr int64_t kChunk = 1 << 14;  // elements summed or updated as one piece of work

double SumOfSquares(const at::Tensor& tensor) {
  if (!tensor.is_cpu()) return tensor.to(at::kDouble).square().sum().item<double>();
  const float* data = tensor.const_data_ptr<float>();
  const int64_t n = tensor.numel(), chunks = (n + kChunk - 1) / kChunk;
  std::vector<double> partial(static_cast<size_t>(chunks));
  ParallelFor(chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      const int64_t last = std::min(n, (chunk + 1) * kChunk);
      double sum = 0;
      for (int64_t i = chunk * kChunk; i < last; ++i) sum += double{data[i]} * double{data[i]};
      partial[static_cast<size_t>(chunk)] = sum;
    }
  });
  double sum = 0;
  for (const double value : partial) sum += value;
  return sum;
}

// One update's numbers, the same for every element.
struct UpdateFactors {
  float gradient_scale, beta1, beta2, step_size, root_correction, epsilon, decay;
};

void UpdateElements(const UpdateFactors& f, float* master, float* gradient, float* first,
                    float* second, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const float g = gradient[i] * f.gradient_scale;
    first[i] = f.beta1 * first[i] + (1 - f.beta1) * g;
    second[i] = f.beta2 * second[i] + (1 - f.beta2) * g * g;
    const float denominator = std::sqrt(second[i]) * f.root_correction + f.epsilon;
    master[i] = master[i] * f.decay - f.step_size * first[i] / denominator;
    gradient[i] = 0;
  }
}

void UpdateOnCpu(const UpdateFactors& f, Parameter& parameter, AdamW::Moments& moments) {
  auto* master = parameter.master.mutable_data_ptr<float>();
  auto* gradient = parameter.grad.mutable_data_ptr<float>();
  auto* first = moments.first.mutable_data_ptr<float>();
  auto* second = moments.second.mutable_data_ptr<float>();
  const int64_t n = parameter.master.numel();
  ParallelFor((n + kChunk - 1) / kChunk, 1, [&](int64_t begin, int64_t end) {
    const int64_t from = begin * kChunk, count = std::min(n, end * kChunk) - from;
    UpdateElements(f, master + from, gradient + from, first + from, second + from, count);
  });
}

void UpdateWithAten(const UpdateFactors& f, Parameter& parameter, AdamW::Moments& moments) {
  const auto gradient = parameter.grad.mul(f.gradient_scale);
  moments.first.mul_(f.beta1).add_(gradient, 1 - f.beta1);
  moments.second.mul_(f.beta2).addcmul_(gradient, gradient, 1 - f.beta2);
  const auto denominator = moments.second.sqrt().mul_(f.root_correction).add_(f.epsilon);
  parameter.master.mul_(f.decay).addcdiv_(moments.first, denominator, -f.step_size);
  parameter.grad.zero_();
}

}  // namespace

double LrSchedule::At(int64_t step, int64_t steps) const {
  if (step < warmup) return peak * static_cast<double>(step + 1) / static_cast<double>(warmup);
  if (decay == "constant") return peak;
  const auto span = static_cast<double>(std::max<int64_t>(1, steps - warmup));
  const double done = std::min(1.0, static_cast<double>(step - warmup) / span);
  if (decay == "linear") return peak * (1 - (1 - final_fraction) * done);
  if (decay == "cosine") {
    const double wave = 0.5 * (1 + std::cos(std::numbers::pi * done));
    return peak * (final_fraction + (1 - final_fraction) * wave);
  }
  throw Error("lr decay '{}' is not one of constant, linear, cosine", decay);
}

double GradientNorm(const std::vector<Parameter*>& parameters) {
  double sum = 0;
  for (const Parameter* parameter : parameters) {
    if (parameter->grad.defined()) sum += SumOfSquares(parameter->grad);
  }
  return std::sqrt(sum);
}

AdamW::AdamW(std::vector<Parameter*> parameters, AdamWSettings settings)
    : parameters_(std::move(parameters)), settings_(settings) {
  for (const Parameter* parameter : parameters_) {
    Check{parameter->master.defined(), "no master of ", parameter->name};
    const auto options = parameter->master.options();
    moments_.push_back({parameter->name, at::zeros(parameter->sizes, options),
                        at::zeros(parameter->sizes, options)});
  }
}

double AdamW::Step(double lr) {
  const double norm = GradientNorm(parameters_);
  if (!std::isfinite(norm)) return norm;
  const double limit = settings_.gradient_norm_max;
  ++num_updates_;
  const auto t = static_cast<double>(num_updates_);
  UpdateFactors factors{
      .gradient_scale = static_cast<float>(limit > 0 && norm > limit ? limit / norm : 1.0),
      .beta1 = static_cast<float>(settings_.beta1),
      .beta2 = static_cast<float>(settings_.beta2),
      .step_size = static_cast<float>(lr / (1 - std::pow(settings_.beta1, t))),
      .root_correction = static_cast<float>(1 / std::sqrt(1 - std::pow(settings_.beta2, t))),
      .epsilon = static_cast<float>(settings_.epsilon),
      .decay = 1};
  for (size_t i = 0; i < parameters_.size(); ++i) {
    Parameter& parameter = *parameters_[i];
    if (!parameter.grad.defined()) continue;
    factors.decay = parameter.decay ? static_cast<float>(1 - lr * settings_.weight_decay) : 1;
    if (parameter.master.is_cpu()) {
      UpdateOnCpu(factors, parameter, moments_[i]);
    } else {
      UpdateWithAten(factors, parameter, moments_[i]);
    }
    parameter.UpdateValue();
  }
  return norm;
}

void AdamW::ZeroGrad() {
  for (Parameter* parameter : parameters_) {
    if (parameter->grad.defined()) parameter->grad.zero_();
  }
}

}  // namespace rationale
