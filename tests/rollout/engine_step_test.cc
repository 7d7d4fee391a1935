// Tests of Engine on a FakeModel: faults in a step, and what else a rollout records.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/error.h"
#include "policy/ops/ops.h"
#include "rollout/engine.h"
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

TEST(Engine, GoesOnExactlyAfterAStepThatThrew) {
  FakeModel model(kVocab);
  const auto requests = MakeRequests(4, 9, 40, 12, kVocab);
  int64_t num_steps = 0;
  HookedModel hooked(model, [&](const ForwardBatch&) {
    if (++num_steps % 3 == 0) throw std::runtime_error("out of memory");
  });
  Engine engine(hooked, nullptr, {.max_batch = 4, .prefill_chunk_tokens = 16});
  for (const auto& request : requests) engine.Submit(request);
  int64_t num_thrown = 0;
  for (bool more = true; more;) {
    try {
      more = engine.Step();
    } catch (const std::runtime_error&) {
      ++num_thrown;
    }
  }
  EXPECT_GT(num_thrown, 5);
  ExpectSame(GenerateAlone(model, requests), engine.TakeFinished(), "after throws");
  EXPECT_EQ(engine.num_pages_held(), 0);
}

// ---- the ledger ----

TEST(Engine, RecordsTheExpertsOfTheRowEachTokenWasDrawnFrom) {
  FakeModel model(kVocab);
  auto requests = MakeRequests(5, 3, 40, 60, kVocab);
  for (size_t i = 0; i < requests.size(); ++i) requests[i].sampling.keep_experts = i % 3 != 0;
  Engine engine(model, nullptr, {.max_batch = 6, .prefill_chunk_tokens = 9, .num_pages = 9});
  const auto rollouts = engine.Generate(requests);
  EXPECT_GT(engine.stats().preemptions, 0);
  for (const Rollout& rollout : rollouts) {
    if (rollout.id % 3 == 0) {
      EXPECT_TRUE(rollout.experts.empty());
      continue;
    }
    std::vector<int64_t> tokens(rollout.prompt.begin(), rollout.prompt.end());
    tokens.insert(tokens.end(), rollout.response.begin(), rollout.response.end());
    std::vector<int32_t> positions(tokens.size());
    std::iota(positions.begin(), positions.end(), 0);
    const auto num_rows = static_cast<int64_t>(tokens.size());
    RouterStats router{.load_E = {}, .record_experts = true, .experts_TA = {}};
    ForwardBatch batch;
    batch.tokens_T = at::empty({num_rows}, at::kLong);
    std::copy(tokens.begin(), tokens.end(), batch.tokens_T.mutable_data_ptr<int64_t>());
    batch.positions_T = at::empty({num_rows}, at::kInt);
    std::copy(positions.begin(), positions.end(), batch.positions_T.mutable_data_ptr<int32_t>());
    batch.spans = {{.row = 0, .num_rows = num_rows, .num_cached = 0, .pages = {}}};
    batch.router = &router;
    model.Hidden(batch);
    ASSERT_EQ(rollout.experts.size(), rollout.response.size());
    const auto* experts = router.experts_TA[1].const_data_ptr<int32_t>();
    for (size_t i = 0; i < rollout.response.size(); ++i) {
      const size_t row = rollout.prompt.size() - 1 + i;
      EXPECT_EQ(rollout.experts[i], (std::vector<int32_t>{experts[2 * row], experts[2 * row + 1]}));
    }
  }
}

TEST(Engine, KeepsAskedKeptSetsOnly) {
  FakeModel model(kVocab);
  const auto with =
      GenerateAlone(model,
                    {Request({1}, {.top_k = 5, .max_new_tokens = 20, .keep_kept_sets = true})})
          .at(0);
  const auto without =
      GenerateAlone(model, {Request({1}, {.top_k = 5, .max_new_tokens = 20})}).at(0);
  EXPECT_EQ(with.response, without.response);
  EXPECT_EQ(with.logprobs, without.logprobs);
  EXPECT_TRUE(without.kept.empty());
  EXPECT_FALSE(without.comparable);
  EXPECT_TRUE(with.comparable);
  EXPECT_THROW(LearnerLogprobs(model, {&without, 1}), Error);
  ASSERT_EQ(with.kept.size(), 20);
  for (size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(with.kept[i].size(), 5);
    EXPECT_TRUE(std::is_sorted(with.kept[i].begin(), with.kept[i].end()));
    EXPECT_TRUE(std::binary_search(with.kept[i].begin(), with.kept[i].end(), with.response[i]));
  }
}

TEST(Engine, WritesATraceOfItsSteps) {
  FakeModel model(kVocab);
  ChromeTrace trace;
  Engine engine(model, nullptr, {.trace = &trace});
  engine.Generate({Request({1, 2}, {.max_new_tokens = 2})});
  const std::string json = trace.Json();
  EXPECT_NE(json.find(R"({"name":"step","ph":"X","pid":1,"tid":1,"ts":0.000,)"), std::string::npos)
      << json;
  EXPECT_NE(json.find(R"("name":"forward")"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("args":{"decode_rows":0,"fill_rows":2}})"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("args":{"decode_rows":1,"fill_rows":0}})"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("name":"sampling")"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("name":"linear")"), std::string::npos) << json;  // within "logits"
}

TEST(ChromeTrace, AddsUpTheNamedEventsOfStepsThatOnlyDecode) {
  using std::chrono::milliseconds;
  ChromeTrace trace;
  const ChromeTrace::Clock::time_point start{};
  const auto add = [&](const char* name, int begin_ms, int end_ms, int64_t decode, int64_t fill) {
    trace.Add(name, start + milliseconds(begin_ms), start + milliseconds(end_ms), decode, fill);
  };
  add("linear", 0, 1, 0, 5);
  add("linear", 2, 4, 3, 1);
  add("linear", 10, 17, 3, 0);
  add("attention", 17, 20, 3, 0);
  add("step", 10, 30, 3, 0);
  EXPECT_DOUBLE_EQ(trace.DecodeSeconds({"linear", "attention"}), 0.010);
  EXPECT_DOUBLE_EQ(trace.DecodeSeconds({"step"}), 0.020);
  EXPECT_DOUBLE_EQ(trace.DecodeSeconds({"rope"}), 0);
}

}  // namespace
}  // namespace rationale
