// Identify: see identify.h.

#include "rewards/language/identify.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <utility>

#include "rewards/language/prose.h"

namespace rationale {
namespace {

constexpr int16_t kChangeInside = 10 * kNat;  // of the language, inside a sentence
constexpr int16_t kChangeBetween = 3 * kNat;  // between two sentences
constexpr int16_t kCommonWord = 4 * kNat;     // what a commonest word adds for its languages
constexpr int16_t kImpossible = -4000;        // a language of another script
constexpr int64_t kLatinPerOther = 3;         // letters, in a text of another script
constexpr size_t kBlockWords = 2048;          // decoded at once, so that memory is bounded
constexpr size_t kLanes = std::tuple_size_v<LanguageScores>;

// Kana and Han make one script of two languages.
UScriptCode Family(UScriptCode script) {
  return script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA ? USCRIPT_HAN : script;
}

bool HasKana(const Words& words, std::span<const uint32_t> places) {
  return std::any_of(places.begin(), places.end(),
                     [&](uint32_t place) { return words.words[place].script != USCRIPT_HAN; });
}

// The words of one script family in a text, decoded block by block.
class Decoder {
 public:
  Decoder(const Words& words, const Lexicon& lexicon, const Profiles& profiles,
          LanguageSet languages, LanguageSet group, int margin)
      : words_(words),
        lexicon_(lexicon),
        profiles_(profiles),
        languages_(languages),
        group_(group),
        margin_(margin) {
    for (size_t i = 0; i < kLanes; ++i) mask_[i] = Has(languages, i) ? int16_t{0} : kImpossible;
    state_ = mask_;
  }

  // Tells the words at `block`, places in words.words in rising order.
  void Tell(std::span<const uint32_t> block, std::vector<int8_t>& told) {
    scores_.resize(block.size());
    changed_.resize(block.size());
    best_before_.resize(block.size());
    for (size_t i = 0; i < block.size(); ++i) {
      const Word& word = words_.words[block[i]];
      scores_[i] = Score(word);
      Step(i, word.sentence != sentence_ ? kChangeBetween : kChangeInside);
      sentence_ = word.sentence;
    }
    auto language =
        static_cast<size_t>(std::max_element(state_.begin(), state_.end()) - state_.begin());
    size_t end = block.size();
    for (size_t i = block.size(); i-- > 0;) {
      told[block[i]] = static_cast<int8_t>(language);
      const size_t before = changed_[i][language] != 0 ? best_before_[i] : language;
      const bool first = i == 0 || before != language ||
                         words_.words[block[i]].sentence != words_.words[block[i - 1]].sentence;
      if (first) {
        JudgePiece(block.subspan(i, end - i), i, language, told);
        end = i;
      }
      language = before;
    }
  }

 private:
  static bool Has(LanguageSet set, size_t language) { return (set >> language & 1) != 0; }

  LanguageScores Score(const Word& word) const {
    LanguageScores scores = {};
    profiles_.Add(words_.Letters(word), scores);
    LanguageSet common = lexicon_.Find(words_.Letters(word));
    if (word.script == USCRIPT_HIRAGANA || word.script == USCRIPT_KATAKANA) common = japanese_;
    for (; common != 0; common &= common - 1) {
      int16_t& score = scores[static_cast<size_t>(std::countr_zero(common))];
      score = static_cast<int16_t>(score + kCommonWord);
    }
    return scores;
  }

  // One step of the forward pass. States are relative to the best one, which is 0.
  void Step(size_t i, int16_t change) {
    const LanguageScores& scores = scores_[i];
    best_before_[i] = best_;
    int16_t top = kImpossible;
    for (size_t l = 0; l < kLanes; ++l) {
      changed_[i][l] = state_[l] < -change ? 1 : 0;
      const int16_t kept = std::max(state_[l], static_cast<int16_t>(-change));
      state_[l] = static_cast<int16_t>(kept + scores[l] + mask_[l]);
      top = std::max(top, state_[l]);
    }
    for (size_t l = 0; l < kLanes; ++l)
      state_[l] = static_cast<int16_t>(std::max<int>(state_[l] - top, kImpossible));
    best_ = static_cast<uint8_t>(std::find(state_.begin(), state_.end(), 0) - state_.begin());
  }

