// Tests of products of 8-bit integers: against integers in plain loops, the same on every level.

#include "policy/ops/cpu/int8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <tuple>
#include <vector>

#include <ATen/core/grad_mode.h>

#include "policy/ops/ops.h"
#include "tests/policy/linear_oracle.h"

namespace rationale {
namespace {

using testing::RandomParameter;
using testing::RandomTensor;
using testing::SameBits;

class Int8Test : public ::testing::Test {
 protected:
  void TearDown() override {
    ops::cpu::SetLevel(ops::cpu::MachineLevels().back());
    ops::SetNumThreads(1);
  }
};

// A block of x times the Hadamard matrix of its size, from the transforms of its halves.
std::vector<float> Rotated(std::vector<float> x) {
  if (x.size() == 1) return x;
  const auto half = static_cast<int64_t>(x.size()) / 2;
  const auto a = Rotated({x.begin(), x.begin() + half});
  const auto b = Rotated({x.begin() + half, x.end()});
  for (size_t i = 0; i < a.size(); ++i) {
    x[i] = a[i] + b[i];
    x[a.size() + i] = a[i] - b[i];
  }
  return x;
}

// The integers of a row and what they are multiplied by, as int8.h says.
struct Quantised {
  std::vector<int64_t> values;
  float scale = 0;

  Quantised(const float* from, int64_t k, int64_t block) {
    std::vector<float> x;
    for (int64_t i = 0; i < k; i += block) {
      const std::vector<float> rotated = Rotated({from + i, from + i + block});
      x.insert(x.end(), rotated.begin(), rotated.end());
    }
    float greatest = 0;
    for (const float value : x) greatest = std::max(greatest, std::fabs(value));
    scale = greatest / 127;
    const float inverse = scale > 0 ? 1 / scale : 0;
    for (const float value : x)
      values.push_back(static_cast<int64_t>(std::nearbyint(value * inverse)));
  }
};

float Expected(const Quantised& row, const Quantised& column, int64_t block) {
  int64_t sum = 0;
  for (size_t i = 0; i < row.values.size(); ++i) sum += row.values[i] * column.values[i];
  return static_cast<float>(sum) * (column.scale / static_cast<float>(block)) * row.scale;
}

TEST_F(Int8Test, ProductsAreThoseOfTheRoundedIntegersOnEveryLevel) {
  for (const auto level : ops::cpu::MachineLevels()) {
    ops::cpu::SetLevel(level);
    for (const auto& [n, k, block] : {std::tuple{1, 1, 1},
                                      {5, 3, 1},
                                      {64, 64, 64},
                                      {70, 33, 1},
                                      {129, 100, 4},
                                      {40, 576, 64}}) {
      Parameter weight = RandomParameter({n, k}, at::kFloat, 1);
      Parameter bias = RandomParameter({n}, at::kFloat, 2);
      at::Tensor x = RandomTensor({31, k}, at::kFloat, 3);
      x.select(0, 4).zero_();
      const ops::Int8Products int8(true);
      const at::Tensor y = ops::Linear(x, weight, &bias);
      for (int64_t row = 0; row < 31; ++row) {
        const Quantised a(x.const_data_ptr<float>() + row * k, k, block);
        for (int64_t column = 0; column < n; ++column) {
          const Quantised b(weight.value.const_data_ptr<float>() + column * k, k, block);
          const float expected = Expected(a, b, block) + bias.value.const_data_ptr<float>()[column];
          ASSERT_EQ(y.const_data_ptr<float>()[row * n + column], expected)
              << ops::CpuLevel() << ' ' << n << 'x' << k << " row " << row << " column " << column;
        }
      }
    }
  }
}

// Of x's bytes few are left for what is small beside the outlier, unless it is spread.
TEST_F(Int8Test, AnOutlierCostsTheOtherValuesLittle) {
  Parameter weight = RandomParameter({50, 576}, at::kFloat, 1);
  at::Tensor x = RandomTensor({20, 576}, at::kFloat, 2);
  x.select(1, 100).mul_(200);
  weight.value.select(1, 100).zero_();
  const at::Tensor exact = ops::Linear(x, weight);
  const ops::Int8Products int8(true);
  const at::Tensor error = ops::Linear(x, weight).sub(exact);
  const double relative = error.norm().item<double>() / exact.norm().item<double>();
  EXPECT_LT(relative, 0.1);
}

TEST_F(Int8Test, EveryFormGivesTheSameBitsWhateverTheShape) {
  const auto levels = ops::cpu::MachineLevels();
  for (const int64_t n : {1, 31, 33, 96}) {
    for (const int64_t k : {1, 63, 64, 65, 200}) {
      Parameter weight = RandomParameter({n, k}, at::kFloat, 1);
      const at::Tensor x = RandomTensor({98, k}, at::kFloat, 2);
      const ops::Int8Products int8(true);
      for (const int64_t m : {1, 2, 15, 16, 17, 32, 33, 48, 96, 97, 98}) {
        at::Tensor expected;
        for (const auto level : levels) {
          ops::cpu::SetLevel(level);
          const at::Tensor y = ops::Linear(x.narrow(0, 98 - m, m), weight);
          if (!expected.defined()) expected = y;
          ASSERT_TRUE(SameBits(y, expected)) << ops::CpuLevel() << ' ' << m << 'x' << n << 'x' << k;
        }
      }
    }
  }
}

TEST_F(Int8Test, AnAmxMachineMultipliesBytesInTiles) {
  using ops::cpu::Int8Form, ops::cpu::Level;
  const auto levels = ops::cpu::MachineLevels();
  const bool has_amx = std::find(levels.begin(), levels.end(), Level::kAmxBf16) != levels.end();
  if (!has_amx) GTEST_SKIP() << "no AMX here; policy_test_amx emulates it";
  ops::cpu::SetLevel(Level::kAmxBf16);
  EXPECT_EQ(ops::cpu::ActiveInt8Form(), Int8Form::kAmx);
  ops::cpu::SetLevel(Level::kAvx512);
  EXPECT_NE(ops::cpu::ActiveInt8Form(), Int8Form::kAmx);
  ops::cpu::SetLevel(Level::kAvx2);
  EXPECT_EQ(ops::cpu::ActiveInt8Form(), Int8Form::kPortable);
}

TEST_F(Int8Test, ARowIsTheSameAloneAndInAnyBatchOnAnyNumberOfThreads) {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    Parameter weight = RandomParameter({576, 130}, dtype, 1);
    const at::Tensor x = RandomTensor({213, 130}, dtype, 3);
    const ops::Int8Products int8(true);
    const at::Tensor expected = ops::Linear(x, weight);
    for (const int threads : {1, 2, 5}) {
      ops::SetNumThreads(threads);
      for (const int64_t rows : {1, 2, 7, 12, 13, 64, 100, 213}) {
        ASSERT_TRUE(SameBits(ops::Linear(x.narrow(0, 213 - rows, rows), weight),
                             expected.narrow(0, 213 - rows, rows)))
            << rows << " rows, " << threads << " threads";
      }
    }
  }
}

TEST_F(Int8Test, SeveralWeightsAtOnceGiveTheBitsOfEachAlone) {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    Parameter first = RandomParameter({70, 100}, dtype, 1);
    Parameter second = RandomParameter({8, 100}, dtype, 2);
    const at::Tensor x = RandomTensor({101, 100}, dtype, 3);
    const std::vector<ops::HeadsOfLinear> linears = {{&first, nullptr, 2}, {&second, nullptr, 4}};
    const ops::Int8Products int8(true);
    const auto together = ops::LinearsToHeads(x, linears);
    EXPECT_TRUE(SameBits(together[0].view({101, 70}), ops::Linear(x, first)));
    EXPECT_TRUE(SameBits(together[1].view({101, 8}), ops::Linear(x, second)));
  }
}

