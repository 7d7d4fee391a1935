#include "rl/judging.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/check.h"

namespace rationale {

Judging::Judging(const Rubric& rubric, const JudgingSettings& settings)
    : rubric_(rubric), settings_(settings) {
  for (int i = 0; i < std::max(1, settings.threads); ++i)
    threads_.emplace_back([this] { Serve(); });
}

Judging::~Judging() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Judging::Add(size_t index, const Problem& problem, const Rollout& rollout) {
  Work work{.problem = &problem,
            .text = rollout.text,
            .num_tokens = static_cast<int64_t>(rollout.response.size()),
            .truncated = rollout.finish == Finish::kLength};
  {
    std::lock_guard lock(mutex_);
    const auto [known, fresh] = known_.try_emplace(
        Key{problem.id, work.text, work.num_tokens, work.truncated}, works_.size());
    Check{work_of_index_.try_emplace(index, known->second).second, "rollout ", index, " was added"};
    num_repeated_ += fresh ? 0 : 1;
    if (!fresh) return;
    works_.push_back(std::move(work));
  }
  changed_.notify_all();
}

void Judging::Finish(std::span<Sample> samples) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return num_done_ == works_.size() || exception_ != nullptr; });
  if (exception_ != nullptr) std::rethrow_exception(exception_);
  std::map<int64_t, std::pair<std::vector<Response>, std::vector<Verdict*>>> groups;
  for (const auto& [index, work] : work_of_index_) {
    Sample& sample = samples[index];
    if (sample.verdict.components.empty()) sample.verdict = works_[work].verdict;
    auto& [responses, verdicts] = groups[sample.group];
    responses.push_back(ResponseOf(works_[work]));
    verdicts.push_back(&sample.verdict);
  }
  for (const auto& [id, group] : groups) rubric_.JudgeGroup(group.first, group.second);
  for (const auto& [index, work] : work_of_index_) {
    samples[index].reward = samples[index].verdict.score;
  }
}

double Judging::busy_seconds() {
  std::lock_guard lock(mutex_);
  return busy_seconds_;
}

int64_t Judging::num_repeated() {
  std::lock_guard lock(mutex_);
  return num_repeated_;
}

Response Judging::ResponseOf(const Work& work) const {
  return {.text = work.text,
          .problem = work.problem,
          .num_tokens = work.num_tokens,
          .max_tokens = settings_.max_new_tokens,
          .truncated = work.truncated,
          .step = settings_.step};
}

void Judging::Serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closing_ || next_ < works_.size(); });
    if (closing_) return;
    Work& work = works_[next_++];
    lock.unlock();
    const auto start = std::chrono::steady_clock::now();
    Verdict verdict;
    std::exception_ptr exception;
    try {
      verdict = rubric_.Judge(ResponseOf(work));
    } catch (...) {
      exception = std::current_exception();
    }
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    lock.lock();
    work.verdict = std::move(verdict);
    busy_seconds_ += seconds;
    ++num_done_;
    if (exception != nullptr && exception_ == nullptr) exception_ = exception;
    changed_.notify_all();
  }
}

}  // namespace rationale
