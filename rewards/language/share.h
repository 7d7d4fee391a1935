// Share: how much of a text is in the language it should be in.

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rewards/language/identify.h"
#include "rewards/language/languages.h"
#include "rewards/language/prose.h"

namespace rationale {

struct WordsAndLetters {
  int64_t words = 0;
  int64_t letters = 0;

  void Add(int64_t word_letters) {
    ++words;
    letters += word_letters;
  }
};

// What was found, in words and in letters. Names, numbers, code, formulas, addresses, quotations
// and what is too short to tell are neutral.
struct LanguageCount {
  WordsAndLetters target;
  WordsAndLetters other;
  WordsAndLetters neutral;
  std::array<int64_t, 64> others = {};  // words of each other language that was told, by index
  int64_t repeated = 0;  // words of `other` that are the target's, but repeated beyond measure
  bool wrapped = false;  // quotations, comments and hidden sentences are counted with the rest

  // target / (target + other), of words (DeepSeek-R1's ratio) or of letters; 0 if there is neither.
  double WordShare() const;
  double LetterShare() const;
};

// Counts the words of a text for a target language. Immutable and thread-safe.
//
// Neutral, within limits that keep it from being a place to hide in:
// - What stands in quotation marks, code comments, \text{...} and the like (prose.h), sentences
//   hidden word by word in code, formulas and addresses or spelled out letter by letter (veiled.h),
//   as long as these are less than the running text. Where they are more they are counted with the
//   rest.
// - Names: a capitalised uncommon word inside a sentence (but beside lower-case German words, as
//   German nouns have capitals, and where more than a third of a sentence has them); in a target of
//   another script, runs of up to three Latin words without a common one (getUserName is one), or
//   one word with a capital. Not more than there are words of the target.
// - Pieces that are not clearly in one language (identify.h).
// A word of the target counts at most 8 + 4 D times, D being the number of different words of the
// target in the text; what is beyond counts as other.
class ShareCounter {
 public:
  // `target`: an index of AllLanguages.
  LanguageCount Count(std::string_view text, int target) const;

  const Identifier& identifier() const { return identifier_; }

 private:
  LanguageCount CountWords(const Words& words, int target) const;
  LanguageCount CountWrapped(const Prose& prose, std::u16string_view singles, int target) const;

  Identifier identifier_;
};

}  // namespace rationale
