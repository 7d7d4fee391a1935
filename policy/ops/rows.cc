// The ops that treat each row by itself: RmsNorm, SwiGlu, Add, JoinColumns, Rope.

#include "policy/ops/cpu/rows.h"

#include <algorithm>
#include <vector>

#include <ATen/ops/cat.h>

#include "base/thread_pool.h"
#include "policy/ops/autograd.h"
#include "policy/ops/cuda/forms.h"
#include "policy/ops/kernel_args.h"
#include "policy/ops/op_timer.h"
#include "policy/ops/reference.h"
#include "policy/ops/tensor_pool.h"

namespace rationale::ops {
namespace {

at::Tensor EmptyLike(const at::Tensor& x) {
  return NewTensor(x.sizes(), x.scalar_type());
}

// dx, and the weight's gradient added to weight.grad.
at::Tensor RmsNormBackward(const at::Tensor& x, Parameter& weight, const at::Tensor& dy_any,
                           double eps) {
  const at::Tensor dy = DenseRows(dy_any), dx = EmptyLike(x);
  const bool wants_weight = weight.value.requires_grad();
  WithElement(x.scalar_type(), [&]<typename T>(T) {
    const auto& kernels = KernelsOf<T>(cpu::Rows());
    const RowsOf<T> x_rows(x), dy_rows(dy);
    const int64_t n = x_rows.width();
    std::vector<float> inverse_rms(static_cast<size_t>(x_rows.count()));
    std::vector<const T*> x_pointers(inverse_rms.size()), dy_pointers(inverse_rms.size());
    ParallelFor(x_rows.count(), RowsPerPiece(n), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const auto i = static_cast<size_t>(row);
        x_pointers[i] = x_rows[row];
        dy_pointers[i] = dy_rows[row];
        inverse_rms[i] =
            kernels.rms_norm_grad(x_rows[row], DataOf<T>(weight.value), dy_rows[row],
                                  MutableDataOf<T>(dx) + row * n, n, static_cast<float>(eps));
      }
    });
    if (!wants_weight) return;
    float* grad = MutableDataOf<float>(GradOf(weight));
    ParallelFor(
        n, 64, [&](int64_t begin, int64_t end) {  // columns: a sum over rows is one thread's
          std::vector<const T*> x_columns(x_pointers), dy_columns(dy_pointers);
          for (size_t row = 0; row < inverse_rms.size(); ++row) {
            x_columns[row] += begin;
            dy_columns[row] += begin;
          }
          kernels.rms_norm_weight_grad(x_columns.data(), dy_columns.data(), inverse_rms.data(),
                                       x_rows.count(), grad + begin, end - begin);
        });
  });
  return dx;
}

at::Tensor SwiGluBackward(const at::Tensor& x, const at::Tensor& dy_any) {
  const at::Tensor dy = DenseRows(dy_any), dx = EmptyLike(x);
  WithElement(x.scalar_type(), [&]<typename T>(T) {
    const auto& kernels = KernelsOf<T>(cpu::Rows());
    const RowsOf<T> x_rows(x), dy_rows(dy);
    const int64_t n = x_rows.width() / 2;
    ParallelFor(x_rows.count(), RowsPerPiece(n), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        T* to = MutableDataOf<T>(dx) + row * 2 * n;
        kernels.swiglu_grad(x_rows[row], x_rows[row] + n, dy_rows[row], to, to + n, n);
      }
    });
  });
  return dx;
}

