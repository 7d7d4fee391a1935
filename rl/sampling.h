// Sampling: a step's responses, from problems to samples that judging.h gives verdicts.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "datasets/problem.h"
#include "rl/experience.h"
#include "rl/prompter.h"
#include "rollout/engine.h"

namespace rationale {

// What makes a sample's random key, beside problem id and sample index: promise 2's (run seed,
// step), and what it is drawn for ("rl", "eval").
struct SampleKey {
  uint64_t seed = 0;
  std::string_view purpose;
  uint64_t step = 0;
};

// `samples_per_problem` responses to every problem, in order: sample i * samples_per_problem + j is
// the j-th of problem i, and its group is i. Interrupted engines return cancelled rollouts. The
// tokenizer's stop tokens end a response.
std::vector<Sample> DrawSamples(Engine& engine, const Prompter& prompter,
                                std::span<const Problem* const> problems,
                                int64_t samples_per_problem, SamplingSettings sampling,
                                const SampleKey& key, const RolloutCallbacks& callbacks = {});

}  // namespace rationale
