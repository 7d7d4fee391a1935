// Route: which experts each token goes to, with what weight, and the order of the expert rows.

#include <algorithm>
#include <limits>
#include <vector>

#include "base/thread_pool.h"
#include "policy/ops/autograd.h"
#include "policy/ops/cpu/moe.h"
#include "policy/ops/cuda/forms.h"
#include "policy/ops/kernel_args.h"
#include "policy/ops/op_timer.h"
#include "policy/ops/reference.h"
#include "policy/ops/tensor_pool.h"

namespace rationale::ops {
namespace {

constexpr float kNotAllowed = -std::numeric_limits<float>::infinity();

void GateScores(const RouteSettings& settings, const float* logits, float* scores, int64_t n) {
  const auto& kernels = cpu::Moe();
  (settings.gate == Gate::kSoftmax ? kernels.softmax : kernels.sigmoid)(logits, scores, n);
}

// What is added to the sum that normalises the weights.
float SumOffset(const RouteSettings& settings) {
  return settings.gate == Gate::kSigmoid ? 1e-20f : 0.0f;
}

// The ids of the `best.size()` greatest scores, best first, ties to the lower id.
void ChooseBest(std::span<const float> scores, std::span<int32_t> best) {
  const auto score = [&](size_t place) { return scores[static_cast<size_t>(best[place])]; };
  size_t count = 0;
  for (size_t id = 0; id < scores.size(); ++id) {
    if (count == best.size() && !(scores[id] > score(count - 1))) continue;
    size_t place = count < best.size() ? count++ : count - 1;
    for (; place > 0 && scores[id] > score(place - 1); --place) best[place] = best[place - 1];
    best[place] = static_cast<int32_t>(id);
  }
}

float ScoreOfGroup(std::span<const float> scores, GroupScore kind) {
  float best = kNotAllowed, second = kNotAllowed;
  for (const float score : scores) {
    if (score > best) {
      second = best;
      best = score;
    } else if (score > second) {
      second = score;
    }
  }
  return kind == GroupScore::kMax || scores.size() == 1 ? best : best + second;
}

// Experts outside the best groups lose their score.
void LimitToGroups(const RouteSettings& settings, std::span<float> scores) {
  const auto num_groups = static_cast<size_t>(settings.num_groups);
  const size_t group_size = scores.size() / num_groups;
  static thread_local std::vector<float> group_scores;
  static thread_local std::vector<int32_t> best;
  group_scores.resize(num_groups);
  best.resize(static_cast<size_t>(settings.top_groups));
  for (size_t g = 0; g < num_groups; ++g) {
    group_scores[g] =
        ScoreOfGroup(scores.subspan(g * group_size, group_size), settings.group_score);
  }
  ChooseBest(group_scores, best);
  for (size_t g = 0; g < num_groups; ++g) {
    if (std::ranges::find(best, static_cast<int32_t>(g)) != best.end()) continue;
    std::ranges::fill(scores.subspan(g * group_size, group_size), kNotAllowed);
  }
}

// One token: its experts and their weights.
void RouteToken(const RouteSettings& settings, std::span<const float> logits, const float* bias,
                std::span<int32_t> experts, std::span<float> weights) {
  static thread_local std::vector<float> scores, choice;
  scores.resize(logits.size());
  GateScores(settings, logits.data(), scores.data(), static_cast<int64_t>(logits.size()));
  choice = scores;
  if (bias != nullptr) {
    for (size_t e = 0; e < choice.size(); ++e) choice[e] += bias[e];
  }
  if (settings.num_groups > 1) LimitToGroups(settings, choice);
  ChooseBest(choice, experts);

  float sum = SumOffset(settings);
  for (size_t a = 0; a < experts.size(); ++a) {
    weights[a] = scores[static_cast<size_t>(experts[a])];
    sum += weights[a];
  }
  for (float& weight : weights) {
    if (settings.normalise) weight /= sum;
    weight *= static_cast<float>(settings.scale);
  }
}

// The rows sorted by expert, within an expert by token.
void SortByExpert(int64_t num_experts, Routing& routing) {
  const int64_t num_rows = routing.experts_TA.numel(), per_token = routing.experts_TA.size(1);
  const auto* experts = DataOf<int32_t>(routing.experts_TA);
  routing.offsets.assign(static_cast<size_t>(num_experts) + 1, 0);
  for (int64_t i = 0; i < num_rows; ++i) ++routing.offsets[static_cast<size_t>(experts[i]) + 1];
  for (size_t e = 1; e < routing.offsets.size(); ++e) routing.offsets[e] += routing.offsets[e - 1];
  routing.slot_token_S = NewTensor({num_rows}, at::kInt);
  routing.slot_of_TA = NewTensor(routing.experts_TA.sizes(), at::kInt);
  static thread_local std::vector<int64_t> next;
  next.assign(routing.offsets.begin(), routing.offsets.end() - 1);
  for (int64_t i = 0; i < num_rows; ++i) {
    const int64_t slot = next[static_cast<size_t>(experts[i])]++;
    MutableDataOf<int32_t>(routing.slot_token_S)[slot] = static_cast<int32_t>(i / per_token);
    MutableDataOf<int32_t>(routing.slot_of_TA)[i] = static_cast<int32_t>(slot);
  }
}

// With s the scores, g the weights' gradients and S the normalising sum over the chosen experts:
//   ds_a = scale g_a, or scale / S (g_a - sum_b g_b s_b / S) when normalised;
//   softmax: dlogit_j = s_j (ds_j - sum_a ds_a s_a);  sigmoid: dlogit_j = ds_j s_j (1 - s_j).
void TokenGradient(const RouteSettings& settings, std::span<const float> logits,
                   std::span<const int32_t> experts, const float* dweights, float* dlogits) {
  static thread_local std::vector<float> scores, dscores;
  const size_t num_experts = logits.size();
  scores.resize(num_experts);
  dscores.assign(num_experts, 0);
  GateScores(settings, logits.data(), scores.data(), static_cast<int64_t>(num_experts));
  float sum = SumOffset(settings), weighted = 0;
  for (size_t a = 0; a < experts.size(); ++a) {
    const float score = scores[static_cast<size_t>(experts[a])];
    sum += score;
    weighted += dweights[a] * score;
  }
  const auto scale = static_cast<float>(settings.scale);
  float along = 0;
  for (size_t a = 0; a < experts.size(); ++a) {
    const auto e = static_cast<size_t>(experts[a]);
    dscores[e] =
        settings.normalise ? scale / sum * (dweights[a] - weighted / sum) : scale * dweights[a];
    along += dscores[e] * scores[e];
  }
  for (size_t e = 0; e < num_experts; ++e) {
    dlogits[e] = settings.gate == Gate::kSoftmax ? scores[e] * (dscores[e] - along)
                                                 : dscores[e] * scores[e] * (1 - scores[e]);
  }
}

template <typename T>
std::span<T> RowAt(T* data, int64_t row, int64_t width) {
  return {data + row * width, static_cast<size_t>(width)};
}

void CheckRoute(const at::Tensor& logits_TE, const at::Tensor& bias_E,
                const RouteSettings& settings) {
  const int64_t num_experts = logits_TE.size(1);
  Check{logits_TE.dim() == 2 && logits_TE.scalar_type() == at::kFloat,
        "Route wants float32 logits of two dimensions"};
  Check{!bias_E.defined() || (bias_E.numel() == num_experts && bias_E.scalar_type() == at::kFloat),
        "Route wants a float32 bias for each of ", num_experts, " experts"};
  Check{settings.num_groups >= 1 && num_experts % settings.num_groups == 0 &&
            settings.top_groups >= 1 && settings.top_groups <= settings.num_groups &&
            settings.experts_per_token >= 1 &&
            settings.experts_per_token <= num_experts / settings.num_groups *
                                              (settings.num_groups > 1 ? settings.top_groups : 1),
        "Route cannot choose ",
        settings.experts_per_token,
        " of ",
        num_experts,
        " experts in ",
        settings.top_groups,
        " of ",
        settings.num_groups,
        " groups"};
}

}  // namespace

Routing Route(const at::Tensor& logits_any, const at::Tensor& bias_E,
              const RouteSettings& settings) {
  const OpTimer timer("route");
  CheckRoute(logits_any, bias_E, settings);
  if (!UsesKernels(logits_any)) {
    const cuda::Forms* gpu = cuda::FormsFor(logits_any);
    return gpu != nullptr ? gpu->route(logits_any, bias_E, settings)
                          : reference::Route(logits_any, bias_E, settings);
  }
  const at::Tensor logits_TE = logits_any.contiguous();
  const at::Tensor bias = bias_E.defined() ? bias_E.contiguous() : bias_E;
  const int64_t num_tokens = logits_TE.size(0), num_experts = logits_TE.size(1);
  const int64_t per_token = settings.experts_per_token;
  Routing routing;
  routing.experts_TA = NewTensor({num_tokens, per_token}, at::kInt);
  routing.weights_TA = NewTensor({num_tokens, per_token}, at::kFloat);
  ParallelFor(num_tokens, RowsPerPiece(16 * num_experts), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      RouteToken(settings, RowAt(DataOf<float>(logits_TE), t, num_experts),
                 bias.defined() ? DataOf<float>(bias) : nullptr,
                 RowAt(MutableDataOf<int32_t>(routing.experts_TA), t, per_token),
                 RowAt(MutableDataOf<float>(routing.weights_TA), t, per_token));
    }
  });
  SortByExpert(num_experts, routing);
  if (!NeedsGrad({logits_TE})) return routing;
  routing.weights_TA = Differentiable(
      {logits_TE}, {routing.weights_TA}, {logits_TE, routing.experts_TA},
      [settings](const Tensors& saved, const Tensors& grads) -> Tensors {
        const at::Tensor &logits = saved[0], &experts = saved[1], dweights = grads[0].contiguous();
        const at::Tensor dlogits = NewTensor(logits.sizes(), at::kFloat);
        const int64_t width = logits.size(1), chosen = experts.size(1);
        ParallelFor(logits.size(0), RowsPerPiece(16 * width), [&](int64_t begin, int64_t end) {
          for (int64_t t = begin; t < end; ++t) {
            TokenGradient(settings, RowAt(DataOf<float>(logits), t, width),
                          RowAt(DataOf<int32_t>(experts), t, chosen),
                          DataOf<float>(dweights) + t * chosen,
                          MutableDataOf<float>(dlogits) + t * width);
          }
        });
        return {dlogits};
      })[0];
  return routing;
}

}  // namespace rationale::ops
