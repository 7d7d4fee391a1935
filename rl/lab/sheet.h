// Sheet: the numbers of all responses, for what can be told of them only together.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
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
  std::map<std::pair<std::string, std::string>, int64_t> group_of_;  // by file and name
};

}  // namespace rationale
