// Detectors: signs that a reward will not teach what it should, looked for in what a rubric made of
// many responses.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rewards/rubric.h"
#include "rl/lab/response_file.h"
#include "rl/lab/sheet.h"

namespace rationale {

// Where one response has its answer.
struct AnswerPlace {
  bool has_tag = false;        // <answer> is there
  bool outside = false;        // an answer was taken though it stands in no <answer>
  bool right_outside = false;  // judged wrong, and right if the tags are not looked at
};

// Judges again, without the tags, what an answer-comparing reward (math) called wrong.
AnswerPlace FindAnswerPlace(const Rubric& rubric, const ScoredRow& row, const Verdict& verdict);

// Filled one verdict after the other.
class Detectors {
 public:
  explicit Detectors(std::vector<std::string> components);

  void Add(const Verdict& verdict, const AnswerPlace& place);

  // A line each; those that deserve a look begin with "! ":
  // - groups whose rewards are all equal (flagged from a quarter on)
  // - scores and components that nearly always have one value (95% and more of at least 30)
  // - score and length, Pearson's r over all responses and within groups (|r| of 0.3 and more over
  //   at least 30 responses)
  // - answers outside <answer> where responses use the tag (any)
  std::string Text(const Sheet& sheet) const;

 private:
  // How often a value is a column's greatest or least.
  struct Extremes {
    int64_t count = 0, at_most = 0, at_least = 0;
    double most = 0, least = 0;

    void Add(double value);
  };

  std::vector<std::string> components_;
  Extremes score_;
  std::vector<Extremes> extremes_;
  int64_t num_ = 0, with_tag_ = 0, outside_ = 0, right_outside_ = 0;
};

}  // namespace rationale
