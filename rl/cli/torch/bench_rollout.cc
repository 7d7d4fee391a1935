// rationale bench rollout: tokens per second of the rollout engine, beside the roofline's bound.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/philox.h"
#include "base/thread_pool.h"
#include "rl/cli/arguments.h"
#include "rl/cli/output.h"
#include "rl/cli/torch/model_options.h"
#include "rl/cli/torch/roofline.h"
#include "rollout/engine.h"

namespace rationale {
namespace {

struct BenchArguments {
  ModelArguments model;
  int64_t batch = 64, prompt = 64, new_tokens = 128, repeats = 2, seed = 0;
  bool sample = false, group = false, json = true;
  std::string trace;

  void AddTo(Arguments& arguments) {
    model.threads = 2;
    model.AddTo(arguments);
    arguments.add_option("--batch", batch, "sequences")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    arguments.add_option("--prompt", prompt, "tokens of each random prompt")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    arguments.add_option("--new", new_tokens, "tokens drawn a sequence; stop tokens are ignored")
        ->capture_default_str()
        ->check(CLI::Range(2, 1 << 20));
    arguments.add_option("--repeats", repeats, "the best of so many runs is printed")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    arguments.add_flag("--sample", sample, "draw at temperature 1 (default: greedy)");
    arguments.add_flag("--group", group, "one prompt for all sequences, as in a GRPO group");
    arguments.add_option("--trace", trace, "write a Chrome trace of the last run");
    arguments.add_flag("--json", json, "one JSON object (the only form)");
  }
};

// Random prompts without a tokenizer, as shared bench scripts draw them: ids above the special
// ones.
std::vector<SampleRequest> Requests(const BenchArguments& arguments, int64_t vocab,
                                    int64_t new_tokens) {
  std::vector<SampleRequest> requests;
  for (int64_t i = 0; i < arguments.batch; ++i) {
    const int64_t group = arguments.group ? 0 : i;
    PhiloxStream random(
        DeriveKey({static_cast<uint64_t>(arguments.seed), static_cast<uint64_t>(group)}));
    SampleRequest request{.id = static_cast<uint64_t>(i),
                          .key = DeriveKey({static_cast<uint64_t>(i)}),
                          .group = static_cast<uint64_t>(group)};
    for (int64_t t = 0; t < arguments.prompt; ++t) {
      request.prompt.push_back(
          static_cast<int32_t>(random.Int(std::min<int64_t>(100, vocab / 4), vocab - 1)));
    }
    request.sampling.temperature = arguments.sample ? 1 : 0;
    request.sampling.max_new_tokens = static_cast<int32_t>(new_tokens);
    requests.push_back(std::move(request));
  }
  return requests;
}

double Run(Engine& engine, std::vector<SampleRequest> requests) {
  const auto start = std::chrono::steady_clock::now();
  const auto rollouts = engine.Generate(std::move(requests));
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (const auto& rollout : rollouts) {
    if (rollout.finish != Finish::kLength) throw Failure("a sequence stopped early");
  }
  return seconds;
}

}  // namespace

int BenchRolloutCommand(int argc, char** argv) {
  Arguments arguments(
      "bench rollout",
      "Measures rollouts: random prompts, stop tokens ignored. decode_tokens_per_s = batch (new - "
      "1) / "
      "(total - prefill); the bound is what bandwidth and peak rate measured in the same run "
      "allow.",
      "  rationale bench rollout --model models/smollm2 --batch 64 --dtype bf16 --sample\n");
  BenchArguments options;
  options.AddTo(arguments);
  if (!arguments.Parse(argc, argv)) return 0;
  const at::NoGradGuard no_grad;
  const auto model = options.model.Open();
  const auto& config = model->config();
  if (options.prompt + options.new_tokens > config.max_position) {
    throw Error("--prompt {} --new {}: the model's context holds {} tokens", options.prompt,
                options.new_tokens, config.max_position);
  }
  ChromeTrace trace;
  Engine engine(*model, nullptr,
                {.max_batch = options.batch,
                 .prefill_chunk_tokens = 2048,
                 .memory_bytes = int64_t{16} << 30,
                 .trace = options.trace.empty() ? nullptr : &trace});
  Run(engine, Requests(options, config.vocab_size, 3));  // warm-up: weights are packed, pages made
  double prefill = Run(engine, Requests(options, config.vocab_size, 1));
  double total = 0;
  for (int64_t i = 0; i < options.repeats; ++i) {
    prefill = std::min(prefill, Run(engine, Requests(options, config.vocab_size, 1)));
    engine.ResetStats();
    trace = {};
    const double seconds = Run(engine, Requests(options, config.vocab_size, options.new_tokens));
    if (i == 0 || seconds < total) total = seconds;
  }
  const auto batch = static_cast<double>(options.batch),
             tokens = static_cast<double>(options.new_tokens);
  const Machine machine = MeasureMachine(model->options().dtype);
  const double context = static_cast<double>(options.prompt) + tokens / 2;
  const auto stats = engine.stats();
  JsonWriter json;
  json.BeginObject()
      .Field("decode_tokens_per_s", batch * (tokens - 1) / (total - prefill))
      .Field("total_tokens_per_s", batch * tokens / total)
      .Field("prefill_ms", 1e3 * prefill)
      .Field("ms_per_step", 1e3 * (total - prefill) / (tokens - 1))
      .Field("bound_tokens_per_s",
             BoundTokensPerSecond(config, machine, model->options().dtype, options.batch, context))
      .Field("bandwidth_gb_s", machine.bytes_per_s / 1e9)
      .Field("peak_gflop_s", machine.flop_per_s / 1e9)
      .Field("prefill_tokens", stats.prefill_tokens)
      .Field("shared_tokens", stats.shared_tokens)
      .Field("model", options.model.folder)
      .Field("batch", options.batch)
      .Field("prompt", options.prompt)
      .Field("new", options.new_tokens)
      .Field("dtype", options.model.dtype)
      .Field("sample", options.sample)
      .Field("group", options.group)
      .Field("threads", ops::NumThreads())
      .Field("cpu_level", ops::CpuLevel());
  if (!options.trace.empty()) {
    json.Field("matmul_attention_share",
               trace.DecodeSeconds({"linear", "linear_per_head", "grouped_linear", "attention"}) /
                   trace.DecodeSeconds({"step"}));
    WriteFileDurably(options.trace, trace.Json());
  }
  Print(json.EndObject().Take() + '\n');
  return 0;
}

}  // namespace rationale
