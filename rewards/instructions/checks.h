// Checks: the 25 kinds of instruction whose following a program can verify.
//
// Zhou et al. 2023, Instruction-Following Evaluation for Large Language Models (IFEval),
// arXiv:2311.07911, table 1. Names and arguments are those of its data set, so that its rows (and
// those of the sets made in its manner) can be used as they are. Where we differ:
//
// - keywords are texts, not regular expressions, and case is folded in every script;
// - words in scripts without spaces are their letters (words.h); sentences are ICU's;
// - languages are told by the language reward: 80% of the words have to be of the one asked for;
// - a prompt that is repeated has to be followed by an answer;
// - a title has to have more than brackets, a paragraph more than white space, and NaN is no JSON.
//
// scripts/compare_with_checkers.sh instructions holds them against IFEval's own code.

#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "rewards/reward.h"

namespace rationale {

// The language reward, made when the first instruction asks for it. Thread-safe.
class LanguageJudge {
 public:
  // The share of the text's words that are of the language; throws Error if it is not known.
  double Share(std::string_view text, const std::string& language) const;

 private:
  mutable std::once_flag made_;
  mutable std::unique_ptr<Reward> reward_;
};

struct InstructionInput {
  std::string_view text;        // what has to follow the instruction; never empty
  const JsonObject& arguments;  // of the instruction; null members count as absent
  const LanguageJudge& language;
};

struct InstructionCheck {
  std::string_view name;  // "length_constraints:number_words"
  // Is the instruction followed? Linear in the text. Throws Error for an argument that is missing
  // or not what it has to be.
  bool (*follows)(const InstructionInput& input);
};

// All of them, by name.
std::span<const InstructionCheck> AllInstructionChecks();

}  // namespace rationale
