#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include "base/check.h"
#include "base/error.h"
#include "policy/ops/ops.h"
#include "tests/policy/linear_oracle.h"

namespace rationale {
namespace {

using testing::RandomParameter;
using testing::RandomTensor;
using testing::SameBits;

at::Tensor Tokens(const std::vector<int64_t>& ids) {
  return at::tensor(ids, at::kLong);
}

TEST(Embedding, IsTheTablesRows) {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    Parameter table = RandomParameter({10, 7}, dtype, 1);
    const at::Tensor rows = ops::Embedding(Tokens({3, 0, 9, 3}), table);
    EXPECT_TRUE(SameBits(
        rows, at::stack({table.value[3], table.value[0], table.value[9], table.value[3]})));
    ops::SetBackend(ops::Backend::kReference);
    EXPECT_TRUE(SameBits(rows, ops::Embedding(Tokens({3, 0, 9, 3}), table)));
    ops::SetBackend(ops::Backend::kKernels);
  }
}

TEST(Embedding, AddsTheGradientsOfATokenThatOccursTwice) {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    for (const auto backend : {ops::Backend::kKernels, ops::Backend::kReference}) {
      ops::SetBackend(backend);
      Parameter table = RandomParameter({10, 100}, dtype, 1, /*trained=*/true);
      const at::Tensor y_grad = RandomTensor({3, 100}, dtype, 2);
      for (int pass = 0; pass < 2; ++pass) {  // gradients add up over passes
        ops::Embedding(Tokens({3, 0, 3}), table).backward(y_grad);
      }
      const at::Tensor g = y_grad.to(at::kFloat);
      EXPECT_TRUE(SameBits(table.grad[0], g[1].add(g[1])));
      EXPECT_TRUE(SameBits(table.grad[3], g[0].add(g[2]).add(g[0]).add(g[2])));
      EXPECT_EQ(table.grad[1].abs().sum().item<float>(), 0);
    }
    ops::SetBackend(ops::Backend::kKernels);
  }
}

TEST(Embedding, RefusesTokensOutsideTheVocabulary) {
  Parameter table = RandomParameter({10, 7}, at::kFloat, 1);
  EXPECT_THROW(ops::Embedding(Tokens({3, 10}), table), Error);
  EXPECT_THROW(ops::Embedding(Tokens({-1}), table), Error);
  EXPECT_THROW(ops::Embedding(Tokens({1}).to(at::kInt), table), CheckFailure);
}

}  // namespace
}  // namespace rationale
