// Tests of the engine's text: stop strings, stop tokens and streamed pieces, against Decode.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "policy/tokenizer.h"
#include "rollout/engine.h"
#include "tests/rollout/fake_model.h"
#include "tests/rollout/requests.h"

namespace rationale {
namespace {

constexpr int64_t kVocab = 14;

// Byte-level tokens that often end in the middle of a character, and one special token, 0.
Tokenizer ByteTokenizer() {
  const TemporaryFolder folder;
  WriteFileDurably(folder.path() + "/tokenizer.json", R"({
    "version": "1.0", "truncation": null, "padding": null,
    "added_tokens": [{"id": 0, "content": "<end>", "single_word": false, "lstrip": false, "rstrip": false,
                      "normalized": false, "special": true}],
    "normalizer": null,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
    "post_processor": null,
    "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
    "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
              "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
              "vocab": {"<end>": 0, "Ã": 1, "©": 2, "ð": 3, "±": 4, "a": 5, "b": 6, "c": 7, "ab": 8, "ba": 9,
                        "bc": 10, "Ã©": 11, "ð±": 12, "±±": 13},
              "merges": ["a b", "b a", "b c", "Ã ©", "ð ±", "± ±"]}})");
  return Tokenizer::Load(folder.path());
}

std::vector<SampleRequest> TextRequests(const std::vector<std::string>& stop_strings) {
  std::vector<SampleRequest> requests;
  for (uint64_t id = 0; id < 40; ++id) {
    const auto prompt_token = static_cast<int32_t>(id / 4);
    requests.push_back({.id = id,
                        .prompt = {5, prompt_token},
                        .key = DeriveKey({id, 21}),
                        .group = id / 4,
                        .sampling = {.temperature = 1.5,
                                     .stop_tokens = {0},
                                     .stop_strings = stop_strings,
                                     .max_new_tokens = 30}});
  }
  return requests;
}

std::vector<int32_t> WithoutStopToken(std::vector<int32_t> response) {
  if (!response.empty() && response.back() == 0) response.pop_back();
  return response;
}

TEST(EngineText, IsTheResponseDecodedWithoutItsStopToken) {
  FakeModel model(kVocab);
  const Tokenizer tokenizer = ByteTokenizer();
  Engine engine(model, &tokenizer, {});
  int64_t num_stopped = 0;
  for (const Rollout& rollout : engine.Generate(TextRequests({}))) {
    num_stopped += rollout.finish == Finish::kStop ? 1 : 0;
    EXPECT_EQ(rollout.finish == Finish::kStop, rollout.response.back() == 0);
    EXPECT_EQ(rollout.text, tokenizer.Decode(WithoutStopToken(rollout.response)));
    EXPECT_EQ(rollout.text.find("<end>"), std::string::npos);
  }
  EXPECT_GT(num_stopped, 10);
  EXPECT_LT(num_stopped, 40);
}

TEST(EngineText, EndsBeforeTheFirstStopStringWhereverItsTokensBegin) {
  FakeModel model(kVocab);
  const Tokenizer tokenizer = ByteTokenizer();
  Engine engine(model, &tokenizer, {.max_batch = 7});
  const auto free = engine.Generate(TextRequests({}));
  const std::vector<std::string> stops = {"bca", "é", "abb"};
  const auto stopped = engine.Generate(TextRequests(stops));
  int64_t num_cut = 0;
  for (size_t i = 0; i < free.size(); ++i) {
    // The shortest beginning of the free response whose text contains a stop string.
    const std::vector<int32_t> tokens = WithoutStopToken(free[i].response);
    size_t num_tokens = 0, cut = std::string::npos;
    std::string bytes;
    while (num_tokens < tokens.size() && cut == std::string::npos) {
      bytes += tokenizer.TokenBytes(tokens[num_tokens], num_tokens == 0);
      ++num_tokens;
      for (const std::string& stop : stops) cut = std::min(cut, bytes.find(stop));
    }
    if (cut == std::string::npos) {
      ExpectSame(free[i], stopped[i], "no stop string");
      continue;
    }
    ++num_cut;
    EXPECT_EQ(stopped[i].finish, Finish::kStop);
    EXPECT_EQ(
        stopped[i].response,
        std::vector<int32_t>(tokens.begin(), tokens.begin() + static_cast<ptrdiff_t>(num_tokens)));
    EXPECT_EQ(stopped[i].text, ValidUtf8(bytes.substr(0, cut)));
  }
  EXPECT_GT(num_cut, 10);
  EXPECT_LT(num_cut, 40);
}

TEST(EngineText, StreamsPiecesThatAddUpToTheText) {
  FakeModel model(kVocab);
  const Tokenizer tokenizer = ByteTokenizer();
  for (const auto& stops : std::vector<std::vector<std::string>>{{}, {"bca", "é", "abb"}}) {
    Engine engine(model, &tokenizer, {.max_batch = 9});
    const auto silent = engine.Generate(TextRequests(stops));
    std::map<uint64_t, std::string> joined;
    std::map<uint64_t, std::vector<int32_t>> tokens;
    std::map<uint64_t, std::vector<float>> logprobs;
    std::map<uint64_t, Rollout> finished;
    const auto rollouts = engine.Generate(
        TextRequests(stops),
        {.on_token =
             [&](const TokenEvent& event) {
               EXPECT_EQ(event.position, static_cast<int64_t>(tokens[event.id].size()));
               EXPECT_EQ(ValidUtf8(event.text), event.text);
               joined[event.id] += event.text;
               tokens[event.id].push_back(event.token);
               logprobs[event.id].push_back(event.logprob);
             },
         .on_finish = [&](const Rollout& rollout) { finished[rollout.id] = rollout; }});
    ExpectSame(silent, rollouts, "streamed");
    for (const Rollout& rollout : rollouts) {
      EXPECT_EQ(joined[rollout.id], rollout.text);
      EXPECT_EQ(tokens[rollout.id], rollout.response);
      EXPECT_EQ(logprobs[rollout.id], rollout.logprobs);
      ExpectSame(finished.at(rollout.id), rollout, "on_finish");
    }
  }
}

}  // namespace
}  // namespace rationale
