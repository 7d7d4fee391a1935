#include "policy/ops/reference_products.h"

#include <vector>

#include <ATen/Context.h>
#include <ATen/ops/_grouped_mm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include "policy/ops/autograd.h"

namespace rationale::ops::reference {
namespace {

// a [G, M, K] @ b [G, K, N] with float32 sums, returned in float32.
at::Tensor FloatProduct(const at::Tensor& a, const at::Tensor& b) {
  if (a.is_cuda() && a.scalar_type() == at::kBFloat16) return at::bmm(a, b, at::kFloat);
  return at::bmm(a.to(at::kFloat), b.to(at::kFloat));
}

at::Tensor Matrices(const Parameter& weight) {
  const at::Tensor value = weight.value.detach();
  return value.dim() == 3 ? value : value.unsqueeze(0);
}

// Groups that lie equally far apart and are equally long are one batch; else each is its own.
bool IsUniform(const RowLayout& layout) {
  const auto& groups = layout.groups;
  for (size_t g = 1; g < groups.size(); ++g) {
    if (groups[g].num_rows != groups[0].num_rows ||
        groups[g].x_offset - groups[g - 1].x_offset != groups[1].x_offset - groups[0].x_offset ||
        groups[g].y_offset - groups[g - 1].y_offset != groups[1].y_offset - groups[0].y_offset) {
      return false;
    }
  }
  return true;
}

struct Batch {
  int64_t first = 0;
  int64_t count = 0;
};

// Whether the groups follow each other row by row, as a mixture's expert rows do.
bool IsSorted(const RowLayout& layout) {
  const auto& groups = layout.groups;
  for (size_t g = 1; g < groups.size(); ++g) {
    const RowGroup& before = groups[g - 1];
    if (groups[g].x_offset != before.x_offset + before.num_rows * layout.x_stride ||
        groups[g].y_offset != before.y_offset + before.num_rows * layout.y_stride) {
      return false;
    }
  }
  return groups.size() > 1;
}

// Whether CUTLASS's grouped product does it: bfloat16, sixteen bytes at a time.
bool HasGroupedProduct(const at::Tensor& x, const at::Tensor& matrices, at::ScalarType y_dtype,
                       const RowLayout& layout) {
  return x.is_cuda() && x.scalar_type() == at::kBFloat16 && y_dtype == at::kBFloat16 &&
         matrices.size(1) % 8 == 0 && matrices.size(2) % 8 == 0 && IsSorted(layout);
}

// One call for all experts: x [S, K] -> [S, N].
at::Tensor GroupedProduct(const at::Tensor& x, const at::Tensor& matrices,
                          const RowLayout& layout) {
  std::vector<int32_t> ends;
  for (const RowGroup& group : layout.groups) {
    ends.push_back(static_cast<int32_t>(group.x_offset / layout.x_stride + group.num_rows));
  }
  return at::_grouped_mm(x, matrices.mT(), at::tensor(ends, at::kInt).to(x.device()));
}

// Calls body(batch) for batches of groups with rows in them.
template <typename Body>
void ForEachBatch(const RowLayout& layout, const Body& body) {
  const auto count = static_cast<int64_t>(layout.groups.size());
  if (IsUniform(layout)) {
    if (count > 0 && layout.groups[0].num_rows > 0) body(Batch{0, count});
    return;
  }
  for (int64_t g = 0; g < count; ++g) {
    if (layout.groups[static_cast<size_t>(g)].num_rows > 0) body(Batch{g, 1});
  }
}

// The batch's rows of a tensor as [count, num_rows, width].
at::Tensor RowsOf(const at::Tensor& x, const RowLayout& layout, const Batch& batch,
                  int64_t RowGroup::*offset, int64_t stride, int64_t width) {
  const RowGroup& first = layout.groups[static_cast<size_t>(batch.first)];
  const int64_t step =
      batch.count > 1 ? layout.groups[static_cast<size_t>(batch.first) + 1].*offset - first.*offset
                      : 0;
  return x.as_strided({batch.count, first.num_rows, width}, {step, stride, 1},
                      x.storage_offset() + first.*offset);
}

}  // namespace

at::Tensor Product(const at::Tensor& x, const Parameter& weight, const Parameter* bias,
                   const RowLayout& layout, at::IntArrayRef y_sizes, at::ScalarType y_dtype) {
  const at::Tensor matrices = Matrices(weight);
  if (bias == nullptr && HasGroupedProduct(x, matrices, y_dtype, layout)) {
    return GroupedProduct(x, matrices, layout);
  }
  at::Tensor y = at::empty(y_sizes, x.options().dtype(y_dtype).requires_grad(false));
  // One rounding, as from float32 sums: cuBLAS may not add up parts that are rounded already.
  const bool direct = x.is_cuda() && bias == nullptr && x.scalar_type() == at::kBFloat16 &&
                      y_dtype == at::kBFloat16;
  if (direct) at::globalContext().setAllowBF16ReductionCuBLAS(false);
  ForEachBatch(layout, [&](const Batch& batch) {
    const at::Tensor rows =
        RowsOf(x, layout, batch, &RowGroup::x_offset, layout.x_stride, matrices.size(2));
    if (direct) {
      at::Tensor to =
          RowsOf(y, layout, batch, &RowGroup::y_offset, layout.y_stride, matrices.size(1));
      at::bmm_out(to, rows, matrices.narrow(0, batch.first, batch.count).mT());
      return;
    }
    at::Tensor product = FloatProduct(rows, matrices.narrow(0, batch.first, batch.count).mT());
    if (bias != nullptr) product = product.add(bias->value.detach());
    RowsOf(y, layout, batch, &RowGroup::y_offset, layout.y_stride, matrices.size(1)).copy_(product);
  });
  return y;
}

at::Tensor InputGrad(const at::Tensor& y_grad, const Parameter& weight, const RowLayout& layout,
                     at::IntArrayRef x_sizes, at::ScalarType x_dtype) {
  const at::Tensor matrices = Matrices(weight);
  at::Tensor x_grad = at::empty(x_sizes, y_grad.options().dtype(x_dtype));
  ForEachBatch(layout, [&](const Batch& batch) {
    const at::Tensor rows =
        RowsOf(y_grad, layout, batch, &RowGroup::y_offset, layout.y_stride, matrices.size(1));
    RowsOf(x_grad, layout, batch, &RowGroup::x_offset, layout.x_stride, matrices.size(2))
        .copy_(FloatProduct(rows.to(matrices.scalar_type()),
                            matrices.narrow(0, batch.first, batch.count)));
  });
  return x_grad;
}

void AddWeightGrad(const at::Tensor& y_grad, const at::Tensor& x, Parameter& weight,
                   const RowLayout& layout) {
  const at::Tensor matrices = Matrices(weight);
  const at::Tensor grad = GradOf(weight).view(matrices.sizes());
  ForEachBatch(layout, [&](const Batch& batch) {
    const at::Tensor y_rows =
        RowsOf(y_grad, layout, batch, &RowGroup::y_offset, layout.y_stride, matrices.size(1));
    const at::Tensor x_rows =
        RowsOf(x, layout, batch, &RowGroup::x_offset, layout.x_stride, matrices.size(2));
    grad.narrow(0, batch.first, batch.count)
        .add_(FloatProduct(y_rows.to(x.scalar_type()).mT(), x_rows));
  });
}

}  // namespace rationale::ops::reference
