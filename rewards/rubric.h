// Rubric: the weighted rewards that judge a response, as a TOML file or a recipe lists them.
//
//   [fields]                  # which columns of a data file hold what
//   response = "answer"
//   reference = "gold"
//
//   [total]                   # in a recipe: [reward_total]
//   clip_min = -1.0
//
//   [[rewards]]
//   name = "math"             # one of registry.def
//   weight = 1.0
//   order = ["boxed"]         # the reward's own options are further keys
//
//   [[rewards]]
//   name = "format"
//   weight = 0.0
//   gate = 1.0                # the format must hold, or the rubric scores total.gated_score
//
//   [[rewards]]
//   name = "length"
//   schedule = [{step = 0, weight = 0.0}, {step = 200, weight = 1.0}]
//   clip_min = -0.5
//
// With s_i the score of reward i, w_i its weight at the response's training step and g_i its gate:
//   score = gated_score                                             if s_i < g_i for any i, else
//           clip(sum_i w_i clip(s_i, clip_min_i, clip_max_i), total.clip_min, total.clip_max)
// Components show s_i as the reward gave it.

#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_value.h"
#include "rewards/options.h"
#include "rewards/reward.h"
#include "rewards/verdict.h"

namespace rationale {

// The columns of a data file. A column that is named must be there; one left to its default need
// not be.
struct RubricFields {
  std::optional<std::string> response;   // "response"
  std::optional<std::string> reference;  // "reference"
  std::optional<std::string> language;   // "language"
  std::optional<std::string> problem;    // "problem", else "prompt"
  std::optional<std::string> source;     // "source", else "data_source"
  std::optional<std::string> group;      // "group", else the problem's text

  bool operator==(const RubricFields&) const = default;

  template <class V>
  void Visit(V& v) {
    v("response", response, "the column of the text to judge");
    v("reference", reference, "the column of the reference answer");
    v("language", language, "the column of the language the thought should be in");
    v("problem", problem, "the column of the problem's text");
    v("source", source, "the column of where the problem is from: summaries are by source");
    v("group", group, "the column whose equal values make a group of one problem's responses");
  }
};

// What becomes of the weighted sum.
struct RubricTotal {
  std::optional<double> clip_min, clip_max;
  double gated_score = 0;

  template <class V>
  void Visit(V& v) {
    v("clip_min", clip_min, "the rubric's least score");
    v("clip_max", clip_max, "the rubric's greatest score");
    v("gated_score", gated_score, "the score when a reward's gate is closed");
  }
  void Validate(const ConfigCheck& check) const {
    check(!clip_min || !clip_max || *clip_min <= *clip_max, "clip_min", "is above clip_max");
  }
};

class Rubric {
 public:
  // The rewards of a recipe: one table each. Throws Error, naming the place, for an unknown reward
  // or key (and the nearest one that exists), for two rewards of one name (give one an `as`), or
  // for an empty list.
  explicit Rubric(const std::vector<ConfigValue>& rewards, const RubricTotal& total = {});

  // A rubric file, or its text; `source` begins messages.
  static Rubric FromFile(const std::string& path);
  static Rubric FromText(std::string_view text, const std::string& source);

  // All components in the rubric's order and the score they make. Judged only if every reward is
  // that has a weight at this step or a gate. Rewards that need the response's group cannot judge
  // yet: see JudgeGroup. Thread-safe.
  Verdict Judge(const Response& response) const;

  // Completes the verdicts of all responses drawn for one problem, each as Judge gave it: what
  // needs the group is judged, and the score made anew. `verdicts[i]` is that of responses[i]. Does
  // nothing unless NeedsGroup().
  void JudgeGroup(std::span<const Response> responses, std::span<Verdict* const> verdicts) const;
  bool NeedsGroup() const;

  // The component at `index` alone. Thread-safe.
  Component JudgeComponent(size_t index, const Response& response) const;

  const RubricFields& fields() const { return fields_; }
  std::vector<std::string> component_names() const;
  // The reward, as registry.def calls it, that makes the component at `index`.
  const std::string& reward_name(size_t index) const { return entries_[index].options.name; }

 private:
  struct Entry {
    std::string name;  // of the component
    CommonOptions options;
    std::unique_ptr<Reward> reward;

    Component Judge(const Response& response) const;
    bool ClosesGate(const Component& component) const;
  };

  void AddUp(Verdict& verdict) const;  // the score of its components
  void CheckReads(const std::vector<ConfigValue>& rewards) const;

  RubricFields fields_;
  RubricTotal total_;
  std::vector<Entry> entries_;
};

}  // namespace rationale
