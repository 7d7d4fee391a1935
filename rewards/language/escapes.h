// Escapes: what is written in codes, as what it stands for.

#pragma once

#include <string>
#include <string_view>

namespace rationale {

// `text` with the letters in it that are escaped (&#70; &#x46; \u0046 \u{46} \x46 %46) in their
// plain form, and so with prose in hexadecimal: twelve bytes and more, all of them ASCII letters
// and the signs of a sentence. No address and no program needs to escape an ASCII letter; what else
// an address escapes (%C3%9C) becomes a %, so that its digits are no letters. Linear.
std::string Unescape(std::string_view text);

}  // namespace rationale
