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

TEST(DraftIndex, GoesOnAsTheTextDidAfterTheSameTokens) {
  const DraftIndex index = IndexOf({1, 2, 3, 4, 5, 6, 7});
  EXPECT_EQ(index.Propose(Tokens{9, 2, 3}, 3, 0), (Tokens{4, 5, 6}));
  EXPECT_EQ(index.Propose(Tokens{9, 2, 3}, 30, 0), (Tokens{4, 5, 6, 7}));
  EXPECT_EQ(index.Propose(Tokens{3, 2}, 3, 0), Tokens());
  EXPECT_EQ(index.Propose(Tokens{3}, 3, 0), Tokens());
  EXPECT_EQ(index.Propose(Tokens{}, 3, 0), Tokens());
}

TEST(DraftIndex, TrustsTheLongestRunOfTokens) {
  const DraftIndex index = IndexOf({1, 2, 3, 4, 50, 0, 7, 8, 3, 4, 60, 0, 9, 9, 3, 4, 60});
  EXPECT_EQ(index.Propose(Tokens{3, 4}, 1, 0), Tokens{60});
  EXPECT_EQ(index.Propose(Tokens{1, 2, 3, 4}, 1, 0), Tokens{50});
}

// A pair seen n times with one follower: (n + 1) / (n + 2).
TEST(DraftIndex, GuessesAsFarAsTheChanceOfAllIsAboveTheFloor) {
  const DraftIndex once = IndexOf({1, 2, 3, 4, 5});
  EXPECT_EQ(once.Propose(Tokens{1, 2}, 9, 0.67), Tokens());
  EXPECT_EQ(once.Propose(Tokens{1, 2}, 9, 0.66), Tokens{3});
  EXPECT_EQ(once.Propose(Tokens{1, 2}, 9, 0.44), (Tokens{3, 4}));
  DraftIndex often = once;
  for (int i = 0; i < 8; ++i) often.Observe(Tokens{1, 2, 3});
  EXPECT_EQ(often.Propose(Tokens{1, 2}, 9, 0.9), Tokens{3});
}

TEST(DraftIndex, AFollowerGivesWayToOneThatCameUpMoreOften) {
  DraftIndex index;
  for (const int32_t token : {3, 4, 4, 4}) index.Observe(Tokens{1, 2, token});
  EXPECT_EQ(index.Propose(Tokens{1, 2}, 1, 0), Tokens{4});
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
  Engine engine(model, nullptr, {.max_batch = 1, .draft_tokens = 8, .draft_floor = 0.01});
  ExpectSame(alone, engine.Generate(requests), "speculative");
  EXPECT_EQ(plain.stats().draft_tokens, 0);
  EXPECT_GT(engine.stats().accepted_tokens, 100);
  EXPECT_LE(engine.stats().accepted_tokens, engine.stats().draft_tokens);
  EXPECT_EQ(engine.stats().decode_steps + engine.stats().accepted_tokens,
            plain.stats().decode_steps);
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
  Engine engine(model, nullptr, {.max_batch = 2, .draft_tokens = 8, .draft_floor = 0});
  ExpectSame(alone, engine.Generate(requests), "penalised");
  EXPECT_EQ(engine.stats().draft_tokens, 0);
}

}  // namespace
}  // namespace rationale
