// Arithmetic in number words: chains of additions and subtractions, asked and reasoned about in one
// of several languages, with a teacher whose flaws are options.
//
//   prompt      was ist zwei plus fünf minus sieben ?
//   completion  <think> zwei plus fünf ist sieben minus sieben ist null </think> <answer> 0
//   </answer>
//
// Words are separated by single spaces; a number is one word, the answer is in digits. A model of
// half a million parameters learns it in minutes, and reinforcement learning then removes the
// teacher's flaws: wrong sums, thinking in English when asked in German or Chinese, malformed
// answers.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/config.h"
#include "datasets/generators/generator.h"

namespace rationale {

struct ArithmeticWordsConfig {
  std::vector<std::string> languages = {"en", "de", "zh"};
  int64_t operations_min = 2;
  int64_t operations_max = 3;
  int64_t operand_max = 9;
  int64_t total_max = 19;
  double slip = 0.6;
  double lapse = 0.3;
  std::string lapse_language = "en";
  double drop_tag = 0.1;

  template <class V>
  void Visit(V& v) {
    v("languages", languages, "languages asked in, in turn: en, de, zh, es, fr, ru");
    v("operations_min", operations_min, "fewest additions and subtractions", Between(1, 16));
    v("operations_max", operations_max, "most additions and subtractions", Between(1, 16));
    v("operand_max", operand_max, "largest number added or subtracted", Between(1, 10));
    v("total_max", total_max, "largest start, running total and answer", Between(1, 19));
    v("slip", slip, "teacher: chance to forget the ten where an operation crosses it",
      Between(0, 1));
    v("lapse", lapse, "teacher: chance to think in lapse_language when asked in another",
      Between(0, 1));
    v("lapse_language", lapse_language, "teacher: the language it lapses into");
    v("drop_tag", drop_tag, "teacher: chance to leave out one of the four tags", Between(0, 1));
  }
  void Validate(const ConfigCheck& check) const;
};

// Problem `index` is asked in languages[index % size]: any run of indices is balanced to within
// one. The rest is drawn from the seed, split and index: the number of operations uniform between
// its bounds, the start uniform in 1..total_max, operands uniform in 1..operand_max, signs uniform
// but turned round where the running total would leave 0..total_max. What the split rule sees is
// the expression in digits ("2+5-7"), so a held-out expression is never trained on in another
// language either. Problem::fields holds it as "expression"; Problem::reference is the correct
// answer in digits, whatever the teacher writes.
//
// The teacher, per demonstration: thinks in lapse_language with chance `lapse`; at every operation
// that crosses ten, up or down, with chance `slip` has 8 + 5 = 3 or 13 - 5 = 18 and carries on from
// there, unless that would lead out of 0..total_max later; leaves out one of its four tags, all
// alike, with chance `drop_tag`.
//
// Throws Error for a language without number words and for what Validate() refuses.
std::unique_ptr<Generator> MakeGenerator(const ArithmeticWordsConfig& config,
                                         const GeneratorContext& context);

}  // namespace rationale
