// Compare: does an answer say the same as the reference?

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rewards/math/simplified.h"
#include "rewards/math/value.h"

namespace rationale {

// Which inequalities answer a reference that is a set.
enum class RelationsAnswerSets : uint8_t {
  kNever,
  kSolved,  // those with the variable alone on a side: "x < 3", "1 < x < 2", not "x^2 < 4"
  kAlways,
};

// Must an answer have the ± that the reference has? "2, -2" and "2 or -2" are ±2 as well.
enum class PlusMinus : uint8_t {
  kMatch,         // 2 is no answer to ±2, nor ±2 to 2
  kMayBeMissing,  // 2, the upper sign, answers ±2
  kIgnored,       // and ±2 answers 2
};

struct CompareOptions {
  ValueOptions value;
  bool ordered_lists = false;     // "1, 2" differs from "2, 1"
  bool match_names = true;        // "x = 3" differs from "y = 3"
  bool rename_variables = false;  // "f(x)" and "f(y)" are the same
  bool match_units =
      true;  // "3 cm" differs from "3 m"; a unit that is not known, or missing, is ignored
  // "x > 1" answers "(1, ∞)"; the reverse always holds.
  RelationsAnswerSets relations_answer_sets = RelationsAnswerSets::kSolved;
  Simplified simplified = Simplified::kNever;
  PlusMinus plus_minus = PlusMinus::kMatch;
};

struct Comparison {
  Truth same = Truth::kUnknown;
  std::string rule;  // for a person: by what the verdict was reached
};

// Compares two answers, each given as LaTeX or text without what surrounds it. The work is bounded
// whatever they hold: kUnknown is what would take more. Without a value (1/0) they differ.
Comparison CompareAnswers(std::string_view answer, std::string_view reference,
                          const CompareOptions& options = {});

}  // namespace rationale
