// Lexicon: which languages the commonest words belong to: function words and number words.
//
// Such words make up nearly half of running prose and all of an arithmetic chain in words, and
// letter n-grams are at their weakest on them. Number words are spelled out by ICU's rules for each
// language (all inflections it knows of 0 to 100 and the powers of ten); function words come from
// function_words.inc. (The 250 commonest words of each language added nothing: measured by
// rationale bench language.)

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rewards/language/languages.h"

namespace rationale {

// Immutable and thread-safe.
class Lexicon {
 public:
  Lexicon();

  // The languages that have `word` (lower case, NFC) among their commonest; empty if none.
  LanguageSet Find(std::u16string_view word) const;

 private:
  using LanguagesOfWords = std::unordered_map<std::u16string, LanguageSet>;
  static void Add(std::u16string_view words, int language, LanguagesOfWords& lexicon);
  static void AddNumbers(int language, LanguagesOfWords& lexicon);

  // Open addressing, a power of two of slots. The words' hashes stand for them: that a text's word
  // has one of their 64-bit hashes by chance is not worth a comparison of letters.
  struct Slot {
    uint64_t hash = 0;
    LanguageSet languages = 0;  // empty: the slot is
  };
  std::vector<Slot> slots_;
};

}  // namespace rationale
