// Veiled: see veiled.h.

#include "rewards/language/veiled.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>

namespace rationale {
namespace {

constexpr size_t kDifferent = 24;  // words that are judged together
constexpr int kCommon = 6;         // of them that make them sentences

constexpr size_t kSpelled = 24;  // letters that are judged together
constexpr size_t kSpelledDifferent = 11;

// Words of programs, markup and formulas that English has among its commonest.
constexpr std::u16string_view kNames[] = {
    u"and",  u"as",   u"by",   u"do",    u"for",   u"from", u"get", u"if",
    u"in",   u"is",   u"not",  u"on",    u"or",    u"then", u"to",  u"when",
    u"with", u"all",  u"into", u"let",   u"zero",  u"one",  u"two", u"three",
    u"four", u"five", u"six",  u"seven", u"eight", u"nine", u"ten"};

// The different words that are judged together.
class Group {
 public:
  Group(const Words& names, const Lexicon& lexicon, LanguageSet target)
      : names_(names), lexicon_(lexicon), target_(target) {}

  void Take(const Word& word, std::vector<VeiledWord>& found) {
    const std::u16string_view letters = names_.Letters(word);
    for (size_t i = 0; i < size_; ++i)
      if (names_.Letters(words_[i]) == letters) return;
    words_[size_++] = word;
    LanguageSet common = lexicon_.Find(letters);
    if ((common & target_) != 0 ||
        std::find(std::begin(kNames), std::end(kNames), letters) != std::end(kNames))
      common = 0;
    for (; common != 0; common &= common - 1)
      ++common_[static_cast<size_t>(std::countr_zero(common))];
    if (size_ == kDifferent) Close(found);
  }

  void Close(std::vector<VeiledWord>& found) {
    const auto most = std::max_element(common_.begin(), common_.end());
    if (*most >= kCommon) {
      const int language = static_cast<int>(most - common_.begin());
      for (size_t i = 0; i < size_; ++i) found.push_back({words_[i], language});
    }
    size_ = 0;
    common_ = {};
  }

 private:
  const Words& names_;
  const Lexicon& lexicon_;
  LanguageSet target_;
  std::array<Word, kDifferent> words_;
  size_t size_ = 0;
  std::array<int, 64> common_ = {};  // how many are among the commonest of each language
};

}  // namespace

int64_t CountSpelled(std::u16string_view singles) {
  int64_t spelled = 0;
  if (singles.size() < kSpelled) return spelled;
  for (size_t begin = 0; begin < singles.size(); begin += kSpelled) {
    const size_t end = std::min(begin + kSpelled, singles.size());
    std::u16string different(singles.substr(end - kSpelled, kSpelled));
    std::sort(different.begin(), different.end());
    different.erase(std::unique(different.begin(), different.end()), different.end());
    if (different.size() >= kSpelledDifferent) spelled += static_cast<int64_t>(end - begin);
  }
  return spelled;
}

std::vector<VeiledWord> FindVeiled(const Words& names, const Lexicon& lexicon, LanguageSet target) {
  std::vector<VeiledWord> found;
  Group group(names, lexicon, target);
  for (const Word& word : names.words) {
    const LanguageSet writers = LanguagesOfScript(word.script);
    if (word.script == USCRIPT_LATIN) {
      group.Take(word, found);
    } else if (word.script != USCRIPT_GREEK && writers != 0 && (writers & target) == 0) {
      found.push_back({word, std::countr_zero(writers)});
    }
  }
  group.Close(found);
  return found;
}

}  // namespace rationale
