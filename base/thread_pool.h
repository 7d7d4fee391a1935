// ThreadPool: a few threads that share one loop at a time, for compute kernels.
//
// Threads stay alive between loops. An idle one spins for about 40 us, so that the loops of one
// forward pass start within a microsecond or two of each other, then sleeps. The caller works too
// and never waits for a thread that has not joined its loop, so a busy machine delays a loop but
// cannot stall it.
//
// Pinned, each thread has a core of its own. The caller is held on its core only as long as a
// CallerPin lives: whatever it starts at other times, the jail's programs say, may run anywhere.

#pragma once

#include <sched.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace rationale {

class ThreadPool {
 public:
  // num_threads counts the caller: 1 starts no thread. Requires num_threads >= 1.
  explicit ThreadPool(int num_threads = 1);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Requires that no loop is running.
  void SetNumThreads(int num_threads);
  int num_threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Whether each thread stays on a core of its own, of those the calling thread may use (its
  // affinity mask, which a cgroup's cpuset narrows); off at first. Requires that no loop is
  // running. This and SetNumThreads throw Error where there are fewer cores than threads.
  void SetPinned(bool pinned);

  // Holds the calling thread on the pool's first core while it lives; nothing where the pool is not
  // pinned. Threads and processes started meanwhile inherit the core.
  class CallerPin {
   public:
    explicit CallerPin(const ThreadPool& pool);
    ~CallerPin();
    CallerPin(const CallerPin&) = delete;
    CallerPin& operator=(const CallerPin&) = delete;

   private:
    bool pinned_;
    cpu_set_t mask_before_;
  };

  // Calls body(begin, end) over pieces of [0, n) that cover it once, on this and the other threads,
  // and returns when all are done. Pieces hold `grain` indices (the last one fewer) and are handed
  // out in order to whoever is free; where the loop runs on one thread there is a single piece [0,
  // n): what is computed must not depend on the cuts. Serial: one piece or less, a pool of one
  // thread, a call from within a loop (of any pool), another thread's loop in progress. An
  // exception ends the loop early and is thrown here (the first, if several are). Costs about 1 us
  // when the other threads are awake.
  template <typename Body>
  void ParallelFor(int64_t n, int64_t grain, Body&& body) {
    using Function = std::remove_reference_t<Body>;
    Run(n, grain,
        {[](const void* context, int64_t begin, int64_t end) {
           (*static_cast<Function*>(const_cast<void*>(context)))(begin, end);
         },
         std::addressof(body)});
  }

 private:
  struct BodyRef {
    void (*call)(const void* context, int64_t begin, int64_t end) = nullptr;
    const void* context = nullptr;
  };

  void Run(int64_t n, int64_t grain, BodyRef body);
  void RunPieces();
  void OpenLoop();
  void CloseLoop();
  void WorkerMain(int core);
  void StartWorkers(int num_workers);
  void StopWorkers();

  std::vector<std::thread> workers_;
  std::vector<int> cores_;  // a thread, the caller's first; empty: not pinned
  bool spin_ = false;       // before sleeping; not where there are fewer cores than threads
  std::mutex owner_;        // held by the thread whose loop runs

  // The loop in progress; written by its owner while no worker is in it.
  BodyRef body_;
  int64_t n_ = 0;
  int64_t grain_ = 1;
  std::exception_ptr exception_;
  std::atomic_flag has_exception_;

  // Bits 16..31: number of loops opened so far; bit 15: the last one may be joined; bits 0..14:
  // workers in it.
  alignas(64) std::atomic<uint32_t> state_{0};
  std::atomic<bool> stopping_{false};
  alignas(64) std::atomic<int64_t> next_{0};  // first index not handed out
  alignas(64) std::atomic<uint32_t> departures_{
      0};  // moves when the last worker leaves a closed loop
};

// Cores that the calling thread may use: its affinity mask, which a cgroup's cpuset narrows.
int NumUsableCores();

// The pool all kernels of this process share; one thread until SetNumThreads is called.
ThreadPool& ComputePool();

template <typename Body>
void ParallelFor(int64_t n, int64_t grain, Body&& body) {
  ComputePool().ParallelFor(n, grain, body);
}

}  // namespace rationale
