#include "rl/eval.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/log.h"
#include "base/text_table.h"
#include "base/thread_pool.h"
#include "rl/judging.h"
#include "rl/pass_at_k.h"

namespace rationale {
namespace {

bool Correct(const Sample& sample, const std::string& accuracy) {
  const Component* component = FindComponent(sample.verdict, accuracy);
  return component != nullptr && component->judged && component->score >= 1;
}

EvalSlice Summarise(const std::vector<const Sample*>& samples, const std::string& accuracy) {
  EvalSlice slice{.samples = static_cast<int64_t>(samples.size())};
  std::set<int64_t> groups;
  std::map<std::string, int64_t> counts;
  int64_t judged = 0;
  for (const Sample* sample : samples) {
    groups.insert(sample->group);
    slice.response_tokens += static_cast<double>(sample->rollout.response.size());
    slice.truncated += sample->rollout.finish == Finish::kLength ? 1 : 0;
    for (const Component& component : sample->verdict.components) {
      if (!component.judged) continue;
      slice.components[component.name] += component.score;
      ++counts[component.name];
    }
    if (!sample->verdict.judged) {
      ++slice.unjudged;
      continue;
    }
    ++judged;
    slice.reward += sample->verdict.score;
    slice.accuracy += Correct(*sample, accuracy) ? 1 : 0;
  }
  slice.problems = static_cast<int64_t>(groups.size());
  const double n = std::max<double>(1, static_cast<double>(slice.samples));
  slice.response_tokens /= n;
  slice.truncated /= n;
  for (auto& [name, sum] : slice.components) sum /= static_cast<double>(counts[name]);
  slice.reward /= std::max<double>(1, static_cast<double>(judged));
  slice.accuracy /= std::max<double>(1, static_cast<double>(judged));
  return slice;
}

// pass@k, maj@k and the standard error of the accuracy over problems whose samples are all judged.
void CompareWithinProblems(const std::vector<Sample>& samples, const EvalSettings& settings,
                           EvalReport& report) {
  std::vector<double> shares;
  std::map<int64_t, double> pass, majority;
  const auto n = static_cast<size_t>(settings.samples);
  for (size_t first = 0; first + n <= samples.size(); first += n) {
    std::vector<Vote> votes;
    int64_t correct = 0;
    for (size_t i = first; i < first + n; ++i) {
      if (!samples[i].verdict.judged) break;
      const Component* component = FindComponent(samples[i].verdict, settings.accuracy);
      const bool right = Correct(samples[i], settings.accuracy);
      votes.push_back({component != nullptr ? component->answer : "", right});
      correct += right;
    }
    if (votes.size() < n) continue;
    shares.push_back(static_cast<double>(correct) / static_cast<double>(n));
    for (const int64_t k : settings.k) {
      pass[k] += PassAtK(settings.samples, correct, k);
      majority[k] += MajorityAtK(votes, k);
    }
  }
  const auto problems = static_cast<double>(shares.size());
  if (shares.empty()) return;
  for (const int64_t k : settings.k) {
    report.pass_at_k[k] = pass[k] / problems;
    report.majority_at_k[k] = majority[k] / problems;
  }
  double mean = 0, squares = 0;
  for (const double share : shares) mean += share / problems;
  for (const double share : shares) squares += (share - mean) * (share - mean);
  if (shares.size() > 1) report.accuracy_error = std::sqrt(squares / (problems - 1) / problems);
}

bool Stopped(const EvalSettings& settings) {
  return settings.stop != nullptr && settings.stop->load();
}

// Draws the samples and gives them to `judging` as they finish; shows how far it is.
std::vector<Sample> Draw(Engine& engine, const Prompter& prompter,
                         std::span<const Problem* const> problems, const EvalSettings& settings,
                         Judging& judging) {
  std::optional<Progress> progress;
  if (!settings.progress.empty()) {
    progress.emplace(settings.progress, static_cast<int64_t>(problems.size()) * settings.samples,
                     "sample");
  }
  int64_t done = 0;
  const auto judge = [&](const Rollout& finished) {
    const Problem& problem = *problems[finished.id / static_cast<uint64_t>(settings.samples)];
    if (finished.finish == Finish::kCancelled) return;
    judging.Add(finished.id, problem, finished);
    if (progress) progress->Update(++done);
  };
  const auto interrupt = [&](const TokenEvent&) {
    if (Stopped(settings)) engine.Interrupt();
  };
  return DrawSamples(engine, prompter, problems, settings.samples, settings.sampling, settings.key,
                     {.on_token = interrupt, .on_finish = judge});
}

}  // namespace

void CheckEvalSettings(const Rubric& rubric, const EvalSettings& settings) {
  const auto names = rubric.component_names();
  if (std::find(names.begin(), names.end(), settings.accuracy) == names.end()) {
    throw Error("eval.accuracy: '{}' is no reward of the rubric; there are {}", settings.accuracy,
                fmt::join(names, ", "));
  }
  for (const int64_t k : settings.k) {
    if (k < 1 || k > settings.samples) {
      throw Error("k = {} is not between 1 and the {} samples of a problem", k, settings.samples);
    }
  }
}

std::optional<EvalReport> Evaluate(Engine& engine, const Prompter& prompter,
                                   std::span<const Problem> problems, const Rubric& rubric,
                                   const EvalSettings& settings, std::vector<Sample>* samples) {
  CheckEvalSettings(rubric, settings);
  std::vector<const Problem*> pointers;
  for (const Problem& problem : problems) pointers.push_back(&problem);
  const auto start = std::chrono::steady_clock::now();
  Judging judging(rubric, {.max_new_tokens = settings.sampling.max_new_tokens,
                           .threads = ComputePool().num_threads()});
  if (Stopped(settings)) return std::nullopt;
  auto drawn = Draw(engine, prompter, pointers, settings, judging);
  if (Stopped(settings)) return std::nullopt;
  EvalReport report;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  judging.Finish(drawn);

  std::vector<const Sample*> all;
  std::map<std::string, std::vector<const Sample*>> by_language;
  double tokens = 0, correct = 0;
  for (const Sample& sample : drawn) {
    all.push_back(&sample);
    if (!sample.problem->language.empty()) by_language[sample.problem->language].push_back(&sample);
    tokens += static_cast<double>(sample.rollout.response.size());
    correct += Correct(sample, settings.accuracy) ? 1 : 0;
  }
  report.all = Summarise(all, settings.accuracy);
  for (const auto& [language, members] : by_language) {
    report.by_language[language] = Summarise(members, settings.accuracy);
  }
  CompareWithinProblems(drawn, settings, report);
  report.tokens_per_correct = correct > 0 ? tokens / correct : 0;
  report.tokens_per_second = report.seconds > 0 ? tokens / report.seconds : 0;
  if (samples != nullptr) *samples = std::move(drawn);
  return report;
}

void WriteSlice(const EvalSlice& slice, JsonWriter& json) {
  json.BeginObject()
      .Field("problems", slice.problems)
      .Field("samples", slice.samples)
      .Field("unjudged", slice.unjudged)
      .Field("accuracy", slice.accuracy)
      .Field("reward", slice.reward)
      .Field("components", slice.components)
      .Field("response_tokens", slice.response_tokens)
      .Field("truncated_fraction", slice.truncated)
      .EndObject();
}

EvalSlice ReadSlice(const JsonObject& json) {
  return {.problems = json.Get<int64_t>("problems"),
          .samples = json.Get<int64_t>("samples"),
          .unjudged = json.Get<int64_t>("unjudged"),
          .accuracy = json.Get<double>("accuracy"),
          .reward = json.Get<double>("reward"),
          .components = json.Get<std::map<std::string, double>>("components"),
          .response_tokens = json.Get<double>("response_tokens"),
          .truncated = json.Get<double>("truncated_fraction")};
}

void WriteByK(std::string_view name, const std::map<int64_t, double>& values, JsonWriter& json) {
  json.Key(name).BeginObject();
  for (const auto& [k, value] : values) json.Field(std::to_string(k), value);
  json.EndObject();
}

std::string EvalJson(const EvalReport& report) {
  JsonWriter json;
  json.BeginObject()
      .Field("accuracy", report.all.accuracy)
      .Field("accuracy_error", report.accuracy_error)
      .Field("tokens_per_correct", report.tokens_per_correct)
      .Field("tokens_per_second", report.tokens_per_second)
      .Field("seconds", report.seconds);
  WriteByK("pass_at_k", report.pass_at_k, json);
  WriteByK("maj_at_k", report.majority_at_k, json);
  json.Key("all");
  WriteSlice(report.all, json);
  json.Key("by_language").BeginObject();
  for (const auto& [language, slice] : report.by_language) {
    json.Key(language);
    WriteSlice(slice, json);
  }
  return json.EndObject().EndObject().Take();
}

std::string EvalTable(const EvalReport& report) {
  std::vector<TextTable::Column> columns = {{"", 8, true}, {"problems"}, {"accuracy"}, {"reward"}};
  for (const auto& [name, mean] : report.all.components) columns.push_back({name});
  columns.push_back({"tokens"});
  columns.push_back({"truncated"});
  columns.push_back({"unjudged"});
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](const std::string& name, const EvalSlice& slice) {
    std::vector<std::string> row = {name, std::to_string(slice.problems),
                                    fmt::format("{:.1f}%", 100 * slice.accuracy),
                                    fmt::format("{:.3f}", slice.reward)};
    for (const auto& [component, mean] : report.all.components) {
      const auto found = slice.components.find(component);
      row.push_back(found == slice.components.end() ? "-" : fmt::format("{:.3f}", found->second));
    }
    row.push_back(fmt::format("{:.1f}", slice.response_tokens));
    row.push_back(fmt::format("{:.1f}%", 100 * slice.truncated));
    row.push_back(std::to_string(slice.unjudged));
    rows.push_back(std::move(row));
  };
  for (const auto& [language, slice] : report.by_language) add(language, slice);
  add("all", report.all);
  TextTable table(columns);
  table.Fit(rows);
  std::string text = table.Header();
  for (const auto& row : rows) text += table.Row(row);
  return text;
}

}  // namespace rationale
