// WorkInOrder: a stream of jobs, read and delivered in order, worked on by several threads.

#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
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

// How many jobs a thread takes at once: as many as it works on in about kAim, so that short jobs do
// not pay for the exchange and long ones are shared out one by one.
class BatchSize {
 public:
  size_t value() const { return value_; }

  // After a batch of value() jobs.
  void Adapt(std::chrono::steady_clock::duration took) {
    constexpr std::chrono::microseconds kAim{1000};
    constexpr size_t kMost = 32;
    if (took < kAim / 2) value_ = std::min(2 * value_, kMost);
    if (took > kAim) value_ = std::max<size_t>(value_ / 2, 1);
  }

 private:
  size_t value_ = 1;
};

// What the threads share. Each reads some jobs, works on them, and delivers what is done at the
// front of the line unless another thread is about it. So a job's memory stays with one thread,
// which uses it again: memory that goes from thread to thread costs the allocator locks.
template <class Job, class Read, class Work, class Deliver>
class Line {
 public:
  Line(int num_threads, size_t window, Read& read, Work& work, Deliver& deliver)
      : window_(window),
        read_(read),
        work_(work),
        deliver_(deliver),
        spares_(static_cast<size_t>(num_threads)) {}

  // What the thread of this number, from 0, does until no job is left to read.
  void Run(size_t thread) {
    BatchSize size;
    while (true) {
      const auto start = std::chrono::steady_clock::now();
      Batch* batch = Take(thread, size.value());
      if (batch == nullptr) return;
      WorkOn(*batch);
      size.Adapt(std::chrono::steady_clock::now() - start);
      DeliverWhatIsDone(*batch);
    }
  }

  // After all threads have ended.
  void Rethrow() const {
    if (fault_) std::rethrow_exception(fault_);
  }

 private:
  struct Batch {
    size_t thread = 0;
    std::vector<Job> jobs = {};  // more than `count`: their memory is kept
    size_t count = 0;            // of the jobs that were read
    size_t good = 0;             // of these, before the one that threw `fault`
    std::exception_ptr fault = nullptr;
    bool done = false;
  };

  // Reads up to `most` jobs, once there is room for them; null when there are no more.
  Batch* Take(size_t thread, size_t most) {
    const std::lock_guard reading(reading_);
    std::unique_lock lock(mutex_);
    has_room_.wait(lock, [this] { return stopped_ || num_jobs_ < window_; });
    if (stopped_ || !more_) return nullptr;
    Batch& batch = Spare(thread);
    const size_t room = std::min(most, window_ - num_jobs_);
    lock.unlock();
    Fill(batch, room);
    lock.lock();
    num_jobs_ += batch.count;
    batches_.push_back(&batch);
    return &batch;
  }

  Batch& Spare(size_t thread) {
    if (spares_[thread].empty()) {
      made_.emplace_back(Batch{.thread = thread});
      return made_.back();
    }
    Batch& batch = *spares_[thread].back();
    spares_[thread].pop_back();
    return batch;
  }

  void Fill(Batch& batch, size_t count) {
    batch.done = false;
    batch.count = 0;
    try {
      while (more_ && batch.count < count) {
        if (batch.jobs.size() == batch.count) batch.jobs.emplace_back();
        more_ = read_(batch.jobs[batch.count]);
        batch.count += more_;
      }
    } catch (...) {
      batch.fault = std::current_exception();
      more_ = false;
    }
  }

  void WorkOn(Batch& batch) {
    batch.good = 0;
    try {
      for (; batch.good < batch.count && !stopped_; ++batch.good) work_(batch.jobs[batch.good]);
    } catch (...) {
      batch.fault = std::current_exception();
    }
  }

  void DeliverWhatIsDone(Batch& batch) {
    std::unique_lock lock(mutex_);
    batch.done = true;
    if (delivering_) return;  // and that thread will come upon this batch
    delivering_ = true;
    while (!stopped_ && !batches_.empty() && batches_.front()->done) {
      Batch& front = *batches_.front();
      lock.unlock();
      const std::exception_ptr fault = DeliverAll(front);
      lock.lock();
      batches_.pop_front();
      num_jobs_ -= front.count;
      spares_[front.thread].push_back(&front);
      if (fault) {
        fault_ = fault;
        stopped_ = true;
      }
      has_room_.notify_one();
    }
    delivering_ = false;
  }

  std::exception_ptr DeliverAll(Batch& batch) {
    try {
      for (size_t i = 0; i < batch.good; ++i) deliver_(batch.jobs[i]);
    } catch (...) {
      return std::current_exception();
    }
    return batch.fault;
  }

  const size_t window_;
  Read& read_;
  Work& work_;
  Deliver& deliver_;

  std::mutex reading_;  // held while a thread reads, or waits until it may
  bool more_ = true;    // to be read

  std::mutex mutex_;  // of what follows
  std::condition_variable has_room_;
  std::deque<Batch> made_;
  std::vector<std::vector<Batch*>> spares_;  // of each thread
  std::deque<Batch*> batches_;               // read and not delivered, in order
  size_t num_jobs_ = 0;                      // in them
  bool delivering_ = false;
  std::atomic<bool> stopped_ = false;  // by a fault; also read without the mutex
  std::exception_ptr fault_ = nullptr;
};

}  // namespace in_order_internal

// Until read(job) is false: work(job) on one of `num_threads` threads, this one among them, then
// deliver(job) in the order of reading. read is called by one thread at a time, and so is deliver,
// at the same time as read. At most `window` jobs are in memory; read may be given one that has
// been delivered, to use its memory again. An exception of read, work or deliver is thrown here,
// after the jobs before it have been delivered. Requires num_threads >= 1, window >= 1.
template <class Job, class Read, class Work, class Deliver>
void WorkInOrder(int num_threads, size_t window, Read read, Work work, Deliver deliver) {
  in_order_internal::Line<Job, Read, Work, Deliver> line(num_threads, window, read, work, deliver);
  {
    std::vector<std::jthread> others;
    for (int i = 1; i < num_threads; ++i) {
      others.emplace_back([&line, i] { line.Run(static_cast<size_t>(i)); });
    }
    line.Run(0);
  }
  line.Rethrow();
}

}  // namespace rationale
