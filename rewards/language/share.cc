// Share: see share.h.

#include "rewards/language/share.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <unordered_map>

#include "rewards/language/prose.h"
#include "rewards/language/veiled.h"

namespace rationale {
namespace {

constexpr int64_t kNameWords = 3;    // of a run that may be a name in a text of another script
constexpr int64_t kSpelledWord = 5;  // letters, as words have in the mean
constexpr int64_t kRepeatsBase = 8;
constexpr int64_t kRepeatsPerWord = 4;

double Ratio(int64_t part, int64_t rest) {
  return part + rest == 0 ? 0 : static_cast<double>(part) / static_cast<double>(part + rest);
}

// Counts the words of a text sentence by sentence.
class Counter {
 public:
  Counter(const Words& words, const std::vector<int8_t>& told, const Lexicon& lexicon, int target)
      : words_(words),
        told_(told),
        lexicon_(lexicon),
        group_(GroupOf(target)),
        target_is_latin_((LanguagesOfScript(USCRIPT_LATIN) & group_) != 0),
        german_(*FindLanguage("de")) {}

  LanguageCount Count() {
    const size_t size = words_.words.size();
    for (size_t begin = 0; begin < size;) {
      size_t end = begin;
      while (end < size && words_.words[end].sentence == words_.words[begin].sentence) ++end;
      CountSentence(begin, end);
      begin = end;
    }
    LimitNames();
    LimitRepeats();
    return count_;
  }

 private:
  bool IsCommon(const Word& word) const { return lexicon_.Find(words_.Letters(word)) != 0; }

  void CountSentence(size_t begin, size_t end) {
    size_t capitals = 0;
    bool german = false;  // with words that no name is made of
    for (size_t i = begin; i < end; ++i) {
      const bool capital = words_.words[i].capital;
      capitals += capital && i != begin ? 1 : 0;
      german = german || (told_[i] == german_ && !capital);
    }
    const bool titles = 3 * capitals > end - begin;
    for (size_t i = begin; i < end; ++i) {
      const Word& word = words_.words[i];
      if (!target_is_latin_ && word.script == USCRIPT_LATIN) {
        size_t run = i;
        while (run < end && words_.words[run].script == USCRIPT_LATIN) ++run;
        CountLatinRun(i, run);
        i = run - 1;
        continue;
      }
      const bool noun = german && told_[i] == german_;
      const bool name = word.capital && i != begin && !titles && !noun && !IsCommon(word);
      if (name && told_[i] != kNoLanguage) {
        names_.Add(word.num_letters());
      } else {
        Add(word, told_[i]);
      }
    }
  }

  // Latin words in a text of another script.
  void CountLatinRun(size_t begin, size_t end) {
    const std::span run(words_.words.data() + begin, end - begin);
    const auto common = std::ranges::count_if(run, [&](const Word& w) { return IsCommon(w); });
    const auto inner = std::ranges::count(run, true, &Word::inner);  // of getUserName two
    const bool name = std::ssize(run) - inner <= kNameWords &&
                      (common <= inner / 2 || (run.size() == 1 && run[0].capital));
    for (size_t i = begin; i < end; ++i) {
      const int language = std::max<int>(told_[i], -1);
      if (name) {
        names_.Add(words_.words[i].num_letters());
      } else {
        AddOther(words_.words[i], language);
      }
    }
  }

  void Add(const Word& word, int told) {
    if (told == kAmbiguous) {
      count_.neutral.Add(word.num_letters());
    } else if (told >= 0 && (group_ >> told & 1) != 0) {
      count_.target.Add(word.num_letters());
      ++repeats_[words_.Letters(word)];
    } else {
      AddOther(word, told);
    }
  }

  void AddOther(const Word& word, int language) {
    count_.other.Add(word.num_letters());
    if (language >= 0) ++count_.others[static_cast<size_t>(language)];
  }

  // As many names as words of the target are neutral, the rest is no name.
  void LimitNames() {
    const int64_t neutral = std::min(names_.words, count_.target.words);
    const int64_t letters = names_.words == 0 ? 0 : names_.letters * neutral / names_.words;
    count_.neutral.words += neutral;
    count_.neutral.letters += letters;
    count_.other.words += names_.words - neutral;
    count_.other.letters += names_.letters - letters;
  }

  void LimitRepeats() {
    const auto limit = kRepeatsBase + kRepeatsPerWord * static_cast<int64_t>(repeats_.size());
    for (const auto& [word, times] : repeats_) {
      const int64_t excess = std::max<int64_t>(0, times - limit);
      const auto letters = excess * static_cast<int64_t>(word.size());
      count_.repeated += excess;
      count_.target.words -= excess;
      count_.target.letters -= letters;
      count_.other.words += excess;
      count_.other.letters += letters;
    }
  }

  const Words& words_;
  const std::vector<int8_t>& told_;
  const Lexicon& lexicon_;
  LanguageSet group_;
  bool target_is_latin_;
  int german_;
  LanguageCount count_;
  WordsAndLetters names_;
  std::unordered_map<std::u16string_view, int64_t> repeats_;  // of the target's words
};

void Add(WordsAndLetters& sum, const WordsAndLetters& more) {
  sum.words += more.words;
  sum.letters += more.letters;
}

}  // namespace

double LanguageCount::WordShare() const {
  return Ratio(target.words, other.words);
}

double LanguageCount::LetterShare() const {
  return Ratio(target.letters, other.letters);
}

LanguageCount ShareCounter::CountWords(const Words& words, int target) const {
  const std::vector<int8_t> told = identifier_.TellWords(words, target);
  return Counter(words, told, identifier_.lexicon(), target).Count();
}

LanguageCount ShareCounter::CountWrapped(const Prose& prose, std::u16string_view singles,
                                         int target) const {
  const WordCutter& cutter = identifier_.cutter();
  const Words wrapped = cutter.Cut(prose.wrapped);
  LanguageCount count = CountWords(wrapped, target);
  const Words names = cutter.Cut(prose.veiled);
  for (const auto& [word, language] : FindVeiled(names, identifier_.lexicon(), GroupOf(target))) {
    count.other.Add(word.num_letters());
    ++count.others[static_cast<size_t>(language)];
  }
  const int64_t letters =
      CountSpelled(singles) + CountSpelled(wrapped.singles) + CountSpelled(names.singles);
  count.other.words += letters / kSpelledWord;
  count.other.letters += letters;
  return count;
}

LanguageCount ShareCounter::Count(std::string_view text, int target) const {
  const Prose prose = TakeApart(text);
  const Words running = identifier_.cutter().Cut(prose.running);
  LanguageCount count = CountWords(running, target);
  const LanguageCount wrapped = CountWrapped(prose, running.singles, target);
  if (wrapped.target.words + wrapped.other.words <= count.target.words + count.other.words) {
    Add(count.neutral, wrapped.target);
    Add(count.neutral, wrapped.other);
    Add(count.neutral, wrapped.neutral);
    return count;
  }
  count.wrapped = true;
  Add(count.target, wrapped.target);
  Add(count.other, wrapped.other);
  Add(count.neutral, wrapped.neutral);
  count.repeated += wrapped.repeated;
  for (size_t i = 0; i < count.others.size(); ++i) count.others[i] += wrapped.others[i];
  return count;
}

}  // namespace rationale
