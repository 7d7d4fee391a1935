// SampleRequest and Rollout: what goes into the engine and what comes out, the row of the ledger.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rationale {

struct SamplingSettings {
  double temperature = 1;         // 0: greedy
  int32_t top_k = 0;              // 0: off
  double top_p = 1;               // 1: off
  double min_p = 0;               // 0: off
  double repetition_penalty = 1;  // 1: off; CTRL's, over prompt and response (Keskar et al. 2019)
  std::map<int32_t, float> logit_bias{};    // added after the penalty, before the temperature
  std::vector<int32_t> stop_tokens{};       // end the response; part of its tokens
  std::vector<std::string> stop_strings{};  // end the response once its text contains one
  int32_t max_new_tokens = 256;             // clipped to what the model's context leaves
  bool keep_kept_sets = false;  // record the kept set of every token (top-k, top-p, min-p cut it)
  bool keep_experts = false;    // record the experts of every token
};

// One sample to draw. Requests with identical prompts share its pages, which are computed once.
struct SampleRequest {
  uint64_t id = 0;  // echoed; results are sorted by the caller's order of requests, not by arrival
  std::vector<int32_t> prompt{};  // one token at least
  uint64_t key = 0;    // Philox key: DeriveKey of run seed, step, problem id, sample index
  uint64_t group = 0;  // echoed: names the samples of one problem; pages are shared whatever it is
  SamplingSettings sampling{};
};

enum class Finish { kStop, kLength, kCancelled };

// A finished sample. Token i of the response was drawn with Uniform(key, i).
struct Rollout {
  uint64_t id = 0;
  uint64_t group = 0;
  std::vector<int32_t> prompt{};
  std::vector<int32_t> response;  // the stop token included
  std::vector<float>
      logprobs;            // of the distribution really sampled from; greedy rows: at temperature 1
  float temperature = 1;   // of that distribution
  bool comparable = true;  // false: the learner cannot form that distribution (a repetition
                           // penalty, a logit bias, or a cut whose kept sets were not asked for)
  std::vector<int64_t> policy_versions;  // the version of the weights that drew each token
  std::vector<std::vector<int32_t>>
      kept;  // per token, ascending, when asked for; an empty list keeps all
  std::vector<std::vector<int32_t>>
      experts;  // per token, when asked for: layer-major ids at the row it was drawn from
  Finish finish = Finish::kLength;
  std::string text;  // the response decoded once, without the stop token or stop string
};

}  // namespace rationale
