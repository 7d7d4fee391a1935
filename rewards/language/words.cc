// Words: see words.h.

#include "rewards/language/words.h"

#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "base/check.h"
#include "rewards/utf8.h"

namespace rationale {
namespace {

constexpr size_t kUnspacedLetters = 6;  // of a word cut from letters without spaces
constexpr size_t kCamelCapitals = 2;
constexpr UChar32 kFlagA = 0x1F1E6;

bool IsUnspaced(UScriptCode script) {
  switch (script) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_THAI:
    case USCRIPT_LAO:
    case USCRIPT_KHMER:
    case USCRIPT_MYANMAR:
      return true;
    default:
      return false;
  }
}

// The alphabets whose letters look alike.
bool IsAlphabet(UScriptCode script) {
  return script == USCRIPT_LATIN || script == USCRIPT_CYRILLIC || script == USCRIPT_GREEK ||
         script == USCRIPT_UNKNOWN;
}

// The letter a to z that a symbol shows which NFKC leaves alone; 0 for others.
char16_t ShownLetter(UChar32 c) {
  // White on black in circles and squares, flags' letters, tags in capitals and small.
  for (const UChar32 first : {0x1F150, 0x1F170, kFlagA, 0xE0041, 0xE0061})
    if (c >= first && c < first + 26) return static_cast<char16_t>(u'a' + (c - first));
  return 0;
}

bool EndsSentence(UChar32 c) {
  constexpr std::u32string_view kEnds = U"\n!?;。！？।؟۔։";
  return kEnds.find(static_cast<char32_t>(c)) != std::u32string_view::npos;
}

}  // namespace

// The run of letters that is being read, and where it goes when it ends.
class WordCutter::Run {
 public:
  Run(const WordCutter& cutter, Words& words) : cutter_(cutter), words_(words) {}

  void Letter(const Character& character, int32_t code_point) {
    auto script = static_cast<UScriptCode>(character.script);
    if (open_ && script != script_ && script != USCRIPT_COMMON) {
      if (IsAlphabet(script) && IsAlphabet(script_)) {
        script_ = script = USCRIPT_UNKNOWN;
      } else if (!IsUnspaced(script) || !IsUnspaced(script_)) {
        Close();
      }
    }
    if (!open_) {
      open_ = true;
      first_ = words_.letters.size();
      script_ = script;
      capital_ = upper_ = character.upper;
      marks_ = false;
      capitals_.clear();
    }
    if (character.upper && !upper_) capitals_.push_back(words_.letters.size());
    upper_ = character.upper;
    Append(character, code_point);
  }

  void Mark(const Character& character, int32_t code_point) {
    if (!open_) return;
    marks_ = true;
    Append(character, code_point);
  }

  // Ends the run; its words have `letters_max` at most.
  void Close(size_t letters_max = kWordLettersMax) {
    if (!open_) return;
    open_ = false;
    const size_t end = words_.letters.size();
    if (IsUnspaced(script_)) {
      Segment(end);
      return;
    }
    if (capitals_.size() < kCamelCapitals) capitals_.clear();
    capitals_.push_back(end);
    for (size_t begin = first_; const size_t word_end : capitals_) {
      Add(begin, word_end, script_, letters_max);
      begin = word_end;
      capital_ = true;
    }
  }

  int32_t sentence = 0;

 private:
  void Append(const Character& character, int32_t code_point) {
    if (character.lower != 0) {
      words_.letters += character.lower;
    } else {
      words_.letters += static_cast<char16_t>(U16_LEAD(code_point));
      words_.letters += static_cast<char16_t>(U16_TRAIL(code_point));
    }
    if (words_.letters.size() - first_ < kWordLettersMax || IsUnspaced(script_)) return;
    Close(kUnspacedLetters);
  }

  // Adds words of at most `letters_max` letters and marks; a letter alone is none.
  void Add(size_t begin, size_t end, UScriptCode script, size_t letters_max) {
    for (; begin < end; begin += letters_max) {
      const size_t length = std::min(end - begin, letters_max);
      if (length == 1 && !IsUnspaced(script)) {
        words_.singles += words_.letters[begin];
        continue;
      }
      Word word{.first = static_cast<uint32_t>(begin),
                .length = static_cast<uint32_t>(length),
                .sentence = sentence,
                .script = script,
                .capital = capital_,
                .inner = begin != first_};
      for (const char16_t unit : marks_ ? words_.Letters(word) : std::u16string_view())
        if (cutter_.Look(unit).kind == Kind::kMark) ++word.marks;
      words_.words.push_back(word);
    }
  }

