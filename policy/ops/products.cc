#include "policy/ops/products.h"

#include <algorithm>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/sum.h>

#include "base/check.h"
#include "base/thread_pool.h"
#include "policy/ops/autograd.h"
#include "policy/ops/cpu/convert.h"
#include "policy/ops/cpu/gemm.h"
#include "policy/ops/cpu/int8.h"
#include "policy/ops/kernel_args.h"
#include "policy/ops/ops.h"
#include "policy/ops/packed_weight.h"
#include "policy/ops/reference_products.h"
#include "policy/ops/tensor_pool.h"

namespace rationale::ops {
namespace {

// A thread's list of problems, emptied: of a call at a time, in memory that stays.
template <typename Problem>
std::vector<Problem>& Problems() {
  static thread_local std::vector<Problem> problems;
  problems.clear();
  return problems;
}

const char* ElementAt(const at::Tensor& x, int64_t offset) {
  return static_cast<const char*>(x.const_data_ptr()) +
         offset * static_cast<int64_t>(x.element_size());
}

char* MutableElementAt(const at::Tensor& x, int64_t offset) {
  return static_cast<char*>(x.mutable_data_ptr()) + offset * static_cast<int64_t>(x.element_size());
}

// In `dtype`: rounded or widened where it is another.
at::Tensor InDtype(const at::Tensor& x, at::ScalarType dtype) {
  return x.scalar_type() == dtype ? x : x.to(dtype);
}

void CheckGroups(const Parameter& weight, const RowLayout& layout) {
  const auto matrices = static_cast<size_t>(weight.value.dim() == 3 ? weight.value.size(0) : 1);
  Check{layout.groups.size() == matrices, weight.name, ": ",       layout.groups.size(),
        " groups of rows for ",           matrices,    " matrices"};
}

// One call of our kernels, of one weight or of several with the same x.
class KernelCall {
 public:
  KernelCall(const at::Tensor& x, const Parameter& weight, at::ScalarType y_dtype)
      : x_(x), int8_(Int8Products::Active() && !weight.exact) {
    const at::ScalarType dtype = weight.value.scalar_type();
    settings_ = {.operands = ElementOf(dtype),
                 .widen_a = x.scalar_type() != dtype,
                 .output = ElementOf(y_dtype)};
  }

  void Add(Parameter& weight, const Parameter* bias, const RowLayout& layout, const at::Tensor& y) {
    const PackedMatrices packed =
        int8_ ? PackedInt8Weight(weight) : PackedWeight(weight, Direction::kForward);
    settings_.next_b = packed.next;
    if (bias != nullptr) settings_.bias = ElementOf(bias->value.scalar_type());
    int64_t matrix = 0;
    for (const RowGroup& group : layout.groups) {
      problems_.push_back({.a = ElementAt(x_, group.x_offset),
                           .a_stride = layout.x_stride,
                           .m = group.num_rows,
                           .n = weight.value.size(-2),
                           .k = weight.value.size(-1),
                           .packed_b = packed[matrix++],
                           .bias = bias != nullptr ? bias->value.const_data_ptr() : nullptr,
                           .c = MutableElementAt(y, group.y_offset),
                           .c_stride = layout.y_stride});
    }
  }

  void Run() const { (int8_ ? cpu::GemmInt8 : cpu::Gemm)(settings_, problems_); }

