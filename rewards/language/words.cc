// Words: see words.h.

#include "rewards/language/words.h"

#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "base/check.h"
#include "rewards/utf8.h"

namespace rationale {
namespace {

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
      marks_ = 0;
      script_ = script;
      capital_ = character.upper;
    }
    Append(character, code_point);
  }

  void Mark(const Character& character, int32_t code_point) {
    if (!open_) return;
    ++marks_;
    Append(character, code_point);
  }

  void Close() {
    if (!open_) return;
    open_ = false;
    const size_t end = words_.letters.size();
    if (IsUnspaced(script_)) {
      Segment(end);
    } else if (end - first_ > 1) {
      Add(first_, end, script_);
    }
  }

  int32_t sentence = 0;

 private:
  void Append(const Character& character, int32_t code_point) {
    if (code_point < 0x10000) {
      words_.letters += character.lower;
    } else {
      words_.letters += static_cast<char16_t>(U16_LEAD(code_point));
      words_.letters += static_cast<char16_t>(U16_TRAIL(code_point));
    }
    if (words_.letters.size() - first_ < kWordLettersMax || IsUnspaced(script_)) return;
    Close();
  }

  void Add(size_t first, size_t end, UScriptCode script) {
    words_.words.push_back({.first = static_cast<uint32_t>(first),
                            .length = static_cast<uint32_t>(end - first),
                            .marks = marks_,
                            .sentence = sentence,
                            .script = script,
                            .capital = capital_});
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
      for (int32_t cut = begin; cut < next; cut += kWordLettersMax) {
        const int32_t cut_end = std::min(next, cut + static_cast<int32_t>(kWordLettersMax));
        marks_ = 0;
        for (int32_t i = cut; i < cut_end; ++i)
          if (cutter_.Look(run.charAt(i)).kind == Kind::kMark) ++marks_;
        Add(first_ + static_cast<size_t>(cut), first_ + static_cast<size_t>(cut_end), script);
      }
    }
  }

  const WordCutter& cutter_;
  Words& words_;
  std::unique_ptr<icu::BreakIterator> segmenter_;  // ours alone: it carries state
  bool open_ = false;
  bool capital_ = false;
  size_t first_ = 0;
  uint16_t marks_ = 0;
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
  Character character{.lower = static_cast<char16_t>(u_tolower(code_point))};
  UErrorCode status = U_ZERO_ERROR;
  character.script = static_cast<uint8_t>(uscript_getScript(code_point, &status));
  if (EndsSentence(code_point)) {
    character.kind = Kind::kSentenceEnd;
  } else if (u_isalpha(code_point)) {
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
