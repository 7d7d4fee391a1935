// forms: the ops' own kernels on a GPU, forward only: rollouts, evaluation and the learner's check
// of log-probabilities. Gradients are recorded through the reference form.
//
// Sums are in float32; a row's result depends on that row alone. Products are cuBLAS's, which
// chooses its order of summation by shape: sampler and learner agree up to rounding on a GPU, not
// bit for bit.

#pragma once

#include <span>

#include <ATen/core/Tensor.h>

#include "policy/ops/ops.h"
#include "policy/ops/products.h"

namespace rationale::ops::cuda {

// Arguments and results as in ops.h and products.h.
struct Forms {
  at::Tensor (*rms_norm)(const at::Tensor& x, const at::Tensor& weight_D, double eps);
  at::Tensor (*swiglu)(const at::Tensor& x_T2F);
  at::Tensor (*rope)(const at::Tensor& x_THQ, const at::Tensor& positions_T, const RopeTable& table,
                     int64_t offset, bool interleaved);
  at::Tensor (*attention)(const at::Tensor& q_THQ, const at::Tensor& k_TGQ, const at::Tensor& v_TGV,
                          const AttentionSettings& settings, std::span<const SequenceSpan> spans,
                          KvLayer* cache);
  Routing (*route)(const at::Tensor& logits_TE, const at::Tensor& bias_E,
                   const RouteSettings& settings);
  at::Tensor (*moe_combine)(const at::Tensor& x_SD, const Routing& routing);
};

// The forms for x, or null: x is not on a GPU, gradients are recorded, or the build is the CPU's.
const Forms* FormsFor(const at::Tensor& x);

}  // namespace rationale::ops::cuda
