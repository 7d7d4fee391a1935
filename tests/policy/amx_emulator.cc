#include "tests/policy/amx_emulator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string_view>

#include "base/check.h"
#include "policy/ops/cpu/dispatch.h"

#if defined(__x86_64__)
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

namespace rationale::testing {
namespace {

using ops::cpu::Level;

constexpr int kTiles = 8, kRows = 16, kRowBytes = 64;

struct Tile {
  int rows = 0, row_bytes = 0;
  alignas(64) unsigned char data[kRows][kRowBytes] = {};

  float* Floats(int row) { return reinterpret_cast<float*>(data[row]); }
  uint16_t* Bf16s(int row) { return reinterpret_cast<uint16_t*>(data[row]); }
  int32_t* Ints(int row) { return reinterpret_cast<int32_t*>(data[row]); }
  int8_t* SignedBytes(int row) { return reinterpret_cast<int8_t*>(data[row]); }
};
thread_local Tile tiles[kTiles];

// ---- what the instructions do ----

// [palette][start row][14 reserved][16 x 2 bytes a row][16 x rows]
// False where the processor would refuse.
bool LoadConfig(const unsigned char* config) {
  if (config[0] != 1 || std::any_of(config + 2, config + 16, [](auto byte) { return byte != 0; })) {
    return false;
  }
  for (int i = 0; i < kTiles; ++i) {
    uint16_t row_bytes;
    std::memcpy(&row_bytes, config + 16 + 2 * i, sizeof(row_bytes));
    tiles[i] = {};
    tiles[i].rows = config[48 + i];
    tiles[i].row_bytes = row_bytes;
    if (tiles[i].rows > kRows || row_bytes > kRowBytes) return false;
  }
  return true;
}

// Denormal numbers count as zero, before and after.
float Flushed(float x) {
  return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0f, x) : x;
}
float Widened(uint16_t bits) {
  const uint32_t wide = uint32_t{bits} << 16;
  float x;
  std::memcpy(&x, &wide, sizeof(x));
  return Flushed(x);
}

bool Multiplicable(const Tile& c, const Tile& a, const Tile& b) {
  return c.rows == a.rows && a.row_bytes / 4 == b.rows && c.row_bytes == b.row_bytes;
}

// C += A B of bytes, A's unsigned, B's signed; sums wrap. False where the processor would refuse.
bool MultiplyAddBytes(Tile& c, const Tile& a, Tile& b) {
  if (!Multiplicable(c, a, b)) return false;
  for (int row = 0; row < c.rows; ++row) {
    for (int k = 0; k < a.row_bytes; ++k) {
      const int left = a.data[row][k];
      for (int n = 0; n < c.row_bytes / 4; ++n) {
        const int product = left * b.SignedBytes(k / 4)[4 * n + k % 4];
        c.Ints(row)[n] = static_cast<int32_t>(static_cast<uint32_t>(c.Ints(row)[n]) +
                                              static_cast<uint32_t>(product));
      }
    }
  }
  return true;
}

// C += A B: pairs' first and second members are summed apart, then added to C. False where the
// processor would refuse. Compiled for AVX-512, without which nothing is emulated: as calls of
// libm's fma it is 20 times slower.
[[gnu::target("avx512f"), gnu::optimize("O3")]] bool MultiplyAdd(Tile& c, Tile& a, Tile& b) {
  if (!Multiplicable(c, a, b)) return false;
  const int columns = c.row_bytes / 4;
  float right[2][kRows][kRowBytes / 4];
  for (int k = 0; k < a.row_bytes / 4; ++k) {
    for (int i = 0; i < 2 * columns; ++i) right[i % 2][k][i / 2] = Widened(b.Bf16s(k)[i]);
  }
  for (int row = 0; row < c.rows; ++row) {
    float sums[2][kRowBytes / 4] = {};
    for (int k = 0; k < a.row_bytes / 4; ++k) {
      for (int member = 0; member < 2; ++member) {
        const float left = Widened(a.Bf16s(row)[2 * k + member]);
        for (int n = 0; n < columns; ++n) {
          sums[member][n] = std::fma(left, right[member][k][n], sums[member][n]);
        }
      }
    }
    for (int n = 0; n < columns; ++n) {
      c.Floats(row)[n] =
          Flushed(Flushed(c.Floats(row)[n]) + Flushed(Flushed(sums[0][n]) + Flushed(sums[1][n])));
    }
  }
  return true;
}

// ---- decoding ----

// Bytes at `code` after the prefix C4: of the fields that a VEX instruction has, those used here.
struct Instruction {
  int opcode, prefix, reg, rm, vvvv, mod;
  int length = 0;
  int64_t address = 0;  // of a memory operand, and
  int64_t stride = 0;   // its index register
};

int64_t Register(const ucontext_t& context, int number) {
  static constexpr int kPlaces[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                    REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                    REG_R12, REG_R13, REG_R14, REG_R15};
  return context.uc_mcontext.gregs[kPlaces[number]];
}

// False unless it is VEX.128.0F38.W0 with opcode 49, 4B, 5C or 5E: only tile instructions are.
bool Decode(const ucontext_t& context, const unsigned char* code, Instruction& instruction) {
  if (code[0] != 0xc4 || (code[1] & 0x1f) != 2 || (code[2] & 0x84) != 0) return false;
  instruction.opcode = code[3];
  constexpr int kOpcodes[] = {0x49, 0x4b, 0x5c, 0x5e};
  if (std::find(std::begin(kOpcodes), std::end(kOpcodes), code[3]) == std::end(kOpcodes)) {
    return false;
  }
  const int high_index = (code[1] & 0x40) != 0 ? 0 : 8, high_base = (code[1] & 0x20) != 0 ? 0 : 8;
  instruction.prefix = code[2] & 3;  // 0: none, 1: 66, 2: F3, 3: F2
  instruction.vvvv = (~code[2] >> 3) & 15;
  instruction.mod = code[4] >> 6;
  instruction.reg = (code[4] >> 3) & 7;
  instruction.rm = code[4] & 7;
  int length = 5;
  if (instruction.mod != 3) {
    int base = instruction.rm + high_base;
    bool has_base = true;
    if (instruction.rm == 4) {
      const int sib = code[length++];
      base = (sib & 7) + high_base;
      const int index = ((sib >> 3) & 7) + high_index;
      if (index != 4) instruction.stride = Register(context, index) << (sib >> 6);
      has_base = (sib & 7) != 5 || instruction.mod != 0;
    }
    int32_t displacement = 0;
    const bool relative = instruction.mod == 0 && instruction.rm == 5;
    if (instruction.mod == 1) {
      displacement = static_cast<signed char>(code[length++]);
    } else if (instruction.mod == 2 || relative || !has_base) {
      std::memcpy(&displacement, code + length, sizeof(displacement));
      length += 4;
    }
    instruction.address = displacement;
    if (relative) {
      instruction.address += reinterpret_cast<int64_t>(code) + length;
    } else if (has_base) {
      instruction.address += Register(context, base);
    }
  }
  instruction.length = length;
  return true;
}

bool Execute(const Instruction& instruction) {
  auto* memory = reinterpret_cast<unsigned char*>(instruction.address);
  const bool in_memory = instruction.mod != 3;
  Tile& tile = tiles[instruction.reg];
  if (instruction.opcode == 0x49 && instruction.prefix == 0 && in_memory) {
    return LoadConfig(memory);
  } else if (instruction.opcode == 0x49 && instruction.prefix == 0) {  // TILERELEASE
    for (Tile& each : tiles) each = {};
  } else if (instruction.opcode == 0x49 && instruction.prefix == 3 && !in_memory) {  // TILEZERO
    std::memset(tile.data, 0, sizeof(tile.data));
  } else if (instruction.opcode == 0x4b && instruction.prefix == 3) {  // TILELOADD
    std::memset(tile.data, 0, sizeof(tile.data));
    for (int row = 0; row < tile.rows; ++row) {
      std::memcpy(tile.data[row], memory + row * instruction.stride,
                  static_cast<size_t>(tile.row_bytes));
    }
  } else if (instruction.opcode == 0x4b && instruction.prefix == 2) {  // TILESTORED
    for (int row = 0; row < tile.rows; ++row) {
      std::memcpy(memory + row * instruction.stride, tile.data[row],
                  static_cast<size_t>(tile.row_bytes));
    }
  } else if (instruction.opcode == 0x5c && instruction.prefix == 2 && !in_memory) {  // TDPBF16PS
    return MultiplyAdd(tile, tiles[instruction.rm], tiles[instruction.vvvv]);
  } else if (instruction.opcode == 0x5e && instruction.prefix == 1 && !in_memory) {  // TDPBUSD
    return MultiplyAddBytes(tile, tiles[instruction.rm], tiles[instruction.vvvv]);
  } else {
    return false;
  }
  return true;
}

void HandleIllegalInstruction(int, siginfo_t*, void* context_any) {
  auto& context = *static_cast<ucontext_t*>(context_any);
  const auto* code = reinterpret_cast<const unsigned char*>(context.uc_mcontext.gregs[REG_RIP]);
  Instruction instruction{};
  if (!Decode(context, code, instruction) || !Execute(instruction)) {
    signal(SIGILL, SIG_DFL);  // met again on return
    return;
  }
  context.uc_mcontext.gregs[REG_RIP] += instruction.length;
}

bool MachineRuns(Level level) {
  const auto levels = ops::cpu::MachineLevels();
  return std::find(levels.begin(), levels.end(), level) != levels.end();
}

}  // namespace

bool EmulateAmx() {
  if (MachineRuns(Level::kAmxBf16)) return true;
  if (!MachineRuns(Level::kAvx512)) return false;
  struct sigaction action {};
  action.sa_sigaction = HandleIllegalInstruction;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  Check{sigaction(SIGILL, &action, nullptr) == 0, "sigaction"};
  ops::cpu::AddEmulatedLevel(Level::kAmxBf16);
  return true;
}

}  // namespace rationale::testing
#else
namespace rationale::testing {

bool EmulateAmx() {
  return false;
}

}  // namespace rationale::testing
#endif

namespace rationale::testing {
namespace {

class AmxEnvironment final : public ::testing::Environment {
 public:
  void SetUp() override {
    const char* wanted = std::getenv("RATIONALE_CPU");
    if (wanted == nullptr || std::string_view(wanted) != "amx_bf16" || EmulateAmx()) return;
    std::puts("this machine has neither AMX nor AVX-512 to emulate it with");
    std::exit(77);
  }
};
const auto* const environment = ::testing::AddGlobalTestEnvironment(new AmxEnvironment);

}  // namespace
}  // namespace rationale::testing
