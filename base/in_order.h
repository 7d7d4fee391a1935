// WorkInOrder: a stream of jobs, worked on by several threads, read and delivered in order.

#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace rationale {

namespace in_order_internal {

// How many jobs a worker takes at once: as many as it works on in about kAim, so that short jobs do
// not pay for the exchange and long ones are shared out one by one.
class BatchSize {
 public:
  size_t value() const { return value_; }

  // After a batch of value() jobs.
  void Adapt(std::chrono::steady_clock::duration took) {
    constexpr std::chrono::microseconds kAim{1000};
    constexpr size_t kMost = 64;
    if (took < kAim / 2) value_ = std::min(2 * value_, kMost);
    if (took > kAim) value_ = std::max<size_t>(value_ / 2, 1);
  }

 private:
  size_t value_ = 1;
};

// The jobs between read and deliver. Elements of a deque stay where they are while others are added
// and removed at its ends, so a worker keeps references while it works. One thread adds, looks at
// the front and pops; the others work.
template <class Job>
class Window {
 public:
  struct Slot {
    explicit Slot(std::unique_ptr<Job> read) : job(std::move(read)) {}

    std::unique_ptr<Job> job;
    std::exception_ptr exception = nullptr;
    std::atomic<bool> done = false;
  };

  // Called by the workers: works on one job after the other until Close().
  template <class Work>
  void WorkerMain(int num_threads, Work& work) {
    BatchSize batch_size;
    std::vector<Slot*> batch;
    while (Take(batch_size.value(), static_cast<size_t>(num_threads), batch)) {
      const auto start = std::chrono::steady_clock::now();
      for (Slot* slot : batch) {
        if (closed_) return;
        try {
          work(*slot->job);
        } catch (...) {
          slot->exception = std::current_exception();
        }
        slot->done = true;
      }
      if (waiting_) {
        const std::lock_guard lock(mutex_);
        front_done_.notify_one();
      }
      batch_size.Adapt(std::chrono::steady_clock::now() - start);
    }
  }

  void Add(std::unique_ptr<Job> job) {
    const std::lock_guard lock(mutex_);
    slots_.emplace_back(std::move(job));
    added_.notify_one();
  }

  // The first job, once it is done; null if there is none, or it is not done and `wait` is false.
  Slot* Front(bool wait) {
    if (slots_.empty()) return nullptr;
    Slot& front = slots_.front();
    if (wait && !front.done) {
      std::unique_lock lock(mutex_);
      waiting_ = true;  // before done is looked at, as a worker looks at it after it sets done
      front_done_.wait(lock, [&front] { return front.done.load(); });
      waiting_ = false;
    }
    return front.done ? &front : nullptr;
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
  // Waits for jobs and takes at most `most` of them, but leaves the other threads their share.
  // False once closed.
  bool Take(size_t most, size_t num_threads, std::vector<Slot*>& batch) {
    batch.clear();
    std::unique_lock lock(mutex_);
    added_.wait(lock, [this] { return closed_ || next_ < slots_.size(); });
    if (closed_) return false;
    const size_t share = (slots_.size() - next_ + num_threads - 1) / num_threads;
    for (size_t i = std::min(most, share); i > 0; --i) batch.push_back(&slots_[next_++]);
    return true;
  }

  std::mutex mutex_;
  std::condition_variable added_, front_done_;
  std::deque<Slot> slots_;
  size_t next_ = 0;  // the first slot that nobody works on
  std::atomic<bool> closed_ = false;
  std::atomic<bool> waiting_ = false;  // for the front to be done
};

}  // namespace in_order_internal

// Until read(job) is false: work(job) on one of `num_threads` threads, then deliver(job) in the
// order of reading. read and deliver are called by this thread alone. At most `window` jobs are in
// memory; read may be given one that has been delivered, to use its memory again. With one thread
// all is done by this one. An exception of read, work or deliver is thrown
// here, after the jobs before it have been delivered. Requires num_threads >= 1, window >= 1.
template <class Job, class Read, class Work, class Deliver>
void WorkInOrder(int num_threads, size_t window, Read read, Work work, Deliver deliver) {
  if (num_threads == 1) {
    for (Job job{}; read(job);) {
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
    workers.threads.emplace_back([&] { jobs.WorkerMain(num_threads, work); });
  }
  std::exception_ptr read_exception;
  bool more = true;
  std::vector<std::unique_ptr<Job>> spares;
  while (more || jobs.size() > 0) {
    while (auto* slot = jobs.Front(!more || jobs.size() >= window)) {
      if (slot->exception) std::rethrow_exception(slot->exception);
      deliver(*slot->job);
      spares.push_back(std::move(slot->job));
      jobs.PopFront();
    }
    if (!more) continue;
    try {
      if (spares.empty()) spares.push_back(std::make_unique<Job>());
      std::unique_ptr<Job> job = std::move(spares.back());
      spares.pop_back();
      more = read(*job);
      if (more) jobs.Add(std::move(job));
    } catch (...) {
      read_exception = std::current_exception();
      more = false;
    }
  }
  if (read_exception) std::rethrow_exception(read_exception);
}

}  // namespace rationale
