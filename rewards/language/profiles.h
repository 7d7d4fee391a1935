// Profiles: how likely a word is in each language, by its letters.
//
//   ln P(word | language) = sum_i ln P(letter i | up to three letters before it in the word)
//
// A model of order 4 for each language that shares its script with others, from ngrams.inc: counts
// over a million sentences of news and web text each (lingua 1.3.5, Apache-2.0,
// https://github.com/pemistahl/lingua-py), interpolated, pruned to what tells languages apart.
// Where a language has no value for an n-gram it takes that of the n-gram one letter shorter, less
// kMissing.

#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "rewards/language/languages.h"

namespace rationale {

// One value a language, in quarters of a nat (kNat a nat).
using LanguageScores = std::array<int16_t, 64>;
inline constexpr int kNat = 4;

// Immutable and thread-safe.
class Profiles {
 public:
  Profiles();

  // Adds ln P(word | language) of every language to `scores`, where languages of other scripts than
  // the word's get meaningless values. `word`: lower case, NFC, kWordLettersMax letters at most.
  void Add(std::u16string_view word, LanguageScores& scores) const;

 private:
  struct Slot {
    uint64_t ngram = 0;  // up to four UTF-16 units, the last in the low bits; 0: an empty slot
    int32_t row = 0;
  };

  const LanguageScores* Find(uint64_t ngram) const;
  void Insert(std::u16string_view ngram, std::string_view values);

  std::vector<Slot> slots_;  // open addressing, a power of two
  std::vector<LanguageScores> rows_;
  std::array<int, 128> language_of_letter_ = {};
  std::vector<std::pair<size_t, size_t>> borrowed_;  // to, from
};

}  // namespace rationale
