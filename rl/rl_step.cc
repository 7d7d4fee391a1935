#include "rl/rl_step.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/error.h"
#include "base/philox.h"
#include "base/thread_pool.h"
#include "rl/judging.h"
#include "rl/sampling.h"
#include "rl/verdict_log.h"

namespace rationale {
namespace {

using Clock = std::chrono::steady_clock;

double Since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool HasSpread(std::span<const Sample> group) {
  const Sample* first = nullptr;
  for (const Sample& sample : group) {
    if (!sample.verdict.judged) continue;
    if (first == nullptr) first = &sample;
    if (sample.reward != first->reward) return true;
  }
  return false;
}

// One round of drawing and judging `count` prompts; appends them to the result.
class Drawer {
 public:
  Drawer(Run& run, TrainerState& state, const std::atomic<bool>& stop, RlStepResult& result)
      : run_(run), state_(state), stop_(stop), result_(result), recorded_(run.folder, state.step) {}

  // False when stopped.
  bool Draw(int64_t count) {
    const auto start = Clock::now();
    std::vector<const Problem*> problems;
    for (int64_t i = 0; i < count; ++i) {
      result_.problems.push_back(
          std::make_unique<Problem>(run_.problems->At(static_cast<uint64_t>(state_.cursor++))));
      problems.push_back(result_.problems.back().get());
    }
    const auto& rollout = run_.config.rollout;
    Judging judging(*run_.rubric, {.max_new_tokens = rollout.max_new_tokens,
                                   .step = state_.step,
                                   .threads = ComputePool().num_threads()});
    const size_t first = result_.samples.size();
    const auto judge = [&](const Rollout& finished) {
      const Problem& problem =
          *problems[finished.id / static_cast<uint64_t>(rollout.samples_per_prompt)];
      const size_t index = first + finished.id;
      if (finished.finish == Finish::kCancelled) return;
      if (recorded_.Find(index, problem, finished) == nullptr)
        judging.Add(index, problem, finished);
    };
    const auto interrupt = [this](const TokenEvent&) {
      if (stop_.load()) run_.engine->Interrupt();
    };
    auto samples = DrawSamples(
        *run_.engine, *run_.prompter, problems, rollout.samples_per_prompt, run_.TrainSampling(),
        {.seed = run_.seed(), .purpose = "rl", .step = static_cast<uint64_t>(state_.step)},
        {.on_token = interrupt, .on_finish = judge});
    for (Sample& sample : samples) {
      if (sample.rollout.finish == Finish::kCancelled) return false;
      sample.group += num_groups_;
      result_.samples.push_back(std::move(sample));
    }
    num_groups_ += count;
    result_.generate_seconds += Since(start);
    Await(judging, first);
    return true;
  }

 private:
  // The verdicts of the samples from `first` on, written down before they are used.
  void Await(Judging& judging, size_t first) {
    const auto start = Clock::now();
    judging.Finish(result_.samples);
    for (size_t i = first; i < result_.samples.size(); ++i) {
      Sample& sample = result_.samples[i];
      const Verdict* verdict = recorded_.Find(i, *sample.problem, sample.rollout);
      if (verdict == nullptr) continue;
      sample.verdict = *verdict;
      sample.reward = verdict->score;
      ++result_.replayed_verdicts;
    }
    WriteVerdicts(run_.folder, state_.step, result_.samples);
    result_.judge_seconds += Since(start);
    result_.judge_busy_seconds += judging.busy_seconds();
    result_.repeated_responses += judging.num_repeated();
  }

  Run& run_;
  TrainerState& state_;
  const std::atomic<bool>& stop_;
  RlStepResult& result_;
  const RecordedVerdicts recorded_;
  int64_t num_groups_ = 0;
};

// DAPO's dynamic sampling (arXiv:2503.14476, section 3.2): groups whose rewards are all equal teach
// nothing and give way to further prompts, for kRounds rounds at most.
bool DrawBatch(Run& run, TrainerState& state, const std::atomic<bool>& stop, RlStepResult& result) {
  constexpr int kRounds = 4;
  const int64_t wanted = run.config.rollout.prompts_per_step;
  const auto group_size = static_cast<size_t>(run.config.rollout.samples_per_prompt);
  Drawer drawer(run, state, stop, result);
  int64_t missing = wanted;
  for (int round = 0; round < kRounds && missing > 0; ++round) {
    if (!drawer.Draw(missing)) return false;
    if (!run.algorithm.dynamic_sampling) return true;
    missing = wanted;
    for (size_t i = 0; i < result.samples.size(); i += group_size) {
      missing -= HasSpread({result.samples.data() + i, group_size});
    }
  }
  std::vector<Sample> kept;
  int64_t kept_groups = 0;
  for (size_t i = 0; i < result.samples.size(); i += group_size) {
    const std::span group(result.samples.data() + i, group_size);
    const bool keep = HasSpread(group) && kept_groups < wanted;
    kept_groups += keep;
    result.rejected_groups += !keep;
    if (keep) std::move(group.begin(), group.end(), std::back_inserter(kept));
  }
  if (!kept.empty()) result.samples = std::move(kept);
  return true;
}

void Compare(const Run& run, std::vector<Sample>& samples, RlStepResult& result) {
  std::vector<ScoredSample> scored;
  for (const Sample& sample : samples) {
    scored.push_back({sample.group, sample.verdict.judged, sample.reward});
  }
  result.advantages = ComputeAdvantages(scored, run.algorithm.advantages);
  for (size_t i = 0; i < samples.size(); ++i) {
    samples[i].advantage = result.advantages.values[i];
    samples[i].used = result.advantages.used[i];
  }
}

}  // namespace

std::optional<RlStepResult> RunRlStep(Run& run, Learner& learner, TrainerState& state,
                                      const std::atomic<bool>& stop) {
  const auto start = Clock::now();
  const auto& rl = run.config.rl;
  RlStepResult result;
  const int64_t cursor = state.cursor;
  if (!DrawBatch(run, state, stop, result)) {
    state.cursor = cursor;
    return std::nullopt;
  }
  if (run.algorithm.kl_in_reward > 0) {
    learner.ChargeKl(result.samples, run.algorithm.kl_in_reward, result.update);
  }
  Compare(run, result.samples, result);

  const auto update_start = Clock::now();
  result.lr = rl.optimizer.schedule().At(state.step, rl.steps);
  const auto shuffle =
      DeriveKey({run.seed(), KeyPart("minibatches"), static_cast<uint64_t>(state.step)});
  try {
    learner.Update(result.samples, result.lr, shuffle, result.update);
  } catch (const Failure& failure) {
    throw Failure("RL step {}: {}", state.step + 1, failure.what());
  }
  result.load_imbalance = learner.BalanceRouters(rl.optimizer.router_bias_rate);
  result.update_seconds = Since(update_start);

  ++state.step;
  state.num_updates += result.update.updates;
  run.engine->SetVersion(++state.policy_version);
  if (run.reference != nullptr && rl.reference_every > 0 && state.step % rl.reference_every == 0) {
    RefreshReference(*run.model, *run.reference);
  }
  for (const Sample& sample : result.samples) {
    state.rl_tokens += static_cast<int64_t>(sample.rollout.response.size());
  }
  state.max_abs_logprob_gap =
      std::max(state.max_abs_logprob_gap, result.update.max_abs_logprob_gap);
  result.seconds = Since(start);
  state.rl_seconds += result.seconds;
  state.judge_seconds += result.judge_seconds;
  return result;
}

}  // namespace rationale
