// WorkInOrder: a stream of jobs, worked on by several threads, read and delivered in order.

#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace rationale {

namespace in_order_internal {

// The jobs between read and deliver. Elements of a deque stay where they are while others are added
// and removed at its ends, so a worker keeps a reference while it works.
template <class Job>
class Window {
 public:
  struct Slot {
    Job job;
    std::exception_ptr exception = nullptr;
    bool done = false;
  };

  // Called by the workers: works on one job after the other until Close().
  template <class Work>
  void WorkerMain(Work& work) {
    std::unique_lock lock(mutex_);
    while (true) {
      added_.wait(lock, [this] { return closed_ || next_ < slots_.size(); });
      if (closed_) return;
      Slot& slot = slots_[next_++];
      lock.unlock();
      try {
        work(slot.job);
      } catch (...) {
        slot.exception = std::current_exception();
      }
      lock.lock();
      slot.done = true;
      if (&slot == &slots_.front()) front_done_.notify_one();
    }
  }

  void Add(Job job) {
    const std::lock_guard lock(mutex_);
    slots_.push_back({.job = std::move(job)});
    added_.notify_one();
  }

  // The first job, once it is done; null if there is none, or it is not done and `wait` is false.
  Slot* Front(bool wait) {
    std::unique_lock lock(mutex_);
    if (slots_.empty()) return nullptr;
    if (wait) front_done_.wait(lock, [this] { return slots_.front().done; });
    return slots_.front().done ? &slots_.front() : nullptr;
  }

  void PopFront() {
    const std::lock_guard lock(mutex_);
    slots_.pop_front();
    --next_;
  }

  size_t size() const { return slots_.size(); }  // for the thread that adds and pops

  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    added_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable added_, front_done_;
  std::deque<Slot> slots_;
  size_t next_ = 0;  // the first slot that nobody works on
  bool closed_ = false;
};

}  // namespace in_order_internal

// Until read(job) is false: work(job) on one of `num_threads` threads, then deliver(job) in the
// order of reading. read and deliver are called by this thread alone. At most `window` jobs are in
// memory. With one thread all is done by this one. An exception of read, work or deliver is thrown
// here, after the jobs before it have been delivered. Requires num_threads >= 1, window >= 1.
template <class Job, class Read, class Work, class Deliver>
void WorkInOrder(int num_threads, size_t window, Read read, Work work, Deliver deliver) {
  if (num_threads == 1) {
    for (Job job{}; read(job); job = Job{}) {
      work(job);
      deliver(job);
    }
    return;
  }
  in_order_internal::Window<Job> jobs;
  struct Workers {
    in_order_internal::Window<Job>& jobs;
    std::vector<std::thread> threads = {};
    ~Workers() {
      jobs.Close();
      for (std::thread& thread : threads) thread.join();
    }
  } workers{jobs};
  for (int i = 0; i < num_threads; ++i) {
    workers.threads.emplace_back([&] { jobs.WorkerMain(work); });
  }
  std::exception_ptr read_exception;
  bool more = true;
  while (more || jobs.size() > 0) {
    while (auto* slot = jobs.Front(!more || jobs.size() >= window)) {
      if (slot->exception) std::rethrow_exception(slot->exception);
      deliver(slot->job);
      jobs.PopFront();
    }
    if (!more) continue;
    try {
      Job job{};
      more = read(job);
      if (more) jobs.Add(std::move(job));
    } catch (...) {
      read_exception = std::current_exception();
      more = false;
    }
  }
  if (read_exception) std::rethrow_exception(read_exception);
}

}  // namespace rationale
