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
