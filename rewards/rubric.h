// Rubric: the weighted rewards that judge a response, as a TOML file or a recipe lists them.
//
//   [fields]                  # which columns of a data file hold what; only files of responses
//   need it response = "answer" reference = "gold"
//
//   [[rewards]]
//   name = "math"             # one of registry.def
//   weight = 1.0
//   order = ["boxed"]         # the reward's own options are further keys

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_value.h"
#include "rewards/reward.h"
#include "rewards/verdict.h"

namespace rationale {

// The columns of a data file. A column that is named must be there; one left to its default need
// not be.
struct RubricFields {
  std::optional<std::string> response;   // "response"
  std::optional<std::string> reference;  // "reference"
  std::optional<std::string> language;   // "language"
  std::optional<std::string> problem;    // "problem"

  template <class V>
  void Visit(V& v) {
    v("response", response, "the column of the text to judge");
    v("reference", reference, "the column of the reference answer");
    v("language", language, "the column of the language the thought should be in");
    v("problem", problem, "the column of the problem's text");
  }
};

class Rubric {
 public:
  // The rewards of a recipe: one table each. Throws Error, naming the place, for an unknown reward
  // or key (and the nearest one that exists), for two rewards of one name (give one an `as`), or
  // for an empty list.
  explicit Rubric(const std::vector<ConfigValue>& rewards);

  // A rubric file, or its text; `source` begins messages.
  static Rubric FromFile(const std::string& path);
  static Rubric FromText(std::string_view text, const std::string& source);

  // All components in the rubric's order and their weighted sum. Thread-safe.
  Verdict Judge(const Response& response) const;

  const RubricFields& fields() const { return fields_; }
  std::vector<std::string> component_names() const;

 private:
  struct Entry {
    std::string name;
    double weight = 1;
    std::unique_ptr<Reward> reward;
  };

  RubricFields fields_;
  std::vector<Entry> entries_;
};

}  // namespace rationale
