#include "rl/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/log.h"
#include "policy/safetensors.h"

namespace rationale {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPartial = "partial-";
constexpr int64_t kShardBytes = int64_t{5} << 30;

std::string FolderOf(const std::string& run_folder) {
  return run_folder + "/checkpoints";
}

std::string NameOf(const TrainerState& state) {
  return fmt::format("{}-{:06}", state.stage == Stage::kSft ? "sft" : "step", state.step);
}

// Complete checkpoints, oldest first: SFT's come before RL's, and the names of a stage sort by
// step.
std::vector<std::string> Complete(const std::string& run_folder) {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(FolderOf(run_folder), none)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("sft-") || name.starts_with("step-")) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

void RemovePartial(const std::string& run_folder) {
  std::vector<std::string> partial;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(FolderOf(run_folder), none)) {
    if (entry.path().filename().string().starts_with(kPartial)) partial.push_back(entry.path());
  }
  for (const auto& path : partial) RemoveAll(path);
}

std::string StateJson(const TrainerState& state) {
  JsonWriter json;
  json.BeginObject()
      .Field("stage", state.stage == Stage::kSft ? "sft" : "rl")
      .Field("step", state.step)
      .Field("params_hash", state.params_hash)
      .Field("seed", state.seed)
      .Field("cursor", state.cursor)
      .Field("num_updates", state.num_updates)
      .Field("policy_version", state.policy_version)
      .Field("finished", state.finished)
      .Field("sft_seconds", state.sft_seconds)
      .Field("rl_seconds", state.rl_seconds)
      .Field("judge_seconds", state.judge_seconds)
      .Field("rl_tokens", state.rl_tokens)
      .Field("max_abs_logprob_gap", state.max_abs_logprob_gap)
      .Field("config_hash", state.config_hash)
      .Field("before", state.before)
      .Field("after", state.after)
      .Field("eval_pending", state.eval_pending);
  return json.EndObject().Take() + "\n";
}

void WriteParts(const std::string& folder, TrainerState& state, const CheckpointParts& parts) {
  MakeFolders(folder + "/trainer/optimizer");
  SaveModel(parts.model, folder, at::kFloat);
  CopyTokenizer(parts.tokenizer_folder, folder);
  std::vector<NamedTensor> moments;
  for (auto& moment : parts.optimizer.moments()) {
    moments.push_back({"first." + moment.name, moment.first});
    moments.push_back({"second." + moment.name, moment.second});
  }
  WriteSafetensors(folder + "/trainer/optimizer", moments, kShardBytes);
  if (parts.reference != nullptr) {
    MakeFolders(folder + "/trainer/reference");
    SaveModel(*parts.reference, folder + "/trainer/reference", at::kFloat);
  }
  state.params_hash = ParamsHash(parts.model);
  WriteFileDurably(folder + "/trainer/state.json", StateJson(state));
  for (const char* sub : {"/trainer", ""}) SyncFolder(folder + sub);
}

}  // namespace

void WriteCheckpoint(const std::string& run_folder, TrainerState& state,
                     const CheckpointParts& parts, int64_t keep) {
  const auto name = NameOf(state), folder = FolderOf(run_folder);
  const auto partial = fmt::format("{}/{}{}", folder, kPartial, name);
  MakeFolders(folder);
  RemovePartial(run_folder);
  try {
    WriteParts(partial, state, parts);
    ReplaceFolderDurably(partial, folder + "/" + name);  // a stopped run's last step is saved again
  } catch (const Failure& failure) {
    RemoveAll(partial);
    const auto last = Complete(run_folder);
    throw Failure("{}; checkpoint {} was not written, {}", failure.what(), name,
                  last.empty() ? std::string("there is no older one")
                               : "the last one is " + folder + "/" + last.back());
  }
  auto names = Complete(run_folder);
  while (static_cast<int64_t>(names.size()) > keep) {
    const auto oldest = fmt::format("{}/{}", folder, names.front());
    const auto doomed = fmt::format("{}/{}{}", folder, kPartial, names.front());
    RenameDurably(oldest, doomed);  // a half-removed folder must not look complete
    RemoveAll(doomed);
    names.erase(names.begin());
  }
}

std::optional<std::string> FindCheckpoint(const std::string& run_folder) {
  RemovePartial(run_folder);
  const auto names = Complete(run_folder);
  if (names.empty()) return std::nullopt;
  return FolderOf(run_folder) + "/" + names.back();
}

TrainerState ReadTrainerState(const std::string& checkpoint) {
  const auto path = checkpoint + "/trainer/state.json";
  const auto document = ReadJson(path);
  const JsonObject json(document, path);
  TrainerState state;
  state.stage = json.Get<std::string>("stage") == "sft" ? Stage::kSft : Stage::kRl;
  state.step = json.Get<int64_t>("step");
  state.params_hash = json.Get<std::string>("params_hash");
  state.seed = json.Get<uint64_t>("seed");
  state.cursor = json.Get<int64_t>("cursor");
  state.num_updates = json.Get<int64_t>("num_updates");
  state.policy_version = json.Get<int64_t>("policy_version");
  state.finished = json.Get<bool>("finished");
  state.sft_seconds = json.Get<double>("sft_seconds");
  state.rl_seconds = json.Get<double>("rl_seconds");
  state.judge_seconds = json.Get<double>("judge_seconds", 0);
  state.rl_tokens = json.Get<int64_t>("rl_tokens");
  state.max_abs_logprob_gap = json.Get<double>("max_abs_logprob_gap");
  state.config_hash = json.Get<std::string>("config_hash");
  state.before = json.Get<std::string>("before");
  state.after = json.Get<std::string>("after", "");
  state.eval_pending = json.Get<bool>("eval_pending", false);
  return state;
}

void LoadOptimizer(const std::string& checkpoint, const TrainerState& state, AdamW& optimizer) {
  const auto folder = checkpoint + "/trainer/optimizer";
  const SafetensorsFolder file(folder);
  for (auto& moment : optimizer.moments()) {
    for (const auto& [prefix, target] :
         {std::pair("first.", &moment.first), std::pair("second.", &moment.second)}) {
      const auto tensor = file.Get(prefix + moment.name);
      if (tensor.sizes() != target->sizes()) {
        throw Error("{}: the moments of {} have another shape than the parameter", folder,
                    moment.name);
      }
      target->copy_(tensor);
    }
  }
  optimizer.set_num_updates(state.num_updates);
}

std::optional<std::string> ReferenceFolder(const std::string& checkpoint) {
  auto folder = checkpoint + "/trainer/reference";
  if (!fs::exists(folder)) return std::nullopt;
  return folder;
}

void CopyTokenizer(const std::string& from, const std::string& to) {
  for (const auto& entry : fs::directory_iterator(from)) {
    const auto name = entry.path().filename().string();
    const bool text = name.ends_with(".json") || name.ends_with(".jinja") ||
                      name == "tokenizer.model" || name == "merges.txt";
    if (!text || !entry.is_regular_file() || name == "config.json" ||
        name.ends_with(".index.json")) {
      continue;
    }
    WriteFileDurably(to + "/" + name, ReadFile(entry.path()));
  }
}

}  // namespace rationale
