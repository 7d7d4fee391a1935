#include "datasets/split.h"

#include "base/philox.h"

namespace rationale {

std::string_view SplitName(Split split) {
  switch (split) {
    case Split::kTrain:
      return "train";
    case Split::kHeldOut:
      return "held_out";
    case Split::kAll:
      break;
  }
  return "all";
}

Split SplitRule::SideOf(std::string_view content) const {
  const uint64_t key =
      DeriveKey({KeyPart("split"), KeyPart(salt), KeyPart(CollapseWhiteSpace(content))});
  return Uniform(key, 0) < held_out ? Split::kHeldOut : Split::kTrain;
}

bool SplitRule::Contains(Split split, std::string_view content) const {
  return split == Split::kAll || SideOf(content) == split;
}

std::string CollapseWhiteSpace(std::string_view text) {
  constexpr std::string_view kWhiteSpace = " \t\n\r\v\f";
  std::string result;
  for (size_t start = text.find_first_not_of(kWhiteSpace); start != std::string_view::npos;) {
    const size_t end = text.find_first_of(kWhiteSpace, start);
    if (!result.empty()) result += ' ';
    result += text.substr(start, end - start);
    start = text.find_first_not_of(kWhiteSpace, end);
  }
  return result;
}

}  // namespace rationale
