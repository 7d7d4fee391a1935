#include "rl/sampling.h"

#include <utility>

#include "base/philox.h"

namespace rationale {

std::vector<Sample> DrawSamples(Engine& engine, const Prompter& prompter,
                                std::span<const Problem* const> problems,
                                int64_t samples_per_problem, SamplingSettings sampling,
                                const SampleKey& key, const RolloutCallbacks& callbacks) {
  for (const int32_t token : prompter.stop_tokens()) sampling.stop_tokens.push_back(token);
  std::vector<SampleRequest> requests;
  for (size_t i = 0; i < problems.size(); ++i) {
    const auto prompt = prompter.Prompt(*problems[i]);
    for (int64_t j = 0; j < samples_per_problem; ++j) {
      requests.push_back({.id = requests.size(),
                          .prompt = prompt,
                          .key = DeriveKey({key.seed, KeyPart(key.purpose), key.step,
                                            KeyPart(problems[i]->id), static_cast<uint64_t>(j)}),
                          .group = i,
                          .sampling = sampling});
    }
  }
  auto rollouts = engine.Generate(std::move(requests), callbacks);
  std::vector<Sample> samples(rollouts.size());
  for (size_t i = 0; i < rollouts.size(); ++i) {
    const size_t problem = i / static_cast<size_t>(samples_per_problem);
    samples[i].problem = problems[problem];
    samples[i].group = static_cast<int64_t>(problem);
    samples[i].rollout = std::move(rollouts[i]);
  }
  return samples;
}

}  // namespace rationale
