// Lexicon: see lexicon.h.

#include "rewards/language/lexicon.h"

#include <unicode/locid.h>
#include <unicode/rbnf.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <bit>
#include <utility>

#include "base/check.h"

namespace rationale {
namespace {

constexpr std::pair<std::string_view, std::string_view> kFunctionWords[] = {
#include "rewards/language/function_words.inc"
};

uint64_t Hash(std::u16string_view word) {
  uint64_t hash = 0;
  for (const char16_t unit : word) hash = (hash + unit) * 0x9E3779B97F4A7C15u;
  return hash ^ hash >> 32;
}

}  // namespace

Lexicon::Lexicon() {
  LanguagesOfWords lexicon;
  for (const auto& [code, words] : kFunctionWords) {
    const auto language = FindLanguage(code);
    Check{language.has_value(), "function_words.inc names the unknown language ", code};
    const auto unicode =
        icu::UnicodeString::fromUTF8({words.data(), static_cast<int32_t>(words.size())});
    Add({unicode.getBuffer(), static_cast<size_t>(unicode.length())}, *language, lexicon);
  }
  for (size_t i = 0; i < AllLanguages().size(); ++i) AddNumbers(static_cast<int>(i), lexicon);
  slots_.resize(std::bit_ceil(2 * lexicon.size()));
  for (const auto& [word, languages] : lexicon) {
    const uint64_t hash = Hash(word);
    size_t slot = hash & (slots_.size() - 1);
    while (slots_[slot].languages != 0) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = {.hash = hash, .languages = languages};
  }
}

LanguageSet Lexicon::Find(std::u16string_view word) const {
  const uint64_t hash = Hash(word);
  for (size_t slot = hash & (slots_.size() - 1);; slot = (slot + 1) & (slots_.size() - 1)) {
    if (slots_[slot].hash == hash || slots_[slot].languages == 0) return slots_[slot].languages;
  }
}

void Lexicon::Add(std::u16string_view words, int language, LanguagesOfWords& lexicon) {
  while (!words.empty()) {
    const size_t end = words.find(u' ');
    if (end != 0) lexicon[std::u16string(words.substr(0, end))] |= LanguageSet{1} << language;
    words.remove_prefix(end == std::u16string_view::npos ? words.size() : end + 1);
  }
}

void Lexicon::AddNumbers(int language, LanguagesOfWords& lexicon) {
  const std::string code(AllLanguages()[static_cast<size_t>(language)].code);
  UErrorCode status = U_ZERO_ERROR;
  icu::RuleBasedNumberFormat format(icu::URBNF_SPELLOUT, icu::Locale(code.c_str()), status);
  if (U_FAILURE(status)) return;
  // Where ICU has no rules it falls back to English: those words would be filed under the wrong
  // language.
  if (code != format.getLocale(ULOC_ACTUAL_LOCALE, status).getLanguage()) return;
  for (int32_t set = 0; set < format.getNumberOfRuleSetNames(); ++set) {
    const icu::UnicodeString name = format.getRuleSetName(set);
    if (name.indexOf("cardinal") < 0) continue;
    for (int number = 0; number <= 103; ++number) {
      constexpr int64_t kRound[] = {1'000, 1'000'000, 1'000'000'000};
      icu::UnicodeString spelled;
      icu::FieldPosition position;
      status = U_ZERO_ERROR;
      format.format(number <= 100 ? number : kRound[number - 101], name, spelled, position, status);
      if (U_FAILURE(status)) continue;
      // Soft hyphens and zero-width spaces mark where a word may break; other non-letters separate
      // words.
      icu::UnicodeString words;
      for (int32_t i = 0; i < spelled.length(); i = spelled.moveIndex32(i, 1)) {
        const UChar32 c = spelled.char32At(i);
        if (u_charType(c) == U_FORMAT_CHAR) continue;
        const bool part_of_word = u_isalpha(c) || u_getCombiningClass(c) != 0 ||
                                  u_charType(c) == U_COMBINING_SPACING_MARK ||
                                  u_charType(c) == U_NON_SPACING_MARK;
        words.append(part_of_word ? u_tolower(c) : UChar32{' '});
      }
      Add({words.getBuffer(), static_cast<size_t>(words.length())}, language, lexicon);
    }
  }
}

}  // namespace rationale
