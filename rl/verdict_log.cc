#include "rl/verdict_log.h"

#include <fmt/format.h>

#include <filesystem>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"

namespace rationale {
namespace {

namespace fs = std::filesystem;

std::string FolderOf(const std::string& run_folder) {
  return run_folder + "/verdicts";
}

std::string PathOf(const std::string& run_folder, int64_t step) {
  return fmt::format("{}/step-{:06}.jsonl", FolderOf(run_folder), step);
}

std::string HashOf(const Sample& sample) {
  const auto& tokens = sample.rollout.response;
  const std::string_view bytes(reinterpret_cast<const char*>(tokens.data()),
                               tokens.size() * sizeof(tokens[0]));
  return Sha256Hex(sample.problem->id + "\n" + std::string(bytes));
}

std::string LineOf(const Sample& sample) {
  JsonWriter json;
  json.BeginObject()
      .Field("response", HashOf(sample))
      .Field("judged", sample.verdict.judged)
      .Field("score", sample.verdict.score)
      .Key("components")
      .BeginArray();
  for (const Component& component : sample.verdict.components) {
    json.BeginObject()
        .Field("name", component.name)
        .Field("judged", component.judged)
        .Field("score", component.score)
        .Field("weight", component.weight)
        .Field("reason", component.reason)
        .Field("answer", component.answer)
        .EndObject();
  }
  return json.EndArray().EndObject().Take() + "\n";
}

Verdict ReadVerdict(const JsonObject& json) {
  Verdict verdict{.judged = json.Get<bool>("judged"), .score = json.Get<double>("score")};
  for (const auto& element : json.Required("components").GetArray()) {
    const JsonObject component(element, json.where());
    verdict.components.push_back({.name = component.Get<std::string>("name"),
                                  .judged = component.Get<bool>("judged"),
                                  .score = component.Get<double>("score"),
                                  .weight = component.Get<double>("weight"),
                                  .reason = component.Get<std::string>("reason"),
                                  .answer = component.Get<std::string>("answer")});
  }
  return verdict;
}

}  // namespace

int64_t ReplayVerdicts(const std::string& run_folder, int64_t step, std::span<Sample> samples) {
  const auto path = PathOf(run_folder, step);
  if (!fs::exists(path)) return 0;
  std::istringstream lines(ReadFile(path));
  std::string line;
  int64_t replayed = 0;
  for (size_t i = 0; i < samples.size() && std::getline(lines, line); ++i) {
    try {
      const auto where = fmt::format("{}:{}", path, i + 1);
      const auto document = ParseJson(line, path, static_cast<int64_t>(i) + 1);
      const JsonObject json(document, where);
      if (json.Get<std::string>("response") != HashOf(samples[i])) continue;
      samples[i].verdict = ReadVerdict(json);
      samples[i].reward = samples[i].verdict.score;
      ++replayed;
    } catch (const Error&) {
      continue;  // a line cut short: the sample is judged again
    }
  }
  return replayed;
}

void WriteVerdicts(const std::string& run_folder, int64_t step, std::span<const Sample> samples) {
  std::string text;
  for (const Sample& sample : samples) text += LineOf(sample);
  MakeFolders(FolderOf(run_folder));
  WriteFileDurably(PathOf(run_folder, step), text);
}

void ForgetVerdicts(const std::string& run_folder, int64_t step) {
  const auto last = fs::path(PathOf(run_folder, step)).filename();
  std::vector<std::string> old;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(FolderOf(run_folder), none)) {
    if (entry.path().filename() <= last) old.push_back(entry.path());
  }
  for (const auto& path : old) RemoveAll(path);
}

}  // namespace rationale
