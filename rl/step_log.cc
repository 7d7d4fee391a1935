#include "rl/step_log.h"

#include <fmt/format.h>

#include <map>

namespace rationale {
namespace {

struct BatchMeans {
  double reward = 0, tokens = 0, truncated = 0;
  int64_t samples = 0, unjudged = 0;
  std::map<std::string, double> components = {};
};

BatchMeans MeansOf(const std::vector<Sample>& samples) {
  BatchMeans means{.samples = static_cast<int64_t>(samples.size())};
  std::map<std::string, int64_t> counts;
  for (const Sample& sample : samples) {
    means.tokens += static_cast<double>(sample.rollout.response.size());
    means.truncated += sample.rollout.finish == Finish::kLength ? 1 : 0;
    means.unjudged += sample.verdict.judged ? 0 : 1;
    means.reward += sample.verdict.judged ? sample.reward : 0;
    for (const Component& component : sample.verdict.components) {
      if (!component.judged) continue;
      means.components[component.name] += component.score;
      ++counts[component.name];
    }
  }
  const auto n = static_cast<double>(means.samples);
  const auto judged = static_cast<double>(means.samples - means.unjudged);
  if (means.samples > 0) means.tokens /= n;
  if (means.samples > 0) means.truncated /= n;
  if (judged > 0) means.reward /= judged;
  for (auto& [name, sum] : means.components) sum /= static_cast<double>(counts[name]);
  return means;
}

MetricValues SliceMetrics(const EvalSlice& slice) {
  MetricValues values = {{"accuracy", slice.accuracy}, {"reward", slice.reward}};
  for (const auto& [name, mean] : slice.components) values.emplace_back("component/" + name, mean);
  values.emplace_back("response_tokens", slice.response_tokens);
  return values;
}

std::vector<TextTable::Column> Columns(const std::vector<std::string>& components,
                                       bool weighs_tokens) {
  std::vector<TextTable::Column> columns = {{"step", 5}, {"reward", 6}};
  for (const auto& name : components) columns.push_back({name, 6});
  for (const char* name : {"tokens", "entropy", "clip", "grad"}) columns.push_back({name, 6});
  columns.push_back({"logp gap", 8});
  if (weighs_tokens) columns.insert(columns.end(), {{"mean gap", 8}, {"weights cut", 11}});
  columns.push_back({"tok/s", 7});
  columns.push_back({"seconds", 7});
  columns.push_back({"waiting", 7});
  columns.push_back({"held-out", 8});
  return columns;
}

}  // namespace

MetricValues RlMetrics(const RlStepResult& result) {
  const auto means = MeansOf(result.samples);
  const UpdateReport& update = result.update;
  MetricValues values = {{"reward_mean", means.reward}};
  for (const auto& [name, mean] : means.components) values.emplace_back("component/" + name, mean);
  const double tokens = means.tokens * static_cast<double>(means.samples);
  const MetricValues rest = {
      {"response_tokens_mean", means.tokens},
      {"truncated_fraction", means.truncated},
      {"unjudged", static_cast<double>(means.unjudged)},
      {"max_abs_logprob_gap", update.max_abs_logprob_gap},
      {"mean_abs_logprob_gap", update.mean_abs_logprob_gap},
      {"importance_cut_fraction", update.importance_cut_fraction},
      {"gap_tokens", static_cast<double>(update.gap_tokens)},
      {"loss", update.loss},
      {"entropy", update.entropy},
      {"kl", update.kl},
      {"clip_fraction", update.clip_fraction_low + update.clip_fraction_high},
      {"clip_fraction_low", update.clip_fraction_low},
      {"clip_fraction_high", update.clip_fraction_high},
      {"ratio_mean", update.ratio_mean},
      {"ratio_max", update.ratio_max},
      {"grad_norm", update.gradient_norm},
      {"lr", result.lr},
      {"skipped_samples", static_cast<double>(update.skipped_samples)},
      {"updates", static_cast<double>(update.updates)},
      {"groups", static_cast<double>(result.advantages.num_groups)},
      {"zero_variance_groups", static_cast<double>(result.advantages.zero_variance_groups)},
      {"dropped_groups", static_cast<double>(result.advantages.dropped_groups)},
      {"rejected_groups", static_cast<double>(result.rejected_groups)},
      {"replayed_verdicts", static_cast<double>(result.replayed_verdicts)},
      {"seconds", result.seconds},
      {"generate_seconds", result.generate_seconds},
      {"judge_seconds", result.judge_seconds},
      {"judge_busy_seconds", result.judge_busy_seconds},
      {"judge_wait_share", result.seconds > 0 ? result.judge_seconds / result.seconds : 0},
      {"repeated_responses", static_cast<double>(result.repeated_responses)},
      {"update_seconds", result.update_seconds},
      {"forward_seconds", update.forward_seconds},
      {"backward_seconds", update.backward_seconds},
      {"optimizer_seconds", update.optimizer_seconds},
      {"reference_seconds", update.reference_seconds},
      {"tokens_per_s", result.seconds > 0 ? tokens / result.seconds : 0},
      {"generate_tokens_per_s", result.generate_seconds > 0 ? tokens / result.generate_seconds : 0},
  };
  values.insert(values.end(), rest.begin(), rest.end());
  if (result.load_imbalance > 0) values.emplace_back("load_imbalance", result.load_imbalance);
  return values;
}

MetricValues SftMetrics(const UpdateReport& report, double lr, double seconds) {
  return {{"loss", report.loss},
          {"grad_norm", report.gradient_norm},
          {"lr", lr},
          {"entropy", report.entropy},
          {"tokens_per_s", seconds > 0 ? static_cast<double>(report.tokens) / seconds : 0},
          {"seconds", seconds},
          {"forward_seconds", report.forward_seconds},
          {"backward_seconds", report.backward_seconds},
          {"optimizer_seconds", report.optimizer_seconds}};
}

MetricValues EvalMetrics(const EvalReport& report) {
  MetricValues values = SliceMetrics(report.all);
  for (const auto& [language, slice] : report.by_language) {
    values.emplace_back("accuracy/" + language, slice.accuracy);
  }
  return values;
}

MetricValues EvalMetrics(const Snapshot& snapshot) {
  MetricValues values = SliceMetrics(snapshot.greedy);
  values.emplace_back("sampled_accuracy", snapshot.sampled.accuracy);
  for (const auto& [language, accuracy] : snapshot.greedy_by_language) {
    values.emplace_back("accuracy/" + language, accuracy);
  }
  return values;
}

StepTable::StepTable(const std::vector<std::string>& components, bool weighs_tokens)
    : components_(components),
      weighs_tokens_(weighs_tokens),
      table_(Columns(components, weighs_tokens)) {}

std::string StepTable::Row(int64_t step, const RlStepResult& result,
                           const std::optional<EvalReport>& eval) const {
  const auto means = MeansOf(result.samples);
  std::vector<std::string> row = {std::to_string(step), fmt::format("{:.3f}", means.reward)};
  for (const auto& name : components_) {
    const auto found = means.components.find(name);
    row.push_back(found == means.components.end() ? "-" : fmt::format("{:.3f}", found->second));
  }
  const UpdateReport& update = result.update;
  row.push_back(fmt::format("{:.1f}", means.tokens));
  row.push_back(fmt::format("{:.3f}", update.entropy));
  row.push_back(fmt::format("{:.3f}", update.clip_fraction_low + update.clip_fraction_high));
  row.push_back(fmt::format("{:.3f}", update.gradient_norm));
  row.push_back(fmt::format("{:g}", update.max_abs_logprob_gap));
  if (weighs_tokens_) {
    row.push_back(fmt::format("{:.5f}", update.mean_abs_logprob_gap));
    row.push_back(fmt::format("{:.3f}%", 100 * update.importance_cut_fraction));
  }
  const double tokens = means.tokens * static_cast<double>(means.samples);
  row.push_back(fmt::format("{:.0f}", result.seconds > 0 ? tokens / result.seconds : 0));
  row.push_back(fmt::format("{:.2f}", result.seconds));
  row.push_back(
      fmt::format("{:.1f}%", result.seconds > 0 ? 100 * result.judge_seconds / result.seconds : 0));
  row.push_back(eval ? fmt::format("{:.1f}%", 100 * eval->all.accuracy) : "");
  return table_.Row(row);
}

}  // namespace rationale
