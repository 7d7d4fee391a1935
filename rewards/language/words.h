// Words: prose cut into sentences and words, each with its script.

#pragma once

#include <unicode/brkiter.h>
#include <unicode/uscript.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rationale {

struct Word {
  uint32_t first = 0;    // its letters: Words::letters[first, first + length), lower case, UTF-16
  uint32_t length = 0;   // at most kWordLettersMax
  uint16_t marks = 0;    // how many of the units are combining marks, no letters
  int32_t sentence = 0;  // counted from 0
  UScriptCode script = USCRIPT_UNKNOWN;  // unknown: letters of several alphabets in one word
  bool capital = false;                  // begins with an upper-case letter
  bool inner = false;                    // goes on where the word before ends: it was cut

  int64_t num_letters() const { return int64_t{length} - marks; }
};

inline constexpr uint32_t kWordLettersMax = 32;

struct Words {
  std::vector<Word> words;
  std::u16string letters;  // and marks
  std::u16string singles;  // the letters that stand alone, in their order

  std::u16string_view Letters(const Word& word) const {
    return std::u16string_view(letters).substr(word.first, word.length);
  }
};

// Cuts texts into words. Immutable and thread-safe; expensive to make (20 ms), cheap to use.
class WordCutter {
 public:
  WordCutter();

  // The words of `text` in order. A word is a run of letters and marks of one script; runs of
  // scripts that are written without spaces (Han, Kana, Thai, Khmer, Lao, Burmese) are segmented by
  // ICU's dictionaries. Latin, Cyrillic and Greek letters that touch make one word of unknown
  // script: no orthography does that, homoglyphs do. A word with capitals behind small letters in
  // two places and more is cut there (inCamelCase); what is longer than kWordLettersMax was written
  // without spaces and is cut into words of six letters. Digits, signs and single letters
  // (variables) are not words. Braille is letters, and so are the symbols that show letters (flags,
  // tags, negative circles); invisible characters (soft hyphens, joiners) are as if they were not
  // there. Malformed UTF-8 separates words.
  Words Cut(std::string_view text) const;

 private:
  enum class Kind : uint8_t {
    kSeparator,
    kSpace,
    kSentenceEnd,
    kLetter,
    kSingle,  // a letter that never makes a word with others
    kMark,
    kInvisible
  };
  struct Character {
    char16_t lower = 0;  // 0: beyond the basic plane, and shows no letter of it
    uint8_t script = 0;
    Kind kind = Kind::kSeparator;
    bool upper = false;
  };
  class Run;

  static Character Classify(int32_t code_point);
  Character Look(int32_t code_point) const {
    const auto place = static_cast<size_t>(code_point);
    return place < characters_.size() ? characters_[place] : Classify(code_point);
  }

  std::vector<Character> characters_;  // of the basic plane
  std::unique_ptr<const icu::BreakIterator> segmenter_;
};

}  // namespace rationale
