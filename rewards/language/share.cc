// Share: see share.h.

#include "rewards/language/share.h"

#include <cld2/public/compact_lang_det.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace rationale {
namespace {

enum class Verdict3 { kTarget, kOther, kNeutral };

constexpr LanguageSet Bit(int language) {
  return LanguageSet{1} << language;
}

// The language CLD2 finds in `text` (valid UTF-8), if it is sure of it and we know it.
std::optional<int> Identify(std::string_view text) {
  CLD2::Language languages[3];
  int percents[3];
  int text_bytes = 0;
  bool reliable = false;
  const CLD2::Language best =
      CLD2::ExtDetectLanguageSummary(text.data(), static_cast<int>(text.size()), true, languages,
                                     percents, &text_bytes, &reliable);
  if (!reliable || best == CLD2::UNKNOWN_LANGUAGE) return std::nullopt;
  return FindLanguage(CLD2::LanguageCode(best));
}

// Counts the words of one sentence at a time.
class SentenceJudge {
 public:
  SentenceJudge(const Lexicon& lexicon, int target, LanguageCount& count)
      : lexicon_(lexicon), target_(target), group_(GroupOf(target)), count_(count) {}

  void Judge(std::span<const Word> words) {
    std::vector<const Word*> shared;
    has_kana_ = std::any_of(words.begin(), words.end(), [](const Word& word) {
      return word.script == USCRIPT_HIRAGANA || word.script == USCRIPT_KATAKANA;
    });
    for (const Word& word : words) {
      const LanguageSet languages = Candidates(word.script);
      if ((languages & Bit(target_)) == 0) {
        const bool name = word.script == USCRIPT_LATIN && lexicon_.Find(word.lower) == 0;
        Add(name ? Verdict3::kNeutral : Verdict3::kOther,
            std::popcount(languages) == 1 ? std::countr_zero(languages) : -1);
      } else if ((languages & ~group_) == 0) {
        Add(Verdict3::kTarget);
      } else {
        shared.push_back(&word);
      }
    }
    if (!shared.empty()) JudgeShared(shared);
  }

 private:
  void Add(Verdict3 verdict, int language = -1) {
    switch (verdict) {
      case Verdict3::kTarget:
        ++count_.target;
        break;
      case Verdict3::kNeutral:
        ++count_.neutral;
        break;
      case Verdict3::kOther:
        ++count_.other;
        if (language >= 0) ++count_.others[static_cast<size_t>(language)];
    }
  }

  // The languages a word of this script may be in. Han characters beside kana are Japanese, without
  // them Chinese.
  LanguageSet Candidates(UScriptCode script) const {
    if (script == USCRIPT_HAN) return Bit(*FindLanguage(has_kana_ ? "ja" : "zh"));
    return LanguagesOfScript(script);
  }

  void JudgeShared(const std::vector<const Word*>& words) {
    std::vector<LanguageSet> sets;
    size_t known = 0;
    for (const Word* word : words) {
      sets.push_back(lexicon_.Find(word->lower) & LanguagesOfScript(word->script));
      if (sets.back() != 0) ++known;
    }
    if (known * 10 >= words.size() * 7) {
      JudgeEachWord(sets);
      return;
    }
    std::string text;
    for (const Word* word : words) text += word->lower + ' ';
    auto language = Identify(text);
    if (!language) language = Vote(sets, 2);
    for (size_t i = 0; i < words.size(); ++i) {
      if (!language) {
        Add(Verdict3::kNeutral);
      } else {
        Add((Bit(*language) & group_) != 0 ? Verdict3::kTarget : Verdict3::kOther, *language);
      }
    }
  }

  // The language most of the words may be in; nothing if fewer than `least` may. The target wins a
  // tie.
  std::optional<int> Vote(const std::vector<LanguageSet>& sets, int least) const {
    std::array<int, 64> votes = {};
    for (const LanguageSet set : sets) {
      for (LanguageSet rest = set; rest != 0; rest &= rest - 1)
        ++votes[static_cast<size_t>(std::countr_zero(rest))];
    }
    const auto best = std::max_element(votes.begin(), votes.end());
    if (*best < least) return std::nullopt;
    const auto target = votes.begin() + target_;
    return static_cast<int>((*target == *best ? target : best) - votes.begin());
  }

  // Words of the target alone or of others alone decide themselves; a word that could be either, or
  // is not in the lexicon, follows the nearest decided words on both sides if they agree, else the
  // sentence's most likely language.
  void JudgeEachWord(const std::vector<LanguageSet>& sets) {
    const auto own = [&](size_t i) -> std::optional<bool> {
      if (sets[i] == 0) return std::nullopt;
      if ((sets[i] & group_) == 0) return false;
      if ((sets[i] & ~group_) == 0) return true;
      return std::nullopt;
    };
    const auto majority = Vote(sets, 1);
    std::optional<bool> before;
    for (size_t i = 0; i < sets.size(); ++i) {
      std::optional<bool> verdict = own(i);
      if (verdict) {
        before = verdict;
      } else {
        std::optional<bool> after;
        for (size_t j = i + 1; j < sets.size() && !after; ++j) after = own(j);
        if (before && after && *before != *after) {
          Add(Verdict3::kNeutral);
          continue;
        }
        verdict = before ? before : after;
        if (!verdict) verdict = majority && (Bit(*majority) & group_) != 0;
      }
      const bool single = std::popcount(sets[i]) == 1;
      Add(*verdict ? Verdict3::kTarget : Verdict3::kOther, single ? std::countr_zero(sets[i]) : -1);
    }
  }

  const Lexicon& lexicon_;
  int target_;
  LanguageSet group_;
  LanguageCount& count_;
  bool has_kana_ = false;
};

}  // namespace

double LanguageCount::Share() const {
  const int64_t told = target + other;
  return told == 0 ? 0 : static_cast<double>(target) / static_cast<double>(told);
}

LanguageCount ShareCounter::Count(std::string_view text, int target) const {
  const std::string prose = BlankOutNonProse(text);
  WordCutter cutter;
  const std::vector<Word> words = cutter.Cut(prose);
  LanguageCount count;
  SentenceJudge judge(lexicon_, target, count);
  for (size_t begin = 0; begin < words.size();) {
    size_t end = begin;
    while (end < words.size() && words[end].sentence == words[begin].sentence) ++end;
    judge.Judge(std::span(words).subspan(begin, end - begin));
    begin = end;
  }
  return count;
}

}  // namespace rationale
