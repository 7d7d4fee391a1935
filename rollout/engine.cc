// Engine: draws samples from a model, many at a time, each as if it were alone.

#include "rollout/engine.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>

#include "base/check.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "policy/ops/ops.h"

namespace rationale {
namespace {

using Clock = std::chrono::steady_clock;

SchedulerOptions MakeSchedulerOptions(const EngineOptions& options, int64_t page_bytes) {
  const auto require = [](bool ok, const char* name, int64_t found, const char* allowed) {
    if (!ok) throw Error("rollout: {} is {}, it must be {}", name, found, allowed);
  };
  require(options.max_batch >= 1, "max_batch", options.max_batch, "1 or more");
  require(options.prefill_chunk_tokens >= 1, "prefill_chunk_tokens", options.prefill_chunk_tokens,
          "1 or more");
  require(options.draft_tokens >= 0, "draft_tokens", options.draft_tokens, "0 (off) or more");
  if (!(options.draft_fixed_rows >= 0)) {
    throw Error("rollout: draft_fixed_rows is {}, it must be 0 (measured) or more",
                options.draft_fixed_rows);
  }
  require(options.num_pages >= 0, "num_pages", options.num_pages, "0 (from memory_bytes) or more");
  const int64_t num_pages =
      options.num_pages > 0 ? options.num_pages : options.memory_bytes / page_bytes;
  if (num_pages < 1) {
    throw Error("rollout: memory_bytes is {}, a page of the cache alone needs {}",
                options.memory_bytes, page_bytes);
  }
  constexpr int64_t kMaxPages = std::numeric_limits<int32_t>::max();
  return {.max_batch = options.max_batch,
          .prefill_chunk_tokens = options.prefill_chunk_tokens,
          .max_pages = static_cast<int32_t>(std::min(num_pages, kMaxPages)),
          .draft_tokens = options.draft_tokens,
          .draft_fixed_rows = options.draft_fixed_rows};
}

// Adds the time since its construction to `seconds` and to the trace.
class StepTimer {
 public:
  StepTimer(const char* name, const StepPlan& plan, ChromeTrace* trace,
            Clock::time_point begin = Clock::now())
      : name_(name), plan_(plan), trace_(trace), begin_(begin) {}

  double Stop() const {
    const Clock::time_point end = Clock::now();
    if (trace_ != nullptr) {
      trace_->Add(name_, begin_, end, plan_.num_decode_rows,
                  plan_.num_rows() - plan_.num_decode_rows);
    }
    return std::chrono::duration<double>(end - begin_).count();
  }

 private:
  const char* name_;
  const StepPlan& plan_;
  ChromeTrace* trace_;
  Clock::time_point begin_;
};

void CopyPage(const at::Tensor& pages, const StepPlan::PageCopy& copy) {
  if (!pages.defined()) return;
  if (!pages.is_cpu()) {
    pages.select(0, copy.to).copy_(pages.select(0, copy.from));
    return;
  }
  const auto page_bytes =
      static_cast<ptrdiff_t>(pages.stride(0)) * static_cast<ptrdiff_t>(pages.element_size());
  auto* bytes = static_cast<std::byte*>(pages.mutable_data_ptr());
  std::memcpy(bytes + copy.to * page_bytes, bytes + copy.from * page_bytes,
              static_cast<size_t>(page_bytes));
}

template <typename T>
at::Tensor TensorOf(const std::vector<T>& values, at::ScalarType dtype) {
  at::Tensor tensor = ops::NewTensor({static_cast<int64_t>(values.size())}, dtype);
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<T>());
  return tensor;
}

// Whether the token drawn from a draw's i-th row is that of the next.
bool IsDraft(const StepPlan& plan, const StepPlan::Draw& draw, int64_t i, int32_t token) {
  return i + 1 < draw.num_rows && plan.tokens[static_cast<size_t>(draw.row + i + 1)] == token;
}

}  // namespace

Engine::Engine(Model& model, const Tokenizer* tokenizer, const EngineOptions& options)
    : model_(model),
      tokenizer_(tokenizer),
      options_(options),
      scheduler_(MakeSchedulerOptions(options, ops::kPageTokens * model.KvBytesPerToken())) {
  if (model.options().device.is_cuda())
    graphs_.emplace(model.options().device, options.cuda_graphs);
}

