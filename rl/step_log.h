// StepLog: a step's numbers, as metrics and as a row of the table people watch.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/text_table.h"
#include "rl/eval.h"
#include "rl/record/metrics.h"
#include "rl/rl_step.h"
#include "rl/snapshot.h"

namespace rationale {

// reward_mean, each component's mean (component/<name>), response_tokens_mean, max_abs_logprob_gap,
// mean_abs_logprob_gap, importance_cut_fraction, seconds of each phase, tokens_per_s, entropy, kl,
// clip_fraction, grad_norm, zero_variance_groups, truncated_fraction, unjudged, and for a MoE
// load_imbalance.
MetricValues RlMetrics(const RlStepResult& result);

// loss, grad_norm, lr, entropy, tokens_per_s, seconds.
MetricValues SftMetrics(const UpdateReport& report, double lr, double seconds);

// accuracy, reward, component/<name>, response_tokens, and accuracy/<language>.
MetricValues EvalMetrics(const EvalReport& report);

// The same of a snapshot's greedy samples, and sampled_accuracy.
MetricValues EvalMetrics(const Snapshot& snapshot);

// The table of RL steps on standard error: a header, then rows as they come.
class StepTable {
 public:
  // `weighs_tokens`: the learner weighs tokens by importance; shows the mean gap and the share of
  // weights cut.
  StepTable(const std::vector<std::string>& components, bool weighs_tokens);
  std::string Header() const { return table_.Header(); }
  std::string Row(int64_t step, const RlStepResult& result,
                  const std::optional<EvalReport>& eval) const;

 private:
  std::vector<std::string> components_;
  bool weighs_tokens_;
  TextTable table_;
};

}  // namespace rationale
