// reference_products: products.h as ATen calls, for CUDA tensors and as the yardstick of the CPU
// kernels.
//
// On a CPU bfloat16 operands are widened and multiplied in float32; a GPU multiplies them as they
// are and accumulates in float32.

#pragma once

#include "policy/ops/products.h"

namespace rationale::ops::reference {

at::Tensor Product(const at::Tensor& x, const Parameter& weight, const Parameter* bias,
                   const RowLayout& layout, at::IntArrayRef y_sizes, at::ScalarType y_dtype);

at::Tensor InputGrad(const at::Tensor& y_grad, const Parameter& weight, const RowLayout& layout,
                     at::IntArrayRef x_sizes, at::ScalarType x_dtype);

void AddWeightGrad(const at::Tensor& y_grad, const at::Tensor& x, Parameter& weight,
                   const RowLayout& layout);

}  // namespace rationale::ops::reference
