#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/error.h"

namespace rationale {
namespace {

TEST(ThreadPool, VisitsEveryIndexOnce) {
  for (const int num_threads : {1, 2, 3, 8}) {
    ThreadPool pool(num_threads);
    for (const auto& [n, grain] : std::vector<std::pair<int64_t, int64_t>>{
             {1, 1}, {2, 1}, {7, 3}, {100, 7}, {1000, 1}, {64, 64}, {65, 64}}) {
      std::vector<std::atomic<int>> visits(static_cast<size_t>(n));
      pool.ParallelFor(n, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
      });
      for (const std::atomic<int>& count : visits) ASSERT_EQ(count.load(), 1);
    }
  }
}

TEST(ThreadPool, DoesNothingForAnEmptyRange) {
  ThreadPool pool(2);
  pool.ParallelFor(0, 1, [](int64_t, int64_t) { FAIL(); });
}

TEST(ThreadPool, SeveralThreadsTakePart) {
  ThreadPool pool(2);
  std::atomic<int> inside{0};
  pool.ParallelFor(2, 1, [&](int64_t, int64_t) {
    ++inside;
    while (inside.load() < 2) std::this_thread::yield();  // ends only if both pieces run at once
  });
  EXPECT_EQ(inside.load(), 2);
}

TEST(ThreadPool, ManyShortLoopsLoseNoWork) {
  ThreadPool pool(4);
  std::atomic<int64_t> sum{0};
  for (int loop = 0; loop < 20000; ++loop) {
    pool.ParallelFor(4, 1, [&](int64_t begin, int64_t end) { sum += end - begin; });
  }
  EXPECT_EQ(sum.load(), 80000);
}

TEST(ThreadPool, SleepingThreadsWakeUp) {
  ThreadPool pool(2);
  for (int loop = 0; loop < 3; ++loop) {
    std::atomic<int> inside{0};
    std::this_thread::sleep_for(
        std::chrono::milliseconds(2));  // 50 times what an idle thread spins
    pool.ParallelFor(2, 1, [&](int64_t, int64_t) {
      ++inside;
      while (inside.load() < 2) std::this_thread::yield();
    });
  }
}

TEST(ThreadPool, ANestedLoopRunsOnItsOwnThread) {
  ThreadPool pool(4), other(2);
  pool.ParallelFor(8, 1, [&](int64_t, int64_t) {
    const std::thread::id outer = std::this_thread::get_id();
    for (ThreadPool* inner : {&pool, &other}) {
      int pieces = 0;
      inner->ParallelFor(100, 1, [&](int64_t begin, int64_t end) {
        EXPECT_EQ(std::this_thread::get_id(), outer);
        EXPECT_EQ(begin, 0);
        EXPECT_EQ(end, 100);
        ++pieces;
      });
      EXPECT_EQ(pieces, 1);
    }
  });
}

TEST(ThreadPool, ReturnsWhenTheSlowestPieceIsDone) {
  ThreadPool pool(2);
  const std::thread::id caller = std::this_thread::get_id();
  std::atomic<int> inside{0}, done{0};
  pool.ParallelFor(2, 1, [&](int64_t, int64_t) {
    ++inside;
    while (inside.load() < 2) std::this_thread::yield();
    if (std::this_thread::get_id() != caller) {
      while (done.load() < 1) std::this_thread::yield();
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
    }
    ++done;
  });
  EXPECT_EQ(done.load(), 2);
}

TEST(ThreadPool, LoopsOfSeveralCallersAllFinish) {
  ThreadPool pool(2);
  std::atomic<int64_t> sum{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller) {
    callers.emplace_back([&] {
      for (int loop = 0; loop < 2000; ++loop) {
        pool.ParallelFor(8, 1, [&](int64_t begin, int64_t end) { sum += end - begin; });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum.load(), 3 * 2000 * 8);
}

TEST(ThreadPool, AnExceptionReachesTheCallerAndThePoolStaysUsable) {
  for (const int num_threads : {1, 4}) {
    ThreadPool pool(num_threads);
    for (const int64_t bad : {0, 31, 63}) {
      EXPECT_THROW(pool.ParallelFor(64, 1,
                                    [&](int64_t begin, int64_t end) {
                                      if (begin <= bad && bad < end)
                                        throw std::runtime_error("bad");
                                    }),
                   std::runtime_error);
    }
    std::atomic<int64_t> sum{0};
    pool.ParallelFor(64, 1, [&](int64_t begin, int64_t end) { sum += end - begin; });
    EXPECT_EQ(sum.load(), 64);
  }
}

TEST(ThreadPool, ChangesItsNumberOfThreads) {
  ThreadPool pool;
  for (const int num_threads : {1, 3, 2, 8, 1}) {
    pool.SetNumThreads(num_threads);
    EXPECT_EQ(pool.num_threads(), num_threads);
    std::atomic<int64_t> sum{0};
    pool.ParallelFor(100, 3, [&](int64_t begin, int64_t end) { sum += end - begin; });
    EXPECT_EQ(sum.load(), 100);
  }
  EXPECT_THROW(pool.SetNumThreads(0), CheckFailure);
}

// ---- pinning ----

std::vector<int> OwnCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof(set), &set);
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(static_cast<size_t>(core), &set)) cores.push_back(core);
  }
  return cores;
}

// The cores that each thread of a pool of two may use, both taking part.
std::set<std::vector<int>> CoresOfTwo(ThreadPool& pool) {
  std::set<std::vector<int>> cores;
  std::mutex mutex;
  std::atomic<int> inside{0};
  pool.ParallelFor(2, 1, [&](int64_t, int64_t) {
    ++inside;
    while (inside.load() < 2) std::this_thread::yield();
    const std::scoped_lock lock(mutex);
    cores.insert(OwnCores());
  });
  return cores;
}

TEST(ThreadPool, PinnedThreadsHaveACoreOfTheirOwn) {
  const std::vector<int> allowed = OwnCores();
  if (allowed.size() < 2) GTEST_SKIP() << "one core";
  ThreadPool pool(2);
  EXPECT_EQ(CoresOfTwo(pool), (std::set{allowed}));
  pool.SetPinned(true);
  {
    const ThreadPool::CallerPin pin(pool);
    EXPECT_EQ(CoresOfTwo(pool), (std::set{std::vector{allowed[0]}, std::vector{allowed[1]}}));
  }
  EXPECT_EQ(CoresOfTwo(pool), (std::set{allowed, std::vector{allowed[1]}}));
  pool.SetPinned(false);
  const ThreadPool::CallerPin pin(pool);
  EXPECT_EQ(CoresOfTwo(pool), (std::set{allowed}));
}

TEST(ThreadPool, PinsToCoresThatThisProcessMayUse) {
  const std::vector<int> allowed = OwnCores();
  std::thread([&] {  // the mask is its own
    cpu_set_t last;
    CPU_ZERO(&last);
    CPU_SET(static_cast<size_t>(allowed.back()), &last);
    ASSERT_EQ(sched_setaffinity(0, sizeof(last), &last), 0);
    ThreadPool pool(1);
    pool.SetPinned(true);
    const ThreadPool::CallerPin pin(pool);
    EXPECT_EQ(OwnCores(), std::vector{allowed.back()});
    try {
      pool.SetNumThreads(2);
      FAIL();
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("2 compute threads"), std::string::npos);
    }
    EXPECT_EQ(pool.num_threads(), 1);
    ThreadPool two(2);
    EXPECT_THROW(two.SetPinned(true), Error);
    EXPECT_EQ(two.num_threads(), 2);
  })
      .join();
}

}  // namespace
}  // namespace rationale
