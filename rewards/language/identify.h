// Identify: which language each word of a text is in.
//
// Scripts decide where they can: Han letters in a text without any Kana are Chinese, but where
// Japanese is expected. Words of a script that several languages share are told apart
// together: the languages of a text's words are the likeliest sequence of states of a hidden Markov
// model, where a state emits a word with the probability its letters have in that language
// (profiles.h), raised if it is one of that language's commonest words (lexicon.h), and where
// changing the language costs much inside a sentence and little between two. So a long sentence
// decides itself, a short one leans on its neighbours, and a clause in another language inside a
// sentence is found when it is clear enough. Viterbi 1967, doi:10.1109/TIT.1967.1054010.
//
// Galician and Nepali, known by few texts and near to languages that many more write, are looked
// for only where they are expected.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "rewards/language/languages.h"
#include "rewards/language/lexicon.h"
#include "rewards/language/profiles.h"
#include "rewards/language/words.h"

namespace rationale {

// What a word was told to be: an index of AllLanguages, or one of these.
inline constexpr int8_t kAmbiguous = -1;  // one of several languages
// Of a script that none of ours is written in, of several alphabets, or spelled like no language.
inline constexpr int8_t kNoLanguage = -2;

// Immutable and thread-safe.
class Identifier {
 public:
  Identifier();

  // The language of each word, in their order. A piece (the words of one sentence told to be in one
  // language) counts as ambiguous where it is less than `margin` nats likelier than in the best
  // other language. With a target, only languages that differ in being of the target's group
  // (languages.h) count as other. Uncommon words that are clearly likelier in another language than
  // their piece's are told so, and a long piece that is too unlikely in any is of no language. With
  // `whole_sentences` the words of a sentence that share a script are all in the likeliest
  // language. Linear in the number of words.
  std::vector<int8_t> TellWords(const Words& words, std::optional<int> target, double margin = 3,
                                bool whole_sentences = false) const;

  // The language most letters of `text` are in, told sentence by sentence, formulas and code left
  // out; nothing if it has no word of a known script.
  std::optional<int> Identify(std::string_view text) const;

  const Lexicon& lexicon() const { return lexicon_; }
  const WordCutter& cutter() const { return cutter_; }

 private:
  // Of a script that several languages share; null for others.
  const Profiles* Shared(UScriptCode script) const;

  WordCutter cutter_;
  Lexicon lexicon_;
  std::vector<std::pair<UScriptCode, Profiles>> shared_;
  LanguageSet expected_only_ = 0;
  int japanese_ = *FindLanguage("ja");
};

}  // namespace rationale