// Every head of every token turned by its position, forward or back.
at::Tensor Turn(const at::Tensor& x, const at::Tensor& positions_T, const RopeTable& table,
                const cpu::RopeColumns& columns, bool back) {
  const at::Tensor y = EmptyLike(x);
  WithElement(x.scalar_type(), [&]<typename T>(T) {
    const auto& kernels = KernelsOf<T>(cpu::Rows());
    const auto turn = back ? kernels.rope_grad : kernels.rope;
    const RowsOf<T> rows(x);
    const int64_t heads = x.size(1), num_positions = table.cos.size(0);
    const auto* positions = DataOf<int32_t>(positions_T);
    const float* cos = DataOf<float>(table.cos);
    const float* sin = DataOf<float>(table.sin);
    ParallelFor(x.size(0), RowsPerPiece(heads * columns.width), [&](int64_t begin, int64_t end) {
      for (int64_t token = begin; token < end; ++token) {
        const int64_t position = positions[token];
        Check{position >= 0 && position < num_positions, "position ", position, " of a table of ",
              num_positions};
        for (int64_t row = token * heads; row < (token + 1) * heads; ++row) {
          turn(rows[row], MutableDataOf<T>(y) + row * columns.width, cos + position * columns.half,
               sin + position * columns.half, columns);
        }
      }
    });
  });
  return y;
}

}  // namespace

at::Tensor RmsNorm(const at::Tensor& x_any, Parameter& weight_D, double eps) {
  const OpTimer timer("rms_norm");
  Check{weight_D.value.dim() == 1 && x_any.size(-1) == weight_D.value.size(0) &&
            x_any.scalar_type() == weight_D.value.scalar_type(),
        weight_D.name, ": the rows differ from the weight in width or dtype"};
  if (!UsesKernels(x_any)) {
    const cuda::Forms* gpu = cuda::FormsFor(x_any);
    return gpu != nullptr ? gpu->rms_norm(x_any, weight_D.value, eps)
                          : reference::RmsNorm(x_any, weight_D, eps);
  }
  const at::Tensor x = DenseRows(x_any), y = EmptyLike(x);
  WithElement(x.scalar_type(), [&]<typename T>(T) {
    const auto& kernels = KernelsOf<T>(cpu::Rows());
    const RowsOf<T> rows(x);
    const int64_t n = rows.width();
    ParallelFor(rows.count(), RowsPerPiece(n), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        kernels.rms_norm(rows[row], DataOf<T>(weight_D.value), MutableDataOf<T>(y) + row * n, n,
                         static_cast<float>(eps));
      }
    });
  });
  if (!NeedsGrad({x, weight_D.value})) return y;
  return Differentiable({x, weight_D.value}, {y}, {x},
                        [&weight_D, eps](const Tensors& saved, const Tensors& grads) -> Tensors {
                          return {RmsNormBackward(saved[0], weight_D, grads[0], eps), at::Tensor()};
                        })[0];
}

at::Tensor SwiGlu(const at::Tensor& x_any) {
  const OpTimer timer("swiglu");
  Check{x_any.size(-1) % 2 == 0, "SwiGlu of ", x_any.size(-1), " columns"};
  if (!UsesKernels(x_any)) {
    const cuda::Forms* gpu = cuda::FormsFor(x_any);
    return gpu != nullptr ? gpu->swiglu(x_any) : reference::SwiGlu(x_any);
  }
  const at::Tensor x = DenseRows(x_any);
  c10::SmallVector<int64_t, 4> sizes(x.sizes().begin(), x.sizes().end());
  sizes.back() /= 2;
  const at::Tensor y = NewTensor(sizes, x.scalar_type());
  WithElement(x.scalar_type(), [&]<typename T>(T) {
    const auto& kernels = KernelsOf<T>(cpu::Rows());
    const RowsOf<T> rows(x);
    const int64_t n = rows.width() / 2;
    ParallelFor(rows.count(), RowsPerPiece(4 * n), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        kernels.swiglu(rows[row], rows[row] + n, MutableDataOf<T>(y) + row * n, n);
      }
    });
  });
  if (!NeedsGrad({x})) return y;
  return Differentiable({x}, {y}, {x}, [](const Tensors& saved, const Tensors& grads) -> Tensors {
    return {SwiGluBackward(saved[0], grads[0])};
  })[0];
}

