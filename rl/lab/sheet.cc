#include "rl/lab/sheet.h"

#include <algorithm>

namespace rationale {
namespace {

// Code points: the bytes that continue none.
int64_t CountCharacters(const std::string& text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

}  // namespace

void Sheet::Add(const ScoredRow& row, const Verdict& verdict, const Verdict* against) {
  SheetEntry entry{.num_tokens = row.num_tokens,
                   .num_characters = CountCharacters(row.text),
                   .judged = verdict.judged,
                   .score = verdict.score};
  if (against != nullptr) {
    entry.judged_against = against->judged;
    entry.score_against = against->score;
  }
  if (!row.group.empty()) {
    const auto [place, is_new] =
        group_of_.emplace(std::pair(row.file, row.group), static_cast<int64_t>(groups.size()));
    if (is_new) groups.push_back(row.group);
    entry.group = place->second;
  }
  entries.push_back(entry);
}

std::vector<ScoredSample> Sheet::Samples(bool against) const {
  std::vector<ScoredSample> samples;
  for (const SheetEntry& entry : entries) {
    if (entry.group < 0) continue;
    samples.push_back({.group = entry.group,
                       .judged = against ? entry.judged_against : entry.judged,
                       .reward = against ? entry.score_against : entry.score});
  }
  return samples;
}

}  // namespace rationale
