// Options: the keys of a [[rewards]] entry, those all rewards have and a reward's own, read as one
// table.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"

namespace rationale {

// Weights reach so far, and scores: a rubric's sum stays finite.
constexpr double kWeightMost = 1e6;
constexpr double kScoreMost = 1e9;

// The weight at a training step; it has to be given.
struct SchedulePoint {
  int64_t step = 0;
  std::optional<double> weight;

  template <class V>
  void Visit(V& v) {
    v("step", step, "the training step", AtLeast(0));
    v("weight", weight, "the weight at that step", Between(-kWeightMost, kWeightMost));
  }
  void Validate(const ConfigCheck& check) const {
    check(weight.has_value(), "weight", "is missing");
  }
};

// The keys every reward has.
struct CommonOptions {
  std::string name;
  std::string as;
  double weight = 1;
  std::vector<SchedulePoint> schedule;
  std::optional<double> clip_min, clip_max;
  std::optional<double> gate;

  template <class V>
  void Visit(V& v) {
    v("name", name, "the reward");
    v("as", as, "what the component is called; empty: as the reward");
    v("weight", weight, "its factor in the rubric's sum; 0: it is only watched",
      Between(-kWeightMost, kWeightMost));
    v("schedule", schedule,
      "instead of weight, [{step, weight}, ..]: linear between its points, constant outside");
    v("clip_min", clip_min, "lower scores count as this in the sum");
    v("clip_max", clip_max, "higher scores count as this in the sum");
    v("gate", gate, "a lower score closes the rubric: it scores total.gated_score");
  }
  void Validate(const ConfigCheck& check) const;

  // The weight at a training step.
  double WeightAt(int64_t step) const;
};

namespace options_internal {

// A reward's own options beside the common ones, so that a misspelt key is compared with both.
template <class T>
struct Combined {
  CommonOptions common;
  T own;

  template <class V>
  void Visit(V& v) {
    common.Visit(v);
    own.Visit(v);
  }
  void Validate(const ConfigCheck& check) const {
    if constexpr (config_internal::Validates<T>) own.Validate(check);
  }
};

}  // namespace options_internal

// A reward's own options out of its [[rewards]] entry. Throws Error as ReadConfig does.
template <class T>
T ReadRewardOptions(const ConfigValue& entry) {
  return ReadConfig<options_internal::Combined<T>>(entry).own;
}

// The common options out of an entry; its other keys are left to the reward.
CommonOptions ReadCommonOptions(const ConfigValue& entry);

}  // namespace rationale
