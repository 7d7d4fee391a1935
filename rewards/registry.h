// Registry: every reward a rubric may name.
//
// To add one: write rewards/<name>.cc, implement MakeReward<"<name>"> there (reading a struct of
// options with ReadRewardOptions, options.h), and add REWARD(<name>) to registry.def.

#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/config_value.h"
#include "rewards/reward.h"

namespace rationale {

// A string literal as a template argument.
template <size_t kSize>
struct RewardName {
  constexpr RewardName(const char (&text)[kSize]) {
    std::copy_n(text, kSize, characters);
  }  // NOLINT(google-explicit-constructor)
  char characters[kSize];
};

// Builds the reward `kName`. `entry`: its [[rewards]] table. Throws Error, naming the place, for an
// unknown key, a wrong type or a value out of range.
template <RewardName kName>
std::unique_ptr<Reward> MakeReward(const ConfigValue& entry);

#define REWARD(name) \
  template <>        \
  std::unique_ptr<Reward> MakeReward<#name>(const ConfigValue& entry);
#include "rewards/registry.def"
#undef REWARD

struct RewardEntry {
  std::string_view name;
  std::unique_ptr<Reward> (*make)(const ConfigValue& entry);
};

// All rewards, in registry.def's order.
std::span<const RewardEntry> AllRewards();

}  // namespace rationale
