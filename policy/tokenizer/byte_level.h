// ByteLevel: GPT-2's printable characters for bytes, in which byte-level vocabularies are written.
//
// Radford et al. 2019: bytes that are printable in Latin-1 stand for themselves, the other 68 for
// U+0100, U+0101, ...

#pragma once

#include <string>
#include <string_view>

namespace rationale {

// Each byte as its character, in UTF-8: " a" -> "Ġa".
std::string BytesToChars(std::string_view bytes);

// The bytes that the characters of `token` stand for; the token as it is where one of them stands
// for none.
std::string CharsToBytes(std::string_view token);

}  // namespace rationale
