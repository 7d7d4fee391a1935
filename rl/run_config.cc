#include "rl/run_config.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <vector>

namespace rationale {
namespace {

// Collects the keys of a section.
struct KeyCollector {
  std::set<std::string> keys;

  template <typename... Rest>
  void operator()(const char* key, Rest&&...) {
    keys.insert(key);
  }
};

}  // namespace

AdamWSettings OptimizerOptions::adamw() const {
  return {.beta1 = beta1,
          .beta2 = beta2,
          .epsilon = epsilon,
          .weight_decay = weight_decay,
          .gradient_norm_max = gradient_norm_max};
}

LrSchedule OptimizerOptions::schedule() const {
  return {.peak = lr, .warmup = warmup, .decay = decay, .final_fraction = final_lr};
}

void EvalSection::Validate(const ConfigCheck& check) const {
  for (const int64_t value : k) {
    check(value >= 1 && value <= samples, "k",
          fmt::format("found {}, allowed: 1 to eval.samples ({})", value, samples));
  }
}

void RunConfig::Validate(const ConfigCheck& check) const {
  check(policy.model.empty() != policy.init.table().empty(), "policy",
        "needs either model, a folder, or [policy.init], a fresh model's config");
  check(!rewards.empty() || rl.steps == 0, "rewards",
        "is empty: RL needs one [[rewards]] table at least");
  check(!rollout.int8 || run.device == "cpu", "rollout", "int8 is for device \"cpu\"");
  check(!rollout.int8 || rl.algorithm.importance_clip.value_or(kInt8ImportanceClip) > 0, "rl",
        "importance_clip must be above 0 where rollout.int8 is on");
}

RunConfig ReadRecipe(const std::string& path, const std::vector<std::string>& overrides) {
  KeyCollector of_run;
  RunSection().Visit(of_run);
  std::vector<std::string> full;
  for (const std::string& assignment : overrides) {
    const bool short_form = of_run.keys.contains(assignment.substr(0, assignment.find('=')));
    full.push_back(short_form ? "run." + assignment : assignment);
  }
  return ReadConfigFile<RunConfig>(path, full);
}

}  // namespace rationale
