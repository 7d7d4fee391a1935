// Profiles: see profiles.h.

#include "rewards/language/profiles.h"

#include <unicode/unistr.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/check.h"

namespace rationale {
namespace {

constexpr std::pair<std::string_view, std::string_view> kNgrams[] = {
#include "rewards/language/ngrams.inc"
};

constexpr int kMissing = 2 * kNat;
constexpr int kNever = 13 * kNat;  // a letter the language does not have

// Languages without counts of their own borrow those of their nearest relative in that script, a
// little lowered: the lexicon tells them apart.
constexpr int kBorrowing = 1;  // a letter
struct Borrowed {
  std::string_view to, from;
};
constexpr Borrowed kBorrowed[] = {{"gl", "pt"}, {"ne", "hi"}, {"sr", "hr"}};

uint64_t Pack(std::u16string_view ngram) {
  uint64_t packed = 0;
  for (const char16_t unit : ngram) packed = packed << 16 | unit;
  return packed;
}

size_t SlotOf(uint64_t ngram, size_t num_slots) {
  return (ngram * 0x9E3779B97F4A7C15u >> 32) & (num_slots - 1);
}

}  // namespace

Profiles::Profiles() {
  size_t num_slots = 1;
  while (num_slots < 4 * std::size(kNgrams)) num_slots *= 2;
  slots_.resize(num_slots);
  rows_.reserve(std::size(kNgrams));
  for (const auto& [to, from] : kBorrowed) {
    borrowed_.emplace_back(static_cast<size_t>(*FindLanguage(to)),
                           static_cast<size_t>(*FindLanguage(from)));
  }
  char letter = 'A';
  for (std::string_view codes = kNgrams[0].second; !codes.empty();) {
    const size_t end = std::min(codes.find(' '), codes.size());
    const auto language = FindLanguage(codes.substr(0, end));
    Check{language.has_value(), "ngrams.inc names the unknown language ", codes.substr(0, end)};
    language_of_letter_[static_cast<size_t>(letter)] = *language;
    letter = letter == 'Z' ? 'a' : static_cast<char>(letter + 1);
    codes.remove_prefix(std::min(end + 1, codes.size()));
  }
  for (const auto& [ngram, values] : std::span(kNgrams).subspan(1)) {
    const auto unicode =
        icu::UnicodeString::fromUTF8({ngram.data(), static_cast<int32_t>(ngram.size())});
    Insert({unicode.getBuffer(), static_cast<size_t>(unicode.length())}, values);
  }
}

void Profiles::Insert(std::u16string_view ngram, std::string_view values) {
  LanguageScores row;
  row.fill(-kNever);
  for (size_t length = ngram.size() - 1; length > 0; --length) {
    const LanguageScores* shorter = Find(Pack(ngram.substr(ngram.size() - length)));
    if (shorter == nullptr) continue;
    for (size_t i = 0; i < row.size(); ++i)
      row[i] = static_cast<int16_t>(std::max((*shorter)[i] - kMissing, -kNever));
    break;
  }
  for (size_t i = 0; i + 1 < values.size(); i += 2) {
    const auto language = language_of_letter_[static_cast<size_t>(values[i])];
    row[static_cast<size_t>(language)] = static_cast<int16_t>('0' - values[i + 1]);
  }
  for (const auto& [to, from] : borrowed_)
    row[to] = std::max<int16_t>(row[to], static_cast<int16_t>(row[from] - kBorrowing));
  const uint64_t packed = Pack(ngram);
  size_t slot = SlotOf(packed, slots_.size());
  while (slots_[slot].ngram != 0) slot = (slot + 1) & (slots_.size() - 1);
  slots_[slot] = {.ngram = packed, .row = static_cast<int32_t>(rows_.size())};
  rows_.push_back(row);
}

const LanguageScores* Profiles::Find(uint64_t ngram) const {
  for (size_t slot = SlotOf(ngram, slots_.size());; slot = (slot + 1) & (slots_.size() - 1)) {
    if (slots_[slot].ngram == ngram) return &rows_[static_cast<size_t>(slots_[slot].row)];
    if (slots_[slot].ngram == 0) return nullptr;
  }
}

void Profiles::Add(std::u16string_view word, LanguageScores& scores) const {
  uint64_t ngram = 0;
  for (const char16_t unit : word) {
    ngram = ngram << 16 | unit;
    // The longest n-gram that ends here and is in the table: four letters, three, two, one.
    const LanguageScores* row = nullptr;
    for (uint64_t mask = ~uint64_t{0}; mask != 0 && row == nullptr; mask >>= 16) {
      if (mask == ~uint64_t{0} || (ngram & ~mask) != 0) row = Find(ngram & mask);
    }
    if (row ==
        nullptr) {  // a mark, or a letter of none of our languages: what follows starts afresh
      ngram = 0;
      continue;
    }
    for (size_t i = 0; i < scores.size(); ++i)
      scores[i] = static_cast<int16_t>(scores[i] + (*row)[i]);
  }
}

}  // namespace rationale
