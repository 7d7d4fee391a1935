// Lexicon: which languages the commonest words belong to: function words and number words.
//
// Such words make up nearly half of running prose and all of an arithmetic chain in words, and
// letter n-grams are at their weakest on them. Number words are spelled out by ICU's rules for each
// language (all inflections it knows of 0 to 100 and the powers of ten); function words come from
// function_words.inc. (The 250 commonest words of each language added nothing: measured by
// rationale bench language.)

#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "rewards/language/languages.h"

namespace rationale {

class Lexicon {
 public:
  Lexicon();

  // The languages that have `word` (lower case, NFC) among their commonest; empty if none.
  LanguageSet Find(std::u16string_view word) const;

 private:
  struct Hash : std::hash<std::u16string_view> {
    using is_transparent = void;
  };

  void Add(std::u16string_view words, int language);
  void AddNumbers(int language);

  std::unordered_map<std::u16string, LanguageSet, Hash, std::equal_to<>> words_;
};

}  // namespace rationale
