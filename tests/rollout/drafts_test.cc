// Tests of DraftIndex, and of what the engine makes of its guesses.

#include "rollout/drafts.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/rollout/fake_model.h"
#include "tests/rollout/requests.h"

namespace rationale {
namespace {

using Tokens = std::vector<int32_t>;

DraftIndex IndexOf(const Tokens& tokens) {
  DraftIndex index;
  for (size_t size = 1; size <= tokens.size(); ++size) {
    index.Observe(std::span(tokens).first(size));
  }
  return index;
}

Tokens Proposed(const DraftIndex& index, const Tokens& tokens, int64_t max_tokens, double floor = 0,
                const DraftRates& rates = {}) {
  Tokens proposed;
  for (const Draft& draft : index.Propose(tokens, max_tokens, floor, rates)) {
    proposed.push_back(draft.token);
  }
  return proposed;
}

TEST(DraftIndex, GoesOnAsTheTextDidAfterTheSameTokens) {
  const DraftIndex index = IndexOf({1, 2, 3, 4, 5, 6, 7});
  EXPECT_EQ(Proposed(index, {9, 2, 3}, 3), (Tokens{4, 5, 6}));
  EXPECT_EQ(Proposed(index, {9, 2, 3}, 30), (Tokens{4, 5, 6, 7}));
  EXPECT_EQ(Proposed(index, {3}, 1), Tokens{4});
  EXPECT_EQ(Proposed(index, {3, 9}, 3), Tokens());
  EXPECT_EQ(Proposed(index, {}, 3), Tokens());
}

TEST(DraftIndex, TrustsTheLongestRunOfTokens) {
  const DraftIndex index = IndexOf({1, 2, 3, 4, 50, 0, 7, 8, 3, 4, 60, 0, 9, 9, 3, 4, 60});
  EXPECT_EQ(Proposed(index, {3, 4}, 1), Tokens{60});
  EXPECT_EQ(Proposed(index, {1, 2, 3, 4}, 1), Tokens{50});
}

TEST(DraftIndex, GuessesAsFarAsTheChanceOfAllIsAboveTheFloor) {
  const DraftIndex index = IndexOf({1, 2, 3, 4, 5});
  const DraftRates rates;
  const auto drafts = index.Propose(Tokens{1, 2}, 9, 0, rates);
  ASSERT_EQ(drafts.size(), 3u);
  const double first = rates.Chance({.token = 3, .run = 5, .hits = 1, .total = 1});
  const double second = rates.Chance({.token = 4, .run = 4, .hits = 1, .total = 1});
  EXPECT_DOUBLE_EQ(drafts[0].chance, first);
  EXPECT_DOUBLE_EQ(drafts[1].chance, first * second);
  EXPECT_EQ(Proposed(index, {1, 2}, 9, drafts[0].chance), Tokens());
  EXPECT_EQ(Proposed(index, {1, 2}, 9, drafts[1].chance), Tokens{3});
  EXPECT_EQ(Proposed(index, {1, 2}, 9, drafts[2].chance), (Tokens{3, 4}));
}

TEST(DraftIndex, AFollowerGivesWayToOneThatCameUpMoreOften) {
  DraftIndex index;
  for (const int32_t token : {3, 4, 4, 4}) index.Observe(Tokens{1, 2, token});
  EXPECT_EQ(Proposed(index, {1, 2}, 1), Tokens{4});
}

TEST(DraftRates, ComeToWhatWasCountedOfThatKind) {
  DraftRates rates;
  const DraftGuess pair{.token = 3, .run = 5, .hits = 1, .total = 1};
  const DraftGuess often{.token = 3, .run = 5, .hits = 6, .total = 6};
  const double unseen = rates.Chance(pair);
  EXPECT_GT(rates.Chance(often), unseen);
  const double of_often = rates.Chance(often);
  for (int i = 0; i < 4000; ++i) rates.Count(pair, i % 5 == 0);
  EXPECT_NEAR(rates.Chance(pair), 0.2, 0.01);
  EXPECT_EQ(rates.Chance(often), of_often);
  for (int i = 0; i < 4000; ++i) rates.Count(pair, true);  // the policy has changed
  EXPECT_GT(rates.Chance(pair), 0.95);
}

// Greedy samples of one prompt are the same, and every second one is guessed from the first.
TEST(Speculation, SavesTheStepsOfWhatTheGroupHasSaidBefore) {
  FakeModel model(50);
  std::vector<SampleRequest> requests;
  for (uint64_t id = 0; id < 4; ++id) {
    requests.push_back({.id = id,
                        .prompt = {1, 2, 3},
                        .key = id,
                        .group = 0,
                        .sampling = {.temperature = 0, .max_new_tokens = 64}});
  }
  const auto alone = GenerateAlone(model, requests);
  Engine plain(model, nullptr, {.max_batch = 1});
  ExpectSame(alone, plain.Generate(requests), "plain");
  Engine engine(model, nullptr, {.max_batch = 1, .draft_tokens = 8, .draft_fixed_rows = 1e9});
  ExpectSame(alone, engine.Generate(requests), "speculative");
  EXPECT_EQ(plain.stats().draft_tokens, 0);
  EXPECT_GT(engine.stats().accepted_tokens, 100);
  EXPECT_LE(engine.stats().accepted_tokens, engine.stats().draft_tokens);
  EXPECT_EQ(engine.stats().decode_steps + engine.stats().accepted_tokens,
            plain.stats().decode_steps);
}

// The same samples of one prompt, some of whose guesses are right: for 40 sequences their rows
// would not come back, one at a time they do.
TEST(Speculation, GuessesForFewSequencesAndNotForMany) {
  FakeModel model(3);  // three tokens to draw from: guesses are right now and then
  auto requests = MakeRequests(1, 40, 20, 60, 3);
  for (SampleRequest& request : requests) request.sampling.stop_tokens = {};
  const EngineOptions many{.max_batch = 40, .draft_tokens = 8, .draft_fixed_rows = 6};
  const EngineOptions few{.max_batch = 1, .draft_tokens = 8, .draft_fixed_rows = 6};
  const auto alone = GenerateAlone(model, requests);
  Engine engine_of_many(model, nullptr, many), engine_of_few(model, nullptr, few);
  ExpectSame(alone, engine_of_many.Generate(requests), "many");
  ExpectSame(alone, engine_of_few.Generate(requests), "few");
  EXPECT_LT(engine_of_many.stats().draft_tokens, 20);  // of 2,400 tokens drawn
  EXPECT_GT(engine_of_few.stats().draft_tokens, 500);
  EXPECT_GT(engine_of_few.stats().accepted_tokens, 200);
}

// The last of a batch is the only one left for most of its length.
TEST(Speculation, GuessesForTheLastOfABatch) {
  FakeModel model(3);
  auto requests = MakeRequests(1, 40, 20, 60, 3);
  for (SampleRequest& request : requests) {
    request.sampling.stop_tokens = {};
    request.sampling.max_new_tokens = request.id == 17 ? 200 : 20;
  }
  const auto alone = GenerateAlone(model, requests);
  Engine engine(model, nullptr, {.max_batch = 40, .draft_tokens = 8, .draft_fixed_rows = 6});
  ExpectSame(alone, engine.Generate(requests), "one long");
  EXPECT_GT(engine.stats().draft_tokens, 50);
  EXPECT_LT(engine.stats().decode_steps, 180);  // 199 without
}

// A penalty changes the logits with every token drawn, which the rows of guesses do not know.
TEST(Speculation, KeepsOffWhereTokensChangeTheNextLogits) {
  FakeModel model(50);
  auto requests = MakeRequests(2, 4, 20, 60, 50);
  for (SampleRequest& request : requests) {
    request.sampling.temperature = 0;
    request.sampling.repetition_penalty = 1.3;
  }
  const auto alone = GenerateAlone(model, requests);
  Engine engine(model, nullptr, {.max_batch = 2, .draft_tokens = 8, .draft_fixed_rows = 1e9});
  ExpectSame(alone, engine.Generate(requests), "penalised");
  EXPECT_EQ(engine.stats().draft_tokens, 0);
}

}  // namespace
}  // namespace rationale
