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

std::string HashOf(const Problem& problem, const Rollout& rollout) {
  const auto& tokens = rollout.response;
  const std::string_view bytes(reinterpret_cast<const char*>(tokens.data()),
                               tokens.size() * sizeof(tokens[0]));
  return Sha256Hex(problem.id + "\n" + std::string(bytes));
}

std::string LineOf(const Sample& sample) {
  JsonWriter json;
  json.BeginObject()
      .Field("response", HashOf(*sample.problem, sample.rollout))
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

RecordedVerdicts::RecordedVerdicts(const std::string& run_folder, int64_t step) {
  const auto path = PathOf(run_folder, step);
  if (!fs::exists(path)) return;
  std::istringstream lines(ReadFile(path));
  std::string text;
  while (std::getline(lines, text)) {
    Line line;
    try {
      const auto number = static_cast<int64_t>(lines_.size()) + 1;
      const auto document = ParseJson(text, path, number);
      const JsonObject json(document, fmt::format("{}:{}", path, number));
      line = {json.Get<std::string>("response"), ReadVerdict(json)};
    } catch (const Error&) {  // a line cut short: its sample is judged again
    }
    lines_.push_back(std::move(line));
  }
}

const Verdict* RecordedVerdicts::Find(size_t index, const Problem& problem,
                                      const Rollout& rollout) const {
  if (index >= lines_.size() || lines_[index].response_hash != HashOf(problem, rollout)) {
    return nullptr;
  }
  return &lines_[index].verdict;
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
