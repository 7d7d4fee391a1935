// rationale bench scaling: what a token costs as batch, context, experts and threads grow.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <ATen/core/grad_mode.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "rl/cli/arguments.h"
#include "rl/cli/output.h"
#include "rl/cli/torch/model_options.h"
#include "rl/cli/torch/rollout_timing.h"
#include "rl/cli/torch/roofline.h"
#include "rl/record/chart.h"
#include "rollout/engine.h"

namespace rationale {
namespace {

struct ScalingArguments {
  ModelArguments model;
  std::vector<std::string> sweeps = {"batch", "context", "experts", "experts_alone", "threads"};
  int64_t new_tokens = 32;
  int64_t most = 1 << 20;
  std::string svg, points;

  void AddTo(Arguments& arguments) {
    model.threads = 2;
    model.dtype = "bf16";
    model.AddTo(arguments);
    arguments.add_option("--sweeps", sweeps, "batch, context, experts, experts_alone, threads")
        ->delimiter(',')
        ->check(CLI::IsMember(sweeps))
        ->capture_default_str();
    arguments.add_option("--new", new_tokens, "tokens drawn a sequence")
        ->capture_default_str()
        ->check(CLI::Range(2, 1 << 20));
    arguments.add_option("--most", most, "leave out greater values")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    arguments.add_option("--points", points,
                         "file of lines that earlier runs printed: their points are taken from it");
    arguments.add_option("--svg", svg, "write a chart of every sweep to this file");
  }
};

// One sweep's axis.
struct Sweep {
  std::string name, x_label;
  std::vector<int64_t> values;
};

Sweep SweepNamed(const std::string& name, const ModelConfig& config,
                 const ScalingArguments& arguments) {
  Sweep sweep{.name = name, .x_label = name, .values = {}};
  int64_t first = 1, last = 256;
  if (name == "context") {
    first = 128;
    last = std::min<int64_t>(8192, config.max_position);
    sweep.x_label = "tokens of the prompt, batch 8";
  } else if (name.starts_with("experts")) {
    first = 8;
    last = 128;
    sweep.x_label = fmt::format("experts, 2 of them active, batch {}", name == "experts" ? 64 : 1);
  } else if (name == "threads") {
    last = std::max<int64_t>(1, std::thread::hardware_concurrency());
    sweep.x_label = "threads, batch 64";
  }
  last = std::min(last, arguments.most);
  for (int64_t value = first; value <= last; value *= 2) sweep.values.push_back(value);
  return sweep;
}

// 8 layers like Qwen3-MoE's, of width 512 with experts of width 256: the active parameters are the
// same whatever the number of experts.
ModelConfig ExpertsConfig(int64_t num_experts) {
  ModelConfig config;
  config.family = "qwen3_moe";
  config.vocab_size = 8192;
  config.hidden_size = 512;
  config.ffn_width = 1024;
  config.num_layers = 8;
  config.num_heads = 8;
  config.num_kv_heads = 2;
  config.head_width = 64;
  config.max_position = 4096;
  config.qk_norm = true;
  config.moe = {.num_experts = num_experts, .experts_per_token = 2, .expert_width = 256};
  return config;
}

struct Point {
  double tokens_per_s = 0, bound = 0;  // decoding
  double prefill_tokens_per_s = 0;     // of prompts, a shared one counted once
};

Point Measure(Model& model, const RandomWork& work) {
  Engine engine(model, nullptr, {.max_batch = work.batch, .memory_bytes = int64_t{16} << 30});
  const RolloutTiming timing =
      TimeRollouts(engine, RandomRequests(work, model.config().vocab_size), 1);
  const double context =
      static_cast<double>(work.prompt) + static_cast<double>(work.new_tokens) / 2;
  const at::ScalarType dtype = model.options().dtype;
  return {.tokens_per_s = timing.DecodeTokensPerSecond(),
          .bound = BoundTokensPerSecond(model.config(), MeasureMachine(dtype), dtype, work.batch,
                                        context),
          .prefill_tokens_per_s =
              static_cast<double>(work.batch / work.samples * work.prompt) / timing.prefill_s};
}

using Points = std::map<std::pair<std::string, int64_t>, Point>;  // by sweep and value

Points ReadPoints(const std::string& path) {
  Points points;
  std::istringstream lines(ReadFile(path));
  std::string line;
  for (int64_t number = 1; std::getline(lines, line); ++number) {
    const auto document = ParseJson(line, path, number);
    const JsonObject json(document, fmt::format("{}:{}", path, number));
    points[{json.Get<std::string>("sweep"), json.Get<int64_t>("value")}] = {
        .tokens_per_s = json.Get<double>("decode_tokens_per_s"),
        .bound = json.Get<double>("bound_tokens_per_s"),
        .prefill_tokens_per_s = json.Get<double>("prefill_tokens_per_s")};
  }
  return points;
}

Point MeasureValue(const std::string& sweep, int64_t value, Model& model,
                   const ScalingArguments& arguments) {
  RandomWork work{.new_tokens = arguments.new_tokens};
  if (sweep.starts_with("experts")) {
    if (sweep == "experts_alone") work.batch = 1;
    const auto experts = CreateModel(ExpertsConfig(value), {.dtype = model.options().dtype}, 0);
    return Measure(*experts, work);
  }
  if (sweep == "batch") work.batch = value;
  if (sweep == "context") {
    work.batch = work.samples = 8;  // prefilled once
    work.prompt = value - arguments.new_tokens;
  }
  if (sweep != "threads") return Measure(model, work);
  const int threads = ops::NumThreads();
  ops::SetNumThreads(static_cast<int>(value));
  const Point point = Measure(model, work);
  ops::SetNumThreads(threads);
  return point;
}

Chart ChartOf(const Sweep& sweep, const std::vector<Point>& points) {
  Chart chart{.title = "decode tokens per second",
              .x_label = sweep.x_label,
              .series = {{.name = "measured", .points = {}}, {.name = "bound", .points = {}}},
              .log2_x = true};
  for (size_t i = 0; i < points.size(); ++i) {
    const auto x = static_cast<double>(sweep.values[i]);
    chart.series[0].points.emplace_back(x, points[i].tokens_per_s);
    chart.series[1].points.emplace_back(x, points[i].bound);
  }
  return chart;
}

std::string PointJson(const std::string& sweep, int64_t value, const Point& point) {
  JsonWriter json;
  json.BeginObject()
      .Field("sweep", sweep)
      .Field("value", value)
      .Field("decode_tokens_per_s", point.tokens_per_s)
      .Field("bound_tokens_per_s", point.bound)
      .Field("roofline_share", point.tokens_per_s / point.bound)
      .Field("prefill_tokens_per_s", point.prefill_tokens_per_s)
      .Field("threads", sweep == "threads" ? value : int64_t{ops::NumThreads()})
      .Field("cpu_level", ops::CpuLevel());
  return json.EndObject().Take() + '\n';
}

}  // namespace

int BenchScalingCommand(int argc, char** argv) {
  Arguments arguments(
      "bench scaling",
      "Measures decoding as work grows, a JSON line a point: batch 1 to 256; contexts of 128 to "
      "8,192 tokens; 8 to 128 experts at equal active parameters (a model of its own, random "
      "weights), at batch 64, where more experts are more weights to read, and at batch 1, where "
      "they are not (experts_alone); threads. The bound is as in bench rollout.",
      "  rationale bench scaling --model models/smollm2 --sweeps batch,experts --svg "
      "scaling.svg\n");
  ScalingArguments options;
  options.AddTo(arguments);
  if (!arguments.Parse(argc, argv)) return 0;
  if (options.new_tokens > 100) {
    throw Error("--new {}: at most 100, the shortest context has 128 tokens", options.new_tokens);
  }
  const Points earlier = options.points.empty() ? Points{} : ReadPoints(options.points);
  const at::NoGradGuard no_grad;
  const auto model = options.model.Open();
  std::vector<Chart> charts;
  for (const std::string& name : options.sweeps) {
    const Sweep sweep = SweepNamed(name, model->config(), options);
    std::vector<Point> points;
    for (const int64_t value : sweep.values) {
      const auto known = earlier.find({name, value});
      points.push_back(known != earlier.end() ? known->second
                                              : MeasureValue(name, value, *model, options));
      if (known == earlier.end()) Print(PointJson(name, value, points.back()));
    }
    charts.push_back(ChartOf(sweep, points));
  }
  if (!options.svg.empty()) WriteFileDurably(options.svg, ChartsSvg(charts));
  return 0;
}

}  // namespace rationale
