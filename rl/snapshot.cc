#include "rl/snapshot.h"

#include <set>

#include "base/json.h"

namespace rationale {
namespace {

EvalSettings SettingsOf(const Run& run, double temperature) {
  EvalSettings settings;
  settings.accuracy = run.AccuracyReward();
  settings.sampling.max_new_tokens = static_cast<int32_t>(run.EvalTokensMax());
  settings.sampling.temperature = temperature;
  settings.sampling.stop_strings = run.config.rollout.stop;
  settings.key = {.seed = run.seed(), .purpose = "eval", .step = 0};
  return settings;
}

std::vector<Snapshot::Shown> ChooseShown(const Run& run, const std::vector<Sample>& samples) {
  std::vector<Snapshot::Shown> shown;
  std::set<std::string> languages;
  std::set<int64_t> groups;
  for (const bool by_language : {true, false}) {
    for (const Sample& sample : samples) {
      if (shown.size() == Snapshot::kShown) return shown;
      const bool fresh = by_language ? !languages.contains(sample.problem->language)
                                     : !groups.contains(sample.group);
      if (!fresh || groups.contains(sample.group)) continue;
      languages.insert(sample.problem->language);
      groups.insert(sample.group);
      shown.push_back({.id = sample.problem->id,
                       .prompt = run.format->Prompt(*sample.problem),
                       .response = sample.rollout.text,
                       .reference = sample.problem->reference,
                       .reward = sample.reward});
    }
  }
  return shown;
}

std::map<int64_t, double> ReadByK(const JsonObject& json, const std::string& name) {
  std::map<int64_t, double> values;
  for (const auto& [k, value] : json.Get<std::map<std::string, double>>(name)) {
    values[std::stoll(k)] = value;
  }
  return values;
}

}  // namespace

void CheckEvalSection(const Run& run) {
  CheckEvalSettings(*run.rubric, SettingsOf(run, 0));
}

std::optional<EvalReport> EvaluateGreedily(Run& run, const std::atomic<bool>& stop,
                                           const std::string& progress) {
  EvalSettings settings = SettingsOf(run, 0);
  settings.progress = progress;
  settings.stop = &stop;
  return Evaluate(*run.engine, *run.prompter, run.held_out, *run.rubric, settings);
}

std::optional<Snapshot> TakeSnapshot(Run& run, const std::atomic<bool>& stop) {
  Snapshot snapshot;
  const auto greedy = EvaluateGreedily(run, stop, "eval, greedy");
  if (!greedy) return std::nullopt;
  snapshot.greedy = greedy->all;
  for (const auto& [language, slice] : greedy->by_language) {
    snapshot.greedy_by_language[language] = slice.accuracy;
  }
  EvalSettings settings = SettingsOf(run, run.config.eval.temperature);
  settings.sampling.top_p = run.config.eval.top_p;
  settings.samples = run.config.eval.samples;
  settings.k = run.config.eval.k;
  settings.progress = "eval, sampled";
  settings.stop = &stop;
  std::vector<Sample> samples;
  const auto sampled =
      Evaluate(*run.engine, *run.prompter, run.held_out, *run.rubric, settings, &samples);
  if (!sampled) return std::nullopt;
  snapshot.sampled = sampled->all;
  snapshot.pass_at_k = sampled->pass_at_k;
  snapshot.majority_at_k = sampled->majority_at_k;
  snapshot.shown = ChooseShown(run, samples);
  return snapshot;
}

std::string SnapshotJson(const Snapshot& snapshot) {
  JsonWriter json;
  json.BeginObject().Key("greedy");
  WriteSlice(snapshot.greedy, json);
  json.Key("sampled");
  WriteSlice(snapshot.sampled, json);
  json.Field("greedy_by_language", snapshot.greedy_by_language);
  WriteByK("pass_at_k", snapshot.pass_at_k, json);
  WriteByK("majority_at_k", snapshot.majority_at_k, json);
  json.Key("shown").BeginArray();
  for (const auto& shown : snapshot.shown) {
    json.BeginObject()
        .Field("id", shown.id)
        .Field("prompt", shown.prompt)
        .Field("response", shown.response)
        .Field("reference", shown.reference)
        .Field("reward", shown.reward)
        .EndObject();
  }
  return json.EndArray().EndObject().Take();
}

Snapshot ParseSnapshot(const std::string& text) {
  const auto document = ParseJson(text, "snapshot");
  const JsonObject json(document, "snapshot");
  Snapshot snapshot;
  snapshot.greedy = ReadSlice(json.Object("greedy"));
  snapshot.sampled = ReadSlice(json.Object("sampled"));
  snapshot.greedy_by_language = json.Get<std::map<std::string, double>>("greedy_by_language");
  snapshot.pass_at_k = ReadByK(json, "pass_at_k");
  snapshot.majority_at_k = ReadByK(json, "majority_at_k");
  for (const auto& element : json.Required("shown").GetArray()) {
    const JsonObject shown(element, "snapshot: shown");
    snapshot.shown.push_back({.id = shown.Get<std::string>("id"),
                              .prompt = shown.Get<std::string>("prompt"),
                              .response = shown.Get<std::string>("response"),
                              .reference = shown.Get<std::string>("reference"),
                              .reward = shown.Get<double>("reward")});
  }
  return snapshot;
}

}  // namespace rationale
