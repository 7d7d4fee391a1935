// The learner's view of recorded rollouts: promise 1, max |ln p recorded - ln p learner| = 0,
// measured.

#include "rollout/gap.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>

#include "base/error.h"

namespace rationale {
namespace {

// The rows of some whole sequences, and those of them that a response token was drawn from.
struct Pack {
  std::vector<int64_t> tokens;
  std::vector<int32_t> positions;
  std::vector<ops::SequenceSpan> spans;
  std::vector<int64_t> rows;
  std::vector<int64_t> targets;
  std::vector<ops::RowDistribution> distributions;

  void Add(const Rollout& rollout);
};

// The last token of the response is drawn, never read: it has no row.
void Pack::Add(const Rollout& rollout) {
  const size_t first_row = tokens.size();
  tokens.insert(tokens.end(), rollout.prompt.begin(), rollout.prompt.end());
  tokens.insert(tokens.end(), rollout.response.begin(), rollout.response.end() - 1);
  const size_t num_rows = tokens.size() - first_row;
  for (size_t i = 0; i < num_rows; ++i) positions.push_back(static_cast<int32_t>(i));
  spans.push_back({.row = static_cast<int64_t>(first_row),
                   .num_rows = static_cast<int64_t>(num_rows),
                   .num_cached = 0,
                   .pages = {}});
  for (size_t i = 0; i < rollout.response.size(); ++i) {
    rows.push_back(static_cast<int64_t>(first_row + rollout.prompt.size() - 1 + i));
    targets.push_back(rollout.response[i]);
    ops::RowDistribution distribution{.temperature = rollout.temperature, .kept = {}};
    if (!rollout.kept.empty()) distribution.kept = rollout.kept[i];
    distributions.push_back(distribution);
  }
}

template <typename T>
at::Tensor TensorOf(std::vector<T>& values, at::ScalarType dtype, const at::Device& device) {
  return at::from_blob(values.data(), {static_cast<int64_t>(values.size())}, dtype).to(device);
}

at::Tensor Logprobs(Model& model, Pack& pack) {
  const at::Device device = model.options().device;
  ForwardBatch batch;
  batch.tokens_T = TensorOf(pack.tokens, at::kLong, device);
  batch.positions_T = TensorOf(pack.positions, at::kInt, device);
  batch.spans = pack.spans;
  const at::Tensor hidden_TD = model.Hidden(batch);
  const at::Tensor hidden_RD = hidden_TD.index_select(0, TensorOf(pack.rows, at::kLong, device));
  const at::Tensor targets_R = TensorOf(pack.targets, at::kLong, device);
  const ops::TokenLogprobs result =
      ops::SelectedLogprobs(hidden_RD, model.head(), targets_R, pack.distributions);
  return result.logprobs_T.to(at::kCPU, at::kFloat).contiguous();
}

}  // namespace

std::vector<std::vector<float>> LearnerLogprobs(Model& model, std::span<const Rollout> rollouts,
                                                int64_t max_rows) {
  const at::NoGradGuard no_grad;
  std::vector<std::vector<float>> logprobs(rollouts.size());
  size_t next = 0;
  while (next < rollouts.size()) {
    const size_t first = next;
    Pack pack;
    for (; next < rollouts.size(); ++next) {
      const Rollout& rollout = rollouts[next];
      if (!rollout.comparable) {
        throw Error(
            "request {}: its log-probabilities cannot be compared with the learner's: no "
            "repetition penalty and no "
            "logit bias are allowed, and top-k, top-p and min-p only with their kept sets recorded",
            rollout.id);
      }
      const size_t num_rows = pack.tokens.size() + rollout.prompt.size() + rollout.response.size();
      if (!pack.tokens.empty() && static_cast<int64_t>(num_rows) > max_rows) break;
      if (!rollout.response.empty()) pack.Add(rollout);
    }
    if (pack.rows.empty()) continue;
    const at::Tensor logprobs_R = Logprobs(model, pack);
    const float* values = logprobs_R.const_data_ptr<float>();
    for (size_t i = first; i < next; ++i) {
      logprobs[i].assign(values, values + rollouts[i].response.size());
      values += rollouts[i].response.size();
    }
  }
  return logprobs;
}

float MaxAbsLogprobGap(Model& model, std::span<const Rollout> rollouts, int64_t version,
                       int64_t max_rows) {
  const std::vector<std::vector<float>> learner = LearnerLogprobs(model, rollouts, max_rows);
  float gap = 0;
  for (size_t i = 0; i < rollouts.size(); ++i) {
    for (size_t t = 0; t < learner[i].size(); ++t) {
      if (rollouts[i].policy_versions[t] != version) continue;
      const float difference = std::abs(rollouts[i].logprobs[t] - learner[i][t]);
      gap = std::isnan(difference) ? std::numeric_limits<float>::infinity()
                                   : std::max(gap, difference);
    }
  }
  return gap;
}

}  // namespace rationale
