// Share: how much of a text is in the language it should be in, counted in words.

#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "rewards/language/languages.h"
#include "rewards/language/lexicon.h"
#include "rewards/language/words.h"

namespace rationale {

// Words by what they are. Names, numbers, code, formulas and what is too short to tell are neutral.
struct LanguageCount {
  int64_t target = 0;
  int64_t other = 0;
  int64_t neutral = 0;
  std::array<int64_t, 64> others = {};  // the words of each other language that was told, by index

  // target / (target + other); 0 if there is neither.
  double Share() const;
};

// Immutable and thread-safe.
class ShareCounter {
 public:
  // Counts the words of `text` for the language `target` (an index of AllLanguages). Scripts decide
  // where they can; words of a script that several languages share are judged sentence by sentence:
  // one by one by the lexicon if most of the sentence is in it, else together by the lexicon's
  // votes and CLD2. CLD2: Sites, https://github.com/CLD2Owners/cld2.
  LanguageCount Count(std::string_view text, int target) const;

 private:
  Lexicon lexicon_;
};

}  // namespace rationale
