// Veiled: sentences hidden word by word in what is no prose.
//
// A file name, a tag, a LaTeX command, a call or a formula for each word of a sentence looks like
// code, taken one by one. But the names of code are what things are called, and a sentence is full
// of the words that things are not called: the, we, which, after. Where such words of a language
// are many among the different words, they are sentences.

#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "rewards/language/languages.h"
#include "rewards/language/lexicon.h"
#include "rewards/language/words.h"

namespace rationale {

struct VeiledWord {
  Word word;
  int language;
};

// Those of `names` (the words of code, formulas, tags and addresses, in their order) that are
// sentences in a language other than `target`, the target's group: every 24 different words of
// which six are among the commonest of one such language and neither of the target's nor words that
// programs and formulas are made of; and the words of scripts that no code is written in (all but
// Latin and Greek). Each word once in 24 different ones. Linear in the number of words.
std::vector<VeiledWord> FindVeiled(const Words& names, const Lexicon& lexicon, LanguageSet target);

// How many of `singles`, the letters that stand alone, are of words spelled out letter by letter:
// all of every 24 of which eleven are different. So are 97% of all 24 letters of prose and 1% of
// the variables of formulas.
int64_t CountSpelled(std::u16string_view singles);

}  // namespace rationale
