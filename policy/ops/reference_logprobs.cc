#include <limits>
#include <vector>

#include <ATen/ops/log_softmax.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include "policy/ops/reference.h"

namespace rationale::ops::reference {
namespace {

// 1 / temperature of each row, [T, 1].
at::Tensor InverseTemperatures(std::span<const RowDistribution> rows, at::Device device) {
  std::vector<float> inverse;
  for (const RowDistribution& row : rows) inverse.push_back(1.0f / row.temperature);
  return at::tensor(inverse).unsqueeze(1).to(device);
}

// True where a row's kept set leaves a token out, [T, W]; undefined when every row keeps all.
at::Tensor LeftOut(std::span<const RowDistribution> rows, int64_t width, at::Device device) {
  const auto num_rows = static_cast<int64_t>(rows.size());
  at::Tensor left_out;
  for (int64_t t = 0; t < num_rows; ++t) {
    const auto kept = rows[static_cast<size_t>(t)].kept;
    if (kept.empty()) continue;
    if (!left_out.defined()) left_out = at::zeros({num_rows, width}, at::kBool);
    bool* row = left_out.mutable_data_ptr<bool>() + t * width;
    std::fill(row, row + width, true);
    for (const int32_t id : kept) row[id] = false;
  }
  return left_out.defined() ? left_out.to(device) : left_out;
}

}  // namespace

TokenLogprobs LogprobsOf(const at::Tensor& logits_TW, const at::Tensor& targets_T,
                         std::span<const RowDistribution> rows) {
  const at::Device device = logits_TW.device();
  at::Tensor scaled = logits_TW.mul(InverseTemperatures(rows, device));
  const at::Tensor left_out = LeftOut(rows, logits_TW.size(1), device);
  if (left_out.defined()) {
    scaled = scaled.masked_fill(left_out, -std::numeric_limits<double>::infinity());
  }
  const at::Tensor all = at::log_softmax(scaled, -1);
  const at::Tensor logs = all.detach();
  at::Tensor products = logs.exp().mul(logs);
  if (left_out.defined()) products = products.masked_fill(left_out, 0);  // 0 * -infinity
  return {.logprobs_T = all.gather(1, targets_T.to(at::kLong).unsqueeze(1)).squeeze(1),
          .entropy_T = products.sum(-1).neg()};
}

}  // namespace rationale::ops::reference
