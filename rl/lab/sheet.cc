#include "rl/lab/sheet.h"

namespace rationale {

void Sheet::Add(const ScoredRow& row, const Verdict& verdict, const Verdict* against) {
  SheetEntry entry{.num_tokens = row.num_tokens,
                   .num_characters = row.num_characters,
                   .judged = verdict.judged,
                   .score = verdict.score};
  if (against != nullptr) {
    entry.judged_against = against->judged;
    entry.score_against = against->score;
  }
  if (!row.group.empty()) {
    const auto [place, is_new] =
        group_of_[row.file].try_emplace(row.group, static_cast<int64_t>(groups.size()));
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
