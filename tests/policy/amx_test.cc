// Tests of the AMX level's products: the order of their sums, as Intel documents TDPBF16PS. They
// run on machines with AMX, and emulated under RATIONALE_CPU=amx_bf16.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include <ATen/core/Tensor.h>

#include "policy/ops/cpu/dispatch.h"
#include "policy/ops/ops.h"
#include "tests/policy/linear_oracle.h"

namespace rationale {
namespace {

using ops::cpu::Level;
using testing::RandomParameter;
using testing::RandomTensor;

bool HasAmx() {
  const auto levels = ops::cpu::MachineLevels();
  return std::find(levels.begin(), levels.end(), Level::kAmxBf16) != levels.end();
}

std::vector<float> Floats(const at::Tensor& x) {
  const at::Tensor wide = x.detach().to(at::kFloat).contiguous();
  const auto* data = wide.const_data_ptr<float>();
  return {data, data + wide.numel()};
}

// sum over k of a[k] b[k] in the documented order.
float SumInTilesOfK(const float* a, const float* b, int64_t k) {
  float sum = 0;
  for (int64_t first = 0; first < k; first += 32) {
    float even = 0, odd = 0;
    for (int64_t i = first; i < std::min(k, first + 32); i += 2) {
      even = std::fma(a[i], b[i], even);
      if (i + 1 < k) odd = std::fma(a[i + 1], b[i + 1], odd);
    }
    sum += even + odd;
  }
  return sum;
}

TEST(Amx, SumsInTheDocumentedOrderWhateverTheShape) {
  if (!HasAmx()) GTEST_SKIP() << "no AMX here; policy_test_amx emulates it";
  ops::cpu::SetLevel(Level::kAmxBf16);
  // Every number of column tiles in a panel, with whole and broken tiles of rows, columns and k.
  for (const int64_t n : {1, 16, 17, 40, 48, 64, 129}) {
    for (const int64_t k : {1, 2, 31, 32, 33, 64, 95, 128}) {
      Parameter weight = RandomParameter({n, k}, at::kBFloat16, 1);
      const at::Tensor x = RandomTensor({70, k}, at::kBFloat16, 2);
      const std::vector<float> a = Floats(x), b = Floats(weight.value);
      for (const int64_t m : {1, 5, 15, 16, 17, 31, 32, 33, 48, 70}) {
        const at::Tensor y = ops::Linear(x.narrow(0, 0, m), weight, nullptr, true);
        const float* found = y.const_data_ptr<float>();
        for (int64_t i = 0; i < m * n; ++i) {
          ASSERT_EQ(found[i], SumInTilesOfK(a.data() + i / n * k, b.data() + i % n * k, k))
              << m << 'x' << n << 'x' << k << " at " << i / n << ", " << i % n;
        }
      }
    }
  }
}

TEST(Amx, OffersNothingOutsideItsRows) {
  if (!HasAmx()) GTEST_SKIP() << "no AMX here; policy_test_amx emulates it";
  ops::cpu::SetLevel(Level::kAmxBf16);
  Parameter weight = RandomParameter({40, 50}, at::kBFloat16, 1);
  at::Tensor x = RandomTensor({20, 50}, at::kBFloat16, 2);
  const at::Tensor before = ops::Linear(x, weight);
  x.select(0, 19).fill_(std::nan(""));
  const at::Tensor after = ops::Linear(x, weight);
  EXPECT_TRUE(testing::SameBits(before.narrow(0, 0, 19), after.narrow(0, 0, 19)));
  EXPECT_TRUE(std::isnan(Floats(after.select(0, 19))[0]));
}

}  // namespace
}  // namespace rationale
