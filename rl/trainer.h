// Trainer: SFT, then RL, with evaluations, checkpoints and a report; resumable at any step.

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/log.h"
#include "rl/checkpoint.h"
#include "rl/learner.h"
#include "rl/record/metrics.h"
#include "rl/rl_step.h"
#include "rl/run.h"
#include "rl/snapshot.h"
#include "rl/step_log.h"

namespace rationale {

enum class Ending { kFinished, kStopped };

class Trainer {
 public:
  // `checkpoint`: what the run was opened from, with its state; nothing starts over. `stop` is set
  // by a signal handler: the trainer then gives up the rollouts or the evaluation in progress,
  // writes a checkpoint at the last step's boundary and returns. A finished run goes on where the
  // recipe now asks for more RL steps.
  Trainer(std::unique_ptr<Run> run, const std::optional<std::string>& checkpoint,
          const std::atomic<bool>& stop);

  // Does what is left of the stages. Throws Failure, naming the step, when the loss is NaN or the
  // disk is full; the last checkpoint stays usable.
  Ending Train();

  const TrainerState& state() const { return state_; }
  const Run& run() const { return *run_; }
  // Once finished; without RL or rewards both are empty.
  const std::optional<Snapshot>& before() const { return before_; }
  const std::optional<Snapshot>& after() const { return after_; }
  // The trained model's folder, in the run's dtype.
  std::string model_folder() const { return run_->folder + "/model"; }

 private:
  Ending RunSft();
  Ending RunRl();
  bool EvaluateBefore();  // false when stopped
  std::optional<EvalReport>
  EvaluateStep();  // nothing when stopped; the resumed run makes up for it
  void Record(const RlStepResult& result, const std::optional<EvalReport>& eval,
              const StepTable& table, Progress& progress);
  void StartStage(Stage stage, const std::optional<std::string>& checkpoint);
  std::vector<DemonstrationTokens> NextDemonstrations();
  void Save();
  Ending Stop();
  Ending Finish();

  std::unique_ptr<Run> run_;
  const std::atomic<bool>& stop_;
  TrainerState state_;
  std::unique_ptr<AdamW> optimizer_;
  std::unique_ptr<Learner> learner_;
  std::unique_ptr<MetricsWriter> metrics_;
  std::optional<Snapshot> before_, after_;
  std::optional<std::pair<Stage, int64_t>> saved_;  // the step of the newest checkpoint
  std::chrono::steady_clock::time_point last_row_;  // of the table
};

}  // namespace rationale
