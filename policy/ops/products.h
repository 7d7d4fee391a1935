// products: a weight's matrices multiplied with the rows of activations, and the gradients: what
// Linear, LinearPerHead, GroupedLinear and SelectedLogprobs have in common.
//
// Each runs our kernels or, for other devices and with Backend::kReference, ATen's
// (reference_products.cc). Nothing here is recorded by autograd.

#pragma once

#include <cstdint>
#include <span>

#include <ATen/core/Tensor.h>
#include <c10/util/SmallVector.h>

#include "policy/parameter.h"

namespace rationale::ops {

// The rows that one of the weight's matrices maps, x [num_rows, K] -> y [num_rows, N]: offsets of
// the first elements.
struct RowGroup {
  int64_t num_rows = 0;
  int64_t x_offset = 0;
  int64_t y_offset = 0;
};

// All rows of a call: group g is mapped by the g-th matrix.
struct RowLayout {
  int64_t x_stride = 0;  // elements from a row of x to the next of its group
  int64_t y_stride = 0;
  c10::SmallVector<RowGroup, 128> groups = {};  // so many without an allocation
};

// y = x weight^T (+ bias_N): allocated with `y_sizes` and `y_dtype`. x is in the weight's dtype,
// float32 or bfloat16, or in bfloat16 with a float32 weight on the CPU.
at::Tensor Product(const at::Tensor& x, Parameter& weight, const Parameter* bias,
                   const RowLayout& layout, at::IntArrayRef y_sizes, at::ScalarType y_dtype);

// The same of contiguous x [T, K] by several matrices [N, K] of one dtype: as one call where our
// kernels run.
struct DenseProduct {
  Parameter* weight = nullptr;
  const Parameter* bias = nullptr;
  c10::SmallVector<int64_t, 4> y_sizes = {};
};
c10::SmallVector<at::Tensor, 4> Products(const at::Tensor& x,
                                         std::span<const DenseProduct> products);

// x_grad = y_grad weight, allocated with `x_sizes` and `x_dtype`. y_grad is contiguous and first
// rounded to the weight's dtype, or widened.
at::Tensor InputGrad(const at::Tensor& y_grad, Parameter& weight, const RowLayout& layout,
                     at::IntArrayRef x_sizes, at::ScalarType x_dtype);

// weight.grad += y_grad^T x in float32: operands as above. Does nothing for a weight that is not
// trained.
void AddWeightGrad(const at::Tensor& y_grad, const at::Tensor& x, Parameter& weight,
                   const RowLayout& layout);

// bias.grad += the sum over rows of y_grad (contiguous), row by row in float32. Does nothing for a
// bias that is not trained.
void AddBiasGrad(const at::Tensor& y_grad_TN, Parameter& bias_N);

// The layout of contiguous x [T, K] -> y [T, N] with one matrix [N, K].
RowLayout DenseLayout(int64_t num_rows, const Parameter& weight_NK);

}  // namespace rationale::ops
