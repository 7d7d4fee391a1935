// Tests of Scheduler without a model: who is in the batch, on which pages, and who has to wait.

#include "rollout/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <vector>

#include <ATen/ops/zeros.h>

#include "base/philox.h"

namespace rationale {
namespace {

using ops::kPageTokens;

// A scheduler whose every draw gives token 1, and the checks that hold in each of its steps.
class Driver {
 public:
  explicit Driver(const SchedulerOptions& options) : options_(options), scheduler_(options) {}

  Sequence& Add(int64_t prompt_size, int64_t max_new_tokens, int32_t token = 7) {
    SampleRequest request;
    request.prompt.assign(static_cast<size_t>(prompt_size), token);
    auto sequence = std::make_unique<Sequence>(std::move(request), num_added_++, 100);
    sequence->max_new_tokens = max_new_tokens;
    return scheduler_.Add(std::move(sequence));
  }

  // False when there was nothing to do.
  bool Step() {
    StepPlan& plan = scheduler_.Plan();
    if (plan.empty()) return false;
    CheckPlan(plan);
    for (const StepPlan::Fill& fill : plan.fills) {
      if (fill.prefix != nullptr && fill.prefix->last_row >= 0)
        fill.prefix->hidden_1D = at::zeros({1, 1});
    }
    scheduler_.Commit();
    for (const StepPlan::Draw& draw : plan.draws) {
      Sequence& sequence = *draw.sequence;
      sequence.rollout.response.push_back(1);
      if (static_cast<int64_t>(sequence.rollout.response.size()) == sequence.max_new_tokens) {
        finished_.push_back(sequence.index);
        scheduler_.Remove(sequence);
      } else {
        scheduler_.Continue(sequence);
      }
    }
    return true;
  }

  Scheduler& scheduler() { return scheduler_; }
  const std::vector<int64_t>& finished() const { return finished_; }

 private:
  void CheckPlan(const StepPlan& plan) {
    EXPECT_LE(scheduler_.num_live(), options_.max_batch);
    EXPECT_LE(plan.num_rows() - plan.num_decode_rows, options_.prefill_chunk_tokens);
    EXPECT_LE(scheduler_.pages().num_held(), options_.max_pages);
    std::set<int32_t> written;
    for (const ops::SequenceSpan& span : plan.batch.spans) {
      EXPECT_GT(span.num_rows, 0);
      const int64_t end = span.num_cached + span.num_rows;
      ASSERT_LE(end, static_cast<int64_t>(span.pages.size()) * kPageTokens);
      for (int64_t page = span.num_cached / kPageTokens; page * kPageTokens < end; ++page) {
        const int32_t id = span.pages[static_cast<size_t>(page)];
        EXPECT_EQ(scheduler_.pages().holders(id), 1)
            << "a page is written that another sequence holds";
        EXPECT_TRUE(written.insert(id).second) << "a page is written twice";
      }
    }
    std::set<int64_t> drawing;
    for (const StepPlan::Draw& draw : plan.draws) {
      EXPECT_TRUE(drawing.insert(draw.sequence->index).second) << "two draws for one sequence";
    }
  }

