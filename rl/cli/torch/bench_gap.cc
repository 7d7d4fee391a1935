// rationale bench gap: promise 1 on given models: the sampler's log-probabilities are the
// learner's.

#include <fmt/format.h>

#include <string>
#include <vector>

#include <ATen/core/grad_mode.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text_table.h"
#include "rl/cli/arguments.h"
#include "rl/cli/output.h"
#include "rl/cli/torch/model_options.h"
#include "rollout/exactness.h"

namespace rationale {
namespace {

struct GapArguments {
  std::vector<std::string> folders, dtypes = {"bf16", "float32"};
  int threads = 2;
  ExactnessWork work;
  bool json = false;

  void AddTo(Arguments& arguments) {
    arguments.add_option("--model", folders, "folders of models, Hugging Face's form")
        ->required()
        ->delimiter(',');
    arguments.add_option("--dtypes", dtypes, "compute dtypes")
        ->delimiter(',')
        ->capture_default_str();
    arguments.add_option("--tokens", work.num_tokens, "compared at least, of each")
        ->capture_default_str()
        ->check(Positive());
    arguments.add_option("--prompt", work.prompt, "tokens of each random prompt")
        ->capture_default_str()
        ->check(CLI::Range(25, 1 << 20));
    arguments.add_option("--new", work.new_tokens, "tokens drawn a sample")
        ->capture_default_str()
        ->check(CLI::Range(2, 1 << 20));
    arguments.add_option("--samples", work.samples, "samples a prompt")
        ->capture_default_str()
        ->check(CLI::Range(2, 32));
    arguments.add_option("--threads", threads, "compute threads; 0: one a core")
        ->capture_default_str();
    arguments.add_flag("--json", json, "a JSON line a model and dtype instead of the table");
  }
};

std::string Json(const std::string& folder, const std::string& dtype,
                 const ExactnessReport& report) {
  JsonWriter json;
  json.BeginObject()
      .Field("model", folder)
      .Field("dtype", dtype)
      .Field("max_abs_logprob_gap", report.gap)
      .Field("tokens", report.num_tokens)
      .Field("mean_logprob", report.mean_logprob)
      .Field("prompts", report.num_prompts)
      .Field("shared_tokens", report.stats.shared_tokens)
      .Field("prefill_chunks", report.stats.prefill_chunks)
      .Field("preemptions", report.stats.preemptions)
      .Field("recomputed_tokens", report.stats.recomputed_tokens)
      .Field("swap_gap", report.swap_gap)
      .Field("swap_tokens_before", report.swap_tokens_before)
      .Field("swap_tokens_after", report.swap_tokens_after)
      .Field("swap_recomputed_tokens", report.swap_recomputed_tokens)
      .Field("flipped_gap", report.flipped_gap)
      .Field("holds", report.Holds())
      .Field("threads", ops::NumThreads())
      .Field("cpu_level", ops::CpuLevel());
  return json.EndObject().Take() + '\n';
}

TextTable Table() {
  return TextTable({{"model", 22, true},
                    {"dtype", 8, true},
                    {"tokens", 7},
                    {"mean ln p", 9},
                    {"max |gap|", 9},
                    {"shared", 7},
                    {"pieces/prompts", 14},
                    {"preempted", 9},
                    {"swapped at", 12},
                    {"its |gap|", 9},
                    {"one value flipped", 17}});
}

std::string Row(const TextTable& table, const std::string& folder, const std::string& dtype,
                const ExactnessReport& report) {
  const size_t slash = folder.find_last_of('/', folder.size() - 2);
  const auto count = [](int64_t number) { return fmt::format("{}", number); };
  return table.Row({CutToWidth(slash == std::string::npos ? folder : folder.substr(slash + 1), 22),
                    dtype, count(report.num_tokens), fmt::format("{:.2f}", report.mean_logprob),
                    fmt::format("{:g}", report.gap), count(report.stats.shared_tokens),
                    fmt::format("{}/{}", report.stats.prefill_chunks, report.num_prompts),
                    count(report.stats.preemptions),
                    fmt::format("{} of {}", report.swap_tokens_before,
                                report.swap_tokens_before + report.swap_tokens_after),
                    fmt::format("{:g}", report.swap_gap),
                    fmt::format("{:.2g}", report.flipped_gap)});
}

}  // namespace

int BenchGapCommand(int argc, char** argv) {
  Arguments arguments(
      "bench gap",
      "Draws tokens with prompts shared, prefilled in pieces and sequences preempted, and compares "
      "the recorded log-probabilities with the learner's forward: the greatest gap must be 0. The "
      "same with weights swapped in flight (tokens drawn before and after, each under its own); "
      "and with one cached value's sign changed, where it must not be 0. Exit code 1 where one of "
      "this is not so.",
      "  rationale bench gap --model models/smollm2 --tokens 10000\n"
      "  rationale bench gap --model runs/quickstart/model,models/smollm2 --dtypes bf16 --json\n");
  GapArguments options;
  options.AddTo(arguments);
  if (!arguments.Parse(argc, argv)) return 0;
  const at::NoGradGuard no_grad;
  const TextTable table = Table();
  if (!options.json) Print(table.Header());
  bool holds = true;
  for (const std::string& folder : options.folders) {
    for (const std::string& dtype : options.dtypes) {
      ModelArguments arguments_of_model;
      arguments_of_model.folder = folder;
      arguments_of_model.dtype = dtype;
      arguments_of_model.threads = options.threads;
      const auto model = arguments_of_model.Open();
      const ExactnessReport report = TryExactness(*model, options.work);
      Print(options.json ? Json(folder, dtype, report) : Row(table, folder, dtype, report));
      holds = holds && report.Holds();
    }
  }
  if (!holds) {
    throw Failure(
        "the gap is not 0 everywhere, or something that should happen did not: see above");
  }
  return 0;
}

}  // namespace rationale