// ---- requests ----

void Engine::Submit(SampleRequest request) {
  const ModelConfig& config = model_.config();
  CheckSampling(request.sampling, config.vocab_size, request.id);
  const auto num_prompt = static_cast<int64_t>(request.prompt.size());
  if (num_prompt == 0)
    throw Error("request {}: the prompt is empty, it must have one token at least", request.id);
  if (num_prompt >= config.max_position) {
    throw Error(
        "request {}: the prompt has {} tokens, the model's context of {} has room for {} and one "
        "new token",
        request.id, num_prompt, config.max_position, config.max_position - 1);
  }
  for (const int32_t token : request.prompt) {
    if (token >= 0 && token < config.vocab_size) continue;
    throw Error("request {}: the prompt holds token {}, the vocabulary has tokens 0 to {}",
                request.id, token, config.vocab_size - 1);
  }
  if (tokenizer_ == nullptr && !request.sampling.stop_strings.empty()) {
    throw Error("request {}: stop strings need a tokenizer, there is none", request.id);
  }
  auto sequence = std::make_unique<Sequence>(std::move(request), num_submitted_, config.vocab_size);
  sequence->max_new_tokens =
      std::min<int64_t>(sequence->sampling.max_new_tokens, config.max_position - num_prompt);
  sequence->tracks_text =
      tokenizer_ != nullptr && (callbacks_.on_token || !sequence->sampling.stop_strings.empty());
  const bool keeps_experts = sequence->sampling.keep_experts;
  scheduler_.Add(std::move(sequence));
  num_keep_experts_ += keeps_experts ? 1 : 0;
  ++num_submitted_;
}

std::vector<Rollout> Engine::Generate(std::vector<SampleRequest> requests,
                                      RolloutCallbacks callbacks) {
  Check{scheduler_.idle() && finished_.empty(), "Generate with ", num_unfinished(),
        " unfinished requests"};
  std::swap(callbacks_, callbacks);
  std::vector<Rollout> rollouts;
  try {
    for (SampleRequest& request : requests) Submit(std::move(request));
    if (!Run()) CancelAll();
    rollouts = TakeFinished();
  } catch (...) {
    callbacks_ = {};
    CancelAll();
    finished_.clear();
    std::swap(callbacks_, callbacks);
    throw;
  }
  std::swap(callbacks_, callbacks);
  return rollouts;
}

bool Engine::Run() {
  while (!interrupted_.exchange(false)) {
    if (!Step()) return true;
  }
  return false;
}

std::vector<Rollout> Engine::TakeFinished() {
  std::sort(finished_.begin(), finished_.end(),
            [](const auto& a, const auto& b) { return a.index < b.index; });
  std::vector<Rollout> rollouts;
  rollouts.reserve(finished_.size());
  for (FinishedRollout& finished : finished_) rollouts.push_back(std::move(finished.rollout));
  finished_.clear();
  return rollouts;
}

void Engine::Cancel(uint64_t id) {
  if (in_step_) {
    cancelled_.push_back(id);
    return;
  }
  for (Sequence* sequence : scheduler_.sequences()) {
    if (sequence->rollout.id == id) Complete(*sequence, Finish::kCancelled);
  }
}

void Engine::CancelAll() {
  Check{!in_step_, "CancelAll in a callback"};
  for (Sequence* sequence : scheduler_.sequences()) Complete(*sequence, Finish::kCancelled);
}

void Engine::SetVersion(int64_t version) {
  scheduler_.InvalidateCache();
  version_ = version;
}

void Engine::ReleaseCache() {
  scheduler_.InvalidateCache();
  scheduler_.ShrinkPages();
  kv_ = {};
  tensors_.Clear();
}

RolloutStats Engine::stats() const {
  RolloutStats stats = scheduler_.stats();
  stats.finished = stats_.finished;
  stats.sampled_tokens = stats_.sampled_tokens;
  stats.prefill_s = stats_.prefill_s;
  stats.decode_s = stats_.decode_s;
  stats.logits_s = stats_.logits_s;
  stats.sampling_s = stats_.sampling_s;
  stats.total_s = stats_.total_s;
  stats.cache_tokens_peak = scheduler_.pages().num_held_peak() * ops::kPageTokens;
  stats.cache_bytes_peak = stats.cache_tokens_peak * model_.KvBytesPerToken();
  return stats;
}

