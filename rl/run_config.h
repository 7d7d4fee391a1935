// RunConfig: a recipe. One struct a section; rl/recipes/*.toml fill it, `--set section.key=value`
// overrides it.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/config.h"
#include "datasets/data_config.h"
#include "rewards/rubric.h"
#include "rl/algorithms/algorithm.h"
#include "rl/optimizer.h"

namespace rationale {

constexpr int64_t kThreadsMax = 1024;

struct RunSection {
  int64_t seed = 0;
  int64_t threads = 0;
  bool pin_cores = false;
  std::string device = "cpu";
  std::string dtype = "float32";

  template <class V>
  void Visit(V& v) {
    v("seed", seed, "every random number of the run follows from it", AtLeast(0));
    v("threads", threads, "compute threads; 0: one a core. Results do not depend on it",
      Between(0, kThreadsMax));
    v("pin_cores", pin_cores,
      "keep each compute thread on a core of its own, of those this process may use, while it "
      "computes; worth trying where nothing else runs");
    v("device", device, "cpu or cuda", OneOf{{"cpu", "cuda"}});
    v("dtype", dtype,
      "compute dtype of rollout and learner: float32 or bfloat16; masters are float32",
      OneOf{{"float32", "fp32", "bfloat16", "bf16"}});
  }
};

struct PolicySection {
  std::string model;
  ConfigValue init;
  bool checkpoint_activations = false;

  template <class V>
  void Visit(V& v) {
    v("model", model,
      "Hugging Face folder to start from: config.json, safetensors, tokenizer.json");
    v("init", init, "or a fresh model: the keys of its config.json; the tokenizer is the task's");
    v("checkpoint_activations", checkpoint_activations,
      "keep each layer's input only and run the layer again in backward: less memory, a third more "
      "time");
  }
};

// Where problems come from, and the text a policy is prompted with.
struct DataSection {
  DataConfig source;
  std::string prompt_template = "plain";
  std::string system;

  template <class V>
  void Visit(V& v) {
    source.Visit(v);
    v("template", prompt_template, "plain, r1_zero, chatml, smollm2, ... or a text with {prompt}");
    v("system", system, "system prompt, for templates that have a place for it");
  }
  void Validate(const ConfigCheck& check) const { source.Validate(check); }
};

// What the optimizer of a stage does with its gradients.
struct OptimizerOptions {
  double lr = 1e-6;
  int64_t warmup = 0;
  std::string decay = "constant";
  double final_lr = 0;
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
  double gradient_norm_max = 1;
  int64_t micro_batch_tokens = 4096;
  double router_bias_rate = 0.001;

  template <class V>
  void Visit(V& v) {
    v("lr", lr, "AdamW's learning rate after warm-up", Above(0));
    v("warmup", warmup, "steps of linear warm-up", AtLeast(0));
    v("decay", decay, "constant, linear or cosine, over the stage's steps",
      OneOf{{"constant", "linear", "cosine"}});
    v("final_lr", final_lr, "fraction of lr left at the last step", Between(0, 1));
    v("beta1", beta1, "AdamW", Between(0, 1));
    v("beta2", beta2, "AdamW", Between(0, 1));
    v("epsilon", epsilon, "AdamW", Above(0));
    v("weight_decay", weight_decay, "AdamW, of matrices only", AtLeast(0));
    v("gradient_norm_max", gradient_norm_max,
      "global norm that gradients are scaled down to; 0: off", AtLeast(0));
    v("micro_batch_tokens", micro_batch_tokens, "rows of one forward and backward pass",
      AtLeast(1));
    v("router_bias_rate", router_bias_rate,
      "how far a MoE's choice biases move a step towards even load", AtLeast(0));
  }
  AdamWSettings adamw() const;
  LrSchedule schedule() const;
};

struct SftSection {
  int64_t steps = 0;
  int64_t batch_size = 32;
  OptimizerOptions optimizer{.lr = 1e-5, .beta2 = 0.95};

  template <class V>
  void Visit(V& v) {
    v("steps", steps, "optimizer steps on demonstrations before RL; 0: none", AtLeast(0));
    v("batch_size", batch_size, "demonstrations a step", AtLeast(1));
    optimizer.Visit(v);
  }
};

// rl.importance_clip where rollout.int8 is on and it is not given: the constant of the paper named
// at ObjectiveSettings.
inline constexpr double kInt8ImportanceClip = 2;

struct RolloutSection {
  int64_t prompts_per_step = 32;
  int64_t samples_per_prompt = 16;
  double temperature = 1;
  double top_p = 1;
  int32_t top_k = 0;
  double min_p = 0;
  int32_t max_new_tokens = 256;
  std::vector<std::string> stop = {};
  int64_t max_batch = 256;
  int64_t prefill_chunk_tokens = 2048;
  int64_t cache_mb = 0;
  int64_t draft_tokens = 0;
  bool int8 = false;

