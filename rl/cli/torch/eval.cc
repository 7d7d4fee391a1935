// rationale eval: pass@k, maj@k and mean rewards of a model on a data set.

#include "rl/eval.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
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
#include "rl/run_config.h"

namespace rationale {
namespace {

struct EvalArguments {
  ModelArguments model;
  std::string data, rubric, split = "all";
  std::vector<std::string> set;
  int64_t limit = 0, seed = 0, max_batch = 64;
  bool json = false;
  // Absent: the recipe's where --data is one, else its default.
  std::optional<std::string> format, system, accuracy;
  std::optional<int64_t> samples;
  std::optional<int32_t> max_new_tokens;
  std::optional<double> temperature, top_p;
  std::vector<int64_t> k;
  std::vector<std::string> stop;

  void AddTo(Arguments& arguments) {
    model.AddTo(arguments);
    arguments
        .add_option("--data", data,
                    "JSONL, Parquet or TSV file, a known data set such as gsm8k, or a recipe's "
                    "TOML file: its data, template, stop texts, rewards and [eval] are the "
                    "defaults of the options below")
        ->required();
    arguments.add_option("--split", split, "all, train or held_out")->capture_default_str();
    arguments
        .add_option("--set", set,
                    "override a recipe's key, also without one: --set data.fields.reference=target")
        ->allow_extra_args(false);
    arguments.add_option("--limit", limit, "use so many problems; 0: all")->check(NonNegative());
    arguments.add_option("--template", format, "plain (default), r1_zero, chatml, smollm2, ...");
    arguments.add_option("--system", system, "system prompt");
    arguments.add_option("--rubric", rubric, "TOML file with [[rewards]]; default: math alone");
    arguments.add_option("--accuracy", accuracy,
                         "the reward whose full score is correct; default: the rubric's first");
    arguments.add_option("--samples", samples, "samples a problem; default 1")->check(Positive());
    arguments.add_option("--k", k, "for pass@k and maj@k; default 1")->delimiter(',');
    arguments.add_option("--seed", seed, "of sampling")->capture_default_str();
    arguments.add_option("--max-batch", max_batch, "sequences decoded at once")
        ->capture_default_str()
        ->check(Positive());
    arguments.add_option("--max-new-tokens", max_new_tokens, "longest response; default 256")
        ->check(Positive());
    arguments.add_option("--stop", stop, "end a response at this text; may be repeated")
        ->allow_extra_args(false);
    arguments.add_option("--temperature", temperature, "0: greedy; default 1")
        ->check(NonNegative());
    arguments.add_option("--top-p", top_p, "1: off")->check(CLI::Range(0.0, 1.0));
    arguments.add_flag("--json", json, "one JSON object");
  }
};

Split ParseSplit(const std::string& name) {
  for (const Split split : {Split::kAll, Split::kTrain, Split::kHeldOut}) {
    if (SplitName(split) == name) return split;
  }
  throw Error("--split '{}' is not one of all, train, held_out", name);
}

// The recipe that --data names, or for a data file one of defaults.
RunConfig RecipeOf(const EvalArguments& arguments) {
  RunConfig config;
  config.policy.model = arguments.model.folder;
  if (arguments.data.ends_with(".toml")) {
    config = ReadRecipe(arguments.data, arguments.set);
  } else {
    config.data.source = DataConfigFor(arguments.data);
    ConfigValue overrides = ParseToml("", "--set");
    for (const auto& assignment : arguments.set) ApplyOverride(assignment, overrides);
    config = ReadConfig<RunConfig>(overrides, config);
  }
  auto& source = config.data.source;
  if (arguments.limit > 0) source.limit = source.held_out_limit = arguments.limit;
  return config;
}

Rubric RubricOf(const EvalArguments& arguments, const RunConfig& recipe) {
  if (!arguments.rubric.empty()) return Rubric::FromFile(arguments.rubric);
  if (!recipe.rewards.empty()) return Rubric(recipe.rewards, recipe.reward_total);
  return Rubric::FromText("[[rewards]]\nname = \"math\"\n", "default rubric");
}

EvalSettings SettingsOf(const EvalArguments& arguments, const RunConfig& recipe,
                        const Rubric& rubric) {
  const auto own_rewards = arguments.rubric.empty() ? recipe.eval.accuracy : "";
  EvalSettings settings;
  settings.samples = arguments.samples.value_or(recipe.eval.samples);
  settings.k = arguments.k;
  if (settings.k.empty()) {
    std::copy_if(recipe.eval.k.begin(), recipe.eval.k.end(), std::back_inserter(settings.k),
                 [&](int64_t k) { return k <= settings.samples; });
  }
  settings.accuracy = arguments.accuracy.value_or(own_rewards);
  if (settings.accuracy.empty()) settings.accuracy = rubric.component_names().front();
  auto& sampling = settings.sampling;
  sampling.temperature = arguments.temperature.value_or(recipe.eval.temperature);
  sampling.top_p = arguments.top_p.value_or(recipe.eval.top_p);
  sampling.max_new_tokens = arguments.max_new_tokens.value_or(
      recipe.eval.max_new_tokens > 0 ? recipe.eval.max_new_tokens : recipe.rollout.max_new_tokens);
  sampling.stop_strings = arguments.stop.empty() ? recipe.rollout.stop : arguments.stop;
  settings.key = {.seed = static_cast<uint64_t>(arguments.seed), .purpose = "eval"};
  settings.progress = "eval";
  return settings;
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
  const auto recipe = RecipeOf(options);
  const auto problems = LoadProblems(recipe.data.source, ParseSplit(options.split));
  const auto rubric = RubricOf(options, recipe);
  const auto settings = SettingsOf(options, recipe, rubric);
  const auto tokenizer = Tokenizer::Load(options.model.folder);
  const PromptTemplate format(options.format.value_or(recipe.data.prompt_template),
                              options.system.value_or(recipe.data.system));
  const auto model = options.model.Open();
  const Prompter prompter(format, tokenizer, model->config());
  Engine engine(*model, &tokenizer, {.max_batch = options.max_batch});
  LogInfo("{} problems, {} samples each", problems.size(), settings.samples);
  const auto report = Evaluate(engine, prompter, problems, rubric, settings).value();
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
