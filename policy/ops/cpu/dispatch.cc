#include "policy/ops/cpu/dispatch.h"

#include <fmt/ranges.h>

#include <atomic>
#include <cstdlib>
#include <string_view>

#include "base/check.h"
#include "base/error.h"

namespace rationale::ops::cpu {
namespace {

constexpr Level kLevels[] = {Level::kPortable, Level::kAvx2, Level::kAvx512, Level::kAvx512Bf16};
constexpr int kUnknown = -1;

std::atomic<int> active_level{kUnknown};

bool MachineHas(Level level) {
#if defined(__x86_64__)
  switch (level) {
    case Level::kPortable:
      return true;
    case Level::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Level::kAvx512:
      return MachineHas(Level::kAvx2) && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512dq");
    case Level::kAvx512Bf16:
      return MachineHas(Level::kAvx512) && __builtin_cpu_supports("avx512bf16");
  }
#endif
  return level == Level::kPortable;
}

}  // namespace

const char* Name(Level level) {
  static constexpr const char* kNames[] = {"portable", "avx2", "avx512", "avx512_bf16"};
  return kNames[static_cast<int>(level)];
}

std::vector<Level> MachineLevels() {
  std::vector<Level> levels;
  for (const Level level : kLevels) {
    if (MachineHas(level)) levels.push_back(level);
  }
  return levels;
}

Level LevelNamed(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Level level : MachineLevels()) {
    if (name == Name(level)) return level;
    names.emplace_back(Name(level));
  }
  throw Error("RATIONALE_CPU={}: this machine runs {}", name, fmt::join(names, ", "));
}

Level ActiveLevel() {
  int level = active_level.load(std::memory_order_relaxed);
  if (level == kUnknown) {
    const char* wanted = std::getenv("RATIONALE_CPU");
    const bool given = wanted != nullptr && *wanted != '\0';
    level = static_cast<int>(given ? LevelNamed(wanted) : MachineLevels().back());
    active_level.store(level, std::memory_order_relaxed);
  }
  return static_cast<Level>(level);
}

void SetLevel(Level level) {
  Check{MachineHas(level), "this machine lacks ", Name(level)};
  active_level.store(static_cast<int>(level), std::memory_order_relaxed);
}

}  // namespace rationale::ops::cpu
