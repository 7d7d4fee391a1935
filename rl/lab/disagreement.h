// Disagreement: how often two rubrics differ about the same responses, and the responses they
// differ about most, side by side.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rewards/verdict.h"
#include "rl/lab/response_file.h"

namespace rationale {

class Disagreement {
 public:
  // `first`, `second`: what the rubrics are called; `shown`: how many responses are kept for
  // Examples().
  Disagreement(std::string first, std::string second, size_t shown)
      : first_name_(std::move(first)), second_name_(std::move(second)), shown_(shown) {}

  void Add(const ScoredRow& row, const Verdict& first, const Verdict& second);

  // Counts: how many differ and in what way, and each component of either rubric by name.
  std::string Counts() const;

  // The responses that differ most (judged by one rubric alone before all, then by the difference
  // of the scores; of equals the first), each with its text and what the rubrics say of it in two
  // columns. `width`: of the terminal.
  std::string Examples(size_t width) const;

 private:
  struct Example {
    double size = 0;
    ScoredRow row;
    Verdict first, second;
  };
  struct ComponentCount {
    std::string name;
    int64_t both = 0, differ = 0;
  };

  void CountComponents(const Verdict& first, const Verdict& second);

  std::string first_name_, second_name_;
  size_t shown_;
  int64_t responses_ = 0, first_higher_ = 0, second_higher_ = 0;
  int64_t only_first_judged_ = 0, only_second_judged_ = 0;
  std::vector<ComponentCount> components_;  // of both rubrics by one name
  std::vector<Example> examples_;           // the greatest first
};

// Text broken into lines of at most `width` columns, at spaces where there are any.
std::vector<std::string> WrapText(std::string_view text, size_t width);

}  // namespace rationale
