// Sheet: the numbers of all responses, for what can be told of them only together.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "rewards/verdict.h"
#include "rl/algorithms/advantages.h"
#include "rl/lab/response_file.h"

namespace rationale {

struct SheetEntry {
  int64_t group = -1;  // an index of Sheet::groups; -1: not known
  int64_t num_tokens = 0;
  int64_t num_characters = 0;
  bool judged = false;
  double score = 0;
  bool judged_against = false;  // by the second rubric
  double score_against = 0;
};

struct Sheet {
  std::vector<SheetEntry> entries;
  std::vector<std::string> groups;  // what each group is called

  // `against`: the second rubric's verdict; null without one. Groups do not span files: a run's
  // rollouts count theirs anew in each.
  void Add(const ScoredRow& row, const Verdict& verdict, const Verdict* against);

  // The entries that belong to a group, as the first or the second rubric scored them.
  std::vector<ScoredSample> Samples(bool against) const;

 private:
  // An index of groups, by file and name.
  std::map<std::string, std::unordered_map<std::string, int64_t>> group_of_;
};

}  // namespace rationale
