// Rollout files: a step's samples as Parquet, <run>/rollouts/step-000123.parquet.
//
// One row a sample, in request order:
//   problem_id language reference string; problem_columns string (JSON: the columns of the
//   problem's source, for rewards that need them again); step max_tokens group int64; prompt
//   response string; prompt_tokens response_tokens list<int32>; logprobs list<float>;
//   policy_versions list<int64>; finish string; judged used bool; reward advantage double; and for
//   each component of the rubric score_<name> double (null: could not judge), reason_<name>,
//   answer_<name> string.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "rl/experience.h"

namespace rationale {

// The file of a step: <run_folder>/rollouts/step-000123.parquet.
std::string RolloutPath(const std::string& run_folder, int64_t step);

// What a step's samples have in common.
struct RolloutContext {
  int64_t step = 0;
  int64_t max_tokens = 0;                                 // the limit they were generated under
  std::function<std::string(const Sample&)> prompt_text;  // a sample's prompt as text
};

// Writes the step's file, whole or not at all (temporary name, fsync, rename). `reward` is null for
// samples that are not judged. Throws Failure naming the path.
void WriteRollouts(const std::string& path, std::span<const Sample> samples,
                   const RolloutContext& context);

// What a person wants to see of a row.
struct RolloutRow {
  std::string problem_id, language, prompt, response, finish;
  double reward = 0;  // NaN when not judged
  double advantage = 0;
  std::map<std::string, double> scores;  // by component; NaN when not judged
  std::map<std::string, std::string> reasons;
};

// The first `limit` rows. Throws Error naming the path when it is no such file.
std::vector<RolloutRow> ReadRollouts(const std::string& path, int64_t limit);

}  // namespace rationale
