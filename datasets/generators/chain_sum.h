// Chain sum: additions and subtractions of numbers in digits, as long and as large as one likes.

#pragma once

#include <cstdint>
#include <memory>

#include "base/config.h"
#include "datasets/generators/generator.h"

namespace rationale {

struct ChainSumConfig {
  int64_t terms_min = 2;
  int64_t terms_max = 4;
  int64_t digits_min = 1;
  int64_t digits_max = 3;

  template <class V>
  void Visit(V& v) {
    v("terms_min", terms_min, "fewest terms", Between(2, 64));
    v("terms_max", terms_max, "most terms", Between(2, 64));
    v("digits_min", digits_min, "fewest digits of a term", Between(1, 15));
    v("digits_max", digits_max, "most digits of a term", Between(1, 15));
  }
  void Validate(const ConfigCheck& check) const;
};

// "What is 47 + 182 - 5?" The number of terms, each term's number of digits, each term of that many
// digits, and each sign are uniform. The reference is the value, negative ones included; the
// demonstration adds up from left to right. The split rule sees the expression.
std::unique_ptr<Generator> MakeGenerator(const ChainSumConfig& config,
                                         const GeneratorContext& context);

}  // namespace rationale
