// Rubric: see rubric.h.

#include "rewards/rubric.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
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
  CheckReads(rewards);
}

// What a reward reads must be there, and read no other itself.
void Rubric::CheckReads(const std::vector<ConfigValue>& rewards) const {
  std::vector<std::string> readable;
  for (const Entry& entry : entries_) {
    if (entry.reward->Reads().empty()) readable.push_back(entry.name);
  }
  for (size_t i = 0; i < entries_.size(); ++i) {
    const std::string_view read = entries_[i].reward->Reads();
    if (read.empty() || std::find(readable.begin(), readable.end(), read) != readable.end()) {
      continue;
    }
    throw Error("{}: the reward '{}' reads the component '{}', which the rubric does not have; {}",
                rewards[i].WhereKey("name"), entries_[i].name, read,
                readable.empty() ? "there is none it could read"
                                 : fmt::format("there are: {}", fmt::join(readable, ", ")));
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

Component Rubric::Entry::Judge(const Response& response) const {
  Component component = reward->Judge(response);
  if (component.judged && !(std::abs(component.score) <= kScoreMost)) {
    component = {.reason = fmt::format("a score of {} is beyond {}", component.score, kScoreMost)};
  }
  component.name = name;
  component.weight = options.WeightAt(response.step);
  if (ClosesGate(component)) {
    component.reason += fmt::format("; below the gate of {}", *options.gate);
  }
  return component;
}

bool Rubric::Entry::ClosesGate(const Component& component) const {
  return options.gate && component.judged && component.score < *options.gate;
}

Component Rubric::JudgeComponent(size_t index, const Response& response) const {
  return entries_[index].Judge(response);
}

void Rubric::AddUp(Verdict& verdict) const {
  verdict.judged = true;
  verdict.score = 0;
  bool gated = false;
  for (size_t i = 0; i < entries_.size(); ++i) {
    const CommonOptions& options = entries_[i].options;
    const Component& component = verdict.components[i];
    if (component.judged) {
      verdict.score +=
          component.weight * Clipped(component.score, options.clip_min, options.clip_max);
    } else if (component.weight != 0 || options.gate) {
      verdict.judged = false;
    }
    gated |= entries_[i].ClosesGate(component);
  }
  verdict.score =
      gated ? total_.gated_score : Clipped(verdict.score, total_.clip_min, total_.clip_max);
  if (!verdict.judged) verdict.score = 0;
}

Verdict Rubric::Judge(const Response& response) const {
  Verdict verdict;
  verdict.components.resize(entries_.size());
  Response seen = response;
  seen.own = &verdict;
  for (const bool reads_others : {false, true}) {
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (entries_[i].reward->Reads().empty() != reads_others) {
        verdict.components[i] = entries_[i].Judge(seen);
      }
    }
  }
  AddUp(verdict);
  return verdict;
}

bool Rubric::NeedsGroup() const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const Entry& entry) { return entry.reward->NeedsGroup(); });
}

void Rubric::JudgeGroup(std::span<const Response> responses,
                        std::span<Verdict* const> verdicts) const {
  Check{responses.size() == verdicts.size(), responses.size(), " responses, ", verdicts.size(),
        " verdicts"};
  if (!NeedsGroup()) return;
  const std::vector<const Verdict*> group(verdicts.begin(), verdicts.end());
  for (size_t i = 0; i < responses.size(); ++i) {
    Response response = responses[i];
    response.own = verdicts[i];
    response.group = group;
    for (size_t j = 0; j < entries_.size(); ++j) {
      if (entries_[j].reward->NeedsGroup()) {
        verdicts[i]->components[j] = entries_[j].Judge(response);
      }
    }
    AddUp(*verdicts[i]);
  }
}

std::vector<std::string> Rubric::component_names() const {
  std::vector<std::string> names;
  for (const Entry& entry : entries_) names.push_back(entry.name);
  return names;
}

}  // namespace rationale
