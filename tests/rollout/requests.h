// Requests for the rollout tests, and what it means that two rollouts are the same.

#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/philox.h"
#include "policy/model.h"
#include "rollout/engine.h"
#include "rollout/rollout.h"

namespace rationale {

// `num_groups` prompts of 1 to `prompt_size_max` tokens, `group_size` requests each, ids counted
// from 0. Settings vary from group to group: plain, greedy, and all the cuts.
inline std::vector<SampleRequest> MakeRequests(int64_t num_groups, int64_t group_size,
                                               int64_t prompt_size_max, int32_t max_new_tokens,
                                               int64_t vocab_size, uint64_t seed = 1) {
  PhiloxStream random(seed);
  std::vector<SampleRequest> requests;
  for (int64_t group = 0; group < num_groups; ++group) {
    std::vector<int32_t> prompt(static_cast<size_t>(random.Int(1, prompt_size_max)));
    for (int32_t& token : prompt) token = static_cast<int32_t>(random.Int(0, vocab_size - 1));
    SamplingSettings sampling{
        .stop_tokens = {0}, .max_new_tokens = max_new_tokens, .keep_kept_sets = true};
    if (group % 4 == 1) sampling.temperature = 0;
    if (group % 4 == 2)
      sampling = {.temperature = 0.7,
                  .top_k = 20,
                  .top_p = 0.9,
                  .min_p = 0.01,
                  .max_new_tokens = max_new_tokens / 2 + 1,
                  .keep_kept_sets = true};
    if (group % 4 == 3) sampling.top_p = 0.8;
    for (int64_t sample = 0; sample < group_size; ++sample) {
      const auto id = static_cast<uint64_t>(requests.size());
      requests.push_back({.id = id,
                          .prompt = prompt,
                          .key = DeriveKey({seed, id}),
                          .group = static_cast<uint64_t>(group + 1),
                          .sampling = sampling});
    }
  }
  return requests;
}

inline void ExpectSame(const Rollout& a, const Rollout& b, const std::string& what) {
  ASSERT_EQ(a.id, b.id) << what;
  EXPECT_EQ(a.prompt, b.prompt) << what;
  EXPECT_EQ(a.response, b.response) << what << ", request " << a.id;
  EXPECT_EQ(a.logprobs, b.logprobs)
      << what << ", request " << a.id;  // bitwise: no NaN is ever recorded
  EXPECT_EQ(a.policy_versions, b.policy_versions) << what;
  EXPECT_EQ(a.kept, b.kept) << what << ", request " << a.id;
  EXPECT_EQ(a.experts, b.experts) << what << ", request " << a.id;
  EXPECT_EQ(a.finish, b.finish) << what << ", request " << a.id;
  EXPECT_EQ(a.text, b.text) << what << ", request " << a.id;
}

inline void ExpectSame(const std::vector<Rollout>& a, const std::vector<Rollout>& b,
                       const std::string& what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  for (size_t i = 0; i < a.size(); ++i) ExpectSame(a[i], b[i], what);
}

// Each request in an engine of its own.
inline std::vector<Rollout> GenerateAlone(Model& model, const std::vector<SampleRequest>& requests,
                                          const Tokenizer* tokenizer = nullptr) {
  std::vector<Rollout> rollouts;
  for (const SampleRequest& request : requests) {
    Engine engine(model, tokenizer, {.max_batch = 1});
    rollouts.push_back(engine.Generate({request}).at(0));
    EXPECT_EQ(engine.num_pages_held(), 0);
  }
  return rollouts;
}

}  // namespace rationale
