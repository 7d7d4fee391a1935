// Generator: an endless supply of problems made by a rule, each with a demonstration of its
// solution.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "datasets/problem.h"
#include "datasets/split.h"

namespace rationale {

// What all generators are given beside their own options.
struct GeneratorContext {
  uint64_t seed = 0;
  SplitRule split;
};

// Problem number `index` of a split is a pure function of (options, seed, split rule, split,
// index): ask in any order, from any thread, again after a restart. The sides of the split share no
// problem, whatever the seed: the rule decides by the problem itself, in whatever language it is
// put. Within one side the same problem comes again under other indices, as often as chance has it.
class Generator {
 public:
  virtual ~Generator() = default;

  // Its id is "<generator>/<split>/<index>".
  virtual Problem MakeProblem(Split split, uint64_t index) const = 0;

  // MakeProblem(split, index) with the teacher's completion.
  virtual Demonstration Demonstrate(Split split, uint64_t index) const = 0;

  // Every word its texts are made of, separated by spaces there, if it is meant for a policy with a
  // vocabulary of its own (see word_tokenizer.h); else empty.
  virtual std::vector<std::string> Vocabulary() const { return {}; }
};

}  // namespace rationale