  SchedulerOptions options_;
  Scheduler scheduler_;
  int64_t num_added_ = 0;
  std::vector<int64_t> finished_;
};

TEST(Scheduler, KeepsItsInvariantsUnderRandomLoadAndFewPages) {
  int64_t num_preemptions = 0, num_shared = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    PhiloxStream random(DeriveKey({seed, 8}));
    const auto max_pages = static_cast<int32_t>(random.Int(8, 30));
    Driver driver({.max_batch = random.Int(1, 16),
                   .prefill_chunk_tokens = random.Int(1, 64),
                   .max_pages = max_pages});
    const int64_t num_sequences = random.Int(1, 40);
    const int64_t num_prompts = random.Int(1, 6);
    int64_t num_added = 0;
    int64_t num_steps = 0;
    while (num_added < num_sequences || driver.scheduler().num_unfinished() > 0) {
      if (num_added < num_sequences && random.Uniform() < 0.5) {
        const int64_t prompt = random.Int(0, num_prompts - 1);
        driver.Add(1 + prompt * 11 % 56, random.Int(1, 70), static_cast<int32_t>(prompt));
        ++num_added;
      }
      if (random.Uniform() < 0.01) driver.scheduler().InvalidateCache();
      driver.Step();
      ASSERT_LT(++num_steps, 20'000) << "no end, seed " << seed;
    }
    EXPECT_EQ(static_cast<int64_t>(driver.finished().size()), num_sequences);
    EXPECT_EQ(driver.scheduler().pages().num_held(), 0) << "a page leaked, seed " << seed;
    num_preemptions += driver.scheduler().stats().preemptions;
    num_shared += driver.scheduler().stats().shared_tokens;
  }
  EXPECT_GT(num_preemptions, 100);
  EXPECT_GT(num_shared, 10'000);
}

TEST(Scheduler, PreemptsTheYoungestWhenPagesRunOut) {
  Driver driver({.max_batch = 4, .prefill_chunk_tokens = 64, .max_pages = 9});
  Sequence& oldest = driver.Add(17, 100, 1);
  Sequence& middle = driver.Add(17, 40, 2);
  Sequence& youngest = driver.Add(1, 100, 3);
  while (driver.scheduler().stats().preemptions == 0) ASSERT_TRUE(driver.Step());
  EXPECT_EQ(oldest.state, SequenceState::kDecoding);
  EXPECT_EQ(middle.state, SequenceState::kDecoding);
  EXPECT_EQ(youngest.state, SequenceState::kWaiting);
  EXPECT_TRUE(youngest.pages.empty());
  const auto num_drawn = youngest.rollout.response.size();
  EXPECT_GT(num_drawn, 0);
  while (driver.Step()) {
  }
  EXPECT_EQ(driver.finished(), (std::vector<int64_t>{1, 0, 2}));
}

TEST(Scheduler, DoesNotAdmitWhatItWouldHaveToPreemptAtOnce) {
  Driver driver({.max_batch = 4, .prefill_chunk_tokens = 64, .max_pages = 4});
  driver.Add(17, 40, 1);
  driver.Step();
  Sequence& late = driver.Add(17, 8, 2);  // its two pages are free, but the first may want one soon
  driver.Step();
  EXPECT_EQ(late.state, SequenceState::kWaiting);
  while (driver.Step()) {
  }
  EXPECT_EQ(driver.scheduler().stats().preemptions, 0);
  EXPECT_EQ(driver.finished(), (std::vector<int64_t>{0, 1}));
}

TEST(Scheduler, PreemptsAPromptInProgressRatherThanCutItsPages) {
  Driver driver({.max_batch = 2, .prefill_chunk_tokens = 1, .max_pages = 7});
  driver.Add(1, 110, 1);
  driver.Step();
  Sequence& late = driver.Add(49, 3, 2);
  while (driver.scheduler().stats().preemptions == 0) ASSERT_TRUE(driver.Step());
  EXPECT_EQ(late.state, SequenceState::kWaiting);
  EXPECT_GT(late.prefix->num_cached_ever, 40);  // it had come far
  EXPECT_LT(late.prefix->num_cached_ever, 49);
  for (int step = 0; driver.Step(); ++step) ASSERT_LT(step, 500);
  EXPECT_EQ(driver.finished(), (std::vector<int64_t>{0, 1}));
}

TEST(Scheduler, AdmitsByAge) {
  Driver driver({.max_batch = 1, .prefill_chunk_tokens = 64, .max_pages = 8});
  for (int64_t i = 0; i < 5; ++i) driver.Add(3, 2, static_cast<int32_t>(i));
  while (driver.Step()) {
  }
  EXPECT_EQ(driver.finished(), (std::vector<int64_t>{0, 1, 2, 3, 4}));
}

TEST(Scheduler, KeepsAPromptOnlyAsLongAsASequenceNeedsIt) {
  Driver driver({.max_batch = 1, .prefill_chunk_tokens = 64, .max_pages = 16});
  driver.Add(40, 2);
  driver.Add(40, 2);
  driver.Step();  // the prompt: two full pages and a partly filled one
  EXPECT_EQ(driver.scheduler().pages().num_held(), 3);
  driver.Step();  // the first takes a copy of the last page, decodes and is done; the second waits
  EXPECT_EQ(driver.scheduler().stats().prefill_tokens, 40);
  EXPECT_EQ(driver.scheduler().pages().num_held(), 3);
  driver.Step();  // the second starts from the prompt's last row and has the last page to itself
  driver.Step();
  EXPECT_EQ(driver.scheduler().stats().prefill_tokens, 40);
  EXPECT_EQ(driver.scheduler().pages().num_held(), 0);
  EXPECT_EQ(driver.scheduler().pages().num_held_peak(), 4);
}

}  // namespace
}  // namespace rationale
