// RunFolder: state, metrics and what they look like.

#include "rl/record/run_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string_view>

#include "base/config.h"
#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/text_table.h"

namespace rationale {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kComponent = "component/", kAccuracy = "accuracy/";
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Names of the entries of path/folder that begin with `prefix`, sorted.
std::vector<std::string> Entries(const std::string& path, const std::string& folder,
                                 std::string_view prefix) {
  std::vector<std::string> names;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(path + '/' + folder, absent)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

uint64_t SeedOfRecipe(const std::string& path) {
  if (!fs::exists(path + "/config.toml")) return 0;
  const ConfigValue config = ReadToml(path + "/config.toml");
  const ConfigValue* section = config.Find("run");
  const ConfigValue* seed = section == nullptr ? nullptr : section->Find("seed");
  const int64_t* number = seed == nullptr ? nullptr : std::get_if<int64_t>(&seed->data);
  return number == nullptr ? 0 : static_cast<uint64_t>(*number);
}

void ReadState(RunFolder& run) {
  const std::string path =
      fmt::format("{}/checkpoints/{}/trainer/state.json", run.path, run.checkpoints.back());
  const rapidjson::Document document = ReadJson(path);
  const JsonObject state(document, path);
  run.stage = state.Get<std::string>("stage");
  run.step = state.Get<int64_t>("step");
  run.params_hash = state.Get<std::string>("params_hash");
  run.seed = state.Get<uint64_t>("seed");
  run.finished = state.Get<bool>("finished", false);
}

Series SeriesOf(const std::vector<MetricsLine>& lines, const std::string& key,
                const std::string& name) {
  Series series{.name = name, .points = {}};
  for (const MetricsLine& line : lines) series.points.emplace_back(line.step, line.Get(key));
  return series;
}

// Keys of any line that begin with `prefix`, in the order they are met, without it.
std::vector<std::string> Suffixes(const std::vector<MetricsLine>& lines, std::string_view prefix) {
  std::vector<std::string> suffixes;
  for (const MetricsLine& line : lines) {
    for (const auto& [key, value] : line.values) {
      if (!key.starts_with(prefix)) continue;
      const std::string suffix = key.substr(prefix.size());
      if (std::find(suffixes.begin(), suffixes.end(), suffix) == suffixes.end())
        suffixes.push_back(suffix);
    }
  }
  return suffixes;
}

// The mean of `key` over [begin, end), of the values that are numbers.
double Mean(const std::vector<MetricsLine>& lines, size_t begin, size_t end,
            const std::string& key) {
  double sum = 0;
  int count = 0;
  for (size_t i = begin; i < end; ++i) {
    const double value = lines[i].Get(key);
    if (std::isnan(value)) continue;
    sum += value;
    ++count;
  }
  return count == 0 ? kNaN : sum / count;
}

std::string Cell(double value) {
  if (std::isnan(value)) return "-";
  const double size = std::abs(value);
  if (size != 0 && (size < 1e-3 || size >= 1e6)) return fmt::format("{:.1e}", value);
  return fmt::format("{:.{}f}", value, size >= 100 ? 0 : size >= 10 ? 1 : 3);
}

struct TableColumn {
  std::string title, key;
};

std::vector<TableColumn> ColumnsOf(const std::vector<MetricsLine>& lines,
                                   const std::string& stage) {
  if (stage == "sft") {
    return {{"loss", "loss"},
            {"entropy", "entropy"},
            {"grad norm", "grad_norm"},
            {"lr", "lr"},
            {"tokens/s", "tokens_per_s"}};
  }
  std::vector<TableColumn> columns = {{"reward", "reward_mean"}};
  for (const std::string& name : Suffixes(lines, kComponent))
    columns.push_back({name, std::string(kComponent) + name});
  for (const auto& column : {TableColumn{"tokens", "response_tokens_mean"},
                             {"truncated", "truncated_fraction"},
                             {"unjudged", "unjudged"},
                             {"entropy", "entropy"},
                             {"kl", "kl"},
                             {"clipped", "clip_fraction"},
                             {"grad norm", "grad_norm"},
                             {"logp gap", "max_abs_logprob_gap"},
                             {"tokens/s", "tokens_per_s"}}) {
    columns.push_back(column);
  }
  return columns;
}

std::string StageTable(const RunFolder& run, const std::string& stage, size_t rows_max) {
  const std::vector<MetricsLine> lines = LinesOf(run, stage);
  if (lines.empty()) return "";
  const std::vector<TableColumn> keys = ColumnsOf(lines, stage);
  std::vector<TextTable::Column> columns = {{.title = stage + " step"}};
  for (const TableColumn& key : keys) columns.push_back({.title = key.title, .width = 6});
  const std::vector<MetricsLine> evals =
      stage == "rl" ? LinesOf(run, "eval") : std::vector<MetricsLine>();
  if (!evals.empty()) columns.push_back({.title = "held-out"});
  std::vector<std::vector<std::string>> rows;
  const size_t num_rows = std::min(lines.size(), rows_max);
  for (size_t row = 0; row < num_rows; ++row) {
    const size_t begin = row * lines.size() / num_rows, end = (row + 1) * lines.size() / num_rows;
    const int64_t step = lines[end - 1].step;
    std::vector<std::string> cells = {std::to_string(step)};
    for (const TableColumn& key : keys) cells.push_back(Cell(Mean(lines, begin, end, key.key)));
    if (!evals.empty()) {  // the last evaluation of these steps
      double accuracy = kNaN;
      for (const MetricsLine& eval : evals) {
        if (eval.step >= lines[begin].step && eval.step <= step) accuracy = eval.Get("accuracy");
      }
      cells.push_back(std::isnan(accuracy) ? "-" : fmt::format("{:.1f}%", 100 * accuracy));
    }
    rows.push_back(std::move(cells));
  }
  TextTable table(columns);
  table.Fit(rows);
  std::string text = table.Header();
  for (const auto& row : rows) text += table.Row(row);
  return text;
}

void WriteLine(const std::vector<MetricsLine>& lines, JsonWriter& json) {
  if (lines.empty()) {
    json.Null();
    return;
  }
  json.BeginObject().Field("step", lines.back().step);
  for (const auto& [key, value] : lines.back().values) json.Field(key, value);
  json.EndObject();
}

}  // namespace

RunFolder ReadRunFolder(const std::string& path) {
  RunFolder run;
  run.path = path;
  if (!fs::is_directory(path)) throw Error("{}: no such folder", path);
  if (!fs::exists(path + "/config.toml") && !fs::exists(path + "/metrics.jsonl")) {
    throw Error("{}: not a run directory: it has neither config.toml nor metrics.jsonl", path);
  }
  run.checkpoints = Entries(path, "checkpoints", "sft-");
  for (std::string& name : Entries(path, "checkpoints", "step-"))
    run.checkpoints.push_back(std::move(name));
  run.metrics = ReadMetrics(path);
  for (const std::string& name : Entries(path, "rollouts", "step-")) {
    if (name.ends_with(".parquet")) run.rollout_steps.push_back(std::atoll(name.c_str() + 5));
  }
  if (run.checkpoints.empty()) {
    run.seed = SeedOfRecipe(path);
  } else {
    ReadState(run);
  }
  return run;
}

std::vector<MetricsLine> LinesOf(const RunFolder& run, const std::string& stage) {
  std::vector<MetricsLine> lines;
  for (const MetricsLine& line : run.metrics) {
    if (line.stage == stage) lines.push_back(line);
  }
  return lines;
}

std::vector<Chart> RunCharts(const RunFolder& run) {
  const std::vector<MetricsLine> sft = LinesOf(run, "sft"), rl = LinesOf(run, "rl"),
                                 eval = LinesOf(run, "eval");
  const auto smoothing = [](const std::vector<MetricsLine>& lines) {
    return std::max(1, static_cast<int>(lines.size()) / 20 * 2 + 1);
  };
  if (rl.empty()) {
    return {{.title = "SFT loss (nats a token)",
             .x_label = "SFT step",
             .series = {SeriesOf(sft, "loss", "loss")},
             .smoothing = smoothing(sft)}};
  }
  Chart components{.title = "Components of the reward",
                   .x_label = "RL step",
                   .series = {},
                   .smoothing = smoothing(rl)};
  for (const std::string& name : Suffixes(rl, kComponent)) {
    components.series.push_back(SeriesOf(rl, std::string(kComponent) + name, name));
  }
  Chart accuracy{.title = "Held-out accuracy, greedy",
                 .x_label = "RL step",
                 .series = {SeriesOf(eval, "accuracy", "all")}};
  for (const std::string& language : Suffixes(eval, kAccuracy)) {
    accuracy.series.push_back(SeriesOf(eval, std::string(kAccuracy) + language, language));
  }
  return {{.title = "Reward, mean of a step's samples",
           .x_label = "RL step",
           .series = {SeriesOf(rl, "reward_mean", "reward")},
           .smoothing = smoothing(rl),
           .from_zero = false},
          std::move(components),
          std::move(accuracy),
          {.title = "Response length (tokens)",
           .x_label = "RL step",
           .series = {SeriesOf(rl, "response_tokens_mean", "tokens")},
           .smoothing = smoothing(rl)}};
}

std::string RunTable(const RunFolder& run, size_t rows_max) {
  const std::string rl = StageTable(run, "rl", rows_max);
  return rl.empty() ? StageTable(run, "sft", rows_max) : rl;
}

std::string RunJson(const RunFolder& run) {
  JsonWriter json;
  json.BeginObject()
      .Field("step", run.step)
      .Field("params_hash", run.params_hash)
      .Field("seed", run.seed);
  json.Field("stage", run.stage)
      .Field("finished", run.finished)
      .Field("checkpoints", run.checkpoints);
  const std::vector<MetricsLine> rl = LinesOf(run, "rl");
  json.Key("metrics");
  WriteLine(rl.empty() ? LinesOf(run, "sft") : rl, json);
  json.Key("eval");
  WriteLine(LinesOf(run, "eval"), json);
  return json.EndObject().Take();
}

}  // namespace rationale
