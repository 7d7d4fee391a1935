// Base conversion: a number written in one base, to be written in another.

#pragma once

#include <cstdint>
#include <memory>

#include "base/config.h"
#include "datasets/generators/generator.h"

namespace rationale {

struct BaseConversionConfig {
  int64_t base_min = 2;
  int64_t base_max = 10;
  int64_t value_max = 1000;

  template <class V>
  void Visit(V& v) {
    v("base_min", base_min, "smallest base", Between(2, 10));
    v("base_max", base_max, "largest base; to 10, so that answers are digits", Between(2, 10));
    v("value_max", value_max, "largest number", Between(10, 1'000'000'000));
  }
  void Validate(const ConfigCheck& check) const;
};

// "Convert 1011 from base 2 to base 7." The two bases are different and uniform, the number uniform
// in 2..value_max. The demonstration goes by way of base ten: Horner's rule, then division with
// remainder. The split rule sees number and bases.
std::unique_ptr<Generator> MakeGenerator(const BaseConversionConfig& config,
                                         const GeneratorContext& context);

}  // namespace rationale
