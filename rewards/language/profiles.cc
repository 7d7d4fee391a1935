// Profiles: see profiles.h.

#include "rewards/language/profiles.h"

#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <bit>
#include <span>
#include <utility>

#include "base/check.h"

namespace rationale {
namespace {

constexpr std::pair<std::string_view, std::string_view> kNgrams[] = {
#include "rewards/language/ngrams.inc"
};

constexpr size_t kSlotsPerNgram = 2;  // at least
constexpr int kMissing = 2 * kNat;
constexpr int kNever = 13 * kNat;  // a letter the language does not have

// Serbian in Latin letters has no counts of its own; it borrows those of Croatian, of its group, a
// little lowered: the lexicon tells them apart.
constexpr int kBorrowing = 1;  // a letter

uint64_t Pack(std::u16string_view ngram) {
  uint64_t packed = 0;
  for (const char16_t unit : ngram) packed = packed << 16 | unit;
  return packed;
}

uint64_t Hash(uint64_t ngram) {
  return ngram * 0x9E3779B97F4A7C15u;
}

// The languages that the letters A, B, ..., Z, a, b, ... stand for in ngrams.inc.
std::vector<int> LanguagesOfLetters() {
  std::vector<int> languages('z' + 1, -1);
  char letter = 'A';
  for (std::string_view codes = kNgrams[0].second; !codes.empty();) {
    const size_t end = std::min(codes.find(' '), codes.size());
    const auto language = FindLanguage(codes.substr(0, end));
    Check{language.has_value(), "ngrams.inc names the unknown language ", codes.substr(0, end)};
    languages[static_cast<size_t>(letter)] = *language;
    letter = letter == 'Z' ? 'a' : static_cast<char>(letter + 1);
    codes.remove_prefix(std::min(end + 1, codes.size()));
  }
  return languages;
}

}  // namespace

Profiles::Profiles(UScriptCode script) : languages_(LanguagesOfScript(script)) {
  lane_of_.fill(-1);
  for (LanguageSet rest = languages_; rest != 0; rest &= rest - 1) {
    const int language = std::countr_zero(rest);
    lane_of_[static_cast<size_t>(language)] = static_cast<int8_t>(lanes_.size());
    lanes_.push_back(language);
  }
  Check{lanes_.size() <= kLanes, "a script has more languages than lanes: ", lanes_.size()};
  const std::vector<int> languages = LanguagesOfLetters();
  std::vector<std::pair<std::string_view, std::string_view>> own;
  for (const auto& row : std::span(kNgrams).subspan(1)) {
    const int first = languages[static_cast<size_t>(row.second[0])];
    if (AllLanguages()[static_cast<size_t>(first)].scripts[0] == script) own.push_back(row);
  }
  const size_t num_slots = std::bit_ceil(kSlotsPerNgram * own.size() + 2);
  shift_ = 64 - std::countr_zero(num_slots);
  ngrams_.resize(num_slots);
  places_.resize(num_slots);
  for (const auto& [text, values] : own) {
    const auto unicode =
        icu::UnicodeString::fromUTF8({text.data(), static_cast<int32_t>(text.size())});
    const std::u16string_view ngram(unicode.getBuffer(), static_cast<size_t>(unicode.length()));
    Costs costs = CostsOfShorter(ngram);
    for (size_t i = 0; i + 1 < values.size(); i += 2) {
      const int language = languages[static_cast<size_t>(values[i])];
      costs[LaneOf(language)] = static_cast<uint8_t>(values[i + 1] - '0');
    }
    if (script == USCRIPT_LATIN) {
      uint8_t& cost = costs[LaneOf(*FindLanguage("sr"))];
      cost = std::min<uint8_t>(cost, costs[LaneOf(*FindLanguage("hr"))] + kBorrowing);
    }
    Insert(Pack(ngram), costs);
  }
}

uint64_t Profiles::LanesOf(LanguageSet set) const {
  uint64_t lanes = 0;
  for (set &= languages_; set != 0; set &= set - 1)
    lanes |= uint64_t{1} << LaneOf(std::countr_zero(set));
  return lanes;
}

Profiles::Costs Profiles::CostsOfShorter(std::u16string_view ngram) const {
  Costs costs;
  costs.fill(kNever);
  for (ngram.remove_prefix(1); !ngram.empty(); ngram.remove_prefix(1)) {
    const Costs* shorter = Find(Pack(ngram));
    if (shorter == nullptr) continue;
    std::transform(shorter->begin(), shorter->end(), costs.begin(), [](uint8_t cost) {
      return static_cast<uint8_t>(std::min(cost + kMissing, kNever));
    });
    break;
  }
  return costs;
}

void Profiles::Insert(uint64_t ngram, const Costs& costs) {
  size_t slot = Hash(ngram) >> shift_;
  while (ngrams_[slot] != 0) slot = (slot + 1) & (ngrams_.size() - 1);
  ngrams_[slot] = ngram;
  places_[slot] = static_cast<uint16_t>(costs_.size());
  costs_.push_back(costs);
}

const Profiles::Costs* Profiles::Find(uint64_t ngram) const {
  for (size_t slot = Hash(ngram) >> shift_;; slot = (slot + 1) & (ngrams_.size() - 1)) {
    if (ngrams_[slot] == ngram) return &costs_[places_[slot]];
    if (ngrams_[slot] == 0) return nullptr;
  }
}

void Profiles::Add(std::u16string_view word, LanguageScores& scores) const {
  uint64_t ngram = 0;
  for (const char16_t unit : word) {
    ngram = ngram << 16 | unit;
    // The longest n-gram that ends here and is in the table: four letters, three, two, one.
    const Costs* costs = nullptr;
    for (uint64_t mask = ~uint64_t{0}; mask != 0 && costs == nullptr; mask >>= 16) {
      if (mask == ~uint64_t{0} || (ngram & ~mask) != 0) costs = Find(ngram & mask);
    }
    if (costs == nullptr) {
      ngram = 0;  // a mark, or a letter of none of our languages: what follows starts afresh
      if (u_isalpha(unit))
        for (int16_t& score : scores) score = static_cast<int16_t>(score - kNever);
      continue;
    }
    for (size_t i = 0; i < kLanes; ++i) scores[i] = static_cast<int16_t>(scores[i] - (*costs)[i]);
  }
}

}  // namespace rationale
