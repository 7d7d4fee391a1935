// B are batches' row counts; levels, threads and dtypes are swept within each test.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <latch>
#include <span>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include "base/check.h"
#include "policy/ops/cpu/dispatch.h"
#include "policy/ops/ops.h"
#include "tests/policy/linear_oracle.h"

namespace rationale {
namespace {

using ops::cpu::Level;
using testing::Matrix;
using testing::MaxError;
using testing::Multiply;
using testing::RandomParameter;
using testing::RandomTensor;
using testing::SameBits;
using testing::Tolerance;
using testing::Transposed;

constexpr at::ScalarType kDtypes[] = {at::kFloat, at::kBFloat16};

struct Size {
  int64_t n, k;
};
constexpr Size kSizes[] = {{1, 1}, {5, 3}, {64, 64}, {70, 33}, {129, 100}, {16, 257}, {79, 48}};

class LinearTest : public ::testing::Test {
 protected:
  void TearDown() override {
    ops::cpu::SetLevel(ops::cpu::MachineLevels().back());
    ops::SetNumThreads(1);
    ops::SetBackend(ops::Backend::kKernels);
  }

  // Calls body() at every level the machine has, with both dtypes.
  template <typename Body>
  static void EveryLevelAndDtype(const Body& body) {
    for (const Level level : ops::cpu::MachineLevels()) {
      ops::cpu::SetLevel(level);
      for (const at::ScalarType dtype : kDtypes) {
        SCOPED_TRACE(std::string(ops::CpuLevel()) + " " + c10::toString(dtype));
        body(dtype);
      }
    }
  }
};

TEST_F(LinearTest, MatchesProductsInDouble) {
  EveryLevelAndDtype([](at::ScalarType dtype) {
    for (const auto& [n, k] : kSizes) {
      Parameter weight = RandomParameter({n, k}, dtype, 1);
      Parameter bias = RandomParameter({n}, dtype, 2);
      const at::Tensor x = RandomTensor({7, k}, dtype, 3);
      Matrix expected = Multiply(Matrix(x), Transposed(Matrix(weight.value)));
      const double magnitude = static_cast<double>(k) + 1;
      EXPECT_LE(MaxError(ops::Linear(x, weight), expected), Tolerance(k, dtype, magnitude));
      EXPECT_LE(MaxError(ops::Linear(x, weight, nullptr, true), expected),
                Tolerance(k, at::kFloat, 0));
      const Matrix row(bias.value.view({1, n}));
      for (int64_t i = 0; i < 7 * n; ++i) expected(i / n, i % n) += row(0, i % n);
      EXPECT_LE(MaxError(ops::Linear(x, weight, &bias), expected), Tolerance(k, dtype, magnitude));
    }
  });
}

// The order of the sums as documented: at levels with a fused multiply-add, those of float32 are a
// chain over k.
TEST_F(LinearTest, SumsOverKInOrder) {
  for (const Level level : ops::cpu::MachineLevels()) {
    if (level == Level::kPortable) continue;
    ops::cpu::SetLevel(level);
    const int64_t n = 70, k = 333;
    Parameter weight = RandomParameter({n, k}, at::kFloat, 1);
    const at::Tensor x = RandomTensor({9, k}, at::kFloat, 2);
    const at::Tensor y = ops::Linear(x, weight);
    for (int64_t row = 0; row < 9; ++row) {
      for (int64_t column = 0; column < n; ++column) {
        float sum = 0;
        for (int64_t i = 0; i < k; ++i) {
          sum = std::fma(x.const_data_ptr<float>()[row * k + i],
                         weight.value.const_data_ptr<float>()[column * k + i], sum);
        }
        ASSERT_EQ(sum, y.const_data_ptr<float>()[row * n + column]);
      }
    }
  }
}

TEST_F(LinearTest, ARowIsTheSameAloneAndInAnyBatchOnAnyNumberOfThreads) {
  EveryLevelAndDtype([](at::ScalarType dtype) {
    for (const auto& [n, k] : {Size{70, 33}, Size{576, 130}}) {
      Parameter weight = RandomParameter({n, k}, dtype, 1);
      Parameter bias = RandomParameter({n}, dtype, 2);
      const at::Tensor x = RandomTensor({513, k}, dtype, 3);
      ops::SetNumThreads(1);
      std::vector<at::Tensor> alone;
      for (int64_t row = 0; row < 513; ++row) {
        alone.push_back(ops::Linear(x.narrow(0, row, 1), weight, &bias));
      }
      const at::Tensor expected = at::cat(alone);
      for (const int threads : {1, 2, 3, 5, 8}) {
        ops::SetNumThreads(threads);
        for (const int64_t rows : {1, 2, 3, 7, 16, 33, 64, 100, 513}) {
          for (const int64_t first : {int64_t{0}, (513 - rows) / 2, 513 - rows}) {
            ASSERT_TRUE(SameBits(ops::Linear(x.narrow(0, first, rows), weight, &bias),
                                 expected.narrow(0, first, rows)))
                << n << 'x' << k << ", " << rows << " rows from " << first << ", " << threads
                << " threads";
          }
        }
      }
    }
  });
}

// Large enough for several row blocks and panels a thread.
TEST_F(LinearTest, BlocksOfALargeProductAgreeWithSmallOnes) {
  for (const at::ScalarType dtype : kDtypes) {
    Parameter weight = RandomParameter({500, 1030}, dtype, 1);
    const at::Tensor x = RandomTensor({700, 1030}, dtype, 2);
    ops::SetNumThreads(1);
    const at::Tensor serial = ops::Linear(x, weight);
    ops::SetNumThreads(4);
    EXPECT_TRUE(SameBits(ops::Linear(x, weight), serial));
    for (const int64_t row : {0, 95, 96, 97, 383, 384, 699}) {
      EXPECT_TRUE(SameBits(ops::Linear(x.narrow(0, row, 1), weight), serial.narrow(0, row, 1)));
    }
  }
}

TEST_F(LinearTest, KeepsLeadingDimensionsAndTakesStridedRows) {
  Parameter weight = RandomParameter({5, 6}, at::kFloat, 1);
  const at::Tensor x = RandomTensor({2, 3, 12}, at::kFloat, 2).narrow(2, 3, 6);
  const at::Tensor y = ops::Linear(x, weight);
  EXPECT_EQ(y.sizes(), (at::IntArrayRef{2, 3, 5}));
  EXPECT_TRUE(SameBits(y.view({6, 5}), ops::Linear(x.contiguous().view({6, 6}), weight)));
  EXPECT_EQ(ops::Linear(x.narrow(0, 0, 0), weight).sizes(), (at::IntArrayRef{0, 3, 5}));
}

TEST_F(LinearTest, AFloat32WeightWidensItsInput) {
  EveryLevelAndDtype([](at::ScalarType dtype) {
    Parameter weight = RandomParameter({8, 40}, at::kFloat, 1, /*trained=*/true);
    const at::Tensor x = RandomTensor({3, 40}, dtype, 2).set_requires_grad(true);
    const at::Tensor y = ops::Linear(x, weight);
    EXPECT_EQ(y.scalar_type(), at::kFloat);
    EXPECT_TRUE(SameBits(y, ops::Linear(x.detach().to(at::kFloat), weight)));
    y.sum().backward();
    EXPECT_EQ(x.grad().scalar_type(), dtype);
    EXPECT_EQ(weight.grad.scalar_type(), at::kFloat);
  });
}

TEST_F(LinearTest, RefusesShapesAndDtypesThatDoNotFit) {
  Parameter weight = RandomParameter({5, 6}, at::kBFloat16, 1);
  Parameter bias = RandomParameter({4}, at::kBFloat16, 1);
  EXPECT_THROW(ops::Linear(at::zeros({2, 7}, at::kBFloat16), weight), CheckFailure);
  EXPECT_THROW(ops::Linear(at::zeros({2, 6}, at::kFloat), weight), CheckFailure);
  EXPECT_THROW(ops::Linear(at::zeros({2, 6}, at::kBFloat16), weight, &bias), CheckFailure);
}

TEST_F(LinearTest, SeesANewVersionOfItsWeight) {
  Parameter weight = RandomParameter({70, 33}, at::kBFloat16, 1);
  const at::Tensor x = RandomTensor({2, 33}, at::kBFloat16, 3);
  const at::Tensor before = ops::Linear(x, weight);
  weight.master = RandomTensor({70, 33}, at::kFloat, 2);
  weight.UpdateValue();
  EXPECT_EQ(weight.version, 1);
  EXPECT_TRUE(SameBits(weight.value, weight.master.to(at::kBFloat16)));
  const at::Tensor after = ops::Linear(x, weight);
  EXPECT_FALSE(SameBits(before, after));
  Parameter fresh = RandomParameter({70, 33}, at::kBFloat16, 2);
  EXPECT_TRUE(SameBits(after, ops::Linear(x, fresh)));
}

TEST_F(LinearTest, SeveralThreadsMayMeetAWeightThatIsNotPackedYet) {
  constexpr int kRounds = 80, kThreads = 4;
  const at::Tensor x = RandomTensor({3, 300}, at::kFloat, 3);
  for (int round = 0; round < kRounds; ++round) {
    const auto seed = static_cast<uint64_t>(round);
    Parameter alone = RandomParameter({500, 300}, at::kFloat, seed);
    Parameter shared = RandomParameter({500, 300}, at::kFloat, seed);
    const at::Tensor expected = ops::Linear(x, alone);
    std::vector<at::Tensor> found(kThreads);
    std::vector<std::thread> threads;
    std::latch start(kThreads);
    for (at::Tensor& y : found) {
      threads.emplace_back([&] {
        start.arrive_and_wait();
        y = ops::Linear(x, shared);
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const at::Tensor& y : found) ASSERT_TRUE(SameBits(y, expected)) << "round " << round;
  }
}

TEST_F(LinearTest, PacksItsWeightAgainForAnotherLevel) {
  Parameter weight = RandomParameter({70, 33}, at::kBFloat16, 1);
  const at::Tensor x = RandomTensor({2, 33}, at::kBFloat16, 3);
  const Matrix expected = Multiply(Matrix(x), Transposed(Matrix(weight.value)));
  for (int round = 0; round < 2; ++round) {
    for (const Level level : ops::cpu::MachineLevels()) {
      ops::cpu::SetLevel(level);
      EXPECT_LE(MaxError(ops::Linear(x, weight, nullptr, true), expected),
                Tolerance(33, at::kFloat, 0));
    }
  }
}

// ---- gradients ----

struct Gradients {
  at::Tensor y, x, weight, bias;
};

Gradients RunBackward(const at::Tensor& x_values, const at::Tensor& y_grad, int64_t n, int64_t k,
                      at::ScalarType dtype, bool float32_output = false) {
  Parameter weight = RandomParameter({n, k}, dtype, 1, /*trained=*/true);
  Parameter bias = RandomParameter({n}, dtype, 2, /*trained=*/true);
  const at::Tensor x = x_values.detach().clone().set_requires_grad(true);
  const at::Tensor y = ops::Linear(x, weight, &bias, float32_output);
  y.backward(y_grad);
  return {y.detach(), x.grad(), weight.grad, bias.grad};
}

TEST_F(LinearTest, GradientsMatchProductsInDouble) {
  EveryLevelAndDtype([](at::ScalarType dtype) {
    for (const auto& [n, k] : kSizes) {
      for (const bool float32_output : {false, true}) {
        const int64_t rows = 37;
        const at::Tensor x = RandomTensor({rows, k}, dtype, 3);
        const at::Tensor y_grad =
            RandomTensor({rows, n}, dtype, 4).to(float32_output ? at::kFloat : dtype);
        const Gradients got = RunBackward(x, y_grad, n, k, dtype, float32_output);
        const Parameter weight = RandomParameter({n, k}, dtype, 1);
        EXPECT_LE(MaxError(got.x, Multiply(Matrix(y_grad), Matrix(weight.value))),
                  Tolerance(n, dtype, static_cast<double>(n)));
        EXPECT_EQ(got.weight.scalar_type(), at::kFloat);
        EXPECT_LE(MaxError(got.weight, Multiply(Transposed(Matrix(y_grad)), Matrix(x))),
                  Tolerance(rows, at::kFloat, 0));
        Matrix ones(1, rows);
        for (double& one : ones.values) one = 1;
        EXPECT_LE(MaxError(got.bias.view({1, n}), Multiply(ones, Matrix(y_grad))),
                  Tolerance(rows, at::kFloat, 0));
      }
    }
  });
}

TEST_F(LinearTest, GradientsDoNotDependOnTheNumberOfThreads) {
  EveryLevelAndDtype([](at::ScalarType dtype) {
    const at::Tensor x = RandomTensor({300, 100}, dtype, 3);
    const at::Tensor y_grad = RandomTensor({300, 70}, dtype, 4);
    ops::SetNumThreads(1);
    const Gradients expected = RunBackward(x, y_grad, 70, 100, dtype);
    for (const int threads : {1, 2, 3, 8}) {
      ops::SetNumThreads(threads);
      const Gradients got = RunBackward(x, y_grad, 70, 100, dtype);
      EXPECT_TRUE(SameBits(got.x, expected.x));
      EXPECT_TRUE(SameBits(got.weight, expected.weight));
      EXPECT_TRUE(SameBits(got.bias, expected.bias));
    }
  });
}

// More rows than one segment holds, so sums go on from what the gradient already is. Cut where the
// level's order of sums allows it (gemm.h): at an even row, on AMX at a multiple of 32.
TEST_F(LinearTest, WeightGradientsOfABatchInPartsAreThoseOfTheWhole) {
  for (const at::ScalarType dtype : kDtypes) {
    const int64_t cut = ops::cpu::ActiveLevel() == ops::cpu::Level::kAmxBf16 ? 1312 : 1302;
    const int64_t rows = 2500, n = 33, k = 65;
    const at::Tensor x = RandomTensor({rows, k}, dtype, 3);
    const at::Tensor y_grad = RandomTensor({rows, n}, dtype, 4);
    const Gradients whole = RunBackward(x, y_grad, n, k, dtype);
    Parameter weight = RandomParameter({n, k}, dtype, 1, /*trained=*/true);
    for (const auto& [first, count] : {std::pair{int64_t{0}, cut}, std::pair{cut, rows - cut}}) {
      ops::Linear(x.narrow(0, first, count), weight).backward(y_grad.narrow(0, first, count));
    }
    EXPECT_TRUE(SameBits(weight.grad, whole.weight));
    EXPECT_LE(MaxError(whole.weight, Multiply(Transposed(Matrix(y_grad)), Matrix(x))),
              Tolerance(rows, at::kFloat, 0));
  }
}

TEST_F(LinearTest, RecordsNothingWhereNoGradientIsWanted) {
  Parameter weight = RandomParameter({5, 6}, at::kFloat, 1, /*trained=*/true);
  Parameter frozen = RandomParameter({5, 6}, at::kFloat, 1);
  const at::Tensor x = RandomTensor({2, 6}, at::kFloat, 2);
  EXPECT_TRUE(ops::Linear(x, weight).requires_grad());
  EXPECT_FALSE(ops::Linear(x, frozen).requires_grad());
  const at::NoGradGuard no_grad;
  EXPECT_FALSE(ops::Linear(x, weight).requires_grad());
}

TEST_F(LinearTest, AFrozenWeightGetsNoGradientButItsInputDoes) {
  Parameter frozen = RandomParameter({5, 6}, at::kFloat, 1);
  const at::Tensor x = RandomTensor({2, 6}, at::kFloat, 2).set_requires_grad(true);
  ops::Linear(x, frozen).sum().backward();
  EXPECT_FALSE(frozen.grad.defined());
  EXPECT_TRUE(x.grad().defined());
}

TEST_F(LinearTest, RefusesABackwardPassThroughAWeightThatHasMovedOn) {
  Parameter weight = RandomParameter({5, 6}, at::kFloat, 1, /*trained=*/true);
  weight.master = weight.value.detach().clone();
  const at::Tensor y = ops::Linear(RandomTensor({2, 6}, at::kFloat, 2), weight);
  weight.UpdateValue();
  EXPECT_THROW(y.sum().backward(), CheckFailure);
}

// ---- several weights, heads and experts ----

constexpr int64_t kWidths[] = {6, 132, 64};  // of the weights: panels of whole and of some columns
constexpr int64_t kHeads[] = {1, 4, 2};

// Results, and what reaches the weights, the biases and x from gradients of the results.
std::vector<at::Tensor> RunSeveral(const at::Tensor& x_values, at::ScalarType dtype,
                                   bool together) {
  const at::Tensor x = x_values.detach().clone().set_requires_grad(true);
  const int64_t rows = x.size(0);
  std::vector<Parameter> weights, biases;
  for (uint64_t i = 0; i < 3; ++i) {
    weights.push_back(RandomParameter({kWidths[i], x.size(-1)}, dtype, 10 + i, true));
    biases.push_back(RandomParameter({kWidths[i]}, dtype, 20 + i, true));
  }
  std::vector<ops::HeadsOfLinear> linears;
  for (size_t i = 0; i < 3; ++i) {
    linears.push_back({&weights[i], i == 1 ? nullptr : &biases[i], kHeads[i]});
  }
  std::vector<at::Tensor> got, results;
  if (together) {
    for (const at::Tensor& y : ops::LinearsToHeads(x, linears)) results.push_back(y);
  } else {
    for (const auto& [weight, bias, heads] : linears) {
      results.push_back(ops::Linear(x, *weight, bias).view({rows, heads, -1}));
    }
  }
  for (size_t i = 0; i < 3; ++i) {
    results[i].backward(RandomTensor({rows, kHeads[i], kWidths[i] / kHeads[i]}, dtype, 30 + i));
    got.push_back(results[i].detach());
    got.push_back(weights[i].grad);
    if (i != 1) got.push_back(biases[i].grad);
  }
  got.push_back(x.grad());
  return got;
}

TEST_F(LinearTest, SeveralWeightsAtOnceGiveTheBitsOfEachAlone) {
  EveryLevelAndDtype([](at::ScalarType dtype) {
    for (const int64_t rows : {1, 7, 64, 700}) {
      const at::Tensor x = RandomTensor({rows, 96}, dtype, 3);
      ops::SetNumThreads(1);
      const auto expected = RunSeveral(x, dtype, /*together=*/false);
      for (const int threads : {1, 2, 5}) {
        ops::SetNumThreads(threads);
        const auto got = RunSeveral(x, dtype, /*together=*/true);
        ASSERT_EQ(got.size(), expected.size());
        for (size_t i = 0; i < got.size(); ++i) {
          EXPECT_TRUE(SameBits(got[i], expected[i])) << rows << " rows, " << i;
        }
      }
    }
  });
}

TEST_F(LinearTest, SeveralWeightsTakeRowsUnderOneHeadAndRefuseOtherWidths) {
  Parameter weight = RandomParameter({12, 6}, at::kFloat, 1);
  const at::Tensor x = RandomTensor({5, 6}, at::kFloat, 2);
  const std::vector<ops::HeadsOfLinear> linears = {{&weight, nullptr, 3}};
  EXPECT_TRUE(SameBits(ops::LinearsToHeads(x.view({5, 1, 6}), linears)[0],
                       ops::LinearsToHeads(x, linears)[0]));
  EXPECT_THROW(ops::LinearsToHeads(x.narrow(1, 0, 5), linears), CheckFailure);
  const std::vector<ops::HeadsOfLinear> uneven = {{&weight, nullptr, 5}};
  EXPECT_THROW(ops::LinearsToHeads(x, uneven), CheckFailure);
}

TEST_F(LinearTest, EachHeadIsALinearOfItsOwn) {
  EveryLevelAndDtype([](at::ScalarType dtype) {
    const int64_t rows = 11, heads = 3, n = 20, k = 37;
    Parameter weight = RandomParameter({heads, n, k}, dtype, 1, /*trained=*/true);
    const at::Tensor x = RandomTensor({rows, heads, k}, dtype, 2).set_requires_grad(true);
    const at::Tensor y_grad = RandomTensor({rows, heads, n}, dtype, 3);
    for (const int threads : {1, 3}) {
      ops::SetNumThreads(threads);
      weight.grad.reset();
      x.mutable_grad().reset();
      const at::Tensor y = ops::LinearPerHead(x, weight);
      y.backward(y_grad);
      for (int64_t h = 0; h < heads; ++h) {
        Parameter one = RandomParameter({n, k}, dtype, 1, /*trained=*/true);
        one.value = weight.value.detach()[h].clone().set_requires_grad(true);
        const at::Tensor rows_h = x.detach().select(1, h).contiguous().set_requires_grad(true);
        const at::Tensor y_h = ops::Linear(rows_h, one);
        y_h.backward(y_grad.select(1, h));
        EXPECT_TRUE(SameBits(y.select(1, h), y_h));
        EXPECT_TRUE(SameBits(x.grad().select(1, h), rows_h.grad()));
        EXPECT_TRUE(SameBits(weight.grad[h], one.grad));
      }
    }
  });
}

TEST_F(LinearTest, EachExpertIsALinearOfItsOwn) {
  EveryLevelAndDtype([](at::ScalarType dtype) {
    const int64_t n = 70, k = 40;
    const std::vector<int64_t> offsets = {0, 5, 5, 6, 40};  // one expert has no row
    Parameter weight = RandomParameter({4, n, k}, dtype, 1, /*trained=*/true);
    const at::Tensor x = RandomTensor({40, k}, dtype, 2).set_requires_grad(true);
    const at::Tensor y_grad = RandomTensor({40, n}, dtype, 3);
    for (const int threads : {1, 3}) {
      ops::SetNumThreads(threads);
      weight.grad.reset();
      x.mutable_grad().reset();
      const at::Tensor y = ops::GroupedLinear(x, weight, offsets);
      y.backward(y_grad);
      for (int64_t e = 0; e < 4; ++e) {
        const int64_t first = offsets[static_cast<size_t>(e)];
        const int64_t count = offsets[static_cast<size_t>(e) + 1] - first;
        Parameter one = RandomParameter({n, k}, dtype, 1, /*trained=*/true);
        one.value = weight.value.detach()[e].clone().set_requires_grad(true);
        const at::Tensor rows = x.detach().narrow(0, first, count).clone().set_requires_grad(true);
        const at::Tensor y_e = ops::Linear(rows, one);
        y_e.backward(y_grad.narrow(0, first, count));
        EXPECT_TRUE(SameBits(y.narrow(0, first, count), y_e));
        EXPECT_TRUE(SameBits(x.grad().narrow(0, first, count), rows.grad()));
        EXPECT_TRUE(SameBits(weight.grad[e], one.grad));
      }
    }
  });
}

TEST_F(LinearTest, GroupedLinearRefusesOffsetsThatDoNotCoverTheRows) {
  Parameter weight = RandomParameter({2, 5, 6}, at::kFloat, 1);
  const at::Tensor x = RandomTensor({4, 6}, at::kFloat, 2);
  for (const auto& offsets : std::vector<std::vector<int64_t>>{{0, 4}, {0, 2, 3}, {0, 5, 4}}) {
    EXPECT_THROW(ops::GroupedLinear(x, weight, offsets), CheckFailure);
  }
}

TEST_F(LinearTest, TheReferenceFormAgreesWithTheKernels) {
  for (const at::ScalarType dtype : kDtypes) {
    const int64_t rows = 12, groups = 3, n = 20, k = 30;
    const std::vector<int64_t> offsets = {0, 5, 5, 12};
    std::vector<at::Tensor> results[2];
    for (const auto backend : {ops::Backend::kKernels, ops::Backend::kReference}) {
      ops::SetBackend(backend);
      auto& out = results[static_cast<size_t>(backend)];
      Parameter dense = RandomParameter({n, k}, dtype, 1, true);
      Parameter bias = RandomParameter({n}, dtype, 2, true);
      Parameter stack = RandomParameter({groups, n, k}, dtype, 3, true);
      const at::Tensor x = RandomTensor({rows, k}, dtype, 4).set_requires_grad(true);
      const at::Tensor heads = RandomTensor({rows, groups, k}, dtype, 5).set_requires_grad(true);
      const at::Tensor logits = ops::Linear(x, dense, &bias, true);
      const at::Tensor per_head = ops::LinearPerHead(heads, stack);
      const at::Tensor grouped = ops::GroupedLinear(x, stack, offsets);
      logits.backward(RandomTensor({rows, n}, at::kFloat, 6));
      per_head.backward(RandomTensor({rows, groups, n}, dtype, 7));
      grouped.backward(RandomTensor({rows, n}, dtype, 8));
      out = {logits, per_head, grouped, x.grad(), heads.grad(), dense.grad, bias.grad, stack.grad};
    }
    for (size_t i = 0; i < results[0].size(); ++i) {
      const at::Tensor kernels = results[0][i].detach().to(at::kFloat).reshape({1, -1});
      const Matrix reference(results[1][i].detach().to(at::kFloat).reshape({1, -1}));
      EXPECT_LE(MaxError(kernels, reference), dtype == at::kFloat ? 1e-5 : 0.07) << i;
    }
  }
}

}  // namespace
}  // namespace rationale
