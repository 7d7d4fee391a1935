// Trainer: SFT, then RL, with evaluations, checkpoints and a report; resumable at any step.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "rl/checkpoint.h"
#include "rl/learner.h"
#include "rl/record/metrics.h"
#include "rl/run.h"
#include "rl/snapshot.h"

namespace rationale {

enum class Ending { kFinished, kStopped };

class Trainer {
 public:
  // `checkpoint`: what the run was opened from, with its state; nothing starts over. `stop` is set
  // by a signal handler: the trainer then writes a checkpoint at the last step's boundary and
  // returns.
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
  void StartStage(Stage stage, const std::optional<std::string>& checkpoint);
  std::vector<DemonstrationTokens> NextDemonstrations();
  void Save();
  void Finish();

  std::unique_ptr<Run> run_;
  const std::atomic<bool>& stop_;
  TrainerState state_;
  std::unique_ptr<AdamW> optimizer_;
  std::unique_ptr<Learner> learner_;
  std::unique_ptr<MetricsWriter> metrics_;
  std::optional<Snapshot> before_, after_;
};

}  // namespace rationale
