// AdvantageChange: what exchanging one rubric for another does to the advantages of each group.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rl/algorithms/advantages.h"
#include "rl/lab/sheet.h"

namespace rationale {

struct AdvantageChange {
  // One group's responses under the first rubric and under the second.
  struct Group {
    std::string name;
    int64_t responses = 0;
    double mean = 0, mean_against = 0;            // of the judged rewards
    bool learns = false, learns_against = false;  // two judged rewards that differ at least
    double largest_change = 0;  // max |advantage under the second - advantage under the first|
    int64_t sign_flips = 0;     // responses encouraged by one rubric and discouraged by the other
  };

  std::vector<Group> groups;
  int64_t responses = 0;   // of groups
  double mean_change = 0;  // mean |change| over them
  double correlation = 0;  // of the two advantages; NaN where one does not vary
  int64_t sign_flips = 0;
};

// Advantages as the trainer computes them (ComputeAdvantages); a response that one rubric could not
// judge has advantage 0 under it.
AdvantageChange CompareAdvantages(const Sheet& sheet, const AdvantageSettings& settings);

// A summary, and a line for each of the `shown` groups that change most. `first` and `second` name
// the rubrics.
std::string AdvantageChangeText(const AdvantageChange& change, const std::string& first,
                                const std::string& second, size_t shown);

// Pearson's correlation of two columns of equal length; NaN if one does not vary or there are fewer
// than two rows.
double Correlation(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace rationale
