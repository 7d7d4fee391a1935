// The ops that multiply by a weight: Linear, LinearPerHead, GroupedLinear.

#include <utility>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_grouped_mm.h>

#include "base/check.h"
#include "policy/ops/autograd.h"
#include "policy/ops/kernel_args.h"
#include "policy/ops/op_timer.h"
#include "policy/ops/ops.h"
#include "policy/ops/products.h"

namespace rationale::ops {
namespace {

// x as Product wants it: contiguous, in the weight's dtype or one that it widens.
at::Tensor Operand(const at::Tensor& x, const Parameter& weight) {
  const at::ScalarType dtype = weight.value.scalar_type();
  Check{x.scalar_type() == dtype || dtype == at::kFloat,
        weight.name,
        " is ",
        c10::toString(dtype),
        ", its input ",
        c10::toString(x.scalar_type())};
  const bool widened = UsesKernels(x) && x.scalar_type() == at::kBFloat16;
  return (widened ? x : x.to(dtype)).contiguous();
}

// `y`, computed from x and weight (and bias), with its gradients recorded where one is wanted.
at::Tensor Recorded(at::Tensor y, const at::Tensor& x, Parameter& weight, Parameter* bias,
                    RowLayout layout) {
  const at::Tensor no_bias;
  if (!NeedsGrad({x, weight.value, bias != nullptr ? bias->value : no_bias})) return y;
  Tensors inputs = {x, weight.value};
  if (bias != nullptr) inputs.push_back(bias->value);
  return Differentiable(
      inputs, {std::move(y)}, {x},
      [&weight, bias, layout = std::move(layout), version = weight.version](
          const Tensors& saved, const Tensors& y_grads) {
        Check{weight.version == version, weight.name, " was updated before its backward pass"};
        const at::Tensor& input = saved[0];
        const at::Tensor y_grad = y_grads[0].contiguous();
        AddWeightGrad(y_grad, Operand(input, weight).to(weight.value.scalar_type()), weight,
                      layout);
        Tensors grads(bias != nullptr ? 3 : 2);
        if (bias != nullptr) AddBiasGrad(y_grad.view({-1, layout.y_stride}), *bias);
        if (input.requires_grad()) {
          grads[0] = InputGrad(y_grad, weight, layout, input.sizes(), input.scalar_type());
        }
        return grads;
      })[0];
}

using Sizes = c10::SmallVector<int64_t, 4>;

// `width`: what a row of x holds.
void CheckDense(const at::Tensor& x, const Parameter& weight, const Parameter* bias,
                int64_t width) {
  Check{weight.value.dim() == 2 && width == weight.value.size(1),
        weight.name,
        ": ",
        weight.value.sizes(),
        " applied to ",
        x.sizes()};
  Check{bias == nullptr || bias->value.numel() == weight.value.size(0), weight.name,
        ": a bias of another width"};
}

at::Tensor Dense(const at::Tensor& x, Parameter& weight, Parameter* bias, at::IntArrayRef y_sizes,
                 at::ScalarType y_dtype) {
  const int64_t width = weight.value.size(1);
  RowLayout layout = DenseLayout(width == 0 ? 0 : x.numel() / width, weight);
  at::Tensor y = Product(Operand(x, weight), weight, bias, layout, y_sizes, y_dtype);
  return Recorded(std::move(y), x, weight, bias, std::move(layout));
}

}  // namespace

at::Tensor Linear(const at::Tensor& x_TK, Parameter& weight_NK, Parameter* bias_N,
                  bool float32_output) {
  const OpTimer timer("linear");
  CheckDense(x_TK, weight_NK, bias_N, x_TK.size(-1));
  Sizes y_sizes(x_TK.sizes().begin(), x_TK.sizes().end());
  y_sizes.back() = weight_NK.value.size(0);
  return Dense(x_TK, weight_NK, bias_N, y_sizes,
               float32_output ? at::kFloat : weight_NK.value.scalar_type());
}

Heads LinearsToHeads(const at::Tensor& x, std::span<const HeadsOfLinear> linears) {
  const OpTimer timer("linear");
  c10::SmallVector<DenseProduct, 4> products;
  for (const HeadsOfLinear& linear : linears) {
    const int64_t n = linear.weight->value.size(0);
    const int64_t num_rows = x.size(0);
    CheckDense(x, *linear.weight, linear.bias, num_rows == 0 ? 0 : x.numel() / num_rows);
    Check{linear.heads > 0 && n % linear.heads == 0,
          linear.weight->name,
          ": ",
          n,
          " columns for ",
          linear.heads,
          " heads"};
    products.push_back({linear.weight, linear.bias, {num_rows, linear.heads, n / linear.heads}});
  }
  Heads heads = Products(Operand(x, *linears[0].weight), products);
  for (size_t i = 0; i < heads.size(); ++i) {
    Parameter& weight = *linears[i].weight;
    heads[i] =
        Recorded(std::move(heads[i]), x, weight, linears[i].bias, DenseLayout(x.size(0), weight));
  }
  return heads;
}

at::Tensor LinearFromHeads(const at::Tensor& x_THV, Parameter& weight_NK, Parameter* bias_N) {
  const OpTimer timer("linear");
  Check{x_THV.dim() == 3, weight_NK.name, " applied to the heads of ", x_THV.sizes()};
  CheckDense(x_THV, weight_NK, bias_N, x_THV.size(1) * x_THV.size(2));
  return Dense(x_THV, weight_NK, bias_N, Sizes{x_THV.size(0), weight_NK.value.size(0)},
               weight_NK.value.scalar_type());
}

at::Tensor LinearPerHead(const at::Tensor& x_THK, Parameter& weight_HNK) {
  const OpTimer timer("linear_per_head");
  const at::Tensor& weight = weight_HNK.value;
  Check{weight.dim() == 3 && x_THK.dim() == 3 && x_THK.size(1) == weight.size(0) &&
            x_THK.size(2) == weight.size(2),
        weight_HNK.name,
        ": ",
        weight.sizes(),
        " applied to ",
        x_THK.sizes()};
  const int64_t heads = weight.size(0);
  const int64_t n = weight.size(1);
  const int64_t k = weight.size(2);
  RowLayout layout{.x_stride = heads * k, .y_stride = heads * n};
  for (int64_t h = 0; h < heads; ++h) {
    layout.groups.push_back({.num_rows = x_THK.size(0), .x_offset = h * k, .y_offset = h * n});
  }
  at::Tensor y = Product(Operand(x_THK, weight_HNK), weight_HNK, nullptr, layout,
                         {x_THK.size(0), heads, n}, weight.scalar_type());
  return Recorded(std::move(y), x_THK, weight_HNK, nullptr, std::move(layout));
}

bool HasGroupedProduct(const at::Tensor& x, const Parameter& weight_ENK) {
  const at::Tensor& weight = weight_ENK.value;
  return x.is_cuda() && !at::GradMode::is_enabled() && x.scalar_type() == at::kBFloat16 &&
         weight.scalar_type() == at::kBFloat16 && weight.size(1) % 8 == 0 &&
         weight.size(2) % 8 == 0;
}

at::Tensor GroupedLinear(const at::Tensor& x_SK, Parameter& weight_ENK,
                         std::span<const int64_t> offsets, const at::Tensor& ends_E) {
  const OpTimer timer("grouped_linear");
  const at::Tensor& weight = weight_ENK.value;
  Check{weight.dim() == 3 && x_SK.dim() == 2 && x_SK.size(1) == weight.size(2),
        weight_ENK.name,
        ": ",
        weight.sizes(),
        " applied to ",
        x_SK.sizes()};
  if (ends_E.defined() && HasGroupedProduct(x_SK, weight_ENK)) {
    return at::_grouped_mm(x_SK.contiguous(), weight.detach().mT(), ends_E);
  }
  const auto experts = static_cast<size_t>(weight.size(0));
  Check{offsets.size() == experts + 1 && offsets.front() == 0 && offsets.back() == x_SK.size(0),
        weight_ENK.name, ": offsets do not cover the ", x_SK.size(0), " rows"};
  const int64_t n = weight.size(1);
  const int64_t k = weight.size(2);
  RowLayout layout{.x_stride = k, .y_stride = n};
  for (size_t e = 0; e < experts; ++e) {
    Check{offsets[e] <= offsets[e + 1], weight_ENK.name, ": offsets that fall at expert ", e};
    layout.groups.push_back({.num_rows = offsets[e + 1] - offsets[e],
                             .x_offset = offsets[e] * k,
                             .y_offset = offsets[e] * n});
  }
  at::Tensor y = Product(Operand(x_SK, weight_ENK), weight_ENK, nullptr, layout, {x_SK.size(0), n},
                         weight.scalar_type());
  return Recorded(std::move(y), x_SK, weight_ENK, nullptr, std::move(layout));
}

}  // namespace rationale::ops
