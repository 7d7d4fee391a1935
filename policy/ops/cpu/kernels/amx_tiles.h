// amx_tiles: AMX's tile registers and the instructions on them that our kernels use.
//
// A tile register holds 16 rows of 64 bytes: 16 x 16 sums of C, 16 rows of 64 bytes of A, or, of 16
// columns of B, 16 times the 4 bytes that a row of A meets at a time: 2 bfloat16 or 4 integers.
//
// So far this code has run under the tests' emulator alone (tests/policy/amx_emulator.h), never on
// a processor with AMX: what is known is its result where the processor does as Intel documents,
// not its speed.

#pragma once

#include <cstdint>

namespace rationale::ops::cpu::RATIONALE_LEVEL {
namespace {

constexpr int64_t kTileRows = 16;
constexpr int64_t kTileRowBytes = 64;
constexpr int64_t kTileColumns = 16;  // of C and B

// The compiler is told of every instruction that it reads and writes memory, so that stores to what
// it reads, the configuration above all, come before it.

// Tiles 0-5, C and A, get `rows` rows, tiles 6 and 7, B, all. Zeroes them.
inline void ConfigureTiles(int64_t rows) {
  struct alignas(64) {
    uint8_t palette = 1;
    uint8_t start_row = 0;
    uint8_t reserved[14] = {};
    uint16_t row_bytes[16] = {};
    uint8_t rows[16] = {};
  } config;
  for (int i = 0; i < 8; ++i) {
    config.row_bytes[i] = kTileRowBytes;
    config.rows[i] = static_cast<uint8_t>(i < 6 ? rows : kTileRows);
  }
  asm volatile("ldtilecfg %0" : : "m"(config) : "memory");
}
inline void ReleaseTiles() {
  asm volatile("tilerelease" : : : "memory");
}
template <int kTile>
inline void ZeroTile() {
  asm volatile("tilezero %%tmm%c0" : : "i"(kTile) : "memory");
}
template <int kTile>
inline void LoadTile(const void* data, int64_t stride_bytes) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2"
               :
               : "r"(data), "r"(stride_bytes), "i"(kTile)
               : "memory");
}
template <int kTile>
inline void StoreTile(void* data, int64_t stride_bytes) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)"
               :
               : "r"(data), "r"(stride_bytes), "i"(kTile)
               : "memory");
}
// C's += A B, of pairs of bfloat16.
template <int kSum, int kA, int kB>
inline void MultiplyTiles() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB) : "memory");
}
// The same of 4 bytes, A's unsigned, B's signed, into int32.
template <int kSum, int kA, int kB>
inline void MultiplyByteTiles() {
  asm volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB) : "memory");
}

}  // namespace
}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
