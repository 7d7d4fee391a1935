#include "policy/tokenizer/unicode.h"

#include <unicode/utf8.h>

#include <cstdint>

namespace rationale {

UChar32 NextChar(std::string_view text, size_t& at) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  UChar32 c = 0;
  U8_NEXT_UNSAFE(bytes, at, c);
  return c;
}

UChar32 PreviousChar(std::string_view text, size_t& at) {
  constexpr uint8_t kContinuationMask = 0xC0, kContinuation = 0x80;
  do {
    --at;
  } while ((static_cast<uint8_t>(text[at]) & kContinuationMask) == kContinuation);
  size_t end = at;
  return NextChar(text, end);
}

bool IsWhiteSpace(UChar32 c) {
  return u_hasBinaryProperty(c, UCHAR_WHITE_SPACE);
}

bool IsNumeric(UChar32 c) {
  return (U_GET_GC_MASK(c) & U_GC_N_MASK) != 0;
}

bool IsWordChar(UChar32 c) {
  return u_hasBinaryProperty(c, UCHAR_ALPHABETIC) || u_hasBinaryProperty(c, UCHAR_JOIN_CONTROL) ||
         (U_GET_GC_MASK(c) & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) != 0;
}

}  // namespace rationale
