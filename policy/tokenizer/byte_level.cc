#include "policy/tokenizer/byte_level.h"

#include <array>
#include <cstdint>

namespace rationale {
namespace {

constexpr int kFirstStandIn = 0x100;
constexpr int kNumStandIns = 68;

constexpr bool IsPrintable(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct Tables {
  std::array<uint16_t, 256> char_of_byte{};
  std::array<int16_t, kFirstStandIn + kNumStandIns> byte_of_char{};  // -1: none

  constexpr Tables() {
    byte_of_char.fill(-1);
    int stand_in = kFirstStandIn;
    for (int byte = 0; byte < 256; ++byte) {
      const int character = IsPrintable(byte) ? byte : stand_in++;
      char_of_byte[static_cast<size_t>(byte)] = static_cast<uint16_t>(character);
      byte_of_char[static_cast<size_t>(character)] = static_cast<int16_t>(byte);
    }
  }
};

constexpr Tables kTables;

}  // namespace

std::string BytesToChars(std::string_view bytes) {
  std::string chars;
  chars.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    const unsigned character = kTables.char_of_byte[static_cast<uint8_t>(byte)];
    if (character < 0x80) {
      chars += static_cast<char>(character);
    } else {
      chars += static_cast<char>(0xC0 | character >> 6);
      chars += static_cast<char>(0x80 | (character & 0x3F));
    }
  }
  return chars;
}

std::string CharsToBytes(std::string_view token) {
  std::string bytes;
  for (size_t i = 0; i < token.size(); ++i) {
    unsigned character = static_cast<uint8_t>(token[i]);
    if (character >= 0xC2 && character < 0xE0 && i + 1 < token.size()) {
      character = (character & 0x1F) << 6 | (static_cast<uint8_t>(token[++i]) & 0x3F);
    } else if (character >= 0x80) {
      return std::string(token);
    }
    if (character >= kTables.byte_of_char.size() || kTables.byte_of_char[character] < 0) {
      return std::string(token);
    }
    bytes += static_cast<char>(kTables.byte_of_char[character]);
  }
  return bytes;
}

}  // namespace rationale
