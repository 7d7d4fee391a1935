// rationale bench rollout: tokens per second of the rollout engine, beside the roofline's bound.

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/grad_mode.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "datasets/problems.h"
#include "datasets/templates.h"
#include "rl/cli/arguments.h"
#include "rl/cli/output.h"
#include "rl/cli/torch/model_options.h"
#include "rl/cli/torch/rollout_timing.h"
#include "rl/cli/torch/roofline.h"
#include "rl/prompter.h"
#include "rl/run_config.h"
#include "rollout/engine.h"
#include "rollout/gap.h"

namespace rationale {
namespace {

struct BenchArguments {
  ModelArguments model;
  RandomWork work;
  EngineOptions engine{.max_batch = 0, .memory_bytes = int64_t{16} << 30};
  int64_t repeats = 2;
  bool sample = false, group = false, json = true;
  std::string trace, data, format = "plain";

  void AddTo(Arguments& arguments) {
    model.threads = 2;
    model.AddTo(arguments);
    arguments.add_option("--batch", work.batch, "sequences")
        ->capture_default_str()
        ->check(Positive());
    arguments.add_option("--samples", work.samples, "sequences a prompt, as in GRPO groups")
        ->capture_default_str()
        ->check(Positive());
    arguments
        .add_option("--max-batch", engine.max_batch,
                    "sequences decoded at a time, the others wait; 0: all")
        ->check(NonNegative());
    arguments.add_flag("--group", group, "one prompt for all sequences: --samples of the batch");
    arguments.add_option("--prompt", work.prompt, "tokens of each random prompt")
        ->capture_default_str()
        ->check(Positive());
    arguments.add_option("--data", data,
                         "real prompts from this file or known data set instead, and responses "
                         "that end at stop tokens");
    arguments.add_option("--template", format, "of these")->capture_default_str();
    arguments
        .add_option("--new", work.new_tokens, "tokens drawn a sequence; of real prompts, most")
        ->capture_default_str()
        ->check(CLI::Range(2, 1 << 20));
    arguments
        .add_option("--draft-tokens", engine.draft_tokens,
                    "speculation: most tokens guessed ahead; 0: off")
        ->capture_default_str()
        ->check(NonNegative());
    arguments
        .add_option("--draft-fixed-rows", engine.draft_fixed_rows,
                    "what a step costs beside its rows, in rows: the greater, the more guesses "
                    "pay; 0: measured")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    arguments.add_flag(
        "--int8", engine.int8,
        "multiply 8-bit integers; prints the gap to the learner's log-probabilities");
    arguments.add_option("--repeats", repeats, "the best of so many runs is printed")
        ->capture_default_str()
        ->check(Positive());
    arguments.add_flag("--sample", sample, "draw at temperature 1 (default: greedy)");
    arguments.add_option("--trace", trace, "write a Chrome trace of the last run");
    arguments.add_flag("--json", json, "one JSON object (the only form)");
  }