  template <class V>
  void Visit(V& v) {
    v("prompts_per_step", prompts_per_step, "problems drawn a step", AtLeast(1));
    v("samples_per_prompt", samples_per_prompt, "responses to each: the group", AtLeast(2));
    v("temperature", temperature, "of sampling", Above(0));
    v("top_p", top_p, "smallest set of most probable tokens that reaches it", AboveUpTo(0, 1));
    v("top_k", top_k, "most probable tokens kept; 0: all", AtLeast(0));
    v("min_p", min_p, "tokens kept have this share of the greatest probability; 0: all",
      Between(0, 1));
    v("max_new_tokens", max_new_tokens, "longest response", AtLeast(1));
    v("stop", stop, "texts that end a response, beside the model's own end tokens");
    v("max_batch", max_batch, "sequences decoded at once", AtLeast(1));
    v("prefill_chunk_tokens", prefill_chunk_tokens, "prompt tokens computed in one forward pass",
      AtLeast(1));
    v("cache_mb", cache_mb,
      "largest key and value cache in MB; 0: what max_batch full contexts need", AtLeast(0));
    v("int8", int8,
      "multiply 8-bit integers in rollouts and evaluations: not exact, rl.importance_clip is on");
    v("draft_tokens", draft_tokens,
      "speculation: tokens guessed ahead from prompt and group, the same samples; 0: off",
      AtLeast(0));
  }
};

struct RlSection {
  int64_t steps = 0;
  AlgorithmConfig algorithm;
  int64_t minibatches = 1;
  int64_t epochs = 1;
  int64_t reference_every = 0;
  bool skip_zero_advantage = true;
  OptimizerOptions optimizer{.lr = 1e-6, .beta2 = 0.99};

  template <class V>
  void Visit(V& v) {
    v("steps", steps, "rollout-and-update steps", AtLeast(0));
    algorithm.Visit(v);
    v("minibatches", minibatches, "updates an epoch over a step's samples; R1: 16", AtLeast(1));
    v("epochs", epochs, "passes over a step's samples; R1: 1", AtLeast(1));
    v("reference_every", reference_every,
      "steps after which the KL's reference becomes the policy; 0: never; R1: 400", AtLeast(0));
    v("skip_zero_advantage", skip_zero_advantage,
      "leave samples whose gradient is zero (equal rewards in the group, no KL term) out of the "
      "learner's passes; they still count in every mean. Not where a router is balanced");
    optimizer.Visit(v);
  }
};

struct EvalSection {
  int64_t every = 0;
  int64_t problems = 0;
  int64_t samples = 1;
  std::vector<int64_t> k = {1};
  double temperature = 1;
  double top_p = 1;
  int32_t max_new_tokens = 0;
  std::string accuracy;

  template <class V>
  void Visit(V& v) {
    v("every", every,
      "RL steps between greedy evaluations on held-out problems; 0: before and after only",
      AtLeast(0));
    v("problems", problems, "held-out problems used; 0: all of a data set, 256 of a generator",
      AtLeast(0));
    v("samples", samples, "samples a problem in the evaluations before and after RL", AtLeast(1));
    v("k", k, "for pass@k and maj@k; each at most samples");
    v("temperature", temperature, "of those samples", Above(0));
    v("top_p", top_p, "of those samples", AboveUpTo(0, 1));
    v("max_new_tokens", max_new_tokens, "longest response; 0: rollout.max_new_tokens", AtLeast(0));
    v("accuracy", accuracy,
      "the reward whose full score counts as correct; empty: the first of the rubric");
  }
  void Validate(const ConfigCheck& check) const;
};

struct CheckpointSection {
  int64_t every = 0;
  int64_t sft_every = 0;
  int64_t keep = 2;

  template <class V>
  void Visit(V& v) {
    v("every", every, "RL steps between checkpoints; 0: at the end of a stage only", AtLeast(0));
    v("sft_every", sft_every, "the same for SFT steps", AtLeast(0));
    v("keep", keep, "newest checkpoints kept", AtLeast(1));
  }
};

struct RunConfig {
  RunSection run;
  PolicySection policy;
  DataSection data;
  SftSection sft;
  RolloutSection rollout;
  std::vector<ConfigValue> rewards;
  RubricTotal reward_total;
  RlSection rl;
  EvalSection eval;
  CheckpointSection checkpoint;

  template <class V>
  void Visit(V& v) {
    v("run", run, "");
    v("policy", policy, "");
    v("data", data, "");
    v("sft", sft, "");
    v("rollout", rollout, "");
    v("rewards", rewards, "one table a reward: name, weight, its options");
    v("reward_total", reward_total, "what becomes of the rewards' weighted sum");
    v("rl", rl, "");
    v("eval", eval, "");
    v("checkpoint", checkpoint, "");
  }
  void Validate(const ConfigCheck& check) const;
};

// The recipe in a file, with `--set` assignments applied in order; one without a section is
// [run]'s: seed=1. Throws Error as ReadConfigFile does.
RunConfig ReadRecipe(const std::string& path, const std::vector<std::string>& overrides = {});

}  // namespace rationale