void Engine::ResetStats() {
  stats_ = {};
  scheduler_.ResetStats();
}

// ---- a step ----

bool Engine::Step() {
  if (scheduler_.idle()) return false;
  const ThreadPool::CallerPin pin(ComputePool());
  in_step_ = true;
  try {
    RunStep();
  } catch (...) {
    in_step_ = false;
    scheduler_.InvalidateCache();
    throw;
  }
  in_step_ = false;
  for (const uint64_t id : std::exchange(cancelled_, {})) Cancel(id);
  return !scheduler_.idle();
}

void Engine::RunStep() {
  const at::NoGradGuard no_grad;
  const Clock::time_point begin = Clock::now();
  StepPlan& plan = scheduler_.Plan();
  const StepTimer step_timer("step", plan, options_.trace, begin);
  op_spans_.clear();
  const ops::TensorPool::Use pooled(&tensors_);
  const ops::Int8Products int8(options_.int8);
  const ops::OpRecording recording(options_.trace != nullptr ? &op_spans_ : nullptr);
  GrowCache();
  CopyPages(plan.copies);
  at::Tensor hidden_TD;
  if (plan.num_rows() > 0) {
    const StepTimer timer("forward", plan, options_.trace);
    hidden_TD = Forward(plan);
    const double seconds = timer.Stop();
    const double decode_share =
        static_cast<double>(plan.num_decode_rows) / static_cast<double>(plan.num_rows());
    stats_.decode_s += decode_share * seconds;
    stats_.prefill_s += (1 - decode_share) * seconds;
  }
  KeepPrefixRows(plan, hidden_TD);
  scheduler_.Commit();
  if (!plan.draws.empty()) {
    const StepTimer logits_timer("logits", plan, options_.trace);
    const at::Tensor logits_RW = Logits(plan, hidden_TD);
    stats_.logits_s += logits_timer.Stop();
    const StepTimer timer("sampling", plan, options_.trace);
    DrawTokens(plan, logits_RW);
    stats_.sampling_s += timer.Stop();
  }
  const double seconds = step_timer.Stop();
  stats_.total_s += seconds;
  scheduler_.ObserveStep(seconds);
  if (options_.trace == nullptr) return;
  for (const ops::OpSpan& span : op_spans_) {
    options_.trace->Add(span.name, span.begin, span.end, plan.num_decode_rows,
                        plan.num_rows() - plan.num_decode_rows);
  }
}

// The tensors follow the pages the scheduler has handed out.
void Engine::GrowCache() {
  const int64_t num_pages = scheduler_.pages().num_pages();
  if (kv_.num_pages == num_pages) return;
  KvPool grown = model_.MakeKvPool(num_pages);
  for (size_t layer = 0; layer < kv_.layers.size(); ++layer) {
    const auto copy = [&](const at::Tensor& from, const at::Tensor& to) {
      if (from.defined()) to.narrow(0, 0, kv_.num_pages).copy_(from);
    };
    copy(kv_.layers[layer].keys, grown.layers[layer].keys);
    copy(kv_.layers[layer].values, grown.layers[layer].values);
  }
  kv_ = std::move(grown);
}

void Engine::CopyPages(const std::vector<StepPlan::PageCopy>& copies) {
  for (const StepPlan::PageCopy& copy : copies) {
    for (const ops::KvLayer& layer : kv_.layers) {
      CopyPage(layer.keys, copy);
      CopyPage(layer.values, copy);
    }
  }
}

