// rationale generate: samples of a model for one prompt or a file of them.

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include <ATen/core/grad_mode.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "datasets/problems.h"
#include "datasets/templates.h"
#include "rl/cli/arguments.h"
#include "rl/cli/output.h"
#include "rl/cli/torch/model_options.h"
#include "rl/sampling.h"

namespace rationale {
namespace {

struct GenerateArguments {
  ModelArguments model;
  std::string prompt, data, format;
  int64_t samples = 1, seed = 0, max_batch = 64, limit = 0, draft_tokens = 0;
  SamplingSettings sampling;
  bool json = false;

  void AddTo(Arguments& arguments) {
    model.AddTo(arguments);
    arguments.add_option("--prompt", prompt, "the text to go on from");
    arguments.add_option(
        "--data", data,
        "or a file of prompts (JSONL, Parquet, TSV), or a known data set such as gsm8k");
    arguments.add_option("--limit", limit, "use so many prompts of the file; 0: all")
        ->check(NonNegative());
    arguments.add_option(
        "--template", format,
        "put prompts into a template: r1_zero, chatml, smollm2, ...; default: as they are");
    arguments.add_option("-n,--samples", samples, "samples a prompt")
        ->capture_default_str()
        ->check(Positive());
    arguments.add_option("--seed", seed, "of sampling")->capture_default_str();
    arguments.add_option("--max-batch", max_batch, "sequences decoded at once; changes no sample")
        ->capture_default_str()
        ->check(Positive());
    arguments
        .add_option("--draft-tokens", draft_tokens,
                    "speculation: guess so many tokens ahead; changes no sample; 0: off")
        ->capture_default_str()
        ->check(NonNegative());
    arguments.add_option("--max-new-tokens", sampling.max_new_tokens, "longest response")
        ->capture_default_str();
    arguments.add_option("--temperature", sampling.temperature, "0: greedy")->capture_default_str();
    arguments.add_option("--top-k", sampling.top_k, "0: off")->capture_default_str();
    arguments.add_option("--top-p", sampling.top_p, "1: off")->capture_default_str();
    arguments.add_option("--min-p", sampling.min_p, "0: off")->capture_default_str();
    arguments.add_option("--repetition-penalty", sampling.repetition_penalty, "1: off")
        ->capture_default_str();
    arguments
        .add_option("--stop", sampling.stop_strings, "end a response at this text; may be repeated")
        ->allow_extra_args(false);
    arguments.add_flag("--json", json, "one JSON object a sample");
  }
};

std::vector<Problem> ProblemsOf(const GenerateArguments& arguments) {
  if (arguments.prompt.empty() == arguments.data.empty()) {
    throw Error("generate: needs either --prompt TEXT or --data FILE");
  }
  if (!arguments.prompt.empty()) {
    Problem problem;
    problem.id = "prompt";
    problem.prompt = arguments.prompt;
    return {problem};
  }
  DataConfig config = DataConfigFor(arguments.data);
  config.limit = arguments.limit;
  return LoadProblems(config, Split::kAll);
}

std::string FinishName(Finish finish) {
  return finish == Finish::kStop ? "stop" : finish == Finish::kLength ? "length" : "cancelled";
}

std::string SampleJson(const Sample& sample, int64_t sample_index) {
  JsonWriter json;
  json.BeginObject()
      .Field("prompt_index", sample.group)
      .Field("sample_index", sample_index)
      .Field("tokens", sample.rollout.response)
      .Field("logprobs", sample.rollout.logprobs)
      .Field("text", sample.rollout.text)
      .Field("finish", FinishName(sample.rollout.finish))
      .Field("problem_id", sample.problem->id);
  return json.EndObject().Take() + '\n';
}

}  // namespace

int GenerateCommand(int argc, char** argv) {
  Arguments arguments(
      "generate",
      "Draws samples from a model. The same prompt, seed and sample index give the same tokens "
      "whatever the batch, the order or the number of threads.",
      "  rationale generate --model models/smollm2 --prompt 'The capital of France is' "
      "--temperature 0\n"
      "  rationale generate --model models/smollm2 --data gsm8k --limit 4 --template smollm2 -n 8 "
      "--json\n");
  GenerateArguments options;
  options.AddTo(arguments);
  if (!arguments.Parse(argc, argv)) return 0;
  const at::NoGradGuard no_grad;
  const auto problems = ProblemsOf(options);
  const auto tokenizer = Tokenizer::Load(options.model.folder);
  const PromptTemplate format(options.format.empty() ? "plain" : options.format);
  const auto model = options.model.Open();
  const Prompter prompter(format, tokenizer, model->config());
  Engine engine(*model, &tokenizer,
                {.max_batch = options.max_batch, .draft_tokens = options.draft_tokens});
  std::vector<const Problem*> pointers;
  for (const auto& problem : problems) pointers.push_back(&problem);

  const auto total = static_cast<int64_t>(problems.size()) * options.samples;
  Progress progress("generate", total, "sample");
  int64_t done = 0;
  const RolloutCallbacks callbacks{.on_token = {},
                                   .on_finish = [&](const Rollout&) { progress.Update(++done); }};
  const auto samples =
      DrawSamples(engine, prompter, pointers, options.samples, options.sampling,
                  {.seed = static_cast<uint64_t>(options.seed), .purpose = "generate"},
                  total > 1 ? callbacks : RolloutCallbacks{});
  for (size_t i = 0; i < samples.size(); ++i) {
    const auto index = static_cast<int64_t>(i) % options.samples;
    if (options.json) {
      Print(SampleJson(samples[i], index));
    } else {
      const auto& text = samples[i].rollout.text;
      Print(total == 1 ? text + '\n'
                       : fmt::format("[{} #{}] {}\n", samples[i].problem->id, index, text));
    }
  }
  return 0;
}

}  // namespace rationale
