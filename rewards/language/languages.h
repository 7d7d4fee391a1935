// Languages: those the language reward knows, with the scripts they are written in.

#pragma once

#include <unicode/uscript.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace rationale {

// A set of languages: bit i stands for AllLanguages()[i].
using LanguageSet = uint64_t;

struct Language {
  std::string_view code;               // ISO 639-1
  std::string_view name;               // in English
  std::array<UScriptCode, 3> scripts;  // USCRIPT_INVALID_CODE where it has fewer
  std::string_view group =
      "";  // languages of one group are not told apart where they share a script
  bool expected_only = false;  // told only where it is the target
};

// At most 64, in the order of their codes.
std::span<const Language> AllLanguages();

// The index of a language given by its code ("de", "de-CH", "zh_Hans") or its English name, without
// case; nothing if it is not known.
std::optional<int> FindLanguage(std::string_view code_or_name);

// The languages written in `script`; empty if none of ours is.
LanguageSet LanguagesOfScript(UScriptCode script);

// A language and those of its group.
LanguageSet GroupOf(int language);

}  // namespace rationale