TEST_F(Int8Test, AFloat32WeightTakesRowsOfBfloat16) {
  Parameter weight = RandomParameter({70, 100}, at::kFloat, 1);
  const at::Tensor x = RandomTensor({9, 100}, at::kBFloat16, 2);
  const ops::Int8Products int8(true);
  EXPECT_TRUE(SameBits(ops::Linear(x, weight), ops::Linear(x.to(at::kFloat), weight)));
}

TEST_F(Int8Test, GroupsOfRowsUseTheirOwnMatrix) {
  Parameter weight = RandomParameter({3, 20, 40}, at::kFloat, 1);
  const at::Tensor x = RandomTensor({9, 40}, at::kFloat, 2);
  const std::vector<int64_t> offsets = {0, 4, 4, 9};
  const ops::Int8Products int8(true);
  const at::Tensor y = ops::GroupedLinear(x, weight, offsets);
  for (const int64_t expert : {0, 2}) {
    Parameter own = RandomParameter({20, 40}, at::kFloat, 9);
    own.value = weight.value.select(0, expert).clone();
    const int64_t first = offsets[static_cast<size_t>(expert)];
    const int64_t count = offsets[static_cast<size_t>(expert) + 1] - first;
    EXPECT_TRUE(SameBits(ops::Linear(x.narrow(0, first, count), own), y.narrow(0, first, count)));
  }
}

TEST_F(Int8Test, ExactParametersAndTheTimeAfterTheScopeAreNotQuantised) {
  Parameter weight = RandomParameter({20, 40}, at::kFloat, 1);
  const at::Tensor x = RandomTensor({9, 40}, at::kFloat, 2);
  const at::Tensor exact = ops::Linear(x, weight);
  {
    const ops::Int8Products int8(true);
    EXPECT_FALSE(SameBits(ops::Linear(x, weight), exact));
    {
      const ops::Int8Products not_here(false);
      EXPECT_TRUE(SameBits(ops::Linear(x, weight), exact));
    }
    weight.exact = true;
    EXPECT_TRUE(SameBits(ops::Linear(x, weight), exact));
    weight.exact = false;
  }
  EXPECT_TRUE(SameBits(ops::Linear(x, weight), exact));
}

TEST_F(Int8Test, FollowsAnUpdateOfTheWeight) {
  Parameter weight = RandomParameter({20, 40}, at::kFloat, 1);
  const at::Tensor x = RandomTensor({9, 40}, at::kFloat, 2);
  const ops::Int8Products int8(true);
  const at::Tensor before = ops::Linear(x, weight);
  weight.value.mul_(2);
  ++weight.version;
  EXPECT_TRUE(SameBits(ops::Linear(x, weight), before.mul(2)));
}

}  // namespace
}  // namespace rationale
