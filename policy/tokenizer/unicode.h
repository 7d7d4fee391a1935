// Unicode: characters of UTF-8 text and the classes of them that tokenizers name. ICU 72 knows
// Unicode 15.

#pragma once

#include <unicode/uchar.h>

#include <cstddef>
#include <string_view>

namespace rationale {

// The character that begins at `at`, which moves behind it. Requires valid UTF-8 and at <
// text.size().
UChar32 NextChar(std::string_view text, size_t& at);

// The character that ends at `at`, which moves before it. Requires valid UTF-8 and at > 0.
UChar32 PreviousChar(std::string_view text, size_t& at);

bool IsWhiteSpace(UChar32 c);  // White_Space
bool IsNumeric(UChar32 c);     // general categories Nd, Nl, No

// \w of UTS #18: Alphabetic, M, Nd, Pc, Join_Control.
bool IsWordChar(UChar32 c);

}  // namespace rationale
