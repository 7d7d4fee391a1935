// DrawInSplit: rejection sampling of a generator's problems from one side of the split.

#pragma once

#include <string>

#include "base/error.h"
#include "datasets/split.h"

namespace rationale {

// The first of draw(), draw(), ... whose content(it) lies in the split. Throws Error if a million
// in a row do not: the side is empty, or next to.
template <class Draw, class Content>
auto DrawInSplit(const SplitRule& rule, Split split, Draw draw, Content content) {
  constexpr int kTriesMax = 1'000'000;
  const double share = split == Split::kHeldOut ? rule.held_out : 1 - rule.held_out;
  for (int tries = 0; (split == Split::kAll || share > 0) && tries < kTriesMax; ++tries) {
    auto drawn = draw();
    if (rule.Contains(split, content(drawn))) return drawn;
  }
  throw Error("data.held_out: found {}, which leaves the generator no {} problems", rule.held_out,
              SplitName(split));
}

}  // namespace rationale
