// Words: see words.h.

#include "rewards/language/words.h"

#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>

#include "base/check.h"
#include "rewards/utf8.h"

namespace rationale {
namespace {

constexpr size_t kNone = std::string_view::npos;

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

bool IsMark(UChar32 c) {
  return (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0;
}

bool EndsSentence(UChar32 c) {
  return c == '\n' || c == '!' || c == '?' || c == ';' || c == 0x3002 || c == 0xFF01 ||
         c == 0xFF1F || c == 0x0964 || c == 0x061F || c == 0x06D4;
}

// One run of unspaced letters, cut by the segmenter.
void CutUnspaced(icu::BreakIterator& segmenter, std::string_view text, const Word& run,
                 std::vector<Word>& words) {
  const auto unicode = icu::UnicodeString::fromUTF8(
      {text.data() + run.begin, static_cast<int32_t>(run.end - run.begin)});
  segmenter.setText(unicode);
  size_t at = run.begin;
  int32_t begin = segmenter.first();
  for (int32_t end = segmenter.next(); end != icu::BreakIterator::DONE;
       begin = end, end = segmenter.next()) {
    Word word{.script = USCRIPT_UNKNOWN, .begin = at, .sentence = run.sentence};
    unicode.tempSubStringBetween(begin, end).toUTF8String(word.lower);
    UErrorCode status = U_ZERO_ERROR;
    word.script = uscript_getScript(unicode.char32At(begin), &status);
    at += word.lower.size();
    word.end = at;
    words.push_back(std::move(word));
  }
}

}  // namespace

WordCutter::WordCutter() {
  UErrorCode status = U_ZERO_ERROR;
  segmenter_.reset(icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), status));
  Check{U_SUCCESS(status) != 0, "ICU has no word segmentation: ", u_errorName(status)};
}

std::vector<Word> WordCutter::Cut(std::string_view text) {
  std::vector<Word> words;
  Word run;
  bool open = false;
  int sentence = 0;
  const auto close = [&](size_t end) {
    if (!open) return;
    open = false;
    run.end = end;
    if (IsUnspaced(run.script)) {
      CutUnspaced(*segmenter_, text, run, words);
    } else if (run.lower.size() > 1) {
      words.push_back(std::move(run));
    }
  };
  bool stop = false;  // a full stop ends a sentence if white space follows
  for (size_t i = 0; i < text.size();) {
    const size_t at = i;
    const UChar32 c = NextCodePoint(text, i);
    if (stop && (c < 0 || u_isWhitespace(c))) ++sentence;
    stop = c == '.';
    if (c >= 0 && IsMark(c) && open) {
      AppendCodePoint(run.lower, c);
      continue;
    }
    if (c < 0 || !u_isalpha(c)) {
      close(at);
      if (c >= 0 && EndsSentence(c)) ++sentence;
      continue;
    }
    UErrorCode status = U_ZERO_ERROR;
    const UScriptCode script = uscript_getScript(c, &status);
    const bool continues = open && (script == run.script || script == USCRIPT_COMMON ||
                                    (IsUnspaced(script) && IsUnspaced(run.script)));
    if (!continues) {
      close(at);
      run = Word{.script = script, .begin = at, .sentence = sentence};
      open = true;
    }
    AppendCodePoint(run.lower, u_tolower(c));
  }
  close(text.size());
  return words;
}

std::string BlankOutNonProse(std::string_view text) {
  std::string prose(text);
  const auto blank = [&](size_t begin, size_t end) {
    end = std::min(end, prose.size());
    std::fill(prose.begin() + static_cast<std::ptrdiff_t>(begin),
              prose.begin() + static_cast<std::ptrdiff_t>(end), ' ');
  };
  constexpr std::pair<std::string_view, std::string_view> kSpans[] = {
      {"```", "```"}, {"`", "`"}, {"\\[", "\\]"}, {"\\(", "\\)"}, {"$$", "$$"}, {"$", "$"}};
  for (size_t i = 0; i < prose.size(); ++i) {
    const std::string_view rest = std::string_view(prose).substr(i);
    if (rest.starts_with("http://") || rest.starts_with("https://") || rest.starts_with("www.")) {
      const size_t end = rest.find_first_of(" \t\n<>\"");
      blank(i, end == kNone ? prose.size() : i + end);
      continue;
    }
    bool span = false;
    for (const auto& [open, close] : kSpans) {
      if (!rest.starts_with(open)) continue;
      size_t end = rest.find(close, open.size());
      const bool one_line = open.size() == 1;
      if (end != kNone && one_line && rest.substr(0, end).find('\n') != kNone) end = kNone;
      if (end != kNone) {
        blank(i, i + end + close.size());
        span = true;
      }
      break;
    }
    if (!span && rest[0] == '\\') {
      size_t end = 1;
      while (end < rest.size() &&
             ((rest[end] >= 'a' && rest[end] <= 'z') || (rest[end] >= 'A' && rest[end] <= 'Z')))
        ++end;
      blank(i, i + end);
    }
  }
  return prose;
}

}  // namespace rationale
