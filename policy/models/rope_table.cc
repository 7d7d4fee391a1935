#include "policy/models/rope_table.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <ATen/ops/empty.h>

#include "base/error.h"

namespace rationale {
namespace {

constexpr double kTau = 2 * std::numbers::pi;

// The dimension whose wavelength turns `rotations` times within the original context.
double YarnDimension(double rotations, double width, const RopeConfig& rope, double context) {
  return width * std::log(context / (rotations * kTau)) / (2 * std::log(rope.theta));
}

void ScaleLlama3(const RopeConfig& rope, double context, std::vector<double>& frequencies) {
  const double low = context / rope.low_freq_factor, high = context / rope.high_freq_factor;
  for (double& frequency : frequencies) {
    const double wavelength = kTau / frequency;
    if (wavelength > low) {
      frequency /= rope.factor;
    } else if (wavelength >= high) {
      const double smooth = (context / wavelength - rope.low_freq_factor) /
                            (rope.high_freq_factor - rope.low_freq_factor);
      frequency = (1 - smooth) * frequency / rope.factor + smooth * frequency;
    }
  }
}

void ScaleYarn(const RopeConfig& rope, double width, double context,
               std::vector<double>& frequencies) {
  double low = YarnDimension(rope.beta_fast, width, rope, context);
  double high = YarnDimension(rope.beta_slow, width, rope, context);
  if (rope.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, width - 1);
  if (low == high) high += 0.001;
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    frequencies[i] = frequencies[i] / rope.factor * ramp + frequencies[i] * (1 - ramp);
  }
}

double AttentionFactor(const RopeConfig& rope) {
  if (rope.type != "yarn") return 1;
  if (rope.attention_factor != 0) return rope.attention_factor;
  if (rope.mscale != 0 && rope.mscale_all_dim != 0) {
    return YarnMscale(rope.factor, rope.mscale) / YarnMscale(rope.factor, rope.mscale_all_dim);
  }
  return YarnMscale(rope.factor, 1);
}

std::vector<double> InverseFrequencies(const RopeConfig& rope, int64_t width,
                                       int64_t max_position) {
  std::vector<double> frequencies(static_cast<size_t>(width / 2));
  for (size_t i = 0; i < frequencies.size(); ++i) {
    frequencies[i] =
        std::pow(rope.theta, -2.0 * static_cast<double>(i) / static_cast<double>(width));
  }
  const double context = rope.original_max_position > 0 ? rope.original_max_position
                                                        : static_cast<double>(max_position);
  if (rope.type == "linear") {
    for (double& frequency : frequencies) frequency /= rope.factor;
  } else if (rope.type == "llama3") {
    ScaleLlama3(rope, context, frequencies);
  } else if (rope.type == "yarn") {
    ScaleYarn(rope, static_cast<double>(width), context, frequencies);
  } else if (rope.type != "default") {
    throw Error("rope type '{}' is not one of default, linear, llama3, yarn", rope.type);
  }
  return frequencies;
}

}  // namespace

double YarnMscale(double factor, double mscale) {
  return factor <= 1 ? 1 : 0.1 * mscale * std::log(factor) + 1;
}

ops::RopeTable MakeRopeTable(const RopeConfig& rope, int64_t width, int64_t max_position,
                             at::Device device) {
  const auto frequencies = InverseFrequencies(rope, width, max_position);
  const double factor = AttentionFactor(rope);
  ops::RopeTable table{.cos = at::empty({max_position, width / 2}, at::kFloat),
                       .sin = at::empty({max_position, width / 2}, at::kFloat)};
  auto* cos = table.cos.mutable_data_ptr<float>();
  auto* sin = table.sin.mutable_data_ptr<float>();
  for (int64_t position = 0; position < max_position; ++position) {
    for (const double frequency : frequencies) {
      const float angle = static_cast<float>(position) * static_cast<float>(frequency);
      *cos++ = static_cast<float>(std::cos(static_cast<double>(angle)) * factor);
      *sin++ = static_cast<float>(std::sin(static_cast<double>(angle)) * factor);
    }
  }
  table.cos = table.cos.to(device);
  table.sin = table.sin.to(device);
  return table;
}

}  // namespace rationale