 private:
  const at::Tensor& x_;
  bool int8_;
  cpu::GemmSettings settings_;
  std::vector<cpu::GemmProblem>& problems_ = Problems<cpu::GemmProblem>();
};

}  // namespace

at::Tensor Product(const at::Tensor& x, Parameter& weight, const Parameter* bias,
                   const RowLayout& layout, at::IntArrayRef y_sizes, at::ScalarType y_dtype) {
  CheckGroups(weight, layout);
  if (!UsesKernels(x)) {
    const at::NoGradGuard no_grad;  // the caller records the gradients
    return reference::Product(x, weight, bias, layout, y_sizes, y_dtype);
  }
  at::Tensor y = NewTensor(y_sizes, y_dtype);
  KernelCall call(x, weight, y_dtype);
  call.Add(weight, bias, layout, y);
  call.Run();
  return y;
}

c10::SmallVector<at::Tensor, 4> Products(const at::Tensor& x,
                                         std::span<const DenseProduct> products) {
  c10::SmallVector<at::Tensor, 4> results;
  const Parameter& first = *products[0].weight;
  const at::ScalarType dtype = first.value.scalar_type();
  const auto layout = [&](const DenseProduct& product) {
    return DenseLayout(x.numel() / product.weight->value.size(1), *product.weight);
  };
  if (!UsesKernels(x)) {
    for (const DenseProduct& product : products) {
      results.push_back(
          Product(x, *product.weight, product.bias, layout(product), product.y_sizes, dtype));
    }
    return results;
  }
  KernelCall call(x, first, dtype);
  for (const DenseProduct& product : products) {
    Check{product.weight->value.scalar_type() == dtype && product.weight->exact == first.exact,
          product.weight->name, " is not multiplied as ", first.name, " is"};
    results.push_back(NewTensor(product.y_sizes, dtype));
    call.Add(*product.weight, product.bias, layout(product), results.back());
  }
  call.Run();
  return results;
}

at::Tensor InputGrad(const at::Tensor& y_grad_any, Parameter& weight, const RowLayout& layout,
                     at::IntArrayRef x_sizes, at::ScalarType x_dtype) {
  CheckGroups(weight, layout);
  const at::ScalarType dtype = weight.value.scalar_type();
  if (!UsesKernels(y_grad_any)) {
    return reference::InputGrad(y_grad_any, weight, layout, x_sizes, x_dtype);
  }
  const at::Tensor y_grad = InDtype(y_grad_any, dtype);
  at::Tensor x_grad = NewTensor(x_sizes, x_dtype);
  const PackedMatrices packed = PackedWeight(weight, Direction::kBackward);
  std::vector<cpu::GemmProblem>& problems = Problems<cpu::GemmProblem>();
  for (const RowGroup& group : layout.groups) {
    problems.push_back({.a = ElementAt(y_grad, group.y_offset),
                        .a_stride = layout.y_stride,
                        .m = group.num_rows,
                        .n = weight.value.size(-1),
                        .k = weight.value.size(-2),
                        .packed_b = packed[static_cast<int64_t>(problems.size())],
                        .c = MutableElementAt(x_grad, group.x_offset),
                        .c_stride = layout.x_stride});
  }
  cpu::Gemm({.operands = ElementOf(dtype), .output = ElementOf(x_dtype)}, problems);
  return x_grad;
}

void AddWeightGrad(const at::Tensor& y_grad_any, const at::Tensor& x, Parameter& weight,
                   const RowLayout& layout) {
  CheckGroups(weight, layout);
  if (!weight.value.requires_grad()) return;
  if (!UsesKernels(x)) return reference::AddWeightGrad(y_grad_any, x, weight, layout);
  const at::ScalarType dtype = weight.value.scalar_type();
  const at::Tensor y_grad = InDtype(y_grad_any, dtype);
  const int64_t n = weight.value.size(-2);
  const int64_t k = weight.value.size(-1);
  float* grad = MutableDataOf<float>(GradOf(weight));
  std::vector<cpu::WeightGradProblem>& problems = Problems<cpu::WeightGradProblem>();
  for (const RowGroup& group : layout.groups) {
    problems.push_back({.y_grad = ElementAt(y_grad, group.y_offset),
                        .y_stride = layout.y_stride,
                        .x = ElementAt(x, group.x_offset),
                        .x_stride = layout.x_stride,
                        .m = group.num_rows,
                        .weight_grad = grad + static_cast<int64_t>(problems.size()) * n * k});
  }
  cpu::AddWeightGrads(ElementOf(dtype), n, k, problems);
}

void AddBiasGrad(const at::Tensor& y_grad_TN, Parameter& bias_N) {
  if (!bias_N.value.requires_grad()) return;
  if (!UsesKernels(y_grad_TN)) return AddToGrad(bias_N, at::sum(y_grad_TN, {0}, false, at::kFloat));
  constexpr int64_t kColumns = 256;
  float* grad = MutableDataOf<float>(GradOf(bias_N));
  const int64_t n = y_grad_TN.size(1);
  const auto add = [&]<typename T>(void (*add_row)(const T*, float*, int64_t)) {
    const T* rows = DataOf<T>(y_grad_TN);
    ParallelFor((n + kColumns - 1) / kColumns, 1, [&](int64_t begin, int64_t end) {
      const int64_t column = begin * kColumns;
      const int64_t count = std::min(n, end * kColumns) - column;
      for (int64_t row = 0; row < y_grad_TN.size(0); ++row) {
        add_row(rows + row * y_grad_TN.stride(0) + column, grad + column, count);
      }
    });
  };
  if (ElementOf(y_grad_TN.scalar_type()) == cpu::Element::kFloat) {
    add(cpu::Convert().add_float);
  } else {
    add(cpu::Convert().add_bf16);
  }
}

RowLayout DenseLayout(int64_t num_rows, const Parameter& weight_NK) {
  RowLayout layout{.x_stride = weight_NK.value.size(1), .y_stride = weight_NK.value.size(0)};
  layout.groups.push_back({.num_rows = num_rows});
  return layout;
}

}  // namespace rationale::ops
