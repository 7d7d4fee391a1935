// Engine: draws samples from a model, many at a time, each as if it were alone.
//
// A rollout is a pure function of (weights, prompt, key, sampling settings): not of the other
// requests, their order, the sizes in EngineOptions, the number of threads, or preemption. That
// rests on the model's rows being exact (policy/ops/ops.h) and on Uniform(key, i) being the only
// randomness of token i. Where the weights change in the middle it is a function of its
// policy_versions too: the cache is computed again from the tokens, so that a token drawn by
// version v has the log-probability the learner finds with version v.
//
//   Engine engine(model, &tokenizer, {.max_batch = 64});
//   std::vector<Rollout> rollouts = engine.Generate(requests);

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/model.h"
#include "policy/ops/gpu_decode.h"
#include "policy/ops/op_timer.h"
#include "policy/ops/tensor_pool.h"
#include "policy/tokenizer.h"
#include "rollout/rollout.h"
#include "rollout/scheduler.h"
#include "rollout/stats.h"
#include "rollout/trace.h"

namespace rationale {

struct EngineOptions {
  int64_t max_batch = 64;               // sequences in the batch at a time
  int64_t prefill_chunk_tokens = 2048;  // rows of prompts a step, beside the decoding ones
  int64_t num_pages = 0;  // of the cache, kPageTokens tokens each; 0: what memory_bytes holds
  int64_t memory_bytes = int64_t{4} << 30;  // the cache's limit; it grows as needed
  // Speculation: tokens guessed ahead for a sequence, at most, from its prompt and its group; the
  // samples are the same, bit for bit. 0: off. A step takes those that are expected to pay, by how
  // often such guesses were right and by what a row costs: many for few sequences, few for many.
  int64_t draft_tokens = 0;
  // What a step costs beside its rows, in rows: the greater, the more guesses pay. 0: measured.
  double draft_fixed_rows = 0;
  // Products with the model's weights in 8-bit integers (ops::Int8Products): the rollouts are those
  // of a slightly different policy, recorded with its log-probabilities, so that the learner's gap
  // is not 0 and it has to weigh the tokens.
  bool int8 = false;
  // On a GPU: decode steps are captured as CUDA graphs (ops::DecodeGraphs); the tokens are the same
  // without.
  bool cuda_graphs = true;
  ChromeTrace* trace = nullptr;  // filled when given; must outlive the engine
};

// A token as it is drawn.
struct TokenEvent {
  uint64_t id = 0;       // of the request
  int64_t position = 0;  // in the response
  int32_t token = 0;
  float logprob = 0;
  std::string_view
      text;  // what became certain of the text with this token; all pieces joined are Rollout::text
};

// Called in the thread that calls Step. They may call Cancel and Interrupt, nothing else of the
// engine.
struct RolloutCallbacks {
  std::function<void(const TokenEvent&)> on_token{};
  std::function<void(const Rollout&)> on_finish{};
};

// Used by one thread at a time, Interrupt() apart.
class Engine {
 public:
  // `tokenizer` may be null: rollouts have no text then, and stop strings are refused. Both must
  // outlive the engine. Throws Error where an option is out of range or the memory holds no page.
  Engine(Model& model, const Tokenizer* tokenizer, const EngineOptions& options);

  // All requests, results in their order. Requires an engine without unfinished requests.
  // Interrupted, the rollouts that were not done are returned as far as they are, kCancelled.
  // Throws Error as Submit does, and then none is started.
  std::vector<Rollout> Generate(std::vector<SampleRequest> requests,
                                RolloutCallbacks callbacks = {});

  // The incremental form. Submit throws Error naming the request, the setting or size, and what is
  // allowed: an empty prompt, a prompt that leaves no room for a token in the model's context, a
  // token outside the vocabulary, more tokens than the cache could ever hold, settings out of
  // range. max_new_tokens is clipped to the context.
  void Submit(SampleRequest request);

