// Words: prose cut into sentences and words, each with its script.

#pragma once

#include <unicode/brkiter.h>
#include <unicode/uscript.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rationale {

struct Word {
  std::string lower = {};  // lower case
  UScriptCode script = USCRIPT_UNKNOWN;
  size_t begin = 0;  // bytes of the text it was cut from
  size_t end = 0;
  int sentence = 0;  // counted from 0
};

// Cuts texts into words. Not thread-safe: one a call or a thread (ICU's segmenters carry state).
class WordCutter {
 public:
  WordCutter();

  // The words of `text` in order. A word is a run of letters and marks of one script; runs of
  // scripts that are written without spaces (Han, Kana, Thai, Khmer, Lao, Burmese) are segmented by
  // ICU's dictionaries. Digits, signs and single Latin letters (variables) are not words. Malformed
  // UTF-8 separates words.
  std::vector<Word> Cut(std::string_view text);

 private:
  std::unique_ptr<icu::BreakIterator> segmenter_;
};

// `text` with what is no prose blanked out, other bytes where they were: code (fenced and inline),
// LaTeX math
// ($...$, $$...$$, \(...\), \[...\], \begin{...}...\end{...}), commands (\frac{1}{2}) and URLs.
std::string BlankOutNonProse(std::string_view text);

}  // namespace rationale
