// Registry: the table of registry.def.

#include "rewards/registry.h"

namespace rationale {
namespace {

constexpr RewardEntry kRewards[] = {
#define REWARD(name) {#name, &MakeReward<#name>},
#include "rewards/registry.def"
#undef REWARD
};

}  // namespace

std::span<const RewardEntry> AllRewards() {
  return kRewards;
}

}  // namespace rationale
