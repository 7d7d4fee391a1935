// Options: see options.h.

#include "rewards/options.h"

#include <algorithm>
#include <vector>

namespace rationale {
namespace {

// A visitor that collects the keys' names.
struct KeyCollector {
  std::vector<std::string> keys;

  template <class... Args>
  void operator()(std::string_view key, Args&&...) {
    keys.emplace_back(key);
  }
};

}  // namespace

void CommonOptions::Validate(const ConfigCheck& check) const {
  check(!clip_min || !clip_max || *clip_min <= *clip_max, "clip_min", "is above clip_max");
  check(schedule.empty() || weight == CommonOptions().weight, "weight",
        "stands beside a schedule, whose points have weights of their own");
  for (size_t i = 1; i < schedule.size(); ++i) {
    check(schedule[i - 1].step < schedule[i].step, "schedule",
          "has steps that do not ascend from point to point");
  }
}

double CommonOptions::WeightAt(int64_t step) const {
  if (schedule.empty()) return weight;
  if (step <= schedule.front().step) return *schedule.front().weight;
  for (size_t i = 1; i < schedule.size(); ++i) {
    const SchedulePoint &a = schedule[i - 1], &b = schedule[i];
    if (step > b.step) continue;
    const double share = static_cast<double>(step - a.step) / static_cast<double>(b.step - a.step);
    return *a.weight + share * (*b.weight - *a.weight);
  }
  return *schedule.back().weight;
}

CommonOptions ReadCommonOptions(const ConfigValue& entry) {
  KeyCollector collector;
  CommonOptions().Visit(collector);
  std::vector<std::string> others;
  for (const auto& member : config_internal::AsTable(entry)) {
    if (std::find(collector.keys.begin(), collector.keys.end(), member.key) ==
        collector.keys.end()) {
      others.push_back(member.key);
    }
  }
  return ReadConfig<CommonOptions>(entry.Without(others));
}

}  // namespace rationale
