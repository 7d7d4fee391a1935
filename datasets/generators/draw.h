// Drawing: what generators share in making a problem out of (seed, split, index).

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/philox.h"
#include "datasets/generators/generator.h"
#include "datasets/split.h"

namespace rationale {

// What number `index` of a split is drawn from, for one purpose: "countdown problem".
PhiloxStream DrawStream(const GeneratorContext& context, std::string_view purpose, Split split,
                        uint64_t index);

// "<generator>/<split>/<index>".
std::string GeneratedId(std::string_view generator, Split split, uint64_t index);

// The first of draw(), draw(), ... that is not nullopt and whose content(it) lies in the split.
// Throws Error if a million in a row are not: the side is empty, or next to.
template <class Draw, class Content>
auto DrawInSplit(const SplitRule& rule, Split split, Draw draw, Content content) {
  constexpr int kTriesMax = 1'000'000;
  const double share = split == Split::kHeldOut ? rule.held_out : 1 - rule.held_out;
  for (int tries = 0; (split == Split::kAll || share > 0) && tries < kTriesMax; ++tries) {
    auto drawn = draw();
    if (drawn && rule.Contains(split, content(*drawn))) return *std::move(drawn);
  }
  throw Error("data.held_out: found {}, which leaves the generator no {} problems", rule.held_out,
              SplitName(split));
}

}  // namespace rationale
