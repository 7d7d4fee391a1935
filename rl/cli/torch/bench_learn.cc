// rationale bench learn: seconds of one GRPO step, and of its parts.

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <ATen/core/grad_mode.h>

#include "base/error.h"
#include "base/json.h"
#include "base/philox.h"
#include "policy/ops/op_timer.h"
#include "rl/algorithms/advantages.h"
#include "rl/cli/arguments.h"
#include "rl/cli/output.h"
#include "rl/cli/torch/model_options.h"
#include "rl/device.h"
#include "rl/learner.h"
#include "rl/memory_estimate.h"
#include "rollout/engine.h"

namespace rationale {
namespace {

using Clock = std::chrono::steady_clock;

struct StepTimes {
  double step = 0, generate = 0;
  double update_values = 0, pack = 0;  // inside the other parts: values from masters, panels
  UpdateReport update;
};

double SecondsOf(const std::string& name, const std::vector<ops::OpSpan>& spans) {
  double seconds = 0;
  for (const ops::OpSpan& span : spans) {
    if (span.name == name) seconds += std::chrono::duration<double>(span.end - span.begin).count();
  }
  return seconds;
}

// One step: draw, give each sample a random reward so that no gradient is zero, update.
StepTimes RunStep(Engine& engine, Learner& learner, int64_t vocab, int64_t prompts, int64_t samples,
                  int64_t prompt_tokens, int64_t new_tokens, uint64_t step) {
  const auto start = Clock::now();
  std::vector<ops::OpSpan> spans;
  const ops::OpRecording recording(&spans);
  std::vector<SampleRequest> requests;
  for (int64_t i = 0; i < prompts * samples; ++i) {
    const auto group = static_cast<uint64_t>(i / samples);
    PhiloxStream random(DeriveKey({step, group}));
    SampleRequest request{.id = static_cast<uint64_t>(i),
                          .key = DeriveKey({step, group, static_cast<uint64_t>(i)}),
                          .group = group};
    for (int64_t t = 0; t < prompt_tokens; ++t)
      request.prompt.push_back(static_cast<int32_t>(random.Int(0, vocab - 1)));
    request.sampling.max_new_tokens = static_cast<int32_t>(new_tokens);
    requests.push_back(std::move(request));
  }
  auto rollouts = engine.Generate(std::move(requests));
  StepTimes times{.generate = std::chrono::duration<double>(Clock::now() - start).count()};
  std::vector<ScoredSample> scored;
  PhiloxStream rewards(DeriveKey({step, KeyPart("reward")}));
  for (int64_t i = 0; i < prompts * samples; ++i)
    scored.push_back({i / samples, true, rewards.Uniform()});
  const auto advantages = ComputeAdvantages(scored, {});
  std::vector<Sample> batch(rollouts.size());
  for (size_t i = 0; i < rollouts.size(); ++i) {
    batch[i].rollout = std::move(rollouts[i]);
    batch[i].advantage = advantages.values[i];
    batch[i].used = true;
  }
  learner.Update(batch, 1e-6, step, times.update);
  engine.SetVersion(engine.version() + 1);
  times.step = std::chrono::duration<double>(Clock::now() - start).count();
  times.update_values = SecondsOf("update_value", spans);
  times.pack = SecondsOf("pack", spans);
  return times;
}

std::string TimesJson(const StepTimes& median, const ModelArguments& model, int64_t prompts,
                      int64_t samples, int64_t new_tokens) {
  const UpdateReport& update = median.update;
  JsonWriter json;
  json.BeginObject()
      .Field("step_s", median.step)
      .Field("generate_s", median.generate)
      .Field("forward_s", update.forward_seconds)
      .Field("backward_s", update.backward_seconds)
      .Field("optimizer_s", update.optimizer_seconds)
      .Field("update_values_ms", 1e3 * median.update_values)
      .Field("pack_ms", 1e3 * median.pack)
      .Field("copy_convert_share", (median.update_values + median.pack) / median.step)
      .Field("completion_tokens_per_s",
             static_cast<double>(prompts * samples * new_tokens) / median.step)
      .Field("peak_memory_mb", PeakMemoryMb())
      .Field("max_abs_logprob_gap", update.max_abs_logprob_gap)
      .Field("model", model.folder)
      .Field("prompts", prompts)
      .Field("samples", samples)
      .Field("new", new_tokens)
      .Field("dtype", model.dtype)
      .Field("threads", ops::NumThreads())
      .Field("cpu_level", ops::CpuLevel());
  return json.EndObject().Take() + '\n';
}

}  // namespace

int BenchLearnCommand(int argc, char** argv) {
  Arguments arguments(
      "bench learn",
      "Measures one GRPO step (one update, no KL, random rewards): the median step of several. "
      "What new weights cost, conversion to the compute dtype and packing for the kernels, is "
      "inside the other parts and shown alone too, with its share of the step.",
      "  rationale bench learn --model models/smollm2 --prompts 4 --samples 8 --new 128 --dtype "
      "bf16\n");
  ModelArguments model;
  model.threads = 2;
  model.AddTo(arguments);
  int64_t prompts = 4, samples = 8, prompt_tokens = 32, new_tokens = 128, steps = 3,
          micro_batch_tokens = 2048;
  bool checkpoint = false, json_flag = true;
  arguments.add_option("--prompts", prompts, "prompts a step")
      ->capture_default_str()
      ->check(Positive());
  arguments.add_option("--samples", samples, "samples a prompt")
      ->capture_default_str()
      ->check(CLI::Range(2, 1 << 20));
  arguments.add_option("--prompt", prompt_tokens, "tokens of each random prompt")
      ->capture_default_str()
      ->check(Positive());
  arguments.add_option("--new", new_tokens, "tokens drawn a sample")
      ->capture_default_str()
      ->check(Positive());
  arguments.add_option("--steps", steps, "steps measured, after one that is not")
      ->capture_default_str()
      ->check(Positive());
  arguments
      .add_option("--micro-batch-tokens", micro_batch_tokens,
                  "rows of one forward and backward pass")
      ->capture_default_str()
      ->check(Positive());
  arguments.add_flag("--checkpoint-activations", checkpoint, "recompute layers in backward");
  arguments.add_flag("--json", json_flag, "one JSON object (the only form)");
  if (!arguments.Parse(argc, argv)) return 0;
  UseThreads(model.threads, model.pin_cores);
  const auto policy = LoadModel(model.folder, {.dtype = ParseDtype(model.dtype),
                                               .device = ParseDevice(model.device),
                                               .trainable = true,
                                               .checkpoint_activations = checkpoint});
  Engine engine(*policy, nullptr, {.max_batch = prompts * samples});
  AdamW optimizer(policy->parameters(), {});
  Learner learner(*policy, optimizer, nullptr,
                  {.objective = {.aggregation = Aggregation::kToken},
                   .micro_batch_tokens = micro_batch_tokens});
  std::vector<StepTimes> times;
  for (int64_t i = 0; i <= steps; ++i) {
    auto step = RunStep(engine, learner, policy->config().vocab_size, prompts, samples,
                        prompt_tokens, new_tokens, static_cast<uint64_t>(i));
    if (i > 0) times.push_back(step);
  }
  std::sort(times.begin(), times.end(),
            [](const auto& a, const auto& b) { return a.step < b.step; });
  Print(TimesJson(times[times.size() / 2], model, prompts, samples, new_tokens));
  return 0;
}

}  // namespace rationale
