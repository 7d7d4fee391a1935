#include "base/in_order.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace rationale {
namespace {

struct Job {
  int number = 0;
  int result = 0;
};

// What WorkInOrder delivers for `count` jobs, of which `bad` (if any) fails at `place`, and the
// message it ends with.
std::string Delivered(int num_threads, int count, int bad = -1, const std::string& place = "") {
  std::string text;
  int next = 0;
  const auto fail = [&](const Job& job, const char* here) {
    if (job.number == bad && place == here) throw std::runtime_error(here);
  };
  try {
    WorkInOrder<Job>(
        num_threads, 4,
        [&](Job& job) {
          job.number = next++;
          fail(job, "read");
          return job.number < count;
        },
        [&](Job& job) {
          fail(job, "work");
          // The earlier of two neighbours takes longer.
          volatile int sum = 0;
          for (int i = 0; i < (job.number % 2 == 0 ? 20000 : 1); ++i) sum = sum + 1;
          job.result = job.number * job.number;
        },
        [&](Job& job) {
          fail(job, "deliver");
          text += std::to_string(job.result) + ' ';
        });
  } catch (const std::runtime_error& error) {
    text += error.what();
  }
  return text;
}

TEST(WorkInOrder, DeliversInTheOrderOfReadingOnAnyNumberOfThreads) {
  std::string expected;
  for (int i = 0; i < 200; ++i) expected += std::to_string(i * i) + ' ';
  for (const int num_threads : {1, 2, 7}) EXPECT_EQ(Delivered(num_threads, 200), expected);
  EXPECT_EQ(Delivered(3, 0), "");
}

TEST(WorkInOrder, AJobThatIsDoneWaitsForTheOneBeforeIt) {
  std::atomic<bool> second_done = false;
  std::vector<int> delivered;
  int next = 0;
  WorkInOrder<Job>(
      2, 4,
      [&](Job& job) {
        job.number = next++;
        return job.number < 2;
      },
      [&](Job& job) {
        if (job.number == 0) return second_done.wait(false);
        second_done = true;
        second_done.notify_all();
      },
      [&](Job& job) { delivered.push_back(job.number); });
  EXPECT_EQ(delivered, (std::vector<int>{0, 1}));
}

TEST(WorkInOrder, ThrowsAFaultAfterTheJobsBeforeIt) {
  for (const int num_threads : {1, 3}) {
    for (const std::string place : {"read", "work", "deliver"}) {
      EXPECT_EQ(Delivered(num_threads, 50, 3, place), "0 1 4 " + place) << num_threads;
    }
  }
}

TEST(WorkInOrder, HoldsNoMoreJobsThanItsWindow) {
  std::atomic<int> read = 0;
  int delivered = 0;
  WorkInOrder<Job>(
      2, 4, [&](Job&) { return read++ < 100; }, [](Job&) {},
      [&](Job&) {
        EXPECT_LE(read - delivered, 5);
        ++delivered;
      });
  EXPECT_EQ(delivered, 100);
}

TEST(WorkInOrder, LeavesAJobsMemoryWithOneThread) {
  struct OwnedJob {
    std::thread::id thread = {};
  };
  int next = 0;
  const auto check = [](const OwnedJob& job) { EXPECT_EQ(job.thread, std::this_thread::get_id()); };
  WorkInOrder<OwnedJob>(
      3, 64,
      [&](OwnedJob& job) {
        if (job.thread == std::thread::id()) job.thread = std::this_thread::get_id();
        check(job);
        return ++next < 5000;
      },
      check, [](const OwnedJob&) {});
}

}  // namespace
}  // namespace rationale
