// dispatch: which of the compiled forms of our CPU kernels this process runs.
//
// Every file of kernels/ is compiled once a level (policy/CMakeLists.txt), with that level's
// instructions, into the namespace of the level's name. A kernel family is a struct of function
// pointers, Table, and one constant of it that each level's object defines:
//   rows.h:           struct RowKernels { void (*add)(...); };
//                     RATIONALE_KERNELS(RowKernels, Rows)     declares Rows(), the table of the
//                     level in use
//   kernels/rows.cc:  namespace rationale::ops::cpu::RATIONALE_LEVEL {
//                     const RowKernels kRows = {.add = Add};
// kernels/ must not instantiate templates or inline functions of the standard library or of other
// headers out of line: the linker keeps one copy of those for the program, and it may be one with
// instructions the machine lacks.

#pragma once

#include <string_view>
#include <vector>

namespace rationale::ops::cpu {

// Each contains the ones before it.
enum class Level { kPortable, kAvx2, kAvx512, kAvx512Bf16, kAmxBf16 };

// "portable", "avx2", "avx512", "avx512_bf16", "amx_bf16".
const char* Name(Level level);

// The levels this machine can run, lowest first.
std::vector<Level> MachineLevels();

// The level of that name. Throws Error if there is none or this machine cannot run it.
Level LevelNamed(std::string_view name);

// The level in use: the machine's highest, or the one that the environment variable RATIONALE_CPU
// names.
Level ActiveLevel();

// Whether a machine of Level::kAmxBf16 has AMX's products of 8-bit integers too.
bool MachineHasAmxInt8();

// For tests: changes the level in use. Requires that the machine has it and that no kernel is
// running.
void SetLevel(Level level);

// For tests: the machine counts as having this level from now on, because its instructions are
// emulated (tests/policy/amx_emulator.h).
void AddEmulatedLevel(Level level);

#if defined(__x86_64__)
#define RATIONALE_KERNELS(Table, Family)                                                    \
  namespace portable {                                                                      \
  extern const Table k##Family;                                                             \
  }                                                                                         \
  namespace avx2 {                                                                          \
  extern const Table k##Family;                                                             \
  }                                                                                         \
  namespace avx512 {                                                                        \
  extern const Table k##Family;                                                             \
  }                                                                                         \
  namespace avx512_bf16 {                                                                   \
  extern const Table k##Family;                                                             \
  }                                                                                         \
  namespace amx_bf16 {                                                                      \
  extern const Table k##Family;                                                             \
  }                                                                                         \
  inline const Table& Family() {                                                            \
    static constexpr const Table* kTables[] = {&portable::k##Family, &avx2::k##Family,      \
                                               &avx512::k##Family, &avx512_bf16::k##Family, \
                                               &amx_bf16::k##Family};                       \
    return *kTables[static_cast<int>(ActiveLevel())];                                       \
  }
#else
#define RATIONALE_KERNELS(Table, Family) \
  namespace portable {                   \
  extern const Table k##Family;          \
  }                                      \
  inline const Table& Family() {         \
    return portable::k##Family;          \
  }
#endif

}  // namespace rationale::ops::cpu
