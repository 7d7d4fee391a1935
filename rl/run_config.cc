#include "rl/run_config.h"

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

void RunConfig::Validate(const ConfigCheck& check) const {
  const auto one_of = [](const std::string& value, std::initializer_list<const char*> names) {
    for (const char* name : names) {
      if (value == name) return true;
    }
    return false;
  };
  check(one_of(run.device, {"cpu", "cuda"}), "run", "device must be \"cpu\" or \"cuda\"");
  check(one_of(run.dtype, {"float32", "fp32", "bfloat16", "bf16"}), "run",
        "dtype must be \"float32\" (fp32) or \"bfloat16\" (bf16)");
  check(policy.model.empty() != policy.init.table().empty(), "policy",
        "needs either model, a folder, or [policy.init], a fresh model's config");
  check(!rewards.empty() || rl.steps == 0, "rewards",
        "is empty: RL needs one [[rewards]] table at least");
  for (const auto* optimizer : {&sft.optimizer, &rl.optimizer}) {
    check(one_of(optimizer->decay, {"constant", "linear", "cosine"}),
          optimizer == &rl.optimizer ? "rl" : "sft",
          "decay must be \"constant\", \"linear\" or \"cosine\"");
  }
  for (const int64_t k : eval.k) {
    check(k >= 1 && k <= eval.samples, "eval", "k must lie between 1 and samples");
  }
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
