#include "rl/lab/advantage_change.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/check.h"
#include "base/text_table.h"

namespace rationale {
namespace {

constexpr double kRounding = 1e-9;  // smaller changes of an advantage are none

struct Column {
  std::vector<ScoredSample> samples;
  std::vector<double> advantages;
};

Column ColumnOf(const Sheet& sheet, bool against, const AdvantageSettings& settings) {
  Column column{.samples = sheet.Samples(against), .advantages = {}};
  column.advantages = ComputeAdvantages(column.samples, settings).values;
  return column;
}

// The mean of the judged rewards of some samples, and whether two of them differ.
void Describe(const Column& column, const std::vector<size_t>& members, double& mean,
              bool& learns) {
  double sum = 0, least = std::numeric_limits<double>::infinity(), most = -least;
  int64_t judged = 0;
  for (const size_t i : members) {
    if (!column.samples[i].judged) continue;
    ++judged;
    const double reward = column.samples[i].reward;
    sum += reward;
    least = std::min(least, reward);
    most = std::max(most, reward);
  }
  mean = judged > 0 ? sum / static_cast<double>(judged) : std::numeric_limits<double>::quiet_NaN();
  learns = judged > 1 && least < most;
}

}  // namespace

double Correlation(const std::vector<double>& a, const std::vector<double>& b) {
  Check{a.size() == b.size(), a.size(), " and ", b.size(), " rows"};
  const auto n = static_cast<double>(a.size());
  if (a.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double aa = 0, bb = 0, ab = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
    ab += (a[i] - mean_a) * (b[i] - mean_b);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : std::numeric_limits<double>::quiet_NaN();
}

AdvantageChange CompareAdvantages(const Sheet& sheet, const AdvantageSettings& settings) {
  const Column first = ColumnOf(sheet, false, settings);
  const Column second = ColumnOf(sheet, true, settings);
  std::vector<std::vector<size_t>> members(sheet.groups.size());
  for (size_t i = 0; i < first.samples.size(); ++i) {
    members[static_cast<size_t>(first.samples[i].group)].push_back(i);
  }
  AdvantageChange change{.responses = static_cast<int64_t>(first.samples.size())};
  for (size_t g = 0; g < members.size(); ++g) {
    AdvantageChange::Group group{.name = sheet.groups[g],
                                 .responses = static_cast<int64_t>(members[g].size())};
    Describe(first, members[g], group.mean, group.learns);
    Describe(second, members[g], group.mean_against, group.learns_against);
    for (const size_t i : members[g]) {
      const double difference = std::abs(second.advantages[i] - first.advantages[i]);
      group.largest_change = std::max(group.largest_change, difference);
      group.sign_flips += second.advantages[i] * first.advantages[i] < 0;
      change.mean_change += difference / static_cast<double>(change.responses);
    }
    change.sign_flips += group.sign_flips;
    change.groups.push_back(std::move(group));
  }
  change.correlation = Correlation(first.advantages, second.advantages);
  return change;
}

std::string AdvantageChangeText(const AdvantageChange& change, const std::string& first,
                                const std::string& second, size_t shown) {
  if (change.groups.empty()) return "advantages: no column tells the groups ([fields] group)\n";
  const bool alone = std::none_of(change.groups.begin(), change.groups.end(),
                                  [](const auto& group) { return group.responses > 1; });
  if (alone) {
    return "advantages: none, since no group has two responses; [fields] group names the column "
           "that tells the groups\n";
  }
  int64_t learns = 0, learns_against = 0, changed = 0;
  for (const auto& group : change.groups) {
    learns += group.learns;
    learns_against += group.learns_against;
    changed += group.largest_change > kRounding;
  }
  std::string text = fmt::format(
      "advantages: {} of {} groups change; {} have rewards that differ under {}, {} under {}\n"
      "            mean |change| {:.4f}, {} of {} responses change sign, correlation {}\n",
      changed, change.groups.size(), learns, first, learns_against, second, change.mean_change,
      change.sign_flips, change.responses,
      std::isnan(change.correlation) ? "unknown: one side has none"
                                     : fmt::format("{:.4f}", change.correlation));
  std::vector<const AdvantageChange::Group*> most;
  for (const auto& group : change.groups) {
    if (group.largest_change > kRounding) most.push_back(&group);
  }
  std::stable_sort(most.begin(), most.end(), [](const auto* a, const auto* b) {
    return a->largest_change > b->largest_change;
  });
  if (most.size() > shown) most.resize(shown);
  if (most.empty()) return text;
  constexpr size_t kNameWidth = 40;
  TextTable table({{"groups that change most", 0, true},
                   {"responses"},
                   {"mean reward"},
                   {"then"},
                   {"largest change"},
                   {"sign flips"},
                   {"learnt from", 0, true}});
  std::vector<std::vector<std::string>> rows;
  for (const auto* group : most) {
    rows.push_back({CutToWidth(group->name, kNameWidth), std::to_string(group->responses),
                    fmt::format("{:.4f}", group->mean), fmt::format("{:.4f}", group->mean_against),
                    fmt::format("{:.4f}", group->largest_change), std::to_string(group->sign_flips),
                    group->learns == group->learns_against ? (group->learns ? "yes" : "no")
                    : group->learns                        ? "no more"
                                                           : "now"});
  }
  table.Fit(rows);
  text += table.Header();
  for (const auto& row : rows) text += table.Row(row);
  return text;
}

}  // namespace rationale
