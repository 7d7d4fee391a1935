#include "rl/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>

#include "base/error.h"
#include "base/philox.h"
#include "base/thread_pool.h"

namespace rationale {
namespace {

at::Tensor Random(const std::vector<int64_t>& sizes, uint64_t seed) {
  auto tensor = at::empty(sizes, at::kFloat);
  PhiloxStream random(seed);
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    tensor.mutable_data_ptr<float>()[i] = static_cast<float>(random.Uniform() - 0.5);
  }
  return tensor;
}

Parameter MakeParameter(const std::vector<int64_t>& sizes, uint64_t seed) {
  Parameter parameter;
  parameter.name = "w" + std::to_string(seed);
  parameter.sizes = sizes;
  parameter.master = Random(sizes, seed);
  parameter.UpdateValue();
  return parameter;
}

// Algorithm 2 of the paper for one element, in double.
struct ScalarAdamW {
  double m = 0, v = 0;
  double Step(double w, double g, double lr, const AdamWSettings& s, int t) {
    m = s.beta1 * m + (1 - s.beta1) * g;
    v = s.beta2 * v + (1 - s.beta2) * g * g;
    const double m_hat = m / (1 - std::pow(s.beta1, t)), v_hat = v / (1 - std::pow(s.beta2, t));
    return w - lr * (m_hat / (std::sqrt(v_hat) + s.epsilon) + s.weight_decay * w);
  }
};

TEST(AdamW, FollowsThePapersAlgorithm) {
  const AdamWSettings settings{
      .beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8, .weight_decay = 0.1, .gradient_norm_max = 0};
  Parameter parameter = MakeParameter({3, 5}, 1);
  AdamW optimizer({&parameter}, settings);
  std::vector<double> expected;
  for (int i = 0; i < 15; ++i) expected.push_back(parameter.master.view(-1)[i].item<double>());
  std::vector<ScalarAdamW> scalars(15);
  for (int t = 1; t <= 10; ++t) {
    const double lr = 0.01 * t;
    parameter.grad = Random({3, 5}, 100 + static_cast<uint64_t>(t));
    for (size_t i = 0; i < 15; ++i) {
      const double g = parameter.grad.view(-1)[static_cast<int64_t>(i)].item<double>();
      expected[i] = scalars[i].Step(expected[i], g, lr, settings, t);
    }
    optimizer.Step(lr);
  }
  for (int i = 0; i < 15; ++i) {
    EXPECT_NEAR(parameter.master.view(-1)[i].item<double>(), expected[static_cast<size_t>(i)],
                2e-6);
  }
  EXPECT_TRUE(at::equal(parameter.value, parameter.master));
  EXPECT_EQ(parameter.grad.abs().max().item<float>(), 0);
}

TEST(AdamW, NormsAndBiasesDoNotDecay) {
  Parameter parameter = MakeParameter({4}, 2);
  parameter.decay = false;
  parameter.grad = at::empty({4}, at::kFloat).zero_();
  const auto before = parameter.master.clone();
  AdamW({&parameter}, {.weight_decay = 0.5}).Step(0.1);
  EXPECT_TRUE(at::equal(parameter.master, before));
}

TEST(AdamW, ScalesTheGlobalNormDownAndReturnsItAsItWas) {
  Parameter clipped = MakeParameter({2, 2}, 3), scaled = MakeParameter({2, 2}, 3);
  clipped.grad = Random({2, 2}, 4).mul(100);
  scaled.grad = clipped.grad.clone();
  const double norm = AdamW({&clipped}, {.gradient_norm_max = 1}).Step(0.1);
  EXPECT_GT(norm, 10);
  scaled.grad.div_(norm);
  AdamW({&scaled}, {.gradient_norm_max = 0}).Step(0.1);
  EXPECT_LT(clipped.master.sub(scaled.master).abs().max().item<float>(), 1e-6);
}

TEST(AdamW, ANanGradientChangesNothing) {
  Parameter parameter = MakeParameter({8}, 5);
  parameter.grad = Random({8}, 6);
  parameter.grad.mutable_data_ptr<float>()[3] = std::numeric_limits<float>::quiet_NaN();
  const auto before = parameter.master.clone();
  AdamW optimizer({&parameter}, {});
  EXPECT_TRUE(std::isnan(optimizer.Step(0.1)));
  EXPECT_TRUE(at::equal(parameter.master, before));
  EXPECT_EQ(optimizer.num_updates(), 0);
}

TEST(AdamW, GivesTheSameBitsOnAnyNumberOfThreads) {
  std::vector<at::Tensor> results;
  for (const int threads : {1, 2, 5}) {
    ComputePool().SetNumThreads(threads);
    Parameter parameter = MakeParameter({300, 333}, 7);
    AdamW optimizer({&parameter}, {.gradient_norm_max = 0.5});
    for (uint64_t t = 0; t < 3; ++t) {
      parameter.grad = Random({300, 333}, 10 + t);
      optimizer.Step(0.01);
    }
    results.push_back(parameter.master);
  }
  ComputePool().SetNumThreads(1);
  EXPECT_TRUE(at::equal(results[0], results[1]));
  EXPECT_TRUE(at::equal(results[0], results[2]));
}

TEST(LrSchedule, WarmsUpAndDecays) {
  const LrSchedule linear{.peak = 1, .warmup = 4, .decay = "linear", .final_fraction = 0.2};
  EXPECT_DOUBLE_EQ(linear.At(0, 14), 0.25);
  EXPECT_DOUBLE_EQ(linear.At(3, 14), 1);
  EXPECT_DOUBLE_EQ(linear.At(4, 14), 1);
  EXPECT_DOUBLE_EQ(linear.At(9, 14), 0.6);
  const LrSchedule cosine{.peak = 2, .warmup = 0, .decay = "cosine", .final_fraction = 0};
  EXPECT_DOUBLE_EQ(cosine.At(0, 10), 2);
  EXPECT_NEAR(cosine.At(5, 10), 1, 1e-12);
  EXPECT_NEAR(cosine.At(10, 10), 0, 1e-12);
  EXPECT_EQ((LrSchedule{.peak = 3}).At(99, 100), 3);
}

}  // namespace
}  // namespace rationale
