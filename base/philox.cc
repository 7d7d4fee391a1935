#include "base/philox.h"

#include "base/check.h"

namespace rationale {
namespace {

constexpr uint32_t kMultiplierA = 0xD2511F53, kMultiplierB = 0xCD9E8D57;
constexpr uint32_t kWeylA = 0x9E3779B9, kWeylB = 0xBB67AE85;
constexpr int kRounds = 10;

uint64_t Join(uint32_t low, uint32_t high) {
  return (uint64_t{high} << 32) | low;
}

}  // namespace

std::array<uint32_t, 4> Philox4x32(uint64_t key, uint64_t counter_low, uint64_t counter_high) {
  std::array<uint32_t, 4> c = {
      static_cast<uint32_t>(counter_low), static_cast<uint32_t>(counter_low >> 32),
      static_cast<uint32_t>(counter_high), static_cast<uint32_t>(counter_high >> 32)};
  auto key_a = static_cast<uint32_t>(key), key_b = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t a = uint64_t{kMultiplierA} * c[0], b = uint64_t{kMultiplierB} * c[2];
    c = {static_cast<uint32_t>(b >> 32) ^ c[1] ^ key_a, static_cast<uint32_t>(b),
         static_cast<uint32_t>(a >> 32) ^ c[3] ^ key_b, static_cast<uint32_t>(a)};
    key_a += kWeylA;
    key_b += kWeylB;
  }
  return c;
}

uint64_t DeriveKey(std::initializer_list<uint64_t> parts) {
  uint64_t key = parts.size();
  uint64_t position = 0;
  for (const uint64_t part : parts) {
    const auto words = Philox4x32(key, part, ++position);
    key = Join(words[0], words[1]);
  }
  return key;
}

uint64_t KeyPart(std::string_view text) {
  uint64_t hash = 0xCBF29CE484222325;  // FNV-1a, 64 bits; DeriveKey mixes it
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return hash;
}

double Uniform(uint64_t key, uint64_t position) {
  const auto words = Philox4x32(key, position);
  return static_cast<double>(Join(words[0], words[1]) >> 11) * 0x1p-53;
}

uint64_t PhiloxStream::Next64() {
  const auto words = Philox4x32(key_, position_++);
  return Join(words[0], words[1]);
}

double PhiloxStream::Uniform() {
  return static_cast<double>(Next64() >> 11) * 0x1p-53;
}

int64_t PhiloxStream::Int(int64_t low, int64_t high) {
  Check{low <= high, "empty range ", low, "..", high};
  const uint64_t range = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
  if (range == 0) return static_cast<int64_t>(Next64());
  const uint64_t limit = max() - max() % range;  // draws at or above it would favour small values
  uint64_t draw = Next64();
  while (draw >= limit) draw = Next64();
  return low + static_cast<int64_t>(draw % range);
}

}  // namespace rationale
