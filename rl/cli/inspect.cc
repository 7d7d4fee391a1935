// rationale inspect: what a run directory holds.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "rl/cli/arguments.h"
#include "rl/cli/output.h"
#include "rl/record/rollout_file.h"
#include "rl/record/run_folder.h"

namespace rationale {
namespace {

std::string Summary(const RunFolder& run) {
  std::string text = fmt::format("run          {}\nseed         {}\n", run.path, run.seed);
  if (run.checkpoints.empty()) return text + "checkpoints  none yet\n";
  text += fmt::format("checkpoint   {} step {}{}\n", run.stage, run.step,
                      run.finished ? ", finished" : "");
  text += fmt::format("params hash  {}\n", run.params_hash);
  text += fmt::format("checkpoints  {}\n", fmt::join(run.checkpoints, ", "));
  return text;
}

// Indents every line but the first.
std::string Indented(const std::string& text, size_t width) {
  std::string indented;
  for (const char c : text) {
    indented += c;
    if (c == '\n') indented.append(width, ' ');
  }
  return indented;
}

std::string RolloutText(const RolloutRow& row) {
  std::vector<std::string> scores;
  for (const auto& [name, score] : row.scores) {
    scores.push_back(std::isnan(score) ? name + " not judged"
                                       : fmt::format("{} {:.3g}", name, score));
  }
  constexpr size_t kIndent = 11;
  std::string text = fmt::format("problem    {}{}\nprompt     {}\nresponse   {}\n", row.problem_id,
                                 row.language.empty() ? "" : " (" + row.language + ")",
                                 Indented(row.prompt, kIndent), Indented(row.response, kIndent));
  text += fmt::format("reward     {}  advantage {:.3g}  finish {}  [{}]\n",
                      std::isnan(row.reward) ? "not judged" : fmt::format("{:.3g}", row.reward),
                      row.advantage, row.finish, fmt::join(scores, ", "));
  for (const auto& [name, reason] : row.reasons) {
    if (!reason.empty()) text += fmt::format("{:<10} {}\n", name, Indented(reason, kIndent));
  }
  return text;
}

// The best, the worst and those evenly between, by reward; unjudged ones count as worst.
std::string Rollouts(const RunFolder& run, int64_t step, int64_t count) {
  if (!std::binary_search(run.rollout_steps.begin(), run.rollout_steps.end(), step)) {
    if (run.rollout_steps.empty()) throw Error("--step: the run has no rollouts yet");
    throw Error("--step: no rollouts of step {}; there are those of steps {} to {}", step,
                run.rollout_steps.front(), run.rollout_steps.back());
  }
  const std::string path = RolloutPath(run.path, step);
  std::vector<RolloutRow> rows = ReadRollouts(path, 1 << 20);
  std::stable_sort(rows.begin(), rows.end(), [](const RolloutRow& a, const RolloutRow& b) {
    return a.reward > b.reward || (std::isnan(b.reward) && !std::isnan(a.reward));
  });
  std::string text = fmt::format("\n{} of the {} rollouts of step {}, best reward first ({}):\n",
                                 std::min<size_t>(rows.size(), static_cast<size_t>(count)),
                                 rows.size(), step, path);
  const size_t shown = std::min(rows.size(), static_cast<size_t>(count));
  for (size_t i = 0; i < shown; ++i) {
    const size_t row = shown == 1 ? 0 : i * (rows.size() - 1) / (shown - 1);
    text += '\n' + RolloutText(rows[row]);
  }
  return text;
}

}  // namespace

int InspectCommand(int argc, char** argv) {
  Arguments arguments(
      "inspect", "Shows a run directory: where it stands, its metrics and some of its rollouts.",
      "  rationale inspect runs/quickstart\n"
      "  rationale inspect runs/quickstart --step 40 --rollouts 8\n"
      "  rationale inspect runs/quickstart --svg curves.svg\n"
      "  rationale inspect runs/quickstart --json\n");
  std::string path, svg;
  bool json = false;
  int64_t count = 3, step = -1;
  arguments.add_option("RUN", path, "the run directory")->required()->option_text("");
  arguments.add_flag("--json", json, "one JSON object: step, params_hash, seed, last metrics, ...");
  arguments.add_option("--svg", svg, "write the run's curves to this file")->option_text("FILE");
  arguments.add_option("--rollouts", count, "how many rollouts to show")->check(NonNegative());
  arguments.add_option("--step", step, "of this RL step; default: the last with rollouts")
      ->option_text("STEP");
  if (!arguments.Parse(argc, argv)) return 0;

  const RunFolder run = ReadRunFolder(path);
  if (!svg.empty()) WriteFileDurably(svg, ChartsSvg(RunCharts(run)));
  if (json) {
    Print(RunJson(run) + '\n');
    return 0;
  }
  std::string text = Summary(run);
  if (const std::string table = RunTable(run); !table.empty()) text += '\n' + table;
  if (step < 0 && !run.rollout_steps.empty()) step = run.rollout_steps.back();
  if (step >= 0 && count > 0) text += Rollouts(run, step, count);
  Print(text);
  return 0;
}

}  // namespace rationale