  // Marks a piece as ambiguous if its words are not clearly likelier in its language.
  void JudgePiece(std::span<const uint32_t> piece, size_t at, size_t language,
                  std::vector<int8_t>& told) const {
    const LanguageSet own = group_ == 0             ? GroupOf(static_cast<int>(language))
                            : Has(group_, language) ? group_
                                                    : ~group_;
    std::array<int, kLanes> sums = {};
    for (size_t i = at; i < at + piece.size(); ++i) {
      for (size_t l = 0; l < kLanes; ++l) sums[l] += scores_[i][l];
    }
    int other = INT32_MIN;
    int best = INT32_MIN;
    for (size_t l = 0; l < kLanes; ++l) {
      if (!Has(languages_, l)) continue;
      int& side = Has(own, l) ? best : other;
      side = std::max(side, sums[l]);
    }
    if (other == INT32_MIN || best - other >= margin_) return;
    for (const uint32_t word : piece) told[word] = kAmbiguous;
  }

  const Words& words_;
  const Lexicon& lexicon_;
  const Profiles& profiles_;
  LanguageSet languages_, group_;
  int margin_;
  LanguageSet japanese_ = LanguageSet{1} << *FindLanguage("ja");
  int32_t sentence_ = -1;
  uint8_t best_ = 0;
  LanguageScores state_ = {};
  LanguageScores mask_ = {};
  std::vector<LanguageScores> scores_;
  std::vector<std::array<uint8_t, kLanes>> changed_;
  std::vector<uint8_t> best_before_;
};

}  // namespace

std::vector<int8_t> Identifier::TellWords(const Words& words, std::optional<int> target,
                                          double margin) const {
  std::vector<int8_t> told(words.words.size(), kUnknownScript);
  std::vector<std::pair<UScriptCode, std::vector<uint32_t>>> families;
  size_t last = 0;  // the place of the word before's family
  for (size_t i = 0; i < told.size(); ++i) {
    const UScriptCode script = Family(words.words[i].script);
    if (families.empty() || families[last].first != script) {
      const auto found = std::find_if(families.begin(), families.end(),
                                      [&](const auto& family) { return family.first == script; });
      last = static_cast<size_t>(found - families.begin());
      if (found == families.end()) families.emplace_back(script, std::vector<uint32_t>());
    }
    families[last].second.push_back(static_cast<uint32_t>(i));
  }
  for (const auto& [script, places] : families) {
    LanguageSet languages = LanguagesOfScript(script);
    if (script == USCRIPT_HAN && target != japanese_ && !HasKana(words, places))
      languages &= ~(LanguageSet{1} << japanese_);
    if (std::popcount(languages) < 2) {
      if (languages == 0) continue;
      for (const uint32_t place : places)
        told[place] = static_cast<int8_t>(std::countr_zero(languages));
      continue;
    }
    Decoder decoder(words, lexicon_, profiles_, languages, target ? GroupOf(*target) : 0,
                    static_cast<int>(std::lround(margin * kNat)));
    for (size_t begin = 0; begin < places.size(); begin += kBlockWords) {
      const size_t size = std::min(kBlockWords, places.size() - begin);
      decoder.Tell(std::span(places).subspan(begin, size), told);
    }
  }
  return told;
}

std::optional<int> Identifier::Identify(std::string_view text) const {
  Prose prose = TakeApart(text);
  Words words = cutter_.Cut(prose.running);
  if (words.words.empty()) words = cutter_.Cut(prose.wrapped);
  const std::vector<int8_t> told = TellWords(words, std::nullopt, 0);
  // Latin words stand in texts of every script (names, keys, units), others in no Latin text.
  std::array<int64_t, kLanes> latin = {};
  std::array<int64_t, kLanes> others = {};
  for (size_t i = 0; i < told.size(); ++i) {
    const Word& word = words.words[i];
    if (told[i] < 0) continue;
    (word.script == USCRIPT_LATIN ? latin : others)[static_cast<size_t>(told[i])] +=
        word.num_letters();
  }
  const auto most_latin = std::max_element(latin.begin(), latin.end());
  const auto most_other = std::max_element(others.begin(), others.end());
  if (*most_latin == 0 && *most_other == 0) return std::nullopt;
  if (kLatinPerOther * *most_other >= *most_latin)
    return static_cast<int>(most_other - others.begin());
  return static_cast<int>(most_latin - latin.begin());
}

}  // namespace rationale
