// Languages: see languages.h.

#include "rewards/language/languages.h"

#include <algorithm>
#include <utility>

namespace rationale {
namespace {

constexpr UScriptCode kNone = USCRIPT_INVALID_CODE;
constexpr std::array<UScriptCode, 3> kLatin = {USCRIPT_LATIN, kNone, kNone};
constexpr std::array<UScriptCode, 3> kCyrillic = {USCRIPT_CYRILLIC, kNone, kNone};
constexpr std::array<UScriptCode, 3> kArabic = {USCRIPT_ARABIC, kNone, kNone};
constexpr std::array<UScriptCode, 3> kDevanagari = {USCRIPT_DEVANAGARI, kNone, kNone};

constexpr std::array<UScriptCode, 3> Only(UScriptCode script) {
  return {script, kNone, kNone};
}

constexpr Language kLanguages[] = {
    {"af", "Afrikaans", kLatin},
    {"am", "Amharic", Only(USCRIPT_ETHIOPIC)},
    {"ar", "Arabic", kArabic},
    {"be", "Belarusian", kCyrillic},
    {"bg", "Bulgarian", kCyrillic},
    {"bn", "Bengali", Only(USCRIPT_BENGALI)},
    {"bs", "Bosnian", kLatin, "hbs"},
    {"ca", "Catalan", kLatin},
    {"cs", "Czech", kLatin},
    {"da", "Danish", kLatin, "scandinavian"},
    {"de", "German", kLatin},
    {"el", "Greek", Only(USCRIPT_GREEK)},
    {"en", "English", kLatin},
    {"es", "Spanish", kLatin},
    {"et", "Estonian", kLatin},
    {"fa", "Persian", kArabic},
    {"fi", "Finnish", kLatin},
    {"fr", "French", kLatin},
    {"gl", "Galician", kLatin, "", true},
    {"gu", "Gujarati", Only(USCRIPT_GUJARATI)},
    {"he", "Hebrew", Only(USCRIPT_HEBREW)},
    {"hi", "Hindi", kDevanagari},
    {"hr", "Croatian", kLatin, "hbs"},
    {"hu", "Hungarian", kLatin},
    {"hy", "Armenian", Only(USCRIPT_ARMENIAN)},
    {"id", "Indonesian", kLatin, "malay"},
    {"is", "Icelandic", kLatin},
    {"it", "Italian", kLatin},
    {"ja", "Japanese", {USCRIPT_HAN, USCRIPT_HIRAGANA, USCRIPT_KATAKANA}},
    {"ka", "Georgian", Only(USCRIPT_GEORGIAN)},
    {"km", "Khmer", Only(USCRIPT_KHMER)},
    {"kn", "Kannada", Only(USCRIPT_KANNADA)},
    {"ko", "Korean", Only(USCRIPT_HANGUL)},
    {"lt", "Lithuanian", kLatin},
    {"lv", "Latvian", kLatin},
    {"mk", "Macedonian", kCyrillic},
    {"ml", "Malayalam", Only(USCRIPT_MALAYALAM)},
    {"mr", "Marathi", kDevanagari},
    {"ms", "Malay", kLatin, "malay"},
    {"my", "Burmese", Only(USCRIPT_MYANMAR)},
    {"ne", "Nepali", kDevanagari, "", true},
    {"nl", "Dutch", kLatin},
    {"no", "Norwegian", kLatin, "scandinavian"},
    {"pa", "Punjabi", Only(USCRIPT_GURMUKHI)},
    {"pl", "Polish", kLatin},
    {"pt", "Portuguese", kLatin},
    {"ro", "Romanian", kLatin},
    {"ru", "Russian", kCyrillic},
    {"sk", "Slovak", kLatin},
    {"sl", "Slovenian", kLatin},
    {"sq", "Albanian", kLatin},
    {"sr", "Serbian", {USCRIPT_CYRILLIC, USCRIPT_LATIN, kNone}, "hbs"},
    {"sv", "Swedish", kLatin},
    {"sw", "Swahili", kLatin},
    {"ta", "Tamil", Only(USCRIPT_TAMIL)},
    {"te", "Telugu", Only(USCRIPT_TELUGU)},
    {"th", "Thai", Only(USCRIPT_THAI)},
    {"tl", "Tagalog", kLatin},
    {"tr", "Turkish", kLatin},
    {"uk", "Ukrainian", kCyrillic},
    {"ur", "Urdu", kArabic},
    {"vi", "Vietnamese", kLatin},
    {"zh", "Chinese", Only(USCRIPT_HAN)},
};
constexpr size_t kNumLanguages = std::size(kLanguages);
static_assert(kNumLanguages <= 64, "a LanguageSet has 64 bits");

// ISO codes of what we know by another name.
constexpr std::pair<std::string_view, std::string_view> kAliases[] = {
    {"nb", "no"}, {"nn", "no"}, {"sh", "sr"},  {"fil", "tl"},
    {"iw", "he"}, {"in", "id"}, {"cmn", "zh"}, {"yue", "zh"},
};

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c;
}

bool EqualWithoutCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

}  // namespace

std::span<const Language> AllLanguages() {
  return kLanguages;
}

std::optional<int> FindLanguage(std::string_view code_or_name) {
  std::string_view code = code_or_name.substr(0, code_or_name.find_first_of("-_"));
  for (const auto& [alias, canonical] : kAliases) {
    if (EqualWithoutCase(code, alias)) code = canonical;
  }
  for (size_t i = 0; i < kNumLanguages; ++i) {
    if (EqualWithoutCase(code, kLanguages[i].code) ||
        EqualWithoutCase(code_or_name, kLanguages[i].name))
      return static_cast<int>(i);
  }
  return std::nullopt;
}

LanguageSet LanguagesOfScript(UScriptCode script) {
  LanguageSet set = 0;
  for (size_t i = 0; i < kNumLanguages; ++i) {
    const auto& scripts = kLanguages[i].scripts;
    if (std::find(scripts.begin(), scripts.end(), script) != scripts.end())
      set |= LanguageSet{1} << i;
  }
  return set;
}

LanguageSet GroupOf(int language) {
  const Language& member = kLanguages[language];
  LanguageSet set = LanguageSet{1} << language;
  if (member.group.empty()) return set;
  for (size_t i = 0; i < kNumLanguages; ++i) {
    if (kLanguages[i].group == member.group) set |= LanguageSet{1} << i;
  }
  return set;
}

}  // namespace rationale
