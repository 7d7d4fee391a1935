#include <algorithm>
#include <limits>
#include <tuple>

#include <ATen/ops/arange.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros_like.h>

#include "policy/ops/reference.h"

namespace rationale::ops::reference {
namespace {

// The ids of the `count` greatest entries of each row, best first, ties to the lower id (at::topk
// promises no order).
at::Tensor BestIds(const at::Tensor& scores, int64_t count) {
  const at::Tensor order = std::get<1>(scores.sort(/*stable=*/true, -1, /*descending=*/true));
  return order.narrow(-1, 0, count);
}

// Scores of experts outside the best groups become -inf.
at::Tensor LimitToGroups(const at::Tensor& scores_TE, const RouteSettings& settings) {
  const int64_t num_rows = scores_TE.size(0);
  const at::Tensor grouped = scores_TE.view({num_rows, settings.num_groups, -1});
  const at::Tensor best = std::get<0>(grouped.sort(/*stable=*/true, -1, /*descending=*/true));
  const int64_t counted =
      settings.group_score == GroupScore::kMax ? 1 : std::min<int64_t>(2, grouped.size(2));
  const at::Tensor group_scores = best.narrow(-1, 0, counted).sum(-1);
  const at::Tensor allowed = at::zeros_like(group_scores)
                                 .scatter(1, BestIds(group_scores, settings.top_groups), 1.0)
                                 .to(at::kBool)
                                 .unsqueeze(-1);
  return grouped.masked_fill(allowed.logical_not(), -std::numeric_limits<double>::infinity())
      .view({num_rows, -1});
}

}  // namespace

Routing Route(const at::Tensor& logits_TE, const at::Tensor& bias_E,
              const RouteSettings& settings) {
  const int64_t num_experts = logits_TE.size(1), num_chosen = settings.experts_per_token;
  const bool softmax = settings.gate == Gate::kSoftmax;
  const at::Tensor scores = softmax ? at::softmax(logits_TE, -1) : at::sigmoid(logits_TE);
  at::Tensor choice = scores.detach();
  if (bias_E.defined()) choice = choice.add(bias_E);
  if (settings.num_groups > 1) choice = LimitToGroups(choice, settings);

  Routing routing;
  const at::Tensor experts = BestIds(choice, num_chosen);
  routing.experts_TA = experts.to(at::kInt).contiguous();
  at::Tensor weights = scores.gather(1, experts);
  if (settings.normalise) {
    weights = weights.div(weights.sum(-1, /*keepdim=*/true).add(softmax ? 0 : 1e-20));
  }
  routing.weights_TA = weights.mul(settings.scale);

  const at::Tensor flat = experts.flatten();
  const at::Tensor order = std::get<1>(flat.sort(/*stable=*/true, 0, /*descending=*/false));
  routing.slot_token_S = order.div(num_chosen, "floor").to(at::kInt);
  const at::Tensor ranks = at::arange(flat.numel(), order.options());
  routing.slot_of_TA =
      at::zeros_like(order).scatter(0, order, ranks).to(at::kInt).view(experts.sizes());
  const at::Tensor counts = flat.bincount({}, num_experts).cpu();
  routing.offsets.assign(static_cast<size_t>(num_experts) + 1, 0);
  for (int64_t e = 0; e < num_experts; ++e) {
    const auto i = static_cast<size_t>(e);
    routing.offsets[i + 1] = routing.offsets[i] + counts.const_data_ptr<int64_t>()[e];
  }
  return routing;
}

at::Tensor MoeGather(const at::Tensor& x_TD, const Routing& routing) {
  return x_TD.index_select(0, routing.slot_token_S);
}

at::Tensor MoeCombine(const at::Tensor& x_SD, const Routing& routing) {
  const auto choices = routing.slot_of_TA.sizes();
  const at::Tensor rows_TAD =
      x_SD.index_select(0, routing.slot_of_TA.flatten()).view({choices[0], choices[1], -1});
  return rows_TAD.to(at::kFloat)
      .mul(routing.weights_TA.unsqueeze(-1))
      .sum(1)
      .to(x_SD.scalar_type());
}

}  // namespace rationale::ops::reference
