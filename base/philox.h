// Philox: counter-based random numbers, so that every draw is a pure function of a key and a
// position.
//
// Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3" (Philox4x32-10).

#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace rationale {

// Four 32-bit words from a 64-bit key and a 128-bit counter. Ten rounds; passes the paper's known
// answers.
std::array<uint32_t, 4> Philox4x32(uint64_t key, uint64_t counter_low, uint64_t counter_high = 0);

// A 64-bit key derived from its parts in order: (run seed, purpose, step, problem, sample).
// Different part lists give unrelated keys.
uint64_t DeriveKey(std::initializer_list<uint64_t> parts);

// A 64-bit part for DeriveKey from text, such as a problem's id or a purpose ("rollout",
// "shuffle").
uint64_t KeyPart(std::string_view text);

// A double in [0, 1) with 53 random bits: draw number `position` under `key`.
double Uniform(uint64_t key, uint64_t position);

// A sequential generator over one key, for code that draws a variable number of times (generators,
// shuffles).
class PhiloxStream {
 public:
  explicit PhiloxStream(uint64_t key) : key_(key) {}

  uint64_t Next64();
  double Uniform();                        // [0, 1)
  int64_t Int(int64_t low, int64_t high);  // low <= x <= high, unbiased

  using result_type = uint64_t;  // usable with <algorithm> and <random>; our own shuffles use Int
  static constexpr uint64_t min() { return 0; }
  static constexpr uint64_t max() { return ~uint64_t{0}; }
  uint64_t operator()() { return Next64(); }

 private:
  uint64_t key_;
  uint64_t position_ = 0;
};

}  // namespace rationale
