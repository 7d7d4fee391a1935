// Embedding: rows of the table by token.

#include <algorithm>
#include <cstring>
#include <utility>

#include <ATen/ops/index_select.h>

#include "base/check.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "policy/ops/autograd.h"
#include "policy/ops/cpu/convert.h"
#include "policy/ops/kernel_args.h"
#include "policy/ops/op_timer.h"
#include "policy/ops/packed_weight.h"
#include "policy/ops/tensor_pool.h"

namespace rationale::ops {
namespace {

at::Tensor CopyRows(const at::Tensor& tokens_T, const at::Tensor& table_WD) {
  const int64_t width = table_WD.size(1);
  at::Tensor rows = NewTensor({tokens_T.size(0), width}, table_WD.scalar_type());
  const auto row_bytes = static_cast<size_t>(width) * table_WD.element_size();
  const auto* tokens = DataOf<int64_t>(tokens_T);
  const auto* from = static_cast<const char*>(table_WD.const_data_ptr());
  auto* to = static_cast<char*>(rows.mutable_data_ptr());
  ParallelFor(tokens_T.size(0), RowsPerPiece(width), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      std::memcpy(to + static_cast<size_t>(t) * row_bytes,
                  from + static_cast<size_t>(tokens[t]) * row_bytes, row_bytes);
    }
  });
  return rows;
}

// Token by token in order, so split over columns only: a token may occur twice.
void AddRowGrads(const at::Tensor& tokens_T, const at::Tensor& y_grad_TD, Parameter& table_WD) {
  if (!UsesKernels(y_grad_TD)) {
    GradOf(table_WD).index_add_(0, tokens_T, y_grad_TD.to(at::kFloat));
    return;
  }
  constexpr int64_t kColumns = 64;
  const int64_t width = y_grad_TD.size(1);
  const auto* tokens = DataOf<int64_t>(tokens_T);
  float* grad = MutableDataOf<float>(GradOf(table_WD));
  const auto add = [&]<typename T>(void (*add_row)(const T*, float*, int64_t)) {
    const T* rows = DataOf<T>(y_grad_TD);
    ParallelFor((width + kColumns - 1) / kColumns, 1, [&](int64_t begin, int64_t end) {
      const int64_t column = begin * kColumns;
      const int64_t count = std::min(width, end * kColumns) - column;
      for (int64_t t = 0; t < tokens_T.size(0); ++t) {
        add_row(rows + t * width + column, grad + tokens[t] * width + column, count);
      }
    });
  };
  if (ElementOf(y_grad_TD.scalar_type()) == cpu::Element::kFloat) {
    add(cpu::Convert().add_float);
  } else {
    add(cpu::Convert().add_bf16);
  }
}

}  // namespace

at::Tensor Embedding(const at::Tensor& tokens_any, Parameter& table_WD) {
  const OpTimer timer("embedding");
  const at::Tensor& table = table_WD.value;
  Check{tokens_any.dim() == 1 && tokens_any.scalar_type() == at::kLong && table.dim() == 2 &&
            table.is_contiguous(),
        table_WD.name, ": tokens must be int64 [T], the table contiguous [W, D]"};
  const at::Tensor tokens_T = tokens_any.contiguous();
  at::Tensor rows;
  if (UsesKernels(table)) {
    const auto* tokens = DataOf<int64_t>(tokens_T);
    for (int64_t t = 0; t < tokens_T.size(0); ++t) {
      if (tokens[t] < 0 || tokens[t] >= table.size(0)) {
        throw Error("token {} at row {}: the vocabulary ends at {}", tokens[t], t,
                    table.size(0) - 1);
      }
    }
    rows = CopyRows(tokens_T, table);
  } else {
    rows = at::index_select(table.detach(), 0, tokens_T);
  }
  if (!NeedsGrad({table_WD.value})) return rows;
  return Differentiable({table_WD.value}, {std::move(rows)}, {tokens_T},
                        [&table_WD](const Tensors& saved, const Tensors& y_grads) {
                          AddRowGrads(saved[0], y_grads[0].contiguous(), table_WD);
                          return Tensors(1);
                        })[0];
}

}  // namespace rationale::ops
