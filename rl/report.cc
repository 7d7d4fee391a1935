#include "rl/report.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "base/text_table.h"

namespace rationale {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string Percent(double share) {
  return fmt::format("{:.1f}%", 100 * share);
}

void AddPercent(Rows& rows, const std::string& name, double before, double after) {
  rows.push_back({name, Percent(before), Percent(after),
                  fmt::format("{:+.1f} points", 100 * (after - before))});
}

std::string Comparison(const Snapshot& before, const Snapshot& after) {
  Rows rows;
  AddPercent(rows, "accuracy, greedy", before.greedy.accuracy, after.greedy.accuracy);
  for (const auto& [language, accuracy] : before.greedy_by_language) {
    const auto found = after.greedy_by_language.find(language);
    if (found != after.greedy_by_language.end()) {
      AddPercent(rows, "  " + language, accuracy, found->second);
    }
  }
  AddPercent(rows, "accuracy, sampled", before.sampled.accuracy, after.sampled.accuracy);
  for (const auto& [k, share] : before.pass_at_k) {
    if (k > 1) AddPercent(rows, fmt::format("  pass@{}", k), share, after.pass_at_k.at(k));
  }
  for (const auto& [k, share] : before.majority_at_k) {
    if (k > 1) AddPercent(rows, fmt::format("  maj@{}", k), share, after.majority_at_k.at(k));
  }
  for (const auto& [name, mean] : before.sampled.components) {
    const auto found = after.sampled.components.find(name);
    if (found == after.sampled.components.end()) continue;
    rows.push_back({"reward " + name, fmt::format("{:.3f}", mean),
                    fmt::format("{:.3f}", found->second),
                    fmt::format("{:+.3f}", found->second - mean)});
  }
  rows.push_back({"tokens a response", fmt::format("{:.1f}", before.sampled.response_tokens),
                  fmt::format("{:.1f}", after.sampled.response_tokens), ""});
  TextTable table({{"held out", 18, true}, {"before RL"}, {"after RL"}, {"change"}});
  table.Fit(rows);
  std::string text = table.Header();
  for (const auto& row : rows) text += table.Row(row);
  return text;
}

std::string Samples(const Snapshot& before, const Snapshot& after) {
  std::string text;
  for (size_t i = 0; i < before.shown.size() && i < after.shown.size(); ++i) {
    const auto& shown = before.shown[i];
    text += fmt::format("\n  prompt  {}   (answer: {})\n  before  {}   [reward {:.2f}]\n",
                        shown.prompt, shown.reference, shown.response, shown.reward);
    text += fmt::format("  after   {}   [reward {:.2f}]\n", after.shown[i].response,
                        after.shown[i].reward);
  }
  return text;
}

}  // namespace

std::string ReportText(const Trainer& trainer) {
  const TrainerState& state = trainer.state();
  std::string text;
  if (trainer.before() && trainer.after()) {
    text += "\n" + Comparison(*trainer.before(), *trainer.after());
    text += Samples(*trainer.before(), *trainer.after());
  }
  const auto estimate = trainer.run().EstimateMemory().total_mb();
  text += fmt::format(
      "\nSFT {}, RL {} ({} response tokens), {} of it waiting for verdicts; greatest |logp gap| of "
      "sampler and learner: {:g}\n"
      "memory: peak {:.0f} MB, estimated {:.0f} MB\nparams_hash {}\n"
      "model {}\nrun   {}\n",
      DurationText(state.sft_seconds), DurationText(state.rl_seconds), state.rl_tokens,
      Percent(state.rl_seconds > 0 ? state.judge_seconds / state.rl_seconds : 0),
      state.max_abs_logprob_gap, PeakMemoryMb(), estimate, state.params_hash,
      trainer.model_folder(), trainer.run().folder);
  return text;
}

std::string ReportJson(const Trainer& trainer) {
  const TrainerState& state = trainer.state();
  JsonWriter json;
  json.BeginObject();
  if (trainer.before() && trainer.after()) {
    const Snapshot &before = *trainer.before(), &after = *trainer.after();
    json.Field("accuracy_before", before.sampled.accuracy)
        .Field("accuracy_after", after.sampled.accuracy)
        .Field("greedy_before", before.greedy.accuracy)
        .Field("greedy_after", after.greedy.accuracy);
    for (const auto& [name, mean] : before.sampled.components) {
      if (name == trainer.run().AccuracyReward()) continue;
      json.Field(name + "_before", mean);
      const auto found = after.sampled.components.find(name);
      if (found != after.sampled.components.end()) json.Field(name + "_after", found->second);
    }
    json.Field("greedy_by_language_before", before.greedy_by_language)
        .Field("greedy_by_language_after", after.greedy_by_language);
  }
  const double seconds = state.rl_seconds;
  json.Field("seconds_sft", state.sft_seconds)
      .Field("seconds_rl", seconds)
      .Field("judge_wait_share", seconds > 0 ? state.judge_seconds / seconds : 0)
      .Field("tokens_per_second", seconds > 0 ? static_cast<double>(state.rl_tokens) / seconds : 0)
      .Field("max_abs_logprob_gap", state.max_abs_logprob_gap)
      .Field("peak_memory_mb", PeakMemoryMb())
      .Field("params_hash", state.params_hash)
      .Field("model_dir", trainer.model_folder())
      .Field("run_dir", trainer.run().folder);
  return json.EndObject().Take();
}

}  // namespace rationale
