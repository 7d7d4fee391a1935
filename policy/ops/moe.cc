// MoeGather and MoeCombine: rows from token order to expert order and back.

#include "policy/ops/cpu/moe.h"

#include <algorithm>
#include <vector>

#include "base/thread_pool.h"
#include "policy/ops/autograd.h"
#include "policy/ops/cuda/forms.h"
#include "policy/ops/kernel_args.h"
#include "policy/ops/op_timer.h"
#include "policy/ops/reference.h"
#include "policy/ops/tensor_pool.h"

namespace rationale::ops {
namespace {

at::Tensor EmptyRows(int64_t num_rows, const at::Tensor& like) {
  return NewTensor({num_rows, like.size(1)}, like.scalar_type());
}

// y[t] = sum over a, in order, of weights[t, a] * x[slot_of[t, a]]; all weights 1 where there are
// none.
at::Tensor SumOfSlots(const at::Tensor& x_SD, const at::Tensor& slot_of_TA,
                      const at::Tensor& weights_TA) {
  const int64_t num_tokens = slot_of_TA.size(0), per_token = slot_of_TA.size(1);
  const at::Tensor y = EmptyRows(num_tokens, x_SD);
  WithElement(x_SD.scalar_type(), [&]<typename T>(T) {
    const auto& kernels = KernelsOf<T>(cpu::Moe());
    const RowsOf<T> rows(x_SD);
    const int64_t n = rows.width();
    const auto* slots = DataOf<int32_t>(slot_of_TA);
    ParallelFor(num_tokens, RowsPerPiece(per_token * n), [&](int64_t begin, int64_t end) {
      static thread_local std::vector<const T*> chosen;
      chosen.resize(static_cast<size_t>(per_token));
      const std::vector<float> ones(weights_TA.defined() ? 0 : chosen.size(), 1.0f);
      for (int64_t t = begin; t < end; ++t) {
        for (size_t a = 0; a < chosen.size(); ++a) {
          chosen[a] = rows[slots[t * per_token + static_cast<int64_t>(a)]];
        }
        const float* weights =
            weights_TA.defined() ? DataOf<float>(weights_TA) + t * per_token : ones.data();
        kernels.weighted_sum(chosen.data(), weights, per_token, MutableDataOf<T>(y) + t * n, n);
      }
    });
  });
  return y;
}

// Gradients of x and of the weights.
Tensors CombineBackward(const at::Tensor& x_SD, const at::Tensor& slot_of_TA,
                        const at::Tensor& weights_TA, const at::Tensor& dy_TD) {
  const int64_t num_tokens = slot_of_TA.size(0), per_token = slot_of_TA.size(1);
  const at::Tensor dx = EmptyRows(x_SD.size(0), x_SD);
  const at::Tensor dweights = NewTensor(weights_TA.sizes(), at::kFloat);
  WithElement(x_SD.scalar_type(), [&]<typename T>(T) {
    const auto& kernels = KernelsOf<T>(cpu::Moe());
    const RowsOf<T> x_rows(x_SD), dy_rows(dy_TD);
    const int64_t n = x_rows.width();
    ParallelFor(num_tokens, RowsPerPiece(2 * per_token * n), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * per_token; i < end * per_token; ++i) {
        const int64_t slot = DataOf<int32_t>(slot_of_TA)[i];
        MutableDataOf<float>(dweights)[i] =
            kernels.weighted_sum_grad(x_rows[slot], DataOf<float>(weights_TA)[i],
                                      dy_rows[i / per_token], MutableDataOf<T>(dx) + slot * n, n);
      }
    });
  });
  return {dx, dweights};
}

}  // namespace

at::Tensor MoeGather(const at::Tensor& x_any, const Routing& routing) {
  const OpTimer timer("moe_gather");
  Check{x_any.dim() == 2 && x_any.size(0) == routing.slot_of_TA.size(0),
        "MoeGather of ",
        x_any.sizes(),
        " by the routing of ",
        routing.slot_of_TA.size(0),
        " tokens"};
  if (!UsesKernels(x_any)) return reference::MoeGather(x_any, routing);
  const at::Tensor x_TD = DenseRows(x_any);
  const int64_t num_rows = routing.slot_token_S.size(0);
  const at::Tensor y = EmptyRows(num_rows, x_TD);
  WithElement(x_TD.scalar_type(), [&]<typename T>(T) {
    const RowsOf<T> rows(x_TD);
    const int64_t n = rows.width();
    const auto* tokens = DataOf<int32_t>(routing.slot_token_S);
    ParallelFor(num_rows, RowsPerPiece(n), [&](int64_t begin, int64_t end) {
      for (int64_t slot = begin; slot < end; ++slot) {
        std::copy_n(rows[tokens[slot]], n, MutableDataOf<T>(y) + slot * n);
      }
    });
  });
  if (!NeedsGrad({x_TD})) return y;
  return Differentiable(
      {x_TD}, {y}, {},
      [slot_of_TA = routing.slot_of_TA](const Tensors&, const Tensors& grads) -> Tensors {
        return {SumOfSlots(DenseRows(grads[0]), slot_of_TA, {})};
      })[0];
}

at::Tensor MoeCombine(const at::Tensor& x_any, const Routing& routing) {
  const OpTimer timer("moe_combine");
  Check{x_any.dim() == 2 && x_any.size(0) == routing.slot_of_TA.numel(),
        "MoeCombine of ",
        x_any.sizes(),
        " by a routing of ",
        routing.slot_of_TA.numel(),
        " rows"};
  if (!UsesKernels(x_any)) {
    const cuda::Forms* gpu = cuda::FormsFor(x_any);
    return gpu != nullptr ? gpu->moe_combine(x_any, routing)
                          : reference::MoeCombine(x_any, routing);
  }
  const at::Tensor x_SD = DenseRows(x_any), weights_TA = routing.weights_TA.contiguous();
  const at::Tensor y = SumOfSlots(x_SD, routing.slot_of_TA, weights_TA);
  if (!NeedsGrad({x_SD, weights_TA})) return y;
  return Differentiable(
      {x_SD, weights_TA}, {y}, {x_SD, weights_TA},
      [slot_of_TA = routing.slot_of_TA](const Tensors& saved, const Tensors& grads) -> Tensors {
        return CombineBackward(saved[0], slot_of_TA, saved[1], DenseRows(grads[0]));
      })[0];
}

}  // namespace rationale::ops