at::Tensor Engine::Forward(StepPlan& plan) {
  if (at::Tensor hidden_TD = DecodeForward(plan); hidden_TD.defined()) return hidden_TD;
  const at::Device device = model_.options().device;
  plan.batch.tokens_T = TensorOf(plan.tokens, at::kLong);
  plan.batch.positions_T = TensorOf(plan.positions, at::kInt);
  if (!device.is_cpu()) {
    plan.batch.tokens_T = plan.batch.tokens_T.to(device);
    plan.batch.positions_T = plan.batch.positions_T.to(device);
  }
  plan.batch.kv = &kv_;
  router_.load_E.clear();
  router_.experts_TA.clear();
  router_.record_experts = true;
  plan.batch.router = num_keep_experts_ > 0 ? &router_ : nullptr;
  at::Tensor hidden_TD = model_.Hidden(plan.batch);
  for (at::Tensor& experts_TA : router_.experts_TA) {
    if (experts_TA.defined()) experts_TA = experts_TA.to(at::kCPU, at::kInt).contiguous();
  }
  return hidden_TD;
}

// Layer-major; empty for a dense model.
std::vector<int32_t> Engine::ExpertsOfRow(int64_t row) const {
  std::vector<int32_t> experts;
  for (const at::Tensor& experts_TA : router_.experts_TA) {
    if (!experts_TA.defined()) continue;
    const int32_t* chosen = experts_TA.const_data_ptr<int32_t>() + row * experts_TA.size(1);
    experts.insert(experts.end(), chosen, chosen + experts_TA.size(1));
  }
  return experts;
}

// The last row of a prompt is kept for sequences that join later.
void Engine::KeepPrefixRows(const StepPlan& plan, const at::Tensor& hidden_TD) {
  for (const StepPlan::Fill& fill : plan.fills) {
    if (fill.prefix == nullptr || fill.prefix->last_row < 0) continue;
    fill.prefix->hidden_1D = hidden_TD.narrow(0, fill.prefix->last_row, 1).clone();
    if (fill.prefix->keep_experts) fill.prefix->experts = ExpertsOfRow(fill.prefix->last_row);
  }
}

// The rows of each draw, in order.
at::Tensor Engine::Logits(const StepPlan& plan, const at::Tensor& hidden_TD) {
  int64_t num_rows = 0;
  for (const StepPlan::Draw& draw : plan.draws) num_rows += draw.num_rows;
  const bool all_decode =
      plan.num_rows() == plan.num_decode_rows && num_rows == plan.num_decode_rows;
  at::Tensor rows_RD = hidden_TD;
  if (!all_decode) {
    std::vector<at::Tensor> rows;
    rows.reserve(plan.draws.size());
    for (const StepPlan::Draw& draw : plan.draws) {
      rows.push_back(draw.row < 0 ? draw.sequence->prefix->hidden_1D
                                  : hidden_TD.narrow(0, draw.row, draw.num_rows));
    }
    rows_RD = at::cat(rows);
  }
  const at::Tensor logits_RW = ops::Linear(rows_RD, model_.head(), nullptr, true).contiguous();
  if (logits_RW.is_cpu() || DrawsOnDevice(plan)) return logits_RW;
  // Pinned memory takes them several times as fast; torch keeps it for the next step.
  const auto on_host = at::TensorOptions().dtype(at::kFloat).pinned_memory(true);
  return at::empty(logits_RW.sizes(), on_host).copy_(logits_RW);
}

// From the draw's rows in order, as far as its guesses are right.
void Engine::DrawRows(const StepPlan& plan, const StepPlan::Draw& draw, const float* logits,
                      int64_t width, DrawnToken* drawn) const {
  const Sequence& sequence = *draw.sequence;
  const auto position = static_cast<int64_t>(sequence.rollout.response.size());
  for (int64_t i = 0; i < draw.num_rows; ++i) {
    drawn[i] = sequence.sampler.Draw({logits + i * width, static_cast<size_t>(width)}, sequence.key,
                                     position + i);
    if (!IsDraft(plan, draw, i, drawn[i].token)) break;
  }
}

void Engine::DrawTokens(const StepPlan& plan, const at::Tensor& logits_RW) {
  const int64_t width = logits_RW.size(1);
  drawn_.resize(static_cast<size_t>(logits_RW.size(0)));
  first_drawn_.clear();
  int64_t num_rows = 0;
  for (const StepPlan::Draw& draw : plan.draws) {
    first_drawn_.push_back(num_rows);
    num_rows += draw.num_rows;
  }
  if (!logits_RW.is_cpu()) {
    DrawOnDevice(plan, logits_RW);
    return AppendDrawn(plan);
  }
  const float* logits = logits_RW.const_data_ptr<float>();
  constexpr int64_t kLogitsAPiece = 16384;
  ParallelFor(static_cast<int64_t>(plan.draws.size()), std::max<int64_t>(1, kLogitsAPiece / width),
              [&](int64_t begin, int64_t end) {
                for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
                  DrawRows(plan, plan.draws[i], logits + first_drawn_[i] * width, width,
                           drawn_.data() + first_drawn_[i]);
                }
              });
  AppendDrawn(plan);
}

