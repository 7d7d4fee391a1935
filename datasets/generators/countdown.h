// Countdown: make a target out of given numbers with + - * /, each number once.

#pragma once

#include <cstdint>
#include <memory>

#include "base/config.h"
#include "datasets/generators/generator.h"

namespace rationale {

struct CountdownConfig {
  int64_t numbers_min = 3;
  int64_t numbers_max = 4;
  int64_t number_max = 99;
  int64_t target_max = 100;

  template <class V>
  void Visit(V& v) {
    v("numbers_min", numbers_min, "fewest numbers given", Between(2, 6));
    v("numbers_max", numbers_max, "most numbers given", Between(2, 6));
    v("number_max", number_max, "largest number given", Between(4, 999));
    v("target_max", target_max, "largest target", Between(10, 9999));
  }
  void Validate(const ConfigCheck& check) const;
};

// The numbers are uniform in 1..number_max; a solution is found by combining them one after
// another, each step with one of the operations whose result is a whole number from 1 up, and its
// value is the target if that is 10..target_max and none of the numbers. Every problem has a
// solution, so.
//
// Problem::reference is the target; fields "numbers" ("[19,36,7]") and "target" are what a checker
// of expressions needs, as any expression of that value may be the answer, and the bare target is
// none. The demonstration's is the solution found. The split rule sees the sorted numbers and the
// target.
//
// The task of Gandhi et al. 2024, "Stream of Search", arXiv:2404.03683, as TinyZero puts it.
std::unique_ptr<Generator> MakeGenerator(const CountdownConfig& config,
                                         const GeneratorContext& context);

}  // namespace rationale
