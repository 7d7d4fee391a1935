// Metrics: JSON lines that survive a kill, and what is cut off them on resume.

#include "rl/record/metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string_view>

#include "base/check.h"
#include "base/error.h"
#include "base/json.h"

namespace rationale {
namespace {

std::string PathOf(const std::string& run_folder) {
  return run_folder + "/metrics.jsonl";
}

std::string LineText(const MetricsLine& line) {
  JsonWriter json;
  json.BeginObject().Field("stage", line.stage).Field("step", line.step);
  for (const auto& [name, value] : line.values) json.Field(name, value);
  return json.EndObject().Take() + '\n';
}

MetricsLine ParseLine(std::string_view text, const std::string& path, int64_t number) {
  const rapidjson::Document document = ParseJson(text, path, number);
  const JsonObject object(document, fmt::format("{}:{}", path, number));
  MetricsLine line{
      .stage = object.Get<std::string>("stage"), .step = object.Get<int64_t>("step"), .values = {}};
  for (const std::string& name : object.keys()) {
    if (name == "stage" || name == "step") continue;
    line.values.emplace_back(name,
                             object.Get<double>(name, std::numeric_limits<double>::quiet_NaN()));
  }
  return line;
}

// Did this line exist when `last_step` steps of `stage` were done? Evaluations belong to the RL
// stage.
bool IsBefore(const MetricsLine& line, const std::string& stage, int64_t last_step) {
  const bool line_is_sft = line.stage == "sft";
  if (stage == "sft") return line_is_sft && line.step <= last_step;
  return line_is_sft || line.step <= last_step;
}

}  // namespace

double MetricsLine::Get(const std::string& name) const {
  for (const auto& [key, value] : values) {
    if (key == name) return value;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

MetricsWriter::MetricsWriter(const std::string& run_folder, const std::string& stage,
                             int64_t last_step)
    : run_folder_(run_folder) {
  MakeFolders(run_folder);
  std::string kept;
  for (const MetricsLine& line : ReadMetrics(run_folder)) {
    if (!IsBefore(line, stage, last_step)) continue;
    kept += LineText(line);
    written_.emplace(line.stage, line.step);
  }
  WriteFileDurably(PathOf(run_folder), kept);
  file_ = std::make_unique<FileWriter>(PathOf(run_folder), FileWriter::Mode::kAppend);
}

void MetricsWriter::Write(const MetricsLine& line) {
  constexpr std::array kStages = {"sft", "rl", "eval"};
  Check{std::find(kStages.begin(), kStages.end(), line.stage) != kStages.end(), "stage ",
        line.stage};
  if (!written_.emplace(line.stage, line.step).second) return;
  file_->Write(LineText(line));
  auto curves = curves_.find(line.stage);
  if (curves == curves_.end()) {
    curves = curves_.try_emplace(line.stage, run_folder_ + "/tensorboard/" + line.stage, line.step)
                 .first;
  }
  curves->second.Write(line.step, line.values);
}

std::vector<MetricsLine> ReadMetrics(const std::string& run_folder) {
  const std::string path = PathOf(run_folder);
  if (!std::filesystem::exists(path)) return {};
  const std::string text = ReadFile(path);
  std::vector<MetricsLine> lines;
  size_t begin = 0;
  for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    lines.push_back(ParseLine(std::string_view(text).substr(begin, end - begin), path,
                              static_cast<int64_t>(lines.size()) + 1));
    begin = end + 1;
  }
  return lines;
}

}  // namespace rationale
