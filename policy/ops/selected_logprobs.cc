// SelectedLogprobs: log-probabilities of given tokens, chunk by chunk of rows.

#include <algorithm>
#include <memory>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include "base/thread_pool.h"
#include "policy/ops/autograd.h"
#include "policy/ops/cpu/row_logits.h"
#include "policy/ops/kernel_args.h"
#include "policy/ops/reference.h"
#include "policy/ops/row_logits.h"

namespace rationale::ops {
namespace {

// What each row is drawn from, owned: backward runs after the caller's lists are gone.
struct OwnedRows {
  std::vector<std::vector<int32_t>> kept;
  std::vector<RowDistribution> rows;
  std::vector<RowNormaliser> normalisers;  // the kernels' forward leaves them for backward

  explicit OwnedRows(std::span<const RowDistribution> given)
      : rows(given.begin(), given.end()), normalisers(given.size()) {
    for (RowDistribution& row : rows) {
      kept.emplace_back(row.kept.begin(), row.kept.end());
      row.kept = kept.back();
    }
  }
};

// Rows of logits that live at a time: about 16 MB of them.
int64_t ChunkRows(int64_t vocabulary) {
  return std::clamp<int64_t>((int64_t{1} << 22) / vocabulary / 32 * 32, 32, 256);
}

std::span<const float> RowOf(const at::Tensor& logits_TW, int64_t row) {
  return {DataOf<float>(logits_TW) + row * logits_TW.size(1),
          static_cast<size_t>(logits_TW.size(1))};
}

// Rows [first, first + logits.size(0)) of the result.
void ChunkForward(const at::Tensor& logits_TW, const at::Tensor& targets_T, int64_t first,
                  OwnedRows& owned, const TokenLogprobs& result) {
  const int64_t num_rows = logits_TW.size(0);
  if (!UsesKernels(logits_TW)) {
    const auto rows = std::span<const RowDistribution>(owned.rows)
                          .subspan(static_cast<size_t>(first), static_cast<size_t>(num_rows));
    const TokenLogprobs chunk =
        reference::LogprobsOf(logits_TW, targets_T.narrow(0, first, num_rows), rows);
    result.logprobs_T.narrow(0, first, num_rows).copy_(chunk.logprobs_T);
    result.entropy_T.narrow(0, first, num_rows).copy_(chunk.entropy_T);
    return;
  }
  ParallelFor(num_rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const auto t = static_cast<size_t>(first + row);
      const auto logits = RowOf(logits_TW, row);
      const float inverse_temperature = 1.0f / owned.rows[t].temperature;
      const auto target = static_cast<int32_t>(DataOf<int64_t>(targets_T)[t]);
      const RowNormaliser& normaliser = owned.normalisers[t] =
          Normalise(logits, inverse_temperature, owned.rows[t].kept);
      MutableDataOf<float>(result.logprobs_T)[t] =
          Logprob(logits, inverse_temperature, normaliser, target);
      MutableDataOf<float>(result.entropy_T)[t] = normaliser.entropy;
    }
  });
}

// logits = gradient of sum_t grad[t] ln p(target[t]) with respect to them, in place:
// (1[j = target] - p_j) grad / temperature on the kept tokens, 0 elsewhere.
void LogitsToGradient(const at::Tensor& logits_TW, const at::Tensor& targets_T,
                      const at::Tensor& grad_T, int64_t first, const OwnedRows& owned) {
  const int64_t width = logits_TW.size(1);
  ParallelFor(logits_TW.size(0), 1, [&](int64_t begin, int64_t end) {
    std::vector<float> probabilities;
    for (int64_t row = begin; row < end; ++row) {
      const auto t = static_cast<size_t>(first + row);
      float* logits = MutableDataOf<float>(logits_TW) + row * width;
      const auto& kept = owned.rows[t].kept;
      const RowNormaliser& normaliser = owned.normalisers[t];
      const float inverse_temperature = 1.0f / owned.rows[t].temperature;
      const float scale = DataOf<float>(grad_T)[t] * inverse_temperature;
      const auto softmax = [&](float* x, int64_t n) {
        cpu::RowLogits().scaled_softmax(x, n, inverse_temperature, normaliser.max,
                                        normaliser.log_sum, -scale);
      };
      if (kept.empty()) {
        softmax(logits, width);
      } else {
        probabilities.resize(kept.size());
        for (size_t i = 0; i < kept.size(); ++i) probabilities[i] = logits[kept[i]];
        softmax(probabilities.data(), static_cast<int64_t>(kept.size()));
        std::fill(logits, logits + width, 0.0f);
        for (size_t i = 0; i < kept.size(); ++i) logits[kept[i]] = probabilities[i];
      }
      logits[DataOf<int64_t>(targets_T)[t]] += scale;
    }
  });
}

