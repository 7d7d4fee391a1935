#include "rl/lab/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/text_table.h"

namespace rationale {
namespace {

constexpr size_t kNamesMax = 40;   // languages, sources
constexpr size_t kReasonsMax = 8;  // of responses that could not be judged
constexpr size_t kReasonsKept = 1000;
constexpr size_t kWidthMax = 100;

std::string MeanText(const Tally::Mean& mean) {
  return mean.count == 0 ? "-" : fmt::format("{:.4f}", mean.value());
}

// The entries with the greatest counts, in the order of their names, and how many others there are.
template <class Value, class Count>
std::pair<std::vector<std::pair<std::string, Value>>, size_t> Greatest(
    const std::map<std::string, Value>& entries, size_t most, const Count& count) {
  std::vector<std::pair<std::string, Value>> sorted(entries.begin(), entries.end());
  if (sorted.size() <= most) return {std::move(sorted), 0};
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const auto& a, const auto& b) { return count(a.second) > count(b.second); });
  const size_t others = sorted.size() - most;
  sorted.erase(sorted.begin() + static_cast<std::ptrdiff_t>(most), sorted.end());
  return {std::move(sorted), others};
}

}  // namespace

double Tally::Mean::value() const {
  return count == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(count);
}

void Tally::Add(const Verdict& verdict) {
  ++responses;
  if (verdict.judged) score.Add(verdict.score);
  components.resize(std::max(components.size(), verdict.components.size()));
  for (size_t i = 0; i < verdict.components.size(); ++i) {
    if (verdict.components[i].judged) components[i].Add(verdict.components[i].score);
  }
}

void Summary::Add(const ScoredRow& row, const Verdict& verdict) {
  all_.Add(verdict);
  if (!row.problem.language.empty()) by_language_[row.problem.language].Add(verdict);
  if (!row.source.empty()) by_source_[row.source].Add(verdict);
  for (const Component& component : verdict.components) {
    if (component.judged) continue;
    std::string reason = fmt::format("{}: {}", component.name, component.reason);
    std::string kind = reason.substr(0, reason.find('\''));
    const auto known = unjudged_.find(kind);
    if (known == unjudged_.end() && unjudged_.size() >= kReasonsKept)
      reason = kind = "other reasons";
    Unjudged& unjudged = unjudged_[kind];
    if (unjudged.count++ == 0) unjudged.example = std::move(reason);
  }
}

std::string Summary::Text() const {
  std::vector<TextTable::Column> columns = {{"", 0, true}, {"responses"}, {"judged"}, {"score"}};
  for (const std::string& name : components_) columns.push_back({name});
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](const std::string& name, const Tally& tally) {
    rows.push_back({CutToWidth(name, kNamesMax), std::to_string(tally.responses),
                    std::to_string(tally.score.count), MeanText(tally.score)});
    for (size_t i = 0; i < components_.size(); ++i) {
      rows.back().push_back(i < tally.components.size() ? MeanText(tally.components[i]) : "-");
    }
  };
  add("all", all_);
  std::string omitted;
  const auto add_group = [&](const char* what, const std::map<std::string, Tally>& tallies) {
    const auto [shown, others] =
        Greatest(tallies, kNamesMax, [](const Tally& tally) { return tally.responses; });
    for (const auto& [name, tally] : shown) add(fmt::format("{} {}", what, name), tally);
    if (others > 0) omitted += fmt::format("and {} more by {}\n", others, what);
  };
  add_group("language", by_language_);
  if (by_source_.size() > 1) add_group("source", by_source_);
  TextTable table(std::move(columns));
  table.Fit(rows);
  std::string text = table.Header();
  for (const auto& row : rows) text += table.Row(row);
  text += omitted;
  const auto [reasons, others] =
      Greatest(unjudged_, kReasonsMax, [](const Unjudged& unjudged) { return unjudged.count; });
  for (const auto& [kind, unjudged] : reasons) {
    text += fmt::format("could not judge {} x  {}\n", unjudged.count,
                        CutToWidth(unjudged.example, kWidthMax));
  }
  if (others > 0) text += fmt::format("could not judge: and {} other reasons\n", others);
  return text;
}

}  // namespace rationale
