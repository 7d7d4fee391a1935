// Summary: what a rubric made of many responses, in all, by language and by source.

#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "rewards/verdict.h"
#include "rl/lab/response_file.h"

namespace rationale {

// Counts and means of some verdicts. Means are over what could be judged.
struct Tally {
  struct Mean {
    int64_t count = 0;
    double sum = 0;

    void Add(double value) {
      ++count;
      sum += value;
    }
    double value() const;  // NaN without values
  };

  int64_t responses = 0;
  Mean score;                    // over the judged verdicts
  std::vector<Mean> components;  // in the rubric's order, each over what it could judge

  void Add(const Verdict& verdict);
};

// Filled one verdict after the other, in the rows' order, so that sums are the same for any number
// of threads.
class Summary {
 public:
  // `components`: the rubric's, in its order.
  explicit Summary(std::vector<std::string> components) : components_(std::move(components)) {}

  void Add(const ScoredRow& row, const Verdict& verdict);

  // A table (responses, judged, mean score, each component's mean; a row for all, for each language
  // and for each source) and why responses could not be judged: reasons that differ in what they
  // quote alone are counted as one, the first of them shown.
  std::string Text() const;

  const Tally& all() const { return all_; }

 private:
  std::vector<std::string> components_;
  Tally all_;
  std::map<std::string, Tally> by_language_, by_source_;
  // Why responses could not be judged, by "component: reason" up to the first quoted text.
  struct Unjudged {
    int64_t count = 0;
    std::string example;  // the whole of the first one's
  };
  std::map<std::string, Unjudged> unjudged_;
};

}  // namespace rationale
