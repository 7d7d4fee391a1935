// LabelledCase: an answer, its reference and whether they are the same, as files of cases have
// them.

#pragma once

#include <optional>
#include <string>

#include "base/json.h"

namespace rationale {

struct LabelledCase {
  std::string id;
  std::string answer;  // the response it stands in
  std::string reference;
  std::optional<bool> expected;  // nothing: opinions differ, or only the work counts
  std::string options;           // of the math reward, as TOML; empty: the defaults
};

// Reads a row with id, answer, gold, expected (which may be null), options (see above) and config:
// the settings of Math-Verify that the label holds for (its extraction targets, float_rounding,
// strict, allow_set_relation_comp), which become options of ours. Throws Error naming the row.
LabelledCase ReadLabelledCase(const JsonObject& row);

}  // namespace rationale