  void Settle() {
    if (group) work.samples = work.batch;
    if (work.batch % work.samples != 0) {
      throw Error("--batch {} --samples {}: the batch must be a multiple of the samples a prompt",
                  work.batch, work.samples);
    }
    work.temperature = sample ? 1 : 0;
    if (engine.max_batch == 0) engine.max_batch = work.batch;
  }
};

std::vector<SampleRequest> RealRequests(const BenchArguments& arguments,
                                        const ModelConfig& config) {
  const RandomWork& work = arguments.work;
  const Tokenizer tokenizer = Tokenizer::Load(arguments.model.folder);
  const PromptTemplate format(arguments.format);
  const Prompter prompter(format, tokenizer, config);
  DataConfig data = DataConfigFor(arguments.data);
  data.limit = work.batch / work.samples;
  const std::vector<Problem> problems = LoadProblems(data, Split::kAll);
  if (static_cast<int64_t>(problems.size()) < data.limit) {
    throw Error("--data {}: it has {} prompts, --batch {} --samples {} needs {}", arguments.data,
                problems.size(), work.batch, work.samples, data.limit);
  }
  std::vector<SampleRequest> requests = RandomRequests(work, config.vocab_size);
  for (SampleRequest& request : requests) {
    request.prompt = prompter.Prompt(problems[request.group]);
    request.sampling.stop_tokens = prompter.stop_tokens();
  }
  return requests;
}

std::vector<SampleRequest> Requests(const BenchArguments& arguments, const ModelConfig& config) {
  const RandomWork& work = arguments.work;
  if (!arguments.data.empty()) return RealRequests(arguments, config);
  if (work.prompt + work.new_tokens > config.max_position) {
    throw Error("--prompt {} --new {}: the model's context holds {} tokens", work.prompt,
                work.new_tokens, config.max_position);
  }
  return RandomRequests(work, config.vocab_size);
}

int64_t PromptTokens(const std::vector<SampleRequest>& requests) {
  int64_t tokens = 0;
  for (const SampleRequest& request : requests) {
    tokens += static_cast<int64_t>(request.prompt.size());
  }
  return tokens;
}

// Measures the processor, so that bound and figure are of one moment. `context`: tokens a sequence
// has on average.
void AddRoofline(const Model& model, int64_t batch, double context, double tokens_per_s,
                 JsonWriter& json) {
  const at::ScalarType dtype = model.options().dtype;
  const Machine machine = MeasureMachine(dtype);
  const double bound = BoundTokensPerSecond(model.config(), machine, dtype, batch, context);
  json.Field("bound_tokens_per_s", bound)
      .Field("roofline_share", tokens_per_s / bound)
      .Field("bandwidth_gb_s", machine.bytes_per_s / 1e9)
      .Field("peak_gflop_s", machine.flop_per_s / 1e9);
}

void AddStats(const RolloutStats& stats, int64_t prompt_tokens, JsonWriter& json) {
  json.Field("prompt_tokens", prompt_tokens)  // of all sequences: prefilled, if nothing is shared
      .Field("prefill_tokens", stats.prefill_tokens)
      .Field("shared_tokens", stats.shared_tokens)
      .Field("decode_steps", stats.decode_steps)
      .Field("decode_rows", stats.decode_tokens)
      .Field("draft_tokens", stats.draft_tokens)
      .Field("accepted_tokens", stats.accepted_tokens);
}

// d = ln p recorded - ln p of the learner's forward over the tokens of one more run: the greatest
// and the mean |d|, the mean d (an estimate of the divergence of the sampler's policy from the
// learner's), and the share of tokens whose weight exp(-d) the learner truncates.
void AddGap(Model& model, Engine& engine, const std::vector<SampleRequest>& requests,
            JsonWriter& json) {
  const std::vector<Rollout> rollouts = engine.Generate(requests);
  const auto learner = LearnerLogprobs(model, rollouts);
  double greatest = 0, sum_abs = 0, sum = 0, num_truncated = 0, num_tokens = 0;
  for (size_t i = 0; i < rollouts.size(); ++i) {
    for (size_t t = 0; t < learner[i].size(); ++t) {
      const double gap = double{rollouts[i].logprobs[t]} - double{learner[i][t]};
      greatest = std::max(greatest, std::abs(gap));
      sum_abs += std::abs(gap);
      sum += gap;
      num_truncated += std::exp(-gap) > kInt8ImportanceClip ? 1 : 0;
      num_tokens += 1;
    }
  }
  json.Field("max_abs_logprob_gap", greatest)
      .Field("mean_abs_logprob_gap", sum_abs / num_tokens)
      .Field("mean_logprob_gap", sum / num_tokens)
      .Field("importance_clip", kInt8ImportanceClip)
      .Field("truncated_share", num_truncated / num_tokens)
      .Field("gap_tokens", static_cast<int64_t>(num_tokens));
}

void AddSettings(const BenchArguments& options, JsonWriter& json) {
  json.Field("model", options.model.folder)
      .Field("batch", options.work.batch)
      .Field("samples", options.work.samples)
      .Field("prompt", options.work.prompt)
      .Field("data", options.data)
      .Field("new", options.work.new_tokens)
      .Field("dtype", options.model.dtype)
      .Field("device", options.model.device)
      .Field("sample", options.sample)
      .Field("threads", ops::NumThreads())
      .Field("cpu_level", ops::CpuLevel());
}

}  // namespace

int BenchRolloutCommand(int argc, char** argv) {
  Arguments arguments(
      "bench rollout",
      "Measures rollouts: random prompts, stop tokens ignored, or real ones. decode_tokens_per_s = "
      "tokens after each sequence's first / (total - prefill); the bound is what bandwidth and "
      "peak rate measured in the same run allow (on CPUs).",
      "  rationale bench rollout --model models/smollm2 --batch 64 --dtype bf16 --sample\n"
      "  rationale bench rollout --model models/smollm2 --batch 64 --samples 8 --prompt 512\n"
      "  rationale bench rollout --model models/smollm2 --data gsm8k --template smollm2 --batch 8 "
      "--samples 8 --sample --draft-tokens 8\n");
  BenchArguments options;
  options.AddTo(arguments);
  if (!arguments.Parse(argc, argv)) return 0;
  options.Settle();
  const at::NoGradGuard no_grad;
  const auto model = options.model.Open();
  ChromeTrace trace;
  if (!options.trace.empty()) options.engine.trace = &trace;
  Engine engine(*model, nullptr, options.engine);
  const std::vector<SampleRequest> requests = Requests(options, model->config());
  const RolloutTiming timing = TimeRollouts(engine, requests, options.repeats, &trace);

  const int64_t prompt_tokens = PromptTokens(requests);
  const auto tokens = static_cast<double>(timing.tokens);
  JsonWriter json;
  json.BeginObject()
      .Field("decode_tokens_per_s", timing.DecodeTokensPerSecond())
      .Field("total_tokens_per_s", tokens / timing.total_s)
      .Field("prefill_ms", 1e3 * timing.prefill_s)
      .Field("ms_per_step",
             1e3 * (timing.total_s - timing.prefill_s) / static_cast<double>(timing.steps));
  if (model->options().device.is_cpu()) {
    const auto batch = static_cast<double>(options.work.batch);
    AddRoofline(*model, options.work.batch,
                (static_cast<double>(prompt_tokens) + tokens / 2) / batch,
                timing.DecodeTokensPerSecond(), json);
  }
  AddStats(engine.stats(), prompt_tokens, json);
  if (!model->options().device.is_cpu()) {  // of all runs
    json.Field("graph_steps", engine.num_graph_steps())
        .Field("no_graphs_because", engine.why_no_graphs());
  }
  AddSettings(options, json);
  json.Field("int8", options.engine.int8);
  if (!options.trace.empty()) {
    json.Field("matmul_attention_share",
               trace.DecodeSeconds({"linear", "linear_per_head", "grouped_linear", "attention"}) /
                   trace.DecodeSeconds({"step"}));
    WriteFileDurably(options.trace, trace.Json());
  }
  if (options.engine.int8) AddGap(*model, engine, requests, json);
  Print(json.EndObject().Take() + '\n');
  return 0;
}

}  // namespace rationale
