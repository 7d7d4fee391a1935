// reference: every op as a composition of ATen calls, for CUDA tensors and as the yardstick of the
// CPU kernels.
//
// Same arguments and results as in ops.h, up to rounding; differentiable through ATen's own
// autograd.

#pragma once

#include <cstdint>
#include <span>

#include <ATen/core/Tensor.h>

#include "policy/ops/ops.h"

namespace rationale::ops::reference {

at::Tensor RmsNorm(const at::Tensor& x, Parameter& weight_D, double eps);
at::Tensor SwiGlu(const at::Tensor& x_T2F);
at::Tensor Add(const at::Tensor& a, const at::Tensor& b);
at::Tensor Rope(const at::Tensor& x_THQ, const at::Tensor& positions_T, const RopeTable& table,
                int64_t offset, bool interleaved);

at::Tensor Attention(const at::Tensor& q_THQ, const at::Tensor& k_TGQ, const at::Tensor& v_TGV,
                     const AttentionSettings& settings, std::span<const SequenceSpan> spans,
                     KvLayer* cache);

Routing Route(const at::Tensor& logits_TE, const at::Tensor& bias_E, const RouteSettings& settings);
at::Tensor MoeGather(const at::Tensor& x_TD, const Routing& routing);
at::Tensor MoeCombine(const at::Tensor& x_SD, const Routing& routing);

// Of rows of logits [T, W] float32; `entropy_T` carries no gradient.
TokenLogprobs LogprobsOf(const at::Tensor& logits_TW, const at::Tensor& targets_T,
                         std::span<const RowDistribution> rows);

}  // namespace rationale::ops::reference