  // One forward pass: a token for each decoding sequence. False when nothing is left to do. If it
  // throws, the tokens drawn so far stay and the next Step goes on from them. Throws Failure when
  // the model returns NaN.
  bool Step();

  // Steps until nothing is left (true) or Interrupt was called (false).
  bool Run();

  // Makes a Run in progress, or else the next, return after the current step. Safe from any thread,
  // signal handlers included.
  void Interrupt() { interrupted_.store(true); }

  // The finished rollouts since the last call, in order of submission.
  std::vector<Rollout> TakeFinished();

  // Ends the requests with this id, or all: they finish as kCancelled with the tokens they have.
  void Cancel(uint64_t id);
  void CancelAll();

  // For the requests submitted from now on.
  void SetCallbacks(RolloutCallbacks callbacks) { callbacks_ = std::move(callbacks); }

  // The model's weights have changed (or will, before the next Step): tokens drawn from now on are
  // of `version`. What is cached of unfinished requests is computed again. Starts at 0.
  void SetVersion(int64_t version);
  int64_t version() const { return version_; }

  // Gives the cache's memory back; it grows again as needed. Unfinished requests are computed
  // again.
  void ReleaseCache();

  int64_t num_unfinished() const { return scheduler_.num_unfinished(); }
  // Pages held by unfinished requests: 0 once all are done.
  int64_t num_pages_held() const { return scheduler_.pages().num_held(); }

  // The decode steps that a CUDA graph ran, and why none can, where that was found.
  int64_t num_graph_steps() const { return graphs_ ? graphs_->num_replays() : 0; }
  std::string why_no_graphs() const { return graphs_ ? graphs_->why_not() : "there is no GPU"; }

  RolloutStats stats() const;
  void ResetStats();

 private:
  void RunStep();
  void GrowCache();
  void CopyPages(const std::vector<StepPlan::PageCopy>& copies);
  at::Tensor Forward(StepPlan& plan);
  at::Tensor DecodeForward(const StepPlan& plan);
  void KeepPrefixRows(const StepPlan& plan, const at::Tensor& hidden_TD);
  at::Tensor Logits(const StepPlan& plan, const at::Tensor& hidden_TD);
  void DrawTokens(const StepPlan& plan, const at::Tensor& logits_RW);
  bool DrawsOnDevice(const StepPlan& plan) const;
  void DrawOnDevice(const StepPlan& plan, const at::Tensor& logits_RW);
  void DrawRows(const StepPlan& plan, const StepPlan::Draw& draw, const float* logits,
                int64_t width, DrawnToken* drawn) const;
  void AppendDrawn(const StepPlan& plan);
  bool Append(Sequence& sequence, DrawnToken drawn, int64_t row);
  void Complete(Sequence& sequence, Finish reason);
  std::vector<int32_t> ExpertsOfRow(int64_t row) const;

  Model& model_;
  const Tokenizer* tokenizer_;
  EngineOptions options_;
  Scheduler scheduler_;
  RolloutCallbacks callbacks_;
  RolloutStats stats_;  // those the scheduler does not count
  KvPool kv_;
  std::optional<ops::DecodeGraphs> graphs_;  // on a GPU
  ops::TensorPool tensors_;  // results of the ops of a step: once it has run, one allocates nothing
  RouterStats router_;
  int64_t num_keep_experts_ = 0;  // unfinished requests that do
  int64_t num_submitted_ = 0;
  int64_t version_ = 0;
  std::atomic<bool> interrupted_{false};
  bool in_step_ = false;
  std::vector<uint64_t> cancelled_;    // by a callback, until the step is over
  std::vector<DrawnToken> drawn_;      // a row
  std::vector<int64_t> first_drawn_;   // of each draw
  std::vector<ops::OpSpan> op_spans_;  // of the step, with a trace
  struct FinishedRollout {
    int64_t index;
    Rollout rollout;
  };
  std::vector<FinishedRollout> finished_;
};

}  // namespace rationale