at::Tensor Add(const at::Tensor& a_any, const at::Tensor& b_any) {
  const OpTimer timer("add");
  Check{a_any.sizes() == b_any.sizes() && a_any.scalar_type() == b_any.scalar_type(),
        "Add of unlike tensors"};
  if (!UsesKernels(a_any)) return reference::Add(a_any, b_any);
  const at::Tensor a = a_any.contiguous(), b = b_any.contiguous(), y = EmptyLike(a);
  WithElement(a.scalar_type(), [&]<typename T>(T) {
    ParallelFor(a.numel(), RowsPerPiece(1), [&](int64_t begin, int64_t end) {
      KernelsOf<T>(cpu::Rows())
          .add(DataOf<T>(a) + begin, DataOf<T>(b) + begin, MutableDataOf<T>(y) + begin,
               end - begin);
    });
  });
  if (!NeedsGrad({a, b})) return y;
  return Differentiable({a, b}, {y}, {}, [](const Tensors&, const Tensors& grads) -> Tensors {
    return {grads[0], grads[0]};
  })[0];
}

at::Tensor JoinColumns(const at::Tensor& a_any, const at::Tensor& b_any) {
  const OpTimer timer("join_columns");
  Check{a_any.dim() == 3 && b_any.dim() == 3 && a_any.size(0) == b_any.size(0) &&
            a_any.size(1) == b_any.size(1) && a_any.scalar_type() == b_any.scalar_type(),
        "JoinColumns of ", a_any.sizes(), " and ", b_any.sizes()};
  if (!UsesKernels(a_any)) return at::cat({a_any, b_any}, -1);
  const at::Tensor a = DenseRows(a_any), b = DenseRows(b_any);
  const int64_t a_width = a.size(2), width = a_width + b.size(2);
  const at::Tensor y = NewTensor({a.size(0), a.size(1), width}, a.scalar_type());
  WithElement(a.scalar_type(), [&]<typename T>(T) {
    const RowsOf<T> a_rows(a), b_rows(b);
    ParallelFor(a_rows.count(), RowsPerPiece(width), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        T* to = MutableDataOf<T>(y) + row * width;
        std::copy_n(b_rows[row], b.size(2), std::copy_n(a_rows[row], a_width, to));
      }
    });
  });
  if (!NeedsGrad({a, b})) return y;
  return Differentiable({a, b}, {y}, {},
                        [a_width](const Tensors&, const Tensors& grads) -> Tensors {
                          return {grads[0].narrow(2, 0, a_width),
                                  grads[0].narrow(2, a_width, grads[0].size(2) - a_width)};
                        })[0];
}

at::Tensor Rope(const at::Tensor& x_any, const at::Tensor& positions_T, const RopeTable& table,
                int64_t offset, bool interleaved) {
  const OpTimer timer("rope");
  const cpu::RopeColumns columns{.width = x_any.size(2),
                                 .offset = offset,
                                 .half = table.cos.size(1),
                                 .interleaved = interleaved};
  Check{x_any.dim() == 3 && offset >= 0 && offset + 2 * columns.half <= columns.width,
        "Rope of columns from ",
        offset,
        ", ",
        2 * columns.half,
        " of them, in ",
        columns.width};
  Check{positions_T.scalar_type() == at::kInt && positions_T.size(0) == x_any.size(0) &&
            positions_T.is_contiguous(),
        "Rope wants an int32 position a token"};
  if (!UsesKernels(x_any)) {
    const cuda::Forms* gpu = cuda::FormsFor(x_any);
    return gpu != nullptr ? gpu->rope(x_any, positions_T, table, offset, interleaved)
                          : reference::Rope(x_any, positions_T, table, offset, interleaved);
  }
  const at::Tensor x = DenseRows(x_any);
  const at::Tensor y = Turn(x, positions_T, table, columns, /*back=*/false);
  if (!NeedsGrad({x})) return y;
  return Differentiable(
      {x}, {y}, {}, [positions_T, table, columns](const Tensors&, const Tensors& grads) -> Tensors {
        return {Turn(DenseRows(grads[0]), positions_T, table, columns, /*back=*/true)};
      })[0];
}

}  // namespace rationale::ops
