// Eval: what a policy can do on problems it was not trained on.

#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "rewards/rubric.h"
#include "rl/sampling.h"

namespace rationale {

struct EvalSettings {
  int64_t samples = 1;
  SamplingSettings sampling;     // temperature 0: greedy
  std::vector<int64_t> k = {1};  // each at most `samples`
  std::string accuracy;          // the component whose full score (>= 1) is "correct"
  SampleKey key;
  std::string progress = {};  // what a progress bar calls the work; empty: none is shown
  const std::atomic<bool>* stop = nullptr;  // set: no further token is drawn
};

// Means over the judged samples of some problems.
struct EvalSlice {
  int64_t problems = 0, samples = 0;
  int64_t unjudged = 0;
  double accuracy = 0;  // share of samples that are correct
  double reward = 0;
  std::map<std::string, double> components = {};
  double response_tokens = 0;
  double truncated = 0;  // share that hit the length limit
};

struct EvalReport {
  EvalSlice all;
  std::map<std::string, EvalSlice> by_language;  // where problems name one
  std::map<int64_t, double> pass_at_k, majority_at_k;
  double accuracy_error = 0;      // standard error of `all.accuracy` over problems
  double tokens_per_correct = 0;  // all response tokens over correct samples; 0 if none is
  double tokens_per_second = 0;   // of generation
  double seconds = 0;
};

// Throws Error when `accuracy` names no component of the rubric or k is out of range.
void CheckEvalSettings(const Rubric& rubric, const EvalSettings& settings);

// Draws, judges and counts; nothing when `stop` was set meanwhile. `samples`, when given, receives
// all samples. Throws Error as CheckEvalSettings does.
std::optional<EvalReport> Evaluate(Engine& engine, const Prompter& prompter,
                                   std::span<const Problem> problems, const Rubric& rubric,
                                   const EvalSettings& settings,
                                   std::vector<Sample>* samples = nullptr);

// A slice as one JSON object, and back.
void WriteSlice(const EvalSlice& slice, JsonWriter& json);
EvalSlice ReadSlice(const JsonObject& json);

// Numbers by k as one JSON object.
void WriteByK(std::string_view name, const std::map<int64_t, double>& values, JsonWriter& json);

// The report as one JSON object.
std::string EvalJson(const EvalReport& report);

// A table for people: one row a language and one for all.
std::string EvalTable(const EvalReport& report);

}  // namespace rationale