void Engine::AppendDrawn(const StepPlan& plan) {
  for (size_t d = 0; d < plan.draws.size(); ++d) {
    const StepPlan::Draw& draw = plan.draws[d];
    for (int64_t i = 0; i < draw.num_rows; ++i) {
      DrawnToken& drawn = drawn_[static_cast<size_t>(first_drawn_[d] + i)];
      const bool accepted = IsDraft(plan, draw, i, drawn.token);
      const int64_t row = draw.row < 0 ? draw.row : draw.row + i;
      if (!Append(*draw.sequence, std::move(drawn), row) || !accepted) break;
      scheduler_.AcceptDraft(*draw.sequence);
    }
  }
}

// False: that was the last token, and the sequence has gone.
bool Engine::Append(Sequence& sequence, DrawnToken drawn, int64_t row) {
  Rollout& rollout = sequence.rollout;
  const auto position = static_cast<int64_t>(rollout.response.size());
  if (!std::isfinite(drawn.logprob)) {
    throw Failure(
        "request {}: the model's log-probability of token {} of the response is {}; its weights "
        "(version {}) "
        "have diverged",
        rollout.id, position, drawn.logprob, version_);
  }
  const SamplingSettings& sampling = sequence.sampling;
  rollout.response.push_back(drawn.token);
  rollout.logprobs.push_back(drawn.logprob);
  rollout.policy_versions.push_back(version_);
  if (sampling.keep_kept_sets) rollout.kept.push_back(std::move(drawn.kept));
  if (sampling.keep_experts)
    rollout.experts.push_back(row < 0 ? sequence.prefix->experts : ExpertsOfRow(row));
  sequence.sampler.Observe(drawn.token);
  ++stats_.sampled_tokens;

  const bool stop_token = std::find(sampling.stop_tokens.begin(), sampling.stop_tokens.end(),
                                    drawn.token) != sampling.stop_tokens.end();
  bool stops = stop_token;
  if (sequence.tracks_text && !stop_token)
    stops = sequence.text.Append(tokenizer_->TokenBytes(drawn.token, position == 0));
  const bool full = position + 1 == sequence.max_new_tokens;
  if (callbacks_.on_token) {
    const std::string piece = sequence.tracks_text ? sequence.text.TakePiece(stops || full) : "";
    callbacks_.on_token({.id = rollout.id,
                         .position = position,
                         .token = drawn.token,
                         .logprob = drawn.logprob,
                         .text = piece});
  }
  if (stops || full) {
    Complete(sequence, stops ? Finish::kStop : Finish::kLength);
    return false;
  }
  scheduler_.Continue(sequence);
  return true;
}

void Engine::Complete(Sequence& sequence, Finish reason) {
  const std::unique_ptr<Sequence> done = scheduler_.Remove(sequence);
  Rollout& rollout = done->rollout;
  num_keep_experts_ -= done->sampling.keep_experts ? 1 : 0;
  rollout.finish = reason;
  if (done->tracks_text) {
    rollout.text = done->text.Text();
  } else if (tokenizer_ != nullptr) {
    std::vector<int32_t> tokens = rollout.response;
    const std::vector<int32_t>& stop_tokens = done->sampling.stop_tokens;
    const bool stopped = reason == Finish::kStop && !tokens.empty();
    if (stopped &&
        std::find(stop_tokens.begin(), stop_tokens.end(), tokens.back()) != stop_tokens.end()) {
      tokens.pop_back();
    }
    rollout.text = tokenizer_->Decode(tokens);
  }
  ++stats_.finished;
  finished_.push_back({.index = done->index, .rollout = std::move(rollout)});
  if (callbacks_.on_finish) callbacks_.on_finish(finished_.back().rollout);
}

}  // namespace rationale
