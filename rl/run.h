// Run: everything a training run is made of, opened from its configuration.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "datasets/problems.h"
#include "datasets/templates.h"
#include "policy/model.h"
#include "policy/tokenizer.h"
#include "rewards/rubric.h"
#include "rl/algorithms/algorithm.h"
#include "rl/memory_estimate.h"
#include "rl/prompter.h"
#include "rl/run_config.h"
#include "rollout/engine.h"

namespace rationale {

struct Run {
  RunConfig config;
  Algorithm algorithm;
  std::string folder;                                   // the run directory
  std::string tokenizer_folder;                         // whose tokenizer files go into checkpoints
  std::unique_ptr<ProblemStream> problems;              // to train on; null without RL
  std::unique_ptr<DemonstrationStream> demonstrations;  // null without SFT
  std::unique_ptr<Tokenizer> tokenizer;
  std::unique_ptr<PromptTemplate> format;
  std::unique_ptr<Rubric> rubric;  // null without rewards (SFT alone)
  std::unique_ptr<Model> model;
  std::unique_ptr<Model> reference;  // null without a KL term
  std::unique_ptr<Prompter> prompter;
  std::unique_ptr<Engine> engine;
  std::vector<Problem> held_out;

  uint64_t seed() const { return static_cast<uint64_t>(config.run.seed); }
  SamplingSettings TrainSampling() const;
  int64_t EvalTokensMax() const;
  std::string AccuracyReward()
      const;  // eval.accuracy, or the rubric's first reward; empty without rewards
  int64_t CacheBytesMax() const;  // what the engine's key and value cache may grow to
  MemoryEstimate EstimateMemory() const;
};

// Opens everything; the weights come from `checkpoint` where there is one, else from policy.model
// or policy.init. Writes the task's tokenizer into the run directory where the task brings one.
// Throws Error for what is wrong with the recipe or with what it names, before anything is trained.
std::unique_ptr<Run> OpenRun(RunConfig config, const std::string& folder,
                             const std::optional<std::string>& checkpoint);

// Gives `reference` the policy's present weights.
void RefreshReference(Model& policy, Model& reference);

}  // namespace rationale
