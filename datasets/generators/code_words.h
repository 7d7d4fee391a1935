// Code words: small functions described in words, to be written in a subset of Python and judged by
// tests.
//
//   prompt      f of a and b : add b , subtract from 7 , keep at least 3 .
//   completion  <think> plus from max </think> <answer> def f ( a , b ) : x = a ; x = x + b ;
//               x = 7 - x ; x = max ( x , 3 ) ; return x </answer>
//
// Words are separated by single spaces, and Python allows them there. A small model learns it in
// minutes from a teacher whose flaws are options, and reinforcement learning with the tests as
// reward removes them.

#pragma once

#include <cstdint>
#include <memory>

#include "base/config.h"
#include "datasets/generators/generator.h"

namespace rationale {

struct CodeWordsConfig {
  int64_t steps_min = 2;
  int64_t steps_max = 3;
  int64_t number_max = 9;
  int64_t tests = 8;
  double slip = 0.6;
  double drop = 0.1;

  template <class V>
  void Visit(V& v) {
    v("steps_min", steps_min, "fewest steps of a function", Between(1, 8));
    v("steps_max", steps_max, "most steps of a function", Between(1, 8));
    v("number_max", number_max, "largest number in a description", Between(2, 9));
    v("tests", tests, "calls of the function that are compared", Between(1, 64));
    v("slip", slip,
      "teacher: chance, for each step where that is possible, to mistake max for min, min for max, "
      "or n - x for x - n",
      Between(0, 1));
    v("drop", drop, "teacher: chance to leave out one word of the program", Between(0, 1));
  }
  void Validate(const ConfigCheck& check) const;
};

// A function of a and b as a chain of steps from x = a: each uniform among eleven kinds, its
// operand b or a number in 2..number_max (a number only where one divides). The split rule sees the
// correct program. Problem::reference is that program; Problem::fields holds it as "program" and
// the calls as "tests", in APPS's form: a and b uniform in -9..9.
//
// The teacher writes the thought it acts by: one word a step, slips included.
std::unique_ptr<Generator> MakeGenerator(const CodeWordsConfig& config,
                                         const GeneratorContext& context);

}  // namespace rationale
