// Checkpoint: everything that decides what a run does next, in one folder that appears whole or not
// at all.
//
//   checkpoints/step-000120/                 a Hugging Face folder: transformers and vLLM open it
//   as it is
//     config.json model.safetensors ...      float32 masters and router biases, the tokenizer's
//     files trainer/state.json                     TrainerState trainer/optimizer/model.safetensors
//     AdamW's moments, by parameter name trainer/reference/                     the KL's frozen
//     policy, where there is one
//
// SFT's are named sft-000500. A folder is written under a temporary name, fsynced and renamed; what
// a killed process left half-written is removed by the next one.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/model.h"
#include "rl/optimizer.h"

namespace rationale {

enum class Stage { kSft, kRl };

// Where a run stands, at a step's boundary.
struct TrainerState {
  Stage stage = Stage::kSft;
  int64_t step = 0;                        // steps of the stage that are done
  int64_t cursor = 0;                      // problems drawn from the data in this stage
  int64_t num_updates = 0;                 // of the stage's optimizer
  int64_t policy_version = 0;              // updates of the weights since the run's start
  bool finished = false;                   // nothing is left to do
  double sft_seconds = 0, rl_seconds = 0;  // spent in steps so far
  double judge_seconds = 0;                // of rl_seconds, waited for verdicts
  int64_t rl_tokens = 0;                   // response tokens drawn so far
  double max_abs_logprob_gap = 0;          // the greatest of all RL steps so far
  std::string before;                      // the evaluations before RL, as JSON; empty: not yet
  std::string after;                       // those at the end
  bool eval_pending = false;               // the evaluation due at this step was interrupted
  std::string params_hash;                 // of the masters and router biases
  uint64_t seed = 0;
  std::string config_hash;
};

// What a checkpoint is made of, beside the state.
struct CheckpointParts {
  Model& model;
  AdamW& optimizer;
  Model* reference = nullptr;
  std::string tokenizer_folder;  // its tokenizer*.json and the like are copied
};

// Writes <run>/checkpoints/<name>, then removes all but the newest `keep`. Fills state.params_hash.
// Throws Failure on a full disk: what was written of it is removed, older checkpoints are
// untouched.
void WriteCheckpoint(const std::string& run_folder, TrainerState& state,
                     const CheckpointParts& parts, int64_t keep);

// The newest complete checkpoint of a run; nothing if there is none. Removes half-written ones.
std::optional<std::string> FindCheckpoint(const std::string& run_folder);

TrainerState ReadTrainerState(const std::string& checkpoint);

// Moments and count of updates, into an optimizer of the same parameters. Throws Error naming what
// does not fit.
void LoadOptimizer(const std::string& checkpoint, const TrainerState& state, AdamW& optimizer);

// The folder of the reference policy in a checkpoint; nothing if it holds none.
std::optional<std::string> ReferenceFolder(const std::string& checkpoint);

// Copies the tokenizer's and generation's files of a Hugging Face folder: all *.json but
// config.json and the weights' index, and the like.
void CopyTokenizer(const std::string& from, const std::string& to);

}  // namespace rationale
