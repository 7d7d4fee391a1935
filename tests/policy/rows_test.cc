// The ops over single rows: values, gradients, and that a row's bits depend on nothing but the row.

#include <cmath>

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include "tests/policy/op_testing.h"

namespace rationale::ops {
namespace {

// T tokens, H heads, Q columns of a head.

RopeTable MakeTable(int64_t num_positions, int64_t half) {
  RopeTable table{.cos = at::empty({num_positions, half}, at::kFloat),
                  .sin = at::empty({num_positions, half}, at::kFloat)};
  for (int64_t i = 0; i < num_positions * half; ++i) {
    const double angle = 0.37 * static_cast<double>(i);
    table.cos.mutable_data_ptr<float>()[i] = static_cast<float>(std::cos(angle));
    table.sin.mutable_data_ptr<float>()[i] = static_cast<float>(std::sin(angle));
  }
  return table;
}

TEST(RmsNorm, AgreesWithTheFormulaInValuesAndGradients) {
  for (const int64_t width : {3, 7, 64, 83}) {
    ExpectAgreesWithOracle({
        .inputs = {Random({5, width}, 1), Random({width}, 2)},
        .op = [](auto& p) { return RmsNorm(p[0].value, p[1], 1e-6); },
        .oracle = [](const auto& x) { return oracle::RmsNorm(x[0], x[1], 1e-6); },
    });
  }
}

TEST(RmsNorm, TakesHeadsAndSlicesOfAWiderTensor) {
  ExpectAgreesWithOracle({
      .inputs = {Random({3, 2, 24}, 1), Random({24}, 2)},
      .op = [](auto& p) { return RmsNorm(p[0].value, p[1], 1e-5); },
      .oracle = [](const auto& x) { return oracle::RmsNorm(x[0], x[1], 1e-5); },
  });
  const at::Tensor wide = Random({6, 3, 40}, 3);
  Parameter weight = MakeParameter(Random({24}, 4));
  for (const Form& form : KernelForms()) {
    const UseForm use(form);
    const at::Tensor slice = wide.narrow(1, 1, 2).narrow(2, 8, 24);
    EXPECT_TRUE(SameBits(RmsNorm(slice, weight, 1e-6), RmsNorm(slice.contiguous(), weight, 1e-6)));
  }
}

TEST(RmsNorm, AddsToTheWeightsGradientOnlyWhenItIsTrained) {
  const UseForm use(KernelForms().back());
  Parameter weight = MakeParameter(Random({16}, 1));
  const at::Tensor x = Random({4, 16}, 2).requires_grad_(true);
  RmsNorm(x, weight, 1e-6).sum().backward();
  EXPECT_FALSE(weight.grad.defined());
  weight.value.requires_grad_(true);
  RmsNorm(x, weight, 1e-6).sum().backward();
  const at::Tensor once = weight.grad.clone();
  RmsNorm(x, weight, 1e-6).sum().backward();
  EXPECT_TRUE(SameBits(weight.grad, once.mul(2)));
}

TEST(SwiGlu, AgreesWithTheFormulaInValuesAndGradients) {
  for (const int64_t width : {1, 16, 37}) {
    ExpectAgreesWithOracle({
        .inputs = {Random({4, 2 * width}, 1)},
        .op = [](auto& p) { return SwiGlu(p[0].value); },
        .oracle = [&](const auto& x) { return oracle::SwiGlu(x[0], static_cast<size_t>(width)); },
    });
  }
}

TEST(SwiGlu, StaysFiniteAtTheEndsOfTheRange) {
  const at::Tensor x =
      at::tensor({-3e38f, -200.0f, -90.0f, 90.0f, 3e38f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f});
  for (const Form& form : AllForms()) {
    const UseForm use(form);
    const at::Tensor y = SwiGlu(x.view({1, 10}));
    EXPECT_LE(RelativeError(y, {0, 0, 0, 90, 3e38f}), 1e-6) << form.name();
  }
}

TEST(Add, AgreesWithTheSumInValuesAndGradients) {
  ExpectAgreesWithOracle({
      .inputs = {Random({3, 21}, 1), Random({3, 21}, 2)},
      .op = [](auto& p) { return Add(p[0].value, p[1].value); },
      .oracle =
          [](const auto& x) {
            oracle::Doubles y = x[0];
            for (size_t i = 0; i < y.size(); ++i) y[i] += x[1][i];
            return y;
          },
  });
}

TEST(Rope, AgreesWithTheFormulaInValuesAndGradients) {
  struct Case {
    int64_t width, offset, half;
    bool interleaved;
  };
  for (const Case& c : {Case{8, 0, 4, false}, Case{64, 0, 32, false}, Case{40, 12, 10, false},
                        Case{40, 12, 10, true}, Case{33, 1, 16, true}}) {
    const RopeTable table = MakeTable(9, c.half);
    const at::Tensor positions = at::tensor({8, 0, 5}, at::kInt);
    oracle::Doubles angles;
    for (const int position : {8, 0, 5}) {
      for (int64_t i = 0; i < c.half; ++i) {
        angles.push_back(0.37 * static_cast<double>(position * c.half + i));
      }
    }
    ExpectAgreesWithOracle({
        .inputs = {Random({3, 2, c.width}, 1)},
        .op = [&](auto& p) { return Rope(p[0].value, positions, table, c.offset, c.interleaved); },
        .oracle =
            [&](const auto& x) {
              return oracle::Rope(x[0], 2, static_cast<size_t>(c.width), angles,
                                  static_cast<size_t>(c.offset), static_cast<size_t>(c.half),
                                  c.interleaved);
            },
    });
  }
}

// Every row op over [T, H, Q] at once, so that the bitwise properties are stated once.
at::Tensor AllRowOps(const at::Tensor& x_THQ, const at::Tensor& positions_T, const RopeTable& table,
                     Parameter& weight) {
  const at::Tensor normed = RmsNorm(x_THQ, weight, 1e-6);
  const at::Tensor turned = Rope(normed, positions_T, table, 3, true);
  const at::Tensor sum = Add(turned, x_THQ);
  return at::cat({sum, SwiGlu(sum)}, 2);
}

TEST(RowOps, GiveARowTheSameBitsAloneAndInAnyBatchOnAnyNumberOfThreads) {
  constexpr int64_t kTokens = 61, kWidth = 70;
  const RopeTable table = MakeTable(kTokens, 9);
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    const at::Tensor x = Random({kTokens, 3, kWidth}, 5, dtype);
    Parameter weight = MakeParameter(Random({kWidth}, 6, dtype));
    std::vector<int32_t> ids(kTokens);
    for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int32_t>(i);
    const at::Tensor positions = at::tensor(ids, at::kInt);
    for (Form form : KernelForms()) {
      at::Tensor all;
      for (const int num_threads : {1, 2, 3, 8}) {
        form.num_threads = num_threads;
        const UseForm use(form);
        const at::Tensor y = AllRowOps(x, positions, table, weight);
        if (!all.defined()) all = y;
        EXPECT_TRUE(SameBits(all, y)) << form.name() << " with " << num_threads << " threads";
        for (const int64_t size : {1, 2, 7}) {
          for (int64_t first = 0; first + size <= kTokens; first += 3) {
            const at::Tensor part = AllRowOps(x.narrow(0, first, size),
                                              positions.narrow(0, first, size), table, weight);
            ASSERT_TRUE(SameBits(all.narrow(0, first, size), part)) << form.name();
          }
        }
      }
    }
  }
}

TEST(RowOps, GiveTheSameGradientsOnAnyNumberOfThreads) {
  constexpr int64_t kTokens = 150, kWidth = 130;
  const RopeTable table = MakeTable(kTokens, 9);
  std::vector<int32_t> ids(kTokens, 4);
  for (Form form : KernelForms()) {
    at::Tensor input_grad, weight_grad;
    for (const int num_threads : {1, 2, 5}) {
      form.num_threads = num_threads;
      const UseForm use(form);
      const at::Tensor x = Random({kTokens, 2, kWidth}, 5).requires_grad_(true);
      Parameter weight = MakeParameter(Random({kWidth}, 6).requires_grad_(true));
      const at::Tensor y = AllRowOps(x, at::tensor(ids, at::kInt), table, weight);
      y.backward(Random(y.sizes(), 7));
      if (!input_grad.defined()) {
        input_grad = x.grad();
        weight_grad = weight.grad;
      }
      EXPECT_TRUE(SameBits(input_grad, x.grad())) << form.name();
      EXPECT_TRUE(SameBits(weight_grad, weight.grad)) << form.name();
    }
  }
}

TEST(RowOps, RecordNothingWhenNoGradientIsWanted) {
  const UseForm use(KernelForms().back());
  Parameter weight = MakeParameter(Random({16}, 1).requires_grad_(true));
  const at::Tensor x = Random({2, 16}, 2);
  EXPECT_TRUE(RmsNorm(x, weight, 1e-6).requires_grad());
  const at::NoGradGuard no_grad;
  EXPECT_FALSE(RmsNorm(x, weight, 1e-6).requires_grad());
}

}  // namespace
}  // namespace rationale::ops
