#include "base/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace rationale {
namespace {

constexpr uint32_t kLoop = 1u << 16;
constexpr uint32_t kOpen = 1u << 15;
constexpr uint32_t kWorkers = kOpen - 1;
constexpr std::chrono::microseconds kSpin{40};

constexpr int kAnyCore = -1;

thread_local bool in_loop = false;

cpu_set_t OwnMask() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  Check{sched_getaffinity(0, sizeof(mask), &mask) == 0, "no affinity mask of this thread"};
  return mask;
}

// The cores the calling thread may use, lowest first.
std::vector<int> OwnCores() {
  const cpu_set_t mask = OwnMask();
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(static_cast<size_t>(core), &mask)) cores.push_back(core);
  }
  return cores;
}

// Best effort, as is what restores a mask: a core may have been taken from this process since it
// was looked for.
void RunOn(int core) {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  CPU_SET(static_cast<size_t>(core), &mask);
  sched_setaffinity(0, sizeof(mask), &mask);
}

void CheckCores(int num_threads, const std::vector<int>& cores) {
  if (num_threads <= static_cast<int>(cores.size())) return;
  throw Error(
      "pinning {} compute threads needs as many cores, this process may use {}: fewer threads, "
      "or no pinning",
      num_threads, cores.size());
}

// Waits, spinning, until ready() or the spin time is over; a machine with fewer cores than threads
// only yields once.
template <typename Ready>
bool SpinUntil(bool spin, const Ready& ready) {
  if (ready()) return true;
  if (!spin) {
    std::this_thread::yield();
    return ready();
  }
  const auto deadline = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 16; ++i) {
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
      if (ready()) return true;
    }
  } while (std::chrono::steady_clock::now() < deadline);
  return false;
}

}  // namespace

ThreadPool::ThreadPool(int num_threads) {
  Check{num_threads >= 1, "a pool of ", num_threads, " threads"};
  StartWorkers(num_threads - 1);
}

ThreadPool::~ThreadPool() {
  StopWorkers();
}

void ThreadPool::SetNumThreads(int num_threads) {
  Check{num_threads >= 1, "a pool of ", num_threads, " threads"};
  Check{!in_loop, "SetNumThreads within a parallel loop"};
  if (num_threads == this->num_threads()) return;
  const std::scoped_lock lock(owner_);
  if (!cores_.empty()) CheckCores(num_threads, cores_);
  StopWorkers();
  StartWorkers(num_threads - 1);
}

void ThreadPool::SetPinned(bool pinned) {
  Check{!in_loop, "SetPinned within a parallel loop"};
  const std::scoped_lock lock(owner_);
  std::vector<int> cores;
  if (pinned) {
    cores = OwnCores();
    CheckCores(num_threads(), cores);
  }
  const auto num_workers = static_cast<int>(workers_.size());
  StopWorkers();
  cores_ = std::move(cores);
  StartWorkers(num_workers);
}

ThreadPool::CallerPin::CallerPin(const ThreadPool& pool) : pinned_(!pool.cores_.empty()) {
  if (!pinned_) return;
  mask_before_ = OwnMask();
  RunOn(pool.cores_.front());
}

ThreadPool::CallerPin::~CallerPin() {
  if (pinned_) sched_setaffinity(0, sizeof(mask_before_), &mask_before_);
}

void ThreadPool::StartWorkers(int num_workers) {
  spin_ = num_workers < NumUsableCores();
  for (int i = 0; i < num_workers; ++i) {
    const int core = cores_.empty() ? kAnyCore : cores_[static_cast<size_t>(i) + 1];
    workers_.emplace_back([this, core] { WorkerMain(core); });
  }
}

void ThreadPool::StopWorkers() {
  stopping_.store(true);
  state_.fetch_add(kLoop);
  state_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
  stopping_.store(false);
}

void ThreadPool::Run(int64_t n, int64_t grain, BodyRef body) {
  if (n <= 0) return;
  Check{grain >= 1, "grain ", grain};
  std::unique_lock lock(owner_, std::defer_lock);
  if (n <= grain || in_loop || workers_.empty() || !lock.try_lock()) {
    body.call(body.context, 0, n);
    return;
  }
  body_ = body;
  n_ = n;
  grain_ = grain;
  next_.store(0, std::memory_order_relaxed);
  in_loop = true;
  OpenLoop();
  RunPieces();
  CloseLoop();
  in_loop = false;
  if (has_exception_.test()) {
    has_exception_.clear();
    std::rethrow_exception(std::exchange(exception_, nullptr));
  }
}

void ThreadPool::RunPieces() {
  try {
    for (;;) {
      const int64_t begin = next_.fetch_add(grain_, std::memory_order_relaxed);
      if (begin >= n_) return;
      body_.call(body_.context, begin, std::min(n_, begin + grain_));
    }
  } catch (...) {
    next_.store(n_, std::memory_order_relaxed);
    if (!has_exception_.test_and_set()) exception_ = std::current_exception();
  }
}

void ThreadPool::OpenLoop() {
  const uint32_t state = state_.load(std::memory_order_relaxed);
  state_.store((state & ~(kLoop - 1)) + kLoop + kOpen);
  state_.notify_all();
}

// No worker may join any more; returns when those that did have left.
void ThreadPool::CloseLoop() {
  state_.fetch_and(~kOpen);
  const auto empty = [this] { return (state_.load() & kWorkers) == 0; };
  while (!SpinUntil(spin_, empty)) {
    const uint32_t departures = departures_.load();
    if (empty()) return;
    departures_.wait(departures);
  }
}

void ThreadPool::WorkerMain(int core) {
  if (core != kAnyCore) RunOn(core);
  in_loop = true;
  uint32_t last_loop =
      state_.load() / kLoop - 1;  // a loop may have been opened before this thread came up
  for (;;) {
    uint32_t state = 0;
    const auto ready = [&] {
      state = state_.load();
      return stopping_.load() || ((state & kOpen) != 0 && state / kLoop != last_loop);
    };
    while (!SpinUntil(spin_, ready)) state_.wait(state);
    if (stopping_.load()) return;
    if (!state_.compare_exchange_strong(state, state + 1)) continue;
    last_loop = state / kLoop;
    RunPieces();
    if (state_.fetch_sub(1) == (last_loop * kLoop + 1)) {
      departures_.fetch_add(1);
      departures_.notify_all();
    }
  }
}

int NumUsableCores() {
  return static_cast<int>(OwnCores().size());
}

ThreadPool& ComputePool() {
  static ThreadPool pool;
  return pool;
}

}  // namespace rationale