  // Cuts a run of unspaced letters by ICU's dictionaries.
  void Segment(size_t end) {
    if (!segmenter_) segmenter_.reset(cutter_.segmenter_->clone());
    const icu::UnicodeString run(words_.letters.data() + first_,
                                 static_cast<int32_t>(end - first_));
    segmenter_->setText(run);
    int32_t begin = segmenter_->first();
    for (int32_t next = segmenter_->next(); next != icu::BreakIterator::DONE;
         begin = next, next = segmenter_->next()) {
      const auto script = static_cast<UScriptCode>(cutter_.Look(run.char32At(begin)).script);
      Add(first_ + static_cast<size_t>(begin), first_ + static_cast<size_t>(next), script,
          kWordLettersMax);
    }
  }

  const WordCutter& cutter_;
  Words& words_;
  std::unique_ptr<icu::BreakIterator> segmenter_;  // ours alone: it carries state
  bool open_ = false;
  bool capital_ = false;
  bool upper_ = false;  // the last letter
  bool marks_ = false;  // there are some
  size_t first_ = 0;
  std::vector<size_t> capitals_;  // behind a small letter, in the run
  UScriptCode script_ = USCRIPT_UNKNOWN;
};

WordCutter::WordCutter() {
  UErrorCode status = U_ZERO_ERROR;
  segmenter_.reset(icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), status));
  Check{U_SUCCESS(status) != 0, "ICU has no word segmentation: ", u_errorName(status)};
  characters_.reserve(0x10000);
  for (int32_t c = 0; c < 0x10000; ++c) characters_.push_back(Classify(c));
}

WordCutter::Character WordCutter::Classify(int32_t code_point) {
  Character character;
  if (code_point < 0x10000) character.lower = static_cast<char16_t>(u_tolower(code_point));
  UErrorCode status = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(code_point, &status);
  character.script = static_cast<uint8_t>(script);
  if (const char16_t shown = ShownLetter(code_point); shown != 0) {
    const bool flag = code_point >= kFlagA && code_point < kFlagA + 26;
    character = {
        .lower = shown, .script = USCRIPT_LATIN, .kind = flag ? Kind::kSingle : Kind::kLetter};
  } else if (EndsSentence(code_point)) {
    character.kind = Kind::kSentenceEnd;
  } else if (u_isalpha(code_point) || script == USCRIPT_BRAILLE) {
    character.kind = Kind::kLetter;
    character.upper = u_isupper(code_point) != 0;
  } else if ((U_GET_GC_MASK(code_point) & U_GC_M_MASK) != 0) {
    character.kind = Kind::kMark;
  } else if (u_charType(code_point) == U_FORMAT_CHAR) {
    character.kind = Kind::kInvisible;
  } else if (u_isWhitespace(code_point)) {
    character.kind = Kind::kSpace;
  }
  return character;
}

Words WordCutter::Cut(std::string_view text) const {
  Words words;
  words.letters.reserve(text.size());
  Run run(*this, words);
  bool stop = false;  // a full stop ends a sentence if white space follows
  for (size_t i = 0; i < text.size();) {
    const int32_t c = NextCodePoint(text, i);
    const Character character = c < 0 ? Character{} : Look(c);
    if (character.kind == Kind::kLetter) {
      run.Letter(character, c);
    } else if (character.kind == Kind::kMark) {
      run.Mark(character, c);
    } else if (character.kind == Kind::kSingle) {
      run.Close();
      run.Letter(character, c);
      run.Close();
    } else if (character.kind != Kind::kInvisible) {
      run.Close();
      if (character.kind == Kind::kSentenceEnd || (stop && character.kind == Kind::kSpace))
        ++run.sentence;
    }
    stop = c == '.';
  }
  run.Close();
  return words;
}

}  // namespace rationale
