// UTF-8: one code point at a time, malformed input made visible.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rationale {

// The code point that begins at text[at]; `at` moves behind it. -1 for a malformed byte (overlong
// forms and surrogates included), which `at` moves past alone. Requires at < text.size().
inline int32_t NextCodePoint(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) -> uint32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const uint32_t first = byte(at);
  if (first < 0x80) {
    ++at;
    return static_cast<int32_t>(first);
  }
  size_t length = 0;
  uint32_t code = 0;
  uint32_t least = 0;
  if (first >= 0xC2 && first < 0xE0) {
    length = 2, code = first & 0x1F, least = 0x80;
  } else if (first >= 0xE0 && first < 0xF0) {
    length = 3, code = first & 0x0F, least = 0x800;
  } else if (first >= 0xF0 && first < 0xF5) {
    length = 4, code = first & 0x07, least = 0x10000;
  }
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) length = 0;
    code = code << 6 | (byte(at + i) & 0x3F);
  }
  if (length == 0 || code < least || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
    ++at;
    return -1;
  }
  at += length;
  return static_cast<int32_t>(code);
}

// Appends a code point (valid, no surrogate).
inline void AppendCodePoint(std::string& text, int32_t code_point) {
  const auto code = static_cast<uint32_t>(code_point);
  const auto put = [&](uint32_t byte) {
    text += static_cast<char>(static_cast<unsigned char>(byte));
  };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

}  // namespace rationale
