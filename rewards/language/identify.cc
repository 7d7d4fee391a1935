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
constexpr int kForeignWords = 20 * kNat;      // that the uncommon words of a piece are others
// -ln P of a piece's letters and marks that no language's spelling exceeds: a letter, and in all.
// Of 10,243 pieces of MGSM and of documentation in Latin letters none does.
constexpr double kSpellingLetter = 2.9 * kNat;
constexpr double kSpellingPiece = 24 * kNat;
constexpr int16_t kImpossible = -4000;  // a language that is not looked for
constexpr int64_t kLatinPerOther = 3;   // letters, in a text of another script
constexpr size_t kBlockWords = 2048;    // decoded at once, so that memory is bounded

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
          LanguageSet languages, LanguageSet group, int margin, bool whole_sentences)
      : words_(words),
        lexicon_(lexicon),
        profiles_(profiles),
        lanes_(profiles.LanesOf(languages)),
        group_(group),
        margin_(margin),
        whole_sentences_(whole_sentences) {
    for (size_t i = 0; i < kLanes; ++i) mask_[i] = Has(lanes_, i) ? int16_t{0} : kImpossible;
    state_ = mask_;
  }

  // Tells the words at `block`, places in words.words in rising order.
  void Tell(std::span<const uint32_t> block, std::vector<int8_t>& told) {
    const int16_t inside = whole_sentences_ ? int16_t{-kImpossible} : kChangeInside;
    steps_.resize(block.size());
    for (size_t i = 0; i < block.size(); ++i) {
      const Word& word = words_.words[block[i]];
      steps_[i].before = state_;
      steps_[i].change = word.sentence != sentence_ ? kChangeBetween : inside;
      sentence_ = word.sentence;
      Take(word, steps_[i]);
    }
    size_t lane = BestOf(state_);
    size_t end = block.size();
    for (size_t i = block.size(); i-- > 0;) {
      told[block[i]] = static_cast<int8_t>(profiles_.lanes()[lane]);
      const Step& step = steps_[i];
      const size_t before = step.before[lane] < -step.change ? BestOf(step.before) : lane;
      const bool first = i == 0 || before != lane ||
                         words_.words[block[i]].sentence != words_.words[block[i - 1]].sentence;
      if (first) {
        JudgePiece(block.subspan(i, end - i), i, lane, told);
        end = i;
      }
      lane = before;
    }
  }

 private:
  // What the backward pass needs of a word.
  struct Step {
    LanguageScores scores;  // of the word
    LanguageScores before;  // the state before it
    uint64_t common;        // the lanes that have the word among their commonest
    int16_t change;         // what changing the language before it costs
  };

  static bool Has(uint64_t set, size_t place) { return (set >> place & 1) != 0; }

  static size_t BestOf(const LanguageScores& state) {
    return static_cast<size_t>(std::max_element(state.begin(), state.end()) - state.begin());
  }

  // One step of the forward pass. States are relative to the best one, which is 0.
  void Take(const Word& word, Step& step) {
    step.scores = {};
    profiles_.Add(words_.Letters(word), step.scores);
    LanguageSet common = lexicon_.Find(words_.Letters(word));
    if (word.script == USCRIPT_HIRAGANA || word.script == USCRIPT_KATAKANA) common = japanese_;
    step.common = profiles_.LanesOf(common);
    for (uint64_t lanes = step.common; lanes != 0; lanes &= lanes - 1)
      step.scores[static_cast<size_t>(std::countr_zero(lanes))] += kCommonWord;
    int16_t top = kImpossible;
    for (size_t l = 0; l < kLanes; ++l) {
      const int16_t kept = std::max(state_[l], static_cast<int16_t>(-step.change));
      state_[l] = static_cast<int16_t>(kept + step.scores[l] + mask_[l]);
      top = std::max(top, state_[l]);
    }
    for (size_t l = 0; l < kLanes; ++l)
      state_[l] = std::max(static_cast<int16_t>(state_[l] - top), kImpossible);
  }

  // Marks a piece as ambiguous if its words are not clearly likelier in its language, as of no
  // language if they are not spelled like it, and its uncommon words as of another language if they
  // clearly are: common words strewn in make no text of their language.
  void JudgePiece(std::span<const uint32_t> piece, size_t at, size_t lane,
                  std::vector<int8_t>& told) const {
    const int language = profiles_.lanes()[lane];
    const LanguageSet own = group_ == 0                                  ? GroupOf(language)
                            : Has(group_, static_cast<size_t>(language)) ? group_
                                                                         : ~group_;
    const uint64_t own_lanes = profiles_.LanesOf(own);
    std::array<int, kLanes> common = {};
    std::array<int, kLanes> uncommon = {};
    int letters = 0;
    int spelling = 0;
    for (size_t i = 0; i < piece.size(); ++i) {
      const Step& step = steps_[at + i];
      auto& sums = (step.common & own_lanes) != 0 ? common : uncommon;
      for (size_t l = 0; l < kLanes; ++l) sums[l] += step.scores[l];
      letters += static_cast<int>(words_.words[piece[i]].length);
      spelling += (Has(step.common, lane) ? kCommonWord : 0) - step.scores[lane];
    }
    size_t foreign = kLanes;  // the likeliest lane of the uncommon words that is not ours
    int other = INT32_MIN;
    int best = INT32_MIN;
    for (size_t l = 0; l < kLanes; ++l) {
      if (!Has(lanes_, l)) continue;
      const bool is_own = Has(own_lanes, l);
      int& side = is_own ? best : other;
      side = std::max(side, common[l] + uncommon[l]);
      if (!is_own && (foreign == kLanes || uncommon[l] > uncommon[foreign])) foreign = l;
    }
    if (foreign == kLanes) return;
    const bool is_han = Family(words_.words[piece[0]].script) == USCRIPT_HAN;
    const double misspelled = spelling / (kSpellingLetter * letters + kSpellingPiece);
    const bool strewn = uncommon[foreign] - uncommon[lane] >= kForeignWords;
    for (size_t i = 0; i < piece.size(); ++i) {
      int8_t& word = told[piece[i]];
      const bool ambiguous = best - other < margin_;
      if (is_han || whole_sentences_) {
        word = ambiguous ? kAmbiguous : word;
      } else if (misspelled > (ambiguous ? 2 : 1)) {  // 2: most letters are of no language
        word = kNoLanguage;
      } else if (ambiguous) {
        word = kAmbiguous;
      } else if (strewn && (steps_[at + i].common & own_lanes) == 0) {
        word = static_cast<int8_t>(profiles_.lanes()[foreign]);
      }
    }
  }

  const Words& words_;
  const Lexicon& lexicon_;
  const Profiles& profiles_;
  uint64_t lanes_;  // of the languages that are looked for
  LanguageSet group_;
  int margin_;
  bool whole_sentences_;
  LanguageSet japanese_ = LanguageSet{1} << *FindLanguage("ja");
  int32_t sentence_ = -1;
  LanguageScores state_ = {};
  LanguageScores mask_ = {};
  std::vector<Step> steps_;
};

}  // namespace

