// Options: the keys of a [[rewards]] entry, those all rewards have and a reward's own, read as one
// table.

#pragma once

#include <string>

#include "base/config.h"

namespace rationale {

// The keys every reward has.
struct CommonOptions {
  std::string name;
  std::string as;
  double weight = 1;

  template <class V>
  void Visit(V& v) {
    v("name", name, "the reward");
    v("as", as, "what the component is called; empty: as the reward");
    v("weight", weight, "its factor in the rubric's sum");
  }
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
