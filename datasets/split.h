// Split: which problems are trained on and which are held out, decided by a problem's content.

#pragma once

#include <string>
#include <string_view>

namespace rationale {

enum class Split { kTrain, kHeldOut, kAll };

// "train", "held_out" or "all": as recipes, ids and messages spell it.
std::string_view SplitName(Split split);

// How a data set is divided. Equal content always falls on one side, in any file, order and run; a
// larger fraction only adds to the held-out side; another salt draws the sides anew.
struct SplitRule {
  double held_out = 0.1;  // the share held out, in [0, 1]
  std::string salt = "rationale-1";

  // Side of `content`: held out if u < held_out, u uniform in [0, 1) from the salt and the content.
  // Runs of white space count as one space, and none at the ends.
  Split SideOf(std::string_view content) const;

  // True for kAll, and for the side `content` is on.
  bool Contains(Split split, std::string_view content) const;
};

// `text` with each run of ASCII white space as one space, and none at the ends.
std::string CollapseWhiteSpace(std::string_view text);

}  // namespace rationale
