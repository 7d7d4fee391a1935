// Tests of Engine on a FakeModel: what is sampled never depends on how the work was scheduled.

#include "rollout/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "policy/ops/ops.h"
#include "rollout/gap.h"
#include "rollout/hooked_model.h"
#include "tests/rollout/fake_model.h"
#include "tests/rollout/requests.h"

namespace rationale {
namespace {

constexpr int64_t kVocab = 50;

SampleRequest Request(std::vector<int32_t> prompt, SamplingSettings sampling = {},
                      uint64_t id = 0) {
  return {.id = id,
          .prompt = std::move(prompt),
          .key = DeriveKey({id, 99}),
          .group = 0,
          .sampling = sampling};
}

std::vector<int32_t> Tokens(int64_t count, int32_t token = 7) {
  return std::vector<int32_t>(static_cast<size_t>(count), token);
}

std::string MessageOf(const std::function<void()>& function) {
  try {
    function();
  } catch (const Error& error) {
    return error.what();
  }
  return "no Error";
}

TEST(Engine, GivesTheSameRolloutsAloneBatchedChunkedPreemptedAndOnAnyNumberOfThreads) {
  FakeModel model(kVocab);
  const auto requests = MakeRequests(12, 5, 70, 60, kVocab);
  const auto alone = GenerateAlone(model, requests);
  struct Case {
    EngineOptions options;
    int num_threads;
    bool preempts;
  };
  const std::vector<Case> cases = {
      {{.max_batch = 64}, 1, false},
      {{.max_batch = 7, .prefill_chunk_tokens = 3}, 2, false},
      {{.max_batch = 64, .prefill_chunk_tokens = 50}, 4, false},
      {{.max_batch = 64, .num_pages = 30}, 1, true},
      {{.max_batch = 9, .prefill_chunk_tokens = 1, .num_pages = 12}, 3, true},
      {{.max_batch = 64, .prefill_chunk_tokens = 17, .num_pages = 9}, 2, true},
      {{.max_batch = 3, .draft_tokens = 20, .draft_fixed_rows = 50}, 2, false},
      {{.max_batch = 64, .num_pages = 30, .draft_tokens = 5, .draft_fixed_rows = 1e9}, 1, true}};
  for (const Case& c : cases) {
    const std::string what = "batch " + std::to_string(c.options.max_batch) + ", chunk " +
                             std::to_string(c.options.prefill_chunk_tokens) + ", pages " +
                             std::to_string(c.options.num_pages);
    ops::SetNumThreads(c.num_threads);
    Engine engine(model, nullptr, c.options);
    ExpectSame(alone, engine.Generate(requests), what);
    EXPECT_EQ(engine.num_pages_held(), 0) << what;
    EXPECT_EQ(engine.stats().preemptions > 0, c.preempts) << what;
    EXPECT_EQ(MaxAbsLogprobGap(model, alone, 0), 0) << what;
    if (c.options.num_pages > 0) {
      EXPECT_LE(engine.stats().cache_tokens_peak, c.options.num_pages * ops::kPageTokens) << what;
    }
  }
  ops::SetNumThreads(1);
}

TEST(Engine, GivesTheSameRolloutsInAnyOrderOfRequests) {
  FakeModel model(kVocab);
  auto requests = MakeRequests(8, 4, 40, 30, kVocab);
  Engine engine(model, nullptr, {.max_batch = 10, .num_pages = 24});
  const auto in_order = engine.Generate(requests);
  PhiloxStream random(5);
  for (size_t i = requests.size() - 1; i > 0; --i) {
    std::swap(requests[i], requests[static_cast<size_t>(random.Int(0, static_cast<int64_t>(i)))]);
  }
  auto shuffled = engine.Generate(requests);
  for (size_t i = 0; i < requests.size(); ++i) ASSERT_EQ(shuffled[i].id, requests[i].id);
  std::sort(shuffled.begin(), shuffled.end(),
            [](const Rollout& a, const Rollout& b) { return a.id < b.id; });
  ExpectSame(in_order, shuffled, "shuffled");
}

// Submissions, cancellations, changes of weights and lost caches at random moments, with random
// sizes.
TEST(Engine, KeepsEveryRolloutExactThroughRandomEvents) {
  int64_t num_preemptions = 0, num_cancelled = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    PhiloxStream random(DeriveKey({seed, 3}));
    FakeModel model(kVocab);
    const auto requests =
        MakeRequests(random.Int(1, 8), random.Int(1, 6), random.Int(1, 50), 120, kVocab, seed);
    const auto alone = GenerateAlone(model, requests);
    Engine engine(model, nullptr,
                  {.max_batch = random.Int(1, 12),
                   .prefill_chunk_tokens = random.Int(1, 60),
                   .num_pages = random.Int(11, 24),
                   .draft_tokens = random.Int(0, 1) * random.Int(1, 40),
                   .draft_fixed_rows = 100 * random.Uniform()});
    size_t num_submitted = 0;
    std::vector<Rollout> rollouts;
    while (num_submitted < requests.size() || engine.num_unfinished() > 0) {
      if (num_submitted < requests.size() && random.Uniform() < 0.3)
        engine.Submit(requests[num_submitted++]);
      if (random.Uniform() < 0.02) engine.ReleaseCache();
      if (random.Uniform() < 0.01) engine.Cancel(static_cast<uint64_t>(random.Int(0, 20)));
      engine.Step();
      for (Rollout& rollout : engine.TakeFinished()) rollouts.push_back(std::move(rollout));
    }
    EXPECT_EQ(engine.num_pages_held(), 0) << "seed " << seed;
    ASSERT_EQ(rollouts.size(), requests.size()) << "seed " << seed;
    for (Rollout& rollout : rollouts) {
      Rollout expected = alone.at(rollout.id);
      if (rollout.finish == Finish::kCancelled) {
        ++num_cancelled;
        const size_t size = rollout.response.size();
        ASSERT_LE(size, expected.response.size());
        expected.response.resize(size);
        expected.logprobs.resize(size);
        expected.policy_versions.resize(size);
        expected.kept.resize(size);
        expected.finish = Finish::kCancelled;
      }
      ExpectSame(expected, rollout, "seed " + std::to_string(seed));
    }
    EXPECT_EQ(MaxAbsLogprobGap(model, rollouts, 0), 0) << "seed " << seed;
    num_preemptions += engine.stats().preemptions;
  }
  EXPECT_GT(num_preemptions, 50);
  EXPECT_GT(num_cancelled, 5);
}

TEST(Engine, PrefillsAGroupsPromptOnce) {
  for (const int64_t max_batch : {16, 3}) {
    for (const int64_t prompt_size : {1, 15, 16, 17, 40}) {
      FakeModel model(kVocab);
      Engine engine(model, nullptr, {.max_batch = max_batch});
      std::vector<SampleRequest> requests;
      for (uint64_t i = 0; i < 16; ++i) {
        requests.push_back(
            Request(Tokens(prompt_size), {.max_new_tokens = 10 + static_cast<int32_t>(i % 3)}, i));
      }
      const auto rollouts = engine.Generate(requests);
      const RolloutStats stats = engine.stats();
      EXPECT_EQ(stats.prefill_tokens, prompt_size);
      EXPECT_EQ(stats.shared_tokens, 15 * prompt_size);
      EXPECT_EQ(stats.recomputed_tokens, 0);
      int64_t num_tokens = 0;
      for (const Rollout& rollout : rollouts)
        num_tokens += static_cast<int64_t>(rollout.response.size());
      EXPECT_EQ(stats.sampled_tokens, num_tokens);
      EXPECT_EQ(stats.decode_tokens,
                num_tokens - 16);  // the first token comes from the prompt's row
      EXPECT_EQ(model.num_cached_rows(), prompt_size + num_tokens - 16);
      EXPECT_EQ(stats.live_peak, std::min<int64_t>(16, max_batch));
    }
  }
}

TEST(Engine, HoldsASharedPromptsPagesOnce) {
  FakeModel model(kVocab);
  Engine engine(model, nullptr, {.max_batch = 8});
  for (uint64_t i = 0; i < 8; ++i) engine.Submit(Request(Tokens(160), {.max_new_tokens = 100}, i));
  for (int step = 0; step < 10; ++step) engine.Step();
  EXPECT_EQ(engine.num_pages_held(), 10 + 8);  // ten pages of prompt, one of its own for each
  engine.CancelAll();
  EXPECT_EQ(engine.num_pages_held(), 0);
}

TEST(Engine, DecodesAllLiveSequencesInOneForward) {
  FakeModel model(kVocab);
  Engine engine(model, nullptr, {.max_batch = 8});
  std::vector<SampleRequest> requests;
  for (uint64_t i = 0; i < 8; ++i)
    requests.push_back(Request({static_cast<int32_t>(i)}, {.max_new_tokens = 20}, i));
  engine.Generate(requests);
  EXPECT_EQ(engine.stats().steps, 20);
  EXPECT_EQ(engine.stats().decode_steps, 19);
  EXPECT_EQ(engine.stats().decode_tokens, 8 * 19);
}

TEST(Engine, LetsAWaitingRequestInAsSoonAsOneIsDone) {
  FakeModel model(kVocab);
  Engine engine(model, nullptr, {.max_batch = 2});
  const auto rollouts = engine.Generate({Request({1}, {.max_new_tokens = 30}, 0),
                                         Request({2}, {.max_new_tokens = 10}, 1),
                                         Request({3}, {.max_new_tokens = 20}, 2)});
  EXPECT_EQ(rollouts[2].response.size(), 20);
  EXPECT_EQ(engine.stats().steps, 30);  // the third takes the second's place at once
}

TEST(Engine, PrefillsInChunksBesideDecoding) {
  FakeModel model(kVocab);
  std::vector<int64_t> rows;
  HookedModel hooked(model,
                     [&](const ForwardBatch& batch) { rows.push_back(batch.tokens_T.size(0)); });
  Engine engine(hooked, nullptr, {.max_batch = 2, .prefill_chunk_tokens = 8});
  engine.Generate(
      {Request({1}, {.max_new_tokens = 5}, 0), Request(Tokens(20), {.max_new_tokens = 2}, 1)});
  EXPECT_EQ(rows, (std::vector<int64_t>{1 + 7, 1 + 8, 1 + 5, 1 + 1, 1}));
}

TEST(Engine, ComputesThePromptAgainOnlyWhereItsPagesWereNeeded) {
  FakeModel model(kVocab);
  // Two long sequences do not fit at once: the younger one is preempted and comes back.
  Engine engine(model, nullptr, {.max_batch = 2, .num_pages = 8});
  const auto requests = {Request(Tokens(30, 1), {.max_new_tokens = 90}, 0),
                         Request(Tokens(30, 2), {.max_new_tokens = 90}, 1)};
  const auto rollouts = engine.Generate(requests);
  EXPECT_EQ(engine.stats().prefill_tokens, 60);
  EXPECT_GE(engine.stats().preemptions, 1);
  EXPECT_GE(engine.stats().recomputed_tokens, 30);
  ExpectSame(GenerateAlone(model, requests), rollouts, "preempted");
}

// ---- stopping ----

TEST(Engine, StopsAtAStopTokenAndKeepsItInTheResponse) {
  FakeModel model(kVocab);
  const auto free_run = GenerateAlone(model, {Request(Tokens(3), {.max_new_tokens = 50})}).at(0);
  EXPECT_EQ(free_run.finish, Finish::kLength);
  ASSERT_EQ(free_run.response.size(), 50);
  const int32_t stop = free_run.response[20];
  const auto first = std::find(free_run.response.begin(), free_run.response.end(), stop) -
                     free_run.response.begin();
  const auto stopped =
      GenerateAlone(model, {Request(Tokens(3), {.stop_tokens = {49, stop}, .max_new_tokens = 50})})
          .at(0);
  EXPECT_EQ(stopped.finish, Finish::kStop);
  EXPECT_LE(static_cast<ptrdiff_t>(stopped.response.size()), first + 1);
  EXPECT_TRUE(stopped.response.back() == stop || stopped.response.back() == 49);
}

TEST(Engine, ClipsNewTokensToTheModelsContext) {
  FakeModel model(kVocab, /*max_position=*/32);
  const auto rollout = GenerateAlone(model, {Request(Tokens(20), {.max_new_tokens = 1000})}).at(0);
  EXPECT_EQ(rollout.response.size(), 12);
  EXPECT_EQ(rollout.finish, Finish::kLength);
}

TEST(Engine, RefusesBadRequestsNamingWhatWasFoundAndWhatIsAllowed) {
  FakeModel model(kVocab, /*max_position=*/32);
  Engine engine(model, nullptr, {.num_pages = 1});
  const auto message = [&](const SampleRequest& request) {
    return MessageOf([&] { engine.Submit(request); });
  };
  EXPECT_EQ(message(Request(Tokens(32), {}, 5)),
            "request 5: the prompt has 32 tokens, the model's context of 32 has room for 31 and "
            "one new token");
  EXPECT_EQ(message(Request({}, {}, 5)),
            "request 5: the prompt is empty, it must have one token at least");
  EXPECT_EQ(message(Request({50}, {}, 5)),
            "request 5: the prompt holds token 50, the vocabulary has tokens 0 to 49");
  EXPECT_EQ(message(Request({1}, {.stop_strings = {"x"}}, 5)),
            "request 5: stop strings need a tokenizer, there is none");
  EXPECT_EQ(message(Request(Tokens(10), {.max_new_tokens = 10}, 5)),
            "request 5: a prompt of 10 tokens and 10 new ones need 2 pages of 16 tokens, the cache "
            "has 1 pages; give it "
            "more memory or ask for fewer tokens");
  EXPECT_EQ(engine.num_unfinished(), 0);
  EXPECT_EQ(MessageOf([&] { Engine(model, nullptr, {.max_batch = 0}); }),
            "rollout: max_batch is 0, it must be 1 or more");
  EXPECT_EQ(MessageOf([&] { Engine(model, nullptr, {.memory_bytes = 100}); }),
            "rollout: memory_bytes is 100, a page of the cache alone needs 128");
}

TEST(Engine, StartsNoneOfTheRequestsWhenOneIsRefused) {
  FakeModel model(kVocab);
  Engine engine(model, nullptr, {});
  EXPECT_THROW(engine.Generate({Request({1}, {}, 0), Request({}, {}, 1)}), Error);
  EXPECT_EQ(engine.num_unfinished(), 0);
  EXPECT_EQ(engine.num_pages_held(), 0);
  EXPECT_EQ(engine.Generate({Request({1}, {.max_new_tokens = 3}, 2)}).size(), 1);
}

TEST(Engine, ReportsAModelThatReturnsNan) {
  FakeModel model(kVocab);
  model.head().value.mutable_data_ptr<float>()[8] = std::numeric_limits<float>::quiet_NaN();
  Engine engine(model, nullptr, {});
  EXPECT_THROW(engine.Generate({Request({1})}), Failure);
}

// ---- interruption, cancellation, change of weights ----

TEST(Engine, GoesOnAfterAnInterruptAsIfThereHadBeenNone) {
  FakeModel model(kVocab);
  const auto requests = MakeRequests(4, 3, 30, 40, kVocab);
  const auto expected = GenerateAlone(model, requests);
  Engine engine(model, nullptr, {});
  int64_t num_tokens = 0;
  engine.SetCallbacks({.on_token =
                           [&](const TokenEvent&) {
                             if (++num_tokens == 50) engine.Interrupt();
                           },
                       .on_finish = {}});
  for (const auto& request : requests) engine.Submit(request);
  EXPECT_FALSE(engine.Run());
  EXPECT_GE(num_tokens, 50);
  EXPECT_LT(num_tokens, 50 + 12);  // it stops after the step
  EXPECT_TRUE(engine.Run());
  ExpectSame(expected, engine.TakeFinished(), "interrupted");
}

TEST(Engine, ReturnsWhatThereIsWhenGenerateIsInterrupted) {
  FakeModel model(kVocab);
  Engine engine(model, nullptr, {.max_batch = 1});
  const auto rollouts =
      engine.Generate({Request({1}, {.max_new_tokens = 5}, 0),
                       Request({2}, {.max_new_tokens = 100}, 1), Request({3}, {}, 2)},
                      {.on_token =
                           [&](const TokenEvent& event) {
                             if (event.id == 1 && event.position == 9) engine.Interrupt();
                           },
                       .on_finish = {}});
  ASSERT_EQ(rollouts.size(), 3);
  EXPECT_EQ(rollouts[0].finish, Finish::kLength);
  EXPECT_EQ(rollouts[1].finish, Finish::kCancelled);
  EXPECT_EQ(rollouts[1].response.size(), 10);
  EXPECT_EQ(rollouts[2].finish, Finish::kCancelled);
  EXPECT_TRUE(rollouts[2].response.empty());
  EXPECT_EQ(engine.num_pages_held(), 0);
}

TEST(Engine, StopsARunFromAnotherThread) {
  FakeModel model(kVocab);
  Engine engine(model, nullptr, {});
  std::thread other;
  engine.SetCallbacks({.on_token =
                           [&](const TokenEvent& event) {
                             if (event.position == 3)
                               other = std::thread([&] { engine.Interrupt(); });
                           },
                       .on_finish = {}});
  engine.Submit(Request({1}, {.max_new_tokens = 4000}));
  EXPECT_FALSE(engine.Run());
  other.join();
  EXPECT_EQ(engine.num_unfinished(), 1);
}

TEST(Engine, CancelsFromACallbackAtTheEndOfTheStep) {
  FakeModel model(kVocab);
  Engine engine(model, nullptr, {});
  std::vector<uint64_t> finished;
  const auto rollouts = engine.Generate(
      {Request({1}, {.max_new_tokens = 20}, 10), Request({1}, {.max_new_tokens = 20}, 11)},
      {.on_token =
           [&](const TokenEvent& event) {
             if (event.id == 10 && event.position == 4) engine.Cancel(10);
           },
       .on_finish = [&](const Rollout& rollout) { finished.push_back(rollout.id); }});
  EXPECT_EQ(finished, (std::vector<uint64_t>{10, 11}));
  EXPECT_EQ(rollouts[0].finish, Finish::kCancelled);
  EXPECT_EQ(rollouts[0].response.size(), 5);
  EXPECT_EQ(rollouts[1].response.size(), 20);
}

TEST(Engine, RecomputesTheCacheWhenWeightsChangeInFlight) {
  FakeModel model(kVocab);
  const auto requests = MakeRequests(6, 4, 60, 50, kVocab);
  Engine engine(model, nullptr, {.max_batch = 12, .prefill_chunk_tokens = 40, .num_pages = 40});
  for (const auto& request : requests) engine.Submit(request);
  for (int64_t version = 1; version <= 4; ++version) {
    for (int step = 0; step < 12; ++step) engine.Step();
    model.SetWeights(version);
    engine.SetVersion(version);
  }
  EXPECT_TRUE(engine.Run());
  const auto rollouts = engine.TakeFinished();
  std::vector<int64_t> num_tokens(5, 0);
  for (const Rollout& rollout : rollouts) {
    EXPECT_TRUE(std::is_sorted(rollout.policy_versions.begin(), rollout.policy_versions.end()));
    for (const int64_t version : rollout.policy_versions)
      ++num_tokens[static_cast<size_t>(version)];
  }
  for (int64_t version = 0; version <= 4; ++version) {
    EXPECT_GT(num_tokens[static_cast<size_t>(version)], 0);
    model.SetWeights(version);
    EXPECT_EQ(MaxAbsLogprobGap(model, rollouts, version), 0) << "version " << version;
    EXPECT_GT(MaxAbsLogprobGap(model, rollouts, (version + 1) % 5),
              0);  // other weights, other log-probabilities
  }
}

// The measure can fail: weights that change behind the engine's back leave stale pages, and the gap
// shows them.
TEST(Engine, ShowsAGapWhenWeightsChangeUnannounced) {
  FakeModel model(kVocab);
  Engine engine(model, nullptr, {});
  for (const auto& request : MakeRequests(3, 2, 30, 30, kVocab)) engine.Submit(request);
  for (int step = 0; step < 5; ++step) engine.Step();
  model.SetWeights(1);
  engine.Run();
  EXPECT_GT(MaxAbsLogprobGap(model, engine.TakeFinished(), 0), 0);
}

TEST(Engine, ShowsAGapWhenOneCachedValueIsFlipped) {
  FakeModel model(kVocab);
  int64_t num_steps = 0;
  HookedModel hooked(model, [&](const ForwardBatch& batch) {
    if (batch.kv == nullptr || ++num_steps != 8) return;
    const int32_t page = batch.spans[0].pages[0];
    batch.kv->layers[0].keys.mutable_data_ptr<float>()[page * ops::kPageTokens * 2] += 1;
  });
  Engine engine(hooked, nullptr, {});
  const auto rollouts = engine.Generate(MakeRequests(3, 2, 30, 30, kVocab));
  EXPECT_GT(MaxAbsLogprobGap(model, rollouts, 0), 0);
}

}  // namespace
}  // namespace rationale
