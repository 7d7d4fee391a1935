#include "datasets/language_names.h"

#include <algorithm>
#include <array>

namespace rationale {
namespace {

struct Entry {
  std::string_view code, name;
};

constexpr std::array kLanguages = {
    Entry{"af", "Afrikaans"}, Entry{"ar", "Arabic"},     Entry{"bg", "Bulgarian"},
    Entry{"bn", "Bengali"},   Entry{"ca", "Catalan"},    Entry{"cs", "Czech"},
    Entry{"cy", "Welsh"},     Entry{"da", "Danish"},     Entry{"de", "German"},
    Entry{"el", "Greek"},     Entry{"en", "English"},    Entry{"es", "Spanish"},
    Entry{"et", "Estonian"},  Entry{"eu", "Basque"},     Entry{"fa", "Persian"},
    Entry{"fi", "Finnish"},   Entry{"fr", "French"},     Entry{"gl", "Galician"},
    Entry{"gu", "Gujarati"},  Entry{"he", "Hebrew"},     Entry{"hi", "Hindi"},
    Entry{"hr", "Croatian"},  Entry{"hu", "Hungarian"},  Entry{"id", "Indonesian"},
    Entry{"it", "Italian"},   Entry{"ja", "Japanese"},   Entry{"ka", "Georgian"},
    Entry{"kn", "Kannada"},   Entry{"ko", "Korean"},     Entry{"lt", "Lithuanian"},
    Entry{"lv", "Latvian"},   Entry{"ml", "Malayalam"},  Entry{"mr", "Marathi"},
    Entry{"ms", "Malay"},     Entry{"nl", "Dutch"},      Entry{"no", "Norwegian"},
    Entry{"pa", "Punjabi"},   Entry{"pl", "Polish"},     Entry{"pt", "Portuguese"},
    Entry{"ro", "Romanian"},  Entry{"ru", "Russian"},    Entry{"sk", "Slovak"},
    Entry{"sl", "Slovenian"}, Entry{"sr", "Serbian"},    Entry{"sv", "Swedish"},
    Entry{"sw", "Swahili"},   Entry{"ta", "Tamil"},      Entry{"te", "Telugu"},
    Entry{"th", "Thai"},      Entry{"tr", "Turkish"},    Entry{"uk", "Ukrainian"},
    Entry{"ur", "Urdu"},      Entry{"vi", "Vietnamese"}, Entry{"yo", "Yoruba"},
    Entry{"zh", "Chinese"},
};

}  // namespace

std::string_view LanguageName(std::string_view code) {
  code = code.substr(0, code.find_first_of("-_"));
  const auto* found = std::find_if(kLanguages.begin(), kLanguages.end(),
                                   [&](const Entry& entry) { return entry.code == code; });
  return found == kLanguages.end() ? std::string_view() : found->name;
}

}  // namespace rationale
