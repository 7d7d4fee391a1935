// rationale eval: pass@k, maj@k and mean rewards of a model on a data set.

#include "rl/eval.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include <ATen/core/grad_mode.h>

#include "base/error.h"
#include "base/log.h"
#include "datasets/problems.h"
#include "datasets/templates.h"
#include "rl/cli/arguments.h"
#include "rl/cli/output.h"
#include "rl/cli/torch/model_options.h"

namespace rationale {
namespace {

struct EvalArguments {
  ModelArguments model;
  std::string data, format = "plain", system, rubric, split = "all";
  std::vector<std::string> set;
  int64_t limit = 0, seed = 0, max_batch = 64;
  EvalSettings settings;
  bool json = false;

  void AddTo(Arguments& arguments) {
    model.AddTo(arguments);
    arguments
        .add_option("--data", data,
                    "JSONL, Parquet or TSV file, a known data set such as gsm8k, or a recipe's "
                    "TOML file, whose [data] is used")
        ->required();
    arguments.add_option("--split", split, "all, train or held_out")->capture_default_str();
    arguments.add_option("--set", set, "override a key of [data]: --set fields.reference=target")
        ->allow_extra_args(false);
    arguments.add_option("--limit", limit, "use so many problems; 0: all");
    arguments.add_option("--template", format, "plain, r1_zero, chatml, smollm2, ...")
        ->capture_default_str();
    arguments.add_option("--system", system, "system prompt");
    arguments.add_option("--rubric", rubric, "TOML file with [[rewards]]; default: math alone");
    arguments.add_option("--accuracy", settings.accuracy,
                         "the reward whose full score is correct; default: the rubric's first");
    arguments.add_option("--samples", settings.samples, "samples a problem")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    arguments.add_option("--k", settings.k, "for pass@k and maj@k")
        ->delimiter(',')
        ->capture_default_str();
    arguments.add_option("--seed", seed, "of sampling")->capture_default_str();
    arguments.add_option("--max-batch", max_batch, "sequences decoded at once")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    arguments.add_option("--max-new-tokens", settings.sampling.max_new_tokens, "longest response")
        ->capture_default_str();
    arguments.add_option("--temperature", settings.sampling.temperature, "0: greedy")
        ->capture_default_str();
    arguments.add_option("--top-p", settings.sampling.top_p, "1: off")->capture_default_str();
    arguments.add_flag("--json", json, "one JSON object");
  }
};

Split ParseSplit(const std::string& name) {
  for (const Split split : {Split::kAll, Split::kTrain, Split::kHeldOut}) {
    if (SplitName(split) == name) return split;
  }
  throw Error("--split '{}' is not one of all, train, held_out", name);
}

DataConfig DataOf(const EvalArguments& arguments) {
  DataConfig config;
  if (arguments.data.ends_with(".toml")) {
    const auto recipe = ReadToml(arguments.data);
    const auto* data = recipe.Find("data");
    if (data == nullptr) throw Error("{}: no [data] section", arguments.data);
    config = ReadConfig<DataConfig>(data->Without({"template", "system"}));
  } else {
    config = DataConfigFor(arguments.data);
  }
  ConfigValue changed = ParseToml(ConfigToml(config), arguments.data);
  for (const auto& assignment : arguments.set) ApplyOverride(assignment, changed);
  config = ReadConfig<DataConfig>(changed);
  if (arguments.limit > 0) config.limit = config.held_out_limit = arguments.limit;
  return config;
}

}  // namespace

int EvalCommand(int argc, char** argv) {
  Arguments arguments("eval",
                      "Measures a model on a data set: accuracy, pass@k, maj@k, lengths, tokens "
                      "per correct answer.",
                      "  rationale eval --model models/smollm2 --data gsm8k --template smollm2 "
                      "--limit 100 --temperature 0\n"
                      "  rationale eval --model runs/q/model --data rl/recipes/quickstart.toml "
                      "--split held_out --limit 300 --samples 16 --k 1,8 --json\n");
  EvalArguments options;
  options.AddTo(arguments);
  if (!arguments.Parse(argc, argv)) return 0;
  const at::NoGradGuard no_grad;
  const auto problems = LoadProblems(DataOf(options), ParseSplit(options.split));
  const auto rubric = options.rubric.empty()
                          ? Rubric::FromText("[[rewards]]\nname = \"math\"\n", "default rubric")
                          : Rubric::FromFile(options.rubric);
  auto& settings = options.settings;
  if (settings.accuracy.empty()) settings.accuracy = rubric.component_names().front();
  settings.key = {.seed = static_cast<uint64_t>(options.seed), .purpose = "eval"};
  const auto tokenizer = Tokenizer::Load(options.model.folder);
  const PromptTemplate format(options.format, options.system);
  const auto model = options.model.Open();
  const Prompter prompter(format, tokenizer, model->config());
  Engine engine(*model, &tokenizer, {.max_batch = options.max_batch});
  LogInfo("{} problems, {} samples each", problems.size(), settings.samples);
  const auto report = Evaluate(engine, prompter, problems, rubric, settings);
  if (options.json) {
    Print(EvalJson(report) + '\n');
    return 0;
  }
  std::string text = EvalTable(report);
  for (const auto& [k, share] : report.pass_at_k)
    text += fmt::format("pass@{:<4} {:.1f}%\n", k, 100 * share);
  for (const auto& [k, share] : report.majority_at_k)
    text += fmt::format("maj@{:<5} {:.1f}%\n", k, 100 * share);
  text += fmt::format(
      "standard error of the accuracy {:.1f} points; {:.1f} tokens per correct answer; {:.0f} "
      "tokens/s\n",
      100 * report.accuracy_error, report.tokens_per_correct, report.tokens_per_second);
  Print(text);
  return 0;
}

}  // namespace rationale
