// Rubric: see rubric.h.

#include "rewards/rubric.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/spelling.h"
#include "rewards/options.h"
#include "rewards/registry.h"

namespace rationale {
namespace {

// A rubric file.
struct RubricFile {
  RubricFields fields;
  RubricTotal total;
  std::vector<ConfigValue> rewards;

  template <class V>
  void Visit(V& v) {
    v("fields", fields, "the columns of the data file");
    v("total", total, "what becomes of the weighted sum");
    v("rewards", rewards, "one table a reward");
  }
};

const RewardEntry& FindReward(const std::string& name, const ConfigValue& table) {
  std::vector<std::string> names;
  for (const RewardEntry& entry : AllRewards()) {
    if (entry.name == name) return entry;
    names.emplace_back(entry.name);
  }
  throw Error("{}: there is no reward '{}'; did you mean '{}'? There are: {}",
              table.WhereKey("name"), name, NearestName(name, names), fmt::join(names, ", "));
}

double Clipped(double value, const std::optional<double>& least,
               const std::optional<double>& most) {
  if (least) value = std::max(value, *least);
  if (most) value = std::min(value, *most);
  return value;
}

}  // namespace

Rubric::Rubric(const std::vector<ConfigValue>& rewards, const RubricTotal& total) : total_(total) {
  if (rewards.empty()) throw Error("the rubric has no [[rewards]]");
  for (const ConfigValue& table : rewards) {
    const auto common = ReadCommonOptions(table);
    table.String("name");  // throws if it is absent
    const RewardEntry& reward = FindReward(common.name, table);
    Entry entry{common.as.empty() ? common.name : common.as, common, nullptr};
    for (const Entry& other : entries_) {
      if (other.name == entry.name) {
        throw Error(
            "{}: there are two rewards called '{}'; give one of them another name with `as`",
            table.WhereKey("name"), entry.name);
      }
    }
    entry.reward = reward.make(table);
    entries_.push_back(std::move(entry));
  }
}

Rubric Rubric::FromFile(const std::string& path) {
  return FromText(ReadFile(path), path);
}

Rubric Rubric::FromText(std::string_view text, const std::string& source) {
  const auto file = ReadConfig<RubricFile>(ParseToml(text, source));
  if (file.rewards.empty()) throw Error("{}: there are no [[rewards]]", source);
  Rubric rubric(file.rewards, file.total);
  rubric.fields_ = file.fields;
  return rubric;
}

Component Rubric::JudgeComponent(size_t index, const Response& response) const {
  const Entry& entry = entries_[index];
  Component component = entry.reward->Judge(response);
  component.name = entry.name;
  component.weight = entry.options.WeightAt(response.step);
  return component;
}

Verdict Rubric::Judge(const Response& response) const {
  Verdict verdict{.judged = true};
  bool gated = false;
  for (size_t i = 0; i < entries_.size(); ++i) {
    const CommonOptions& options = entries_[i].options;
    Component component = JudgeComponent(i, response);
    if (component.judged) {
      verdict.score +=
          component.weight * Clipped(component.score, options.clip_min, options.clip_max);
      if (options.gate && component.score < *options.gate) {
        gated = true;
        component.reason += fmt::format("; below the gate of {}", *options.gate);
      }
    } else if (component.weight != 0 || options.gate) {
      verdict.judged = false;
    }
    verdict.components.push_back(std::move(component));
  }
  verdict.score =
      gated ? total_.gated_score : Clipped(verdict.score, total_.clip_min, total_.clip_max);
  if (!verdict.judged) verdict.score = 0;
  return verdict;
}

std::vector<std::string> Rubric::component_names() const {
  std::vector<std::string> names;
  for (const Entry& entry : entries_) names.push_back(entry.name);
  return names;
}

}  // namespace rationale
