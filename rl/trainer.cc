#include "rl/trainer.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "rl/record/rollout_file.h"
#include "rl/verdict_log.h"

namespace rationale {
namespace {

using Clock = std::chrono::steady_clock;

double Since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool Due(int64_t step, int64_t every) {
  return every > 0 && step % every == 0;
}

LearnerSettings SettingsOf(const Run& run, const OptimizerOptions& optimizer) {
  return {.objective = run.algorithm.objective,
          .minibatches = run.config.rl.minibatches,
          .epochs = run.config.rl.epochs,
          .micro_batch_tokens = optimizer.micro_batch_tokens,
          .mask_truncated = run.algorithm.mask_truncated,
          .skip_zero_advantage = run.config.rl.skip_zero_advantage,
          .temperature = static_cast<float>(run.config.rollout.temperature)};
}

}  // namespace

Trainer::Trainer(std::unique_ptr<Run> run, const std::optional<std::string>& checkpoint,
                 const std::atomic<bool>& stop)
    : run_(std::move(run)), stop_(stop) {
  if (checkpoint) {
    state_ = ReadTrainerState(*checkpoint);
    saved_ = {state_.stage, state_.step};
    if (state_.step < run_->config.rl.steps) state_.finished = false;
  } else {
    state_.seed = run_->seed();
    state_.stage = run_->config.sft.steps > 0 ? Stage::kSft : Stage::kRl;
  }
  state_.config_hash = ConfigHash(run_->config);
  if (!state_.before.empty()) before_ = ParseSnapshot(state_.before);
  if (!state_.after.empty() && state_.finished) after_ = ParseSnapshot(state_.after);
  run_->engine->SetVersion(state_.policy_version);
  metrics_ = std::make_unique<MetricsWriter>(
      run_->folder, state_.stage == Stage::kSft ? "sft" : "rl", state_.step);
  StartStage(state_.stage, checkpoint);
}

void Trainer::StartStage(Stage stage, const std::optional<std::string>& checkpoint) {
  const OptimizerOptions& options =
      stage == Stage::kSft ? run_->config.sft.optimizer : run_->config.rl.optimizer;
  learner_.reset();
  optimizer_.reset();  // before the next one is made: moments are large
  optimizer_ = std::make_unique<AdamW>(run_->model->parameters(), options.adamw());
  if (checkpoint) {
    LoadOptimizer(*checkpoint, state_, *optimizer_);
  } else if (stage != state_.stage) {
    state_.stage = stage;
    state_.step = state_.cursor = state_.num_updates = 0;
  }
  learner_ = std::make_unique<Learner>(*run_->model, *optimizer_, run_->reference.get(),
                                       SettingsOf(*run_, options));
}

Ending Trainer::Train() {
  if (state_.finished) return Ending::kFinished;
  if (state_.stage == Stage::kSft) {
    if (RunSft() == Ending::kStopped) return Ending::kStopped;
    StartStage(Stage::kRl, std::nullopt);
    if (run_->reference != nullptr) RefreshReference(*run_->model, *run_->reference);
  }
  if (RunRl() == Ending::kStopped) return Ending::kStopped;
  return Finish();
}

std::vector<DemonstrationTokens> Trainer::NextDemonstrations() {
  std::vector<DemonstrationTokens> batch;
  for (int64_t i = 0; i < run_->config.sft.batch_size; ++i) {
    batch.push_back(run_->prompter->Demonstrate(
        run_->demonstrations->At(static_cast<uint64_t>(state_.cursor++))));
  }
  return batch;
}

Ending Trainer::RunSft() {
  const SftSection& sft = run_->config.sft;
  const auto schedule = sft.optimizer.schedule();
  LogInfo("SFT: {} steps of {} demonstrations", sft.steps, sft.batch_size);
  Progress progress("sft", sft.steps, "step");
  while (state_.step < sft.steps) {
    if (stop_.load()) return Stop();
    const auto start = Clock::now();
    const double lr = schedule.At(state_.step, sft.steps);
    UpdateReport report;
    try {
      report = learner_->Fit(NextDemonstrations(), lr);
    } catch (const Failure& failure) {
      throw Failure("SFT step {}: {}", state_.step + 1, failure.what());
    }
    const double imbalance = learner_->BalanceRouters(sft.optimizer.router_bias_rate);
    ++state_.step;
    ++state_.num_updates;
    run_->engine->SetVersion(++state_.policy_version);
    const double seconds = Since(start);
    state_.sft_seconds += seconds;
    auto values = SftMetrics(report, lr, seconds);
    if (imbalance > 0) values.emplace_back("load_imbalance", imbalance);
    metrics_->Write({"sft", state_.step, std::move(values)});
    progress.Update(state_.step, fmt::format("loss {:.4f}", report.loss));
    const bool last = state_.step == sft.steps;
    if (!last && Due(state_.step, run_->config.checkpoint.sft_every)) Save();
  }
  LogInfo("SFT took {}", DurationText(state_.sft_seconds));
  return Ending::kFinished;
}

bool Trainer::EvaluateBefore() {
  LogInfo("evaluating on {} held-out problems before RL", run_->held_out.size());
  before_ = TakeSnapshot(*run_, stop_);
  if (!before_) return false;
  state_.before = SnapshotJson(*before_);
  metrics_->Write({"eval", 0, EvalMetrics(*before_)});
  Save();  // the end of SFT, and a "before" that a kill does not lose
  return true;
}

std::optional<EvalReport> Trainer::EvaluateStep() {
  auto eval = EvaluateGreedily(*run_, stop_);
  state_.eval_pending = !eval;
  if (eval) metrics_->Write({"eval", state_.step, EvalMetrics(*eval)});
  return eval;
}

Ending Trainer::RunRl() {
  const RlSection& rl = run_->config.rl;
  if (rl.steps == 0) return Ending::kFinished;
  if (!before_ && !EvaluateBefore()) return Stop();
  if (state_.eval_pending && !EvaluateStep()) return Stop();
  const double importance_clip = run_->algorithm.objective.importance_clip;
  const StepTable table(run_->rubric->component_names(), importance_clip > 0);
  LogInfo("RL: {} steps of {} prompts x {} samples ({})", rl.steps,
          run_->config.rollout.prompts_per_step, run_->config.rollout.samples_per_prompt,
          rl.algorithm.algorithm);
  if (importance_clip > 0) {
    LogInfo("{}: tokens are weighted by truncated importance sampling, at most {:g}",
            run_->config.rollout.int8 ? "rollouts are in int8" : "importance_clip",
            importance_clip);
  }
  LogInfo(std::string_view(table.Header()));
  Progress progress("rl", rl.steps, "step");
  while (state_.step < rl.steps) {
    std::optional<RlStepResult> result;
    if (!stop_.load()) result = RunRlStep(*run_, *learner_, state_, stop_);
    if (!result) return Stop();
    const bool last = state_.step == rl.steps;
    std::optional<EvalReport> eval;
    if (!last && Due(state_.step, run_->config.eval.every)) eval = EvaluateStep();
    Record(*result, eval, table, progress);
    if (state_.eval_pending) return Stop();
    if (!last && Due(state_.step, run_->config.checkpoint.every)) Save();
  }
  return Ending::kFinished;
}

void Trainer::Record(const RlStepResult& result, const std::optional<EvalReport>& eval,
                     const StepTable& table, Progress& progress) {
  auto values = RlMetrics(result);
  const double reward = values.front().second;
  metrics_->Write({"rl", state_.step, std::move(values)});
  WriteRollouts(
      RolloutPath(run_->folder, state_.step), result.samples,
      {.step = state_.step,
       .max_tokens = run_->config.rollout.max_new_tokens,
       .prompt_text = [this](const Sample& s) { return run_->format->Prompt(*s.problem); }});
  progress.Update(state_.step, fmt::format("reward {:.3f}", reward));
  constexpr double kRowSeconds = 2;
  const bool last = state_.step == run_->config.rl.steps;
  if (!eval && !last && Since(last_row_) < kRowSeconds) return;
  last_row_ = Clock::now();
  LogInfo(std::string_view(table.Row(state_.step, result, eval)));
}

void Trainer::Save() {
  WriteCheckpoint(run_->folder, state_,
                  {.model = *run_->model,
                   .optimizer = *optimizer_,
                   .reference = run_->reference.get(),
                   .tokenizer_folder = run_->tokenizer_folder},
                  run_->config.checkpoint.keep);
  saved_ = {state_.stage, state_.step};
  if (state_.stage == Stage::kRl) ForgetVerdicts(run_->folder, state_.step - 1);
}

Ending Trainer::Stop() {
  if (saved_ != std::pair(state_.stage, state_.step)) Save();
  return Ending::kStopped;
}

Ending Trainer::Finish() {
  if (run_->rubric != nullptr) {
    LogInfo("evaluating on {} held-out problems after RL", run_->held_out.size());
    after_ = TakeSnapshot(*run_, stop_);
    if (!after_) return Stop();
    state_.after = SnapshotJson(*after_);
    metrics_->Write({"eval", state_.step, EvalMetrics(*after_)});
  }
  MakeFolders(model_folder());
  SaveModel(*run_->model, model_folder(), run_->model->options().dtype);
  CopyTokenizer(run_->tokenizer_folder, model_folder());
  state_.finished = true;
  Save();
  return Ending::kFinished;
}

}  // namespace rationale
