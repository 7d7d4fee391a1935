// rationale train, rationale sft: runs a recipe.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/config.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "rl/checkpoint.h"
#include "rl/cli/arguments.h"
#include "rl/cli/output.h"
#include "rl/cli/torch/model_options.h"
#include "rl/report.h"
#include "rl/trainer.h"

namespace rationale {
namespace {

namespace fs = std::filesystem;

std::atomic<bool> stop_requested{false};  // set by the handler of SIGTERM and SIGINT

void RequestStop(int) {
  stop_requested.store(true);
  std::signal(SIGINT, SIG_DFL);  // a second Ctrl-C ends the program at once
}

struct TrainArguments {
  std::string recipe, out, resume;
  std::vector<std::string> set;
};

// Throws Error unless a run directory can be made there.
void CheckWritable(const std::string& folder) {
  fs::path there = fs::absolute(folder).lexically_normal();
  while (!fs::exists(there)) there = there.parent_path();
  if (!fs::is_directory(there)) throw Error("--out {}: {} is a file", folder, there.string());
  if (access(there.c_str(), W_OK) != 0) {
    throw Error("--out {}: {} cannot be written: {}", folder, there.string(), std::strerror(errno));
  }
}

// <name of the recipe>-<date>-<time>, below runs/.
std::string DefaultFolder(const std::string& recipe) {
  const std::time_t now = std::time(nullptr);
  char stamp[32];
  std::strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", std::localtime(&now));
  return fmt::format("runs/{}-{}", fs::path(recipe).stem().string(), stamp);
}

// The recipe and the run directory, for a new run or a resumed one.
std::pair<RunConfig, std::string> OpenFolder(const TrainArguments& arguments) {
  if (arguments.resume.empty()) {
    if (arguments.recipe.empty()) throw Error("train: needs a RECIPE.toml, or --resume DIR");
    auto config = ReadRecipe(arguments.recipe, arguments.set);
    const auto folder = arguments.out.empty() ? DefaultFolder(arguments.recipe) : arguments.out;
    if (fs::exists(folder + "/config.toml")) {
      throw Error("{}: there is a run already; go on with it by --resume {}, or give another --out",
                  folder, folder);
    }
    CheckWritable(folder);
    return {std::move(config), folder};
  }
  if (!arguments.recipe.empty() || !arguments.out.empty()) {
    throw Error(
        "--resume {}: goes on with the run's own recipe, in its own folder; leave out RECIPE and "
        "--out",
        arguments.resume);
  }
  const auto path = arguments.resume + "/config.toml";
  if (!fs::exists(path))
    throw Error("--resume {}: no run there ({} is missing)", arguments.resume, path);
  return {ReadRecipe(path, arguments.set), arguments.resume};
}

// What --set changes in a resumed run is told; a change that could have no effect is refused.
void CheckResumed(const TrainArguments& arguments, const RunConfig& config,
                  const std::string& checkpoint) {
  const auto path = arguments.resume + "/config.toml";
  const auto old = FlattenConfig(ReadRecipe(path)), now = FlattenConfig(config);
  for (const auto& [key, value] : now) {
    const auto same_key = [&, &name = key](const auto& entry) { return entry.first == name; };
    const auto found = std::find_if(old.begin(), old.end(), same_key);
    const auto before = found == old.end() ? "absent" : found->second;
    if (before == value) continue;
    if (key == "run.seed" || key == "policy.model" || key.starts_with("policy.init")) {
      throw Error("--set {}={}: the run was made with {}, and a resumed run keeps it", key, value,
                  before);
    }
    LogInfo("resumed with {} = {} (it was {})", key, value, before);
  }
  const auto state = ReadTrainerState(checkpoint);
  if (state.seed != static_cast<uint64_t>(config.run.seed)) {
    throw Error("{}: run.seed: found {}, the run's checkpoint was made with {}", path,
                config.run.seed, state.seed);
  }
  if (state.config_hash != ConfigHash(ReadRecipe(path))) {
    LogWarning(
        "{}: not the recipe that {} was made with: it was edited, or another version of "
        "this program wrote it",
        path, checkpoint);
  }
}

int RunTraining(const TrainArguments& arguments, bool sft_only) {
  auto [config, folder] = OpenFolder(arguments);
  if (sft_only) {
    if (config.sft.steps == 0) throw Error("sft: the recipe's sft.steps is 0");
    if (!arguments.resume.empty() && config.rl.steps > 0) {
      throw Error("sft --resume {}: the run has {} RL steps; go on with it by rationale train",
                  folder, config.rl.steps);
    }
    config.rl.steps = 0;
  }
  UseThreads(static_cast<int>(config.run.threads), config.run.pin_cores);
  const auto checkpoint = arguments.resume.empty() ? std::nullopt : FindCheckpoint(folder);
  if (checkpoint) CheckResumed(arguments, config, *checkpoint);
  const auto text = ConfigToml(config, true);
  auto run = OpenRun(std::move(config), folder, checkpoint);
  WriteFileDurably(folder + "/config.toml", text);
  const auto estimate = run->EstimateMemory();
  LogInfo(std::string_view(estimate.Text()));
  if (estimate.total_mb() > AvailableMemoryMb()) {
    LogWarning(
        "that is more than the {:.0f} MB of this machine: lower micro_batch_tokens, max_batch or "
        "cache_mb",
        AvailableMemoryMb());
  }
  Trainer trainer(std::move(run), checkpoint, stop_requested);
  if (trainer.state().finished)
    LogInfo("{}: the run is finished, nothing is left to do", folder);
  else if (checkpoint)
    LogInfo("resuming {} from {}", folder, *checkpoint);
  else if (!arguments.resume.empty())
    LogInfo("{}: no checkpoint yet, starting over", folder);
  std::signal(SIGTERM, RequestStop);
  std::signal(SIGINT, RequestStop);
  if (trainer.Train() == Ending::kStopped) {
    LogInfo("stopped; a checkpoint is written. Go on with: rationale train --resume {}", folder);
    return 0;
  }
  Print(ReportText(trainer));
  Print(ReportJson(trainer) + '\n');
  return 0;
}

int ParseAndRun(int argc, char** argv, const char* name, const char* summary,
                const char* examples) {
  Arguments arguments(name, summary, examples);
  TrainArguments options;
  arguments.add_option("recipe", options.recipe, "TOML file, see rl/recipes/");
  arguments.add_option("--set", options.set, "override a key: --set rl.lr=1e-6; may be repeated")
      ->allow_extra_args(false);
  arguments.add_option("--out", options.out, "run directory; default runs/<recipe>-<date>-<time>");
  arguments.add_option("--resume", options.resume, "go on with the run in this directory");
  if (!arguments.Parse(argc, argv)) return 0;
  return RunTraining(options, std::string(name) == "sft");
}

}  // namespace

int TrainCommand(int argc, char** argv) {
  return ParseAndRun(
      argc, argv, "train",
      "Trains a policy: SFT where the recipe has some, then RL. Survives kill -9; SIGTERM writes a "
      "checkpoint and stops.",
      "  rationale train rl/recipes/quickstart.toml\n"
      "  rationale train rl/recipes/smollm2-gsm8k.toml --set rl.steps=20 --out runs/mine\n"
      "  rationale train --resume runs/mine\n");
}

int SftCommand(int argc, char** argv) {
  return ParseAndRun(argc, argv, "sft", "Trains on demonstrations alone: a recipe's SFT stage.",
                     "  rationale sft rl/recipes/quickstart.toml --out runs/sft\n");
}

}  // namespace rationale