Identifier::Identifier() {
  for (const Language& language : AllLanguages()) {
    const auto index = static_cast<size_t>(&language - AllLanguages().data());
    if (language.expected_only) expected_only_ |= LanguageSet{1} << index;
    for (const UScriptCode script : language.scripts) {
      if (script == USCRIPT_INVALID_CODE || script != Family(script) || Shared(script) != nullptr)
        continue;
      if (std::popcount(LanguagesOfScript(script)) > 1)
        shared_.emplace_back(script, Profiles(script));
    }
  }
}

const Profiles* Identifier::Shared(UScriptCode script) const {
  for (const auto& [other, profiles] : shared_)
    if (other == script) return &profiles;
  return nullptr;
}

std::vector<int8_t> Identifier::TellWords(const Words& words, std::optional<int> target,
                                          double margin, bool whole_sentences) const {
  std::vector<int8_t> told(words.words.size(), kNoLanguage);
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
    const Profiles* profiles = Shared(script);
    LanguageSet languages = profiles ? profiles->languages() : LanguagesOfScript(script);
    languages &= ~expected_only_ | (target ? GroupOf(*target) : 0);
    if (script == USCRIPT_HAN && target != japanese_ && !HasKana(words, places))
      languages &= ~(LanguageSet{1} << japanese_);
    if ((languages & (languages - 1)) == 0) {  // one or none
      if (languages == 0) continue;
      for (const uint32_t place : places)
        told[place] = static_cast<int8_t>(std::countr_zero(languages));
      continue;
    }
    Decoder decoder(words, lexicon_, *profiles, languages, target ? GroupOf(*target) : 0,
                    static_cast<int>(std::lround(margin * kNat)), whole_sentences);
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
  const std::vector<int8_t> told = TellWords(words, std::nullopt, 0, true);
  // Latin words stand in texts of every script (names, keys, units), others in no Latin text.
  std::array<int64_t, 64> latin = {};
  std::array<int64_t, 64> others = {};
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
