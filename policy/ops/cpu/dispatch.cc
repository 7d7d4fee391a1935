#include "policy/ops/cpu/dispatch.h"

#include <fmt/ranges.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <atomic>
#include <cstdlib>
#include <string_view>

#include "base/check.h"
#include "base/error.h"

namespace rationale::ops::cpu {
namespace {

constexpr Level kLevels[] = {Level::kPortable, Level::kAvx2, Level::kAvx512, Level::kAvx512Bf16,
                             Level::kAmxBf16};
constexpr int kUnknown = -1;

std::atomic<int> active_level{kUnknown};
std::atomic<int> emulated_level{kUnknown};

#if defined(__x86_64__)
// Of CPUID leaf 7, EDX; the compiler's __builtin_cpu_supports does not know AMX yet.
constexpr unsigned kAmxBf16 = 1u << 22, kAmxTile = 1u << 24, kAmxInt8 = 1u << 25;

bool CpuidHas(unsigned amx) {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx & amx) == amx;
}

// Whether the processor has tiles and their bfloat16 products, the system saves them (XCR0 bits 17
// and 18), and Linux lets this process use them: it asks for the tiles' room in the process's
// state, once for all threads (Linux Documentation/arch/x86/xstate.rst).
bool HasAmxBf16() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  constexpr unsigned kOsSavesState = 1u << 27;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & kOsSavesState) == 0) return false;
  if (!CpuidHas(kAmxTile | kAmxBf16)) return false;
  constexpr unsigned kTileState = 1u << 17 | 1u << 18;
  unsigned low = 0, high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & kTileState) != kTileState) return false;
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}
#endif

bool MachineHas(Level level) {
  if (static_cast<int>(level) == emulated_level.load(std::memory_order_relaxed)) return true;
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
    case Level::kAmxBf16:
      return MachineHas(Level::kAvx512Bf16) && HasAmxBf16();
  }
#endif
  return level == Level::kPortable;
}

}  // namespace

const char* Name(Level level) {
  static constexpr const char* kNames[] = {"portable", "avx2", "avx512", "avx512_bf16", "amx_bf16"};
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

bool MachineHasAmxInt8() {
#if defined(__x86_64__)
  static const bool has_int8 = CpuidHas(kAmxTile | kAmxInt8);
  constexpr int kLevel = static_cast<int>(Level::kAmxBf16);
  return has_int8 || emulated_level.load(std::memory_order_relaxed) == kLevel;
#else
  return false;
#endif
}

void AddEmulatedLevel(Level level) {
  emulated_level.store(static_cast<int>(level), std::memory_order_relaxed);
}

}  // namespace rationale::ops::cpu
