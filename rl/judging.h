// Judging: verdicts for rollouts as they finish, in threads of its own, while others are still
// drawn.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "datasets/problem.h"
#include "rewards/rubric.h"
#include "rl/experience.h"
#include "rollout/rollout.h"

namespace rationale {

struct JudgingSettings {
  int64_t max_new_tokens = 0;  // that the rollouts are drawn under
  int64_t step = 0;            // for rewards with a schedule
  int threads = 1;             // verdicts worked out at once
};

// Verdicts depend on what is judged alone, and come back by index: neither the order in which
// rollouts finish nor the number of threads can be seen in them. Responses of one problem that are
// the same in all that rewards see are judged once.
class Judging {
 public:
  // `rubric` must outlive the object.
  Judging(const Rubric& rubric, const JudgingSettings& settings);
  ~Judging();  // drops what was not begun, waits for the rest
  Judging(const Judging&) = delete;
  Judging& operator=(const Judging&) = delete;

  // Judges the rollout of `index` soon. `problem` must live until Finish; of the rollout a copy is
  // kept. An index may be given once.
  void Add(size_t index, const Problem& problem, const Rollout& rollout);

  // Waits for all that was added: samples[i] without a verdict gets that of index i; then what
  // compares the samples of a group is judged, and rewards become the verdicts' scores. Throws the
  // first exception of a judging thread.
  void Finish(std::span<Sample> samples);

  // Seconds spent on verdicts, summed over threads.
  double busy_seconds();
  // Rollouts that were judged with an equal one.
  int64_t num_repeated();

 private:
  struct Work {
    const Problem* problem = nullptr;
    std::string text;
    int64_t num_tokens = 0;
    bool truncated = false;
    bool done = false;
    Verdict verdict;
  };
  using Key = std::tuple<std::string, std::string, int64_t, bool>;

  void Serve();
  Response ResponseOf(const Work& work) const;

  const Rubric& rubric_;
  const JudgingSettings settings_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> works_;                  // references stay valid as it grows
  std::map<Key, size_t> known_;             // into works_
  std::map<size_t, size_t> work_of_index_;  // into works_
  size_t next_ = 0, num_done_ = 0;          // works_[next_] is not begun
  bool closing_ = false;
  double busy_seconds_ = 0;
  int64_t num_repeated_ = 0;
  std::exception_ptr exception_;
  std::vector<std::thread> threads_;
};

}  // namespace rationale
