#include "rl/lab/detectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <string_view>
#include <utility>

#include "rewards/sections.h"
#include "rl/lab/advantage_change.h"

namespace rationale {
namespace {

constexpr double kFlatShare = 0.25;       // of the groups
constexpr double kSaturatedShare = 0.95;  // of the responses
constexpr double kLengthCorrelation = 0.3;
constexpr int64_t kResponsesMin = 30;  // for a share or a correlation to say something

// The reward that compares answers, and costs little to ask again.
constexpr std::string_view kAnswerReward = "math";

double Percent(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

std::string Line(bool flagged, const std::string& text) {
  return (flagged ? "! " : "  ") + text + '\n';
}

std::string WithoutTags(std::string text) {
  constexpr std::array<std::string_view, 4> kTags = {"<think>", "</think>", "<answer>",
                                                     "</answer>"};
  for (const std::string_view tag : kTags) {
    for (size_t at = text.find(tag); at != std::string::npos; at = text.find(tag, at)) {
      text.replace(at, tag.size(), 1, '\n');
    }
  }
  return text;
}

std::string FlatGroups(const Sheet& sheet) {
  struct Spread {
    int64_t count = 0;
    double least = std::numeric_limits<double>::infinity();
    double most = -std::numeric_limits<double>::infinity();
  };
  std::map<int64_t, Spread> spreads;
  Spread all;
  for (const ScoredSample& sample : sheet.Samples(false)) {
    if (!sample.judged) continue;
    for (Spread* spread : {&spreads[sample.group], &all}) {
      ++spread->count;
      spread->least = std::min(spread->least, sample.reward);
      spread->most = std::max(spread->most, sample.reward);
    }
  }
  int64_t groups = 0, flat = 0, highest = 0, lowest = 0;
  for (const auto& [group, spread] : spreads) {
    if (spread.count < 2) continue;
    ++groups;
    if (spread.least < spread.most) continue;
    ++flat;
    highest += spread.most == all.most;
    lowest += spread.most == all.least && all.least < all.most;
  }
  if (groups == 0) return "";
  return Line(Percent(flat, groups) >= 100 * kFlatShare,
              fmt::format("{} of {} groups ({:.0f}%) have no variance and teach nothing: {} at the "
                          "highest score, {} at the lowest",
                          flat, groups, Percent(flat, groups), highest, lowest));
}

// Score against length, over all responses and with each group's means taken off.
std::string Length(const Sheet& sheet) {
  bool all_tokens = true;
  for (const SheetEntry& entry : sheet.entries) all_tokens &= entry.num_tokens > 0;
  struct Means {
    double count = 0, score = 0, length = 0;
  };
  std::map<int64_t, Means> means;
  std::vector<double> scores, lengths;
  std::vector<int64_t> groups;
  for (const SheetEntry& entry : sheet.entries) {
    if (!entry.judged) continue;
    scores.push_back(entry.score);
    lengths.push_back(static_cast<double>(all_tokens ? entry.num_tokens : entry.num_characters));
    groups.push_back(entry.group);
    Means& mean = means[entry.group];
    ++mean.count;
    mean.score += scores.back();
    mean.length += lengths.back();
  }
  const double overall = Correlation(scores, lengths);
  std::vector<double> inner_scores, inner_lengths;
  for (size_t i = 0; i < scores.size(); ++i) {
    const Means& mean = means[groups[i]];
    if (groups[i] < 0 || mean.count < 2) continue;
    inner_scores.push_back(scores[i] - mean.score / mean.count);
    inner_lengths.push_back(lengths[i] - mean.length / mean.count);
  }
  const double within = Correlation(inner_scores, inner_lengths);
  if (std::isnan(overall)) return "";
  const double strongest = std::max(std::abs(overall), std::isnan(within) ? 0 : std::abs(within));
  return Line(
      strongest >= kLengthCorrelation && std::ssize(scores) >= kResponsesMin,
      fmt::format("score and length in {}: r = {:+.2f} over {} responses{}",
                  all_tokens ? "tokens" : "characters", overall, scores.size(),
                  std::isnan(within) ? "" : fmt::format(", {:+.2f} within groups", within)));
}

}  // namespace

AnswerPlace FindAnswerPlace(const Rubric& rubric, const ScoredRow& row, const Verdict& verdict) {
  AnswerPlace place{.has_tag = SplitSections(row.text).answer.has_value()};
  for (size_t i = 0; i < verdict.components.size(); ++i) {
    const Component& component = verdict.components[i];
    if (!component.judged) continue;
    place.outside |= !place.has_tag && !component.answer.empty();
    if (component.score > 0 || rubric.reward_name(i) != kAnswerReward) continue;
    const std::string bare = WithoutTags(row.text);
    if (bare == row.text) continue;
    Response response = row.response();
    response.text = bare;
    place.right_outside |= rubric.JudgeComponent(i, response).score > 0;
  }
  return place;
}

void Detectors::Extremes::Add(double value) {
  if (count == 0 || value > most) at_most = 0, most = value;
  if (count == 0 || value < least) at_least = 0, least = value;
  ++count;
  at_most += value == most;
  at_least += value == least;
}

Detectors::Detectors(std::vector<std::string> components)
    : components_(std::move(components)), extremes_(components_.size()) {}

void Detectors::Add(const Verdict& verdict, const AnswerPlace& place) {
  if (verdict.judged) score_.Add(verdict.score);
  for (size_t i = 0; i < verdict.components.size(); ++i) {
    if (verdict.components[i].judged) extremes_[i].Add(verdict.components[i].score);
  }
  ++num_;
  with_tag_ += place.has_tag;
  outside_ += place.outside;
  right_outside_ += place.right_outside;
}

std::string Detectors::Text(const Sheet& sheet) const {
  std::string text = FlatGroups(sheet);
  const auto saturation = [&text](const std::string& name, const Extremes& extremes) {
    const bool high = extremes.at_most >= extremes.at_least;
    const int64_t most = high ? extremes.at_most : extremes.at_least;
    const double share = Percent(most, extremes.count);
    if (share < 100 * kSaturatedShare || extremes.count < kResponsesMin) return;
    text += Line(true, fmt::format("{} is saturated: {:.4g} in {:.1f}% of {} responses", name,
                                   high ? extremes.most : extremes.least, share, extremes.count));
  };
  saturation("the score", score_);
  if (components_.size() > 1) {
    for (size_t i = 0; i < components_.size(); ++i) saturation(components_[i], extremes_[i]);
  }
  text += Length(sheet);
  if (with_tag_ > 0 && outside_ > 0) {
    text += Line(true, fmt::format("{} answers ({:.1f}%) were taken from outside <answer>, which "
                                   "{:.1f}% of the responses use",
                                   outside_, Percent(outside_, num_), Percent(with_tag_, num_)));
  }
  if (right_outside_ > 0) {
    text += Line(true, fmt::format("{} responses ({:.1f}%) were judged wrong though the right "
                                   "answer stands outside the tag it belongs in",
                                   right_outside_, Percent(right_outside_, num_)));
  }
  return text;
}

}  // namespace rationale