// Recomputes each chunk's logits and sends its gradient through Linear's own backward.
at::Tensor HiddenGradient(const at::Tensor& hidden_TD, Parameter& head_WD,
                          const at::Tensor& targets_T, const at::Tensor& grad_T,
                          const OwnedRows& owned) {
  const at::Tensor hidden_grad = at::empty(hidden_TD.sizes(), hidden_TD.options());
  const int64_t num_rows = hidden_TD.size(0), chunk_rows = ChunkRows(head_WD.value.size(0));
  for (int64_t first = 0; first < num_rows; first += chunk_rows) {
    const int64_t count = std::min(chunk_rows, num_rows - first);
    const at::AutoGradMode enable_grad(true);
    const at::Tensor hidden = hidden_TD.narrow(0, first, count).detach().requires_grad_(true);
    const at::Tensor logits = Linear(hidden, head_WD, nullptr, /*float32_output=*/true);
    if (UsesKernels(logits)) {
      const at::Tensor gradient = logits.detach();
      LogitsToGradient(gradient, targets_T, grad_T, first, owned);
      logits.backward(gradient);
    } else {
      const auto rows = std::span<const RowDistribution>(owned.rows)
                            .subspan(static_cast<size_t>(first), static_cast<size_t>(count));
      reference::LogprobsOf(logits, targets_T.narrow(0, first, count), rows)
          .logprobs_T.backward(grad_T.narrow(0, first, count));
    }
    hidden_grad.narrow(0, first, count).copy_(hidden.grad());
  }
  return hidden_grad;
}

}  // namespace

TokenLogprobs SelectedLogprobs(const at::Tensor& hidden_TD, Parameter& head_WD,
                               const at::Tensor& targets_T, std::span<const RowDistribution> rows) {
  const int64_t num_rows = hidden_TD.size(0), width = head_WD.value.size(0);
  Check{targets_T.scalar_type() == at::kLong && targets_T.is_contiguous() &&
            targets_T.numel() == num_rows && rows.size() == static_cast<size_t>(num_rows),
        "SelectedLogprobs of ", num_rows,
        " rows wants an int64 target and a distribution for each"};
  const auto owned = std::make_shared<OwnedRows>(rows);
  const auto options = hidden_TD.options().dtype(at::kFloat).requires_grad(false);
  TokenLogprobs result{.logprobs_T = at::empty({num_rows}, options),
                       .entropy_T = at::empty({num_rows}, options)};
  const int64_t chunk_rows = ChunkRows(width);
  for (int64_t first = 0; first < num_rows; first += chunk_rows) {
    const at::NoGradGuard no_grad;
    const int64_t count = std::min(chunk_rows, num_rows - first);
    const at::Tensor logits = Linear(hidden_TD.narrow(0, first, count), head_WD, nullptr, true);
    ChunkForward(logits, targets_T, first, *owned, result);
  }
  if (!NeedsGrad({hidden_TD, head_WD.value})) return result;
  result.logprobs_T = Differentiable(
      {hidden_TD, head_WD.value}, {result.logprobs_T}, {hidden_TD, targets_T},
      [&head_WD, owned](const Tensors& saved, const Tensors& grads) -> Tensors {
        return {HiddenGradient(saved[0], head_WD, saved[1], grads[0].contiguous(), *owned),
                at::Tensor()};
      })[0];
  return result;
}

}  // namespace rationale::ops
