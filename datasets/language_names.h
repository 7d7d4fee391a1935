// LanguageName: a language's English name, for prompts that name the language to think in.

#pragma once

#include <string_view>

namespace rationale {

// "de" -> "German". ISO 639-1 codes; a region or script is left out ("zh-Hans" -> "Chinese",
// "pt_BR" -> "Portuguese"). Empty for a code that is not in the table.
std::string_view LanguageName(std::string_view code);

}  // namespace rationale
