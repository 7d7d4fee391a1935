// Profiles: how likely a word is in each language that writes its script, by its letters.
//
//   ln P(word | language) = sum_i ln P(letter i | up to three letters before it in the word)
//
// A model of order 4 for each language that shares its script with others, from ngrams.inc: counts
// over a million sentences of news and web text each (lingua 1.3.5, Apache-2.0,
// https://github.com/pemistahl/lingua-py; Galician and Nepali: LibreOffice's texts, less what these
// are like in their relatives: make_ngrams.py), interpolated, pruned to what tells languages apart.
// Where a language has no value for an n-gram it takes that of the n-gram one letter shorter, less
// kMissing.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "rewards/language/languages.h"

namespace rationale {

// One value a lane, in quarters of a nat (kNat a nat). The lanes are the languages of one script in
// the order of their indices; those behind the last language have no meaning.
inline constexpr size_t kLanes = 40;
using LanguageScores = std::array<int16_t, kLanes>;
inline constexpr int kNat = 4;

// The n-grams of one script. Immutable and thread-safe.
class Profiles {
 public:
  // Han stands for Kana too.
  explicit Profiles(UScriptCode script);

  // Adds ln P(word | language) to `scores`. `word`: of this script, lower case, NFC,
  // kWordLettersMax letters at most.
  void Add(std::u16string_view word, LanguageScores& scores) const;

  // The languages of the script, all and by lane.
  LanguageSet languages() const { return languages_; }
  const std::vector<int>& lanes() const { return lanes_; }

  // The lanes of those languages of `set` that write the script: bit i stands for lane i.
  uint64_t LanesOf(LanguageSet set) const;

 private:
  using Costs = std::array<uint8_t, kLanes>;  // -ln P

  size_t LaneOf(int language) const {
    return static_cast<size_t>(lane_of_[static_cast<size_t>(language)]);
  }
  const Costs* Find(uint64_t ngram) const;
  Costs CostsOfShorter(std::u16string_view ngram) const;
  void Insert(uint64_t ngram, const Costs& costs);

  LanguageSet languages_;
  std::vector<int> lanes_;
  std::array<int8_t, 64> lane_of_ = {};  // by language; -1 for those of other scripts
  // Open addressing, a power of two of slots: up to four UTF-16 units, the last in the low bits (0:
  // empty), and the place of its costs.
  std::vector<uint64_t> ngrams_;
  std::vector<uint16_t> places_;
  std::vector<Costs> costs_;
  int shift_ = 0;  // from a hash to its slot
};

}  // namespace rationale
