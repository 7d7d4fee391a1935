#include "rl/lab/disagreement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/json.h"
#include "base/text_table.h"
#include "rewards/utf8.h"

namespace rationale {
namespace {

constexpr double kEqual = 1e-9;  // scores that differ by less are equal: rounding of the sums
constexpr size_t kHeadLines = 4, kTailLines = 8;  // shown of a long response

std::string ScoreText(bool judged, double score) {
  return judged ? fmt::format("{:.4g}", score) : "not judged";
}

std::vector<std::string> Describe(const std::string& name, const Verdict& verdict, size_t width) {
  std::vector<std::string> lines = {
      CutToWidth(fmt::format("{}: {}", name, ScoreText(verdict.judged, verdict.score)), width)};
  for (const Component& component : verdict.components) {
    const std::string text =
        fmt::format("{} {}: {}", component.name, ScoreText(component.judged, component.score),
                    component.reason);
    for (std::string& line : WrapText(text, width)) lines.push_back(std::move(line));
  }
  return lines;
}

std::string SideBySide(const std::vector<std::string>& left, const std::vector<std::string>& right,
                       size_t width) {
  std::string text;
  for (size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    const std::string_view cell = i < left.size() ? std::string_view(left[i]) : "";
    text += fmt::format("  {}{} │ {}\n", cell,
                        std::string(width - std::min(width, DisplayWidth(cell)), ' '),
                        i < right.size() ? right[i] : "");
  }
  return text;
}

// The response, its middle left out if it is long: answers stand at the end.
std::string ResponseText(const std::string& response, size_t width) {
  const std::vector<std::string> lines = WrapText(response, width);
  std::string text;
  const bool cut = lines.size() > kHeadLines + kTailLines + 1;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (cut && i >= kHeadLines && i + kTailLines < lines.size()) {
      if (i == kHeadLines) {
        text += fmt::format("  … {} lines …\n", lines.size() - kHeadLines - kTailLines);
      }
      continue;
    }
    text += "  " + lines[i] + '\n';
  }
  return text;
}

void AddNote(std::string& text, const char* what, const std::string& value, size_t width) {
  if (value.empty()) return;
  text +=
      CutToWidth(fmt::format("  {}: {}", what, value.substr(0, value.find('\n'))), width) + '\n';
}

}  // namespace

std::vector<std::string> WrapText(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  const std::string valid = ValidUtf8(text);
  std::string line;
  size_t columns = 0, space = std::string::npos;
  const auto end_line = [&] {
    lines.push_back(std::move(line));
    line.clear();
    columns = 0;
    space = std::string::npos;
  };
  for (size_t at = 0; at < valid.size();) {
    const size_t begin = at;
    NextCodePoint(valid, at);
    std::string_view character = std::string_view(valid).substr(begin, at - begin);
    if (character == "\n") {
      end_line();
      continue;
    }
    if (static_cast<unsigned char>(character[0]) < 0x20 || character[0] == 0x7F) character = " ";
    const size_t size = DisplayWidth(character);
    if (columns + size > width && character == " ") {
      end_line();
      continue;
    }
    if (columns + size > width) {
      std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
      if (space != std::string::npos) line.resize(space);
      end_line();
      columns = DisplayWidth(rest);
      line = std::move(rest);
    }
    if (character == " ") space = line.size();
    line += character;
    columns += size;
  }
  if (!line.empty() || lines.empty()) end_line();
  return lines;
}

void Disagreement::CountComponents(const Verdict& first, const Verdict& second) {
  for (const Component& a : first.components) {
    for (const Component& b : second.components) {
      if (a.name != b.name) continue;
      auto found = std::find_if(components_.begin(), components_.end(),
                                [&](const ComponentCount& count) { return count.name == a.name; });
      if (found == components_.end()) {
        components_.push_back({.name = a.name});
        found = components_.end() - 1;
      }
      ++found->both;
      found->differ += a.judged != b.judged || (a.judged && std::abs(a.score - b.score) > kEqual);
    }
  }
}

void Disagreement::Add(const ScoredRow& row, const Verdict& first, const Verdict& second) {
  ++responses_;
  CountComponents(first, second);
  double size = 0;
  if (first.judged != second.judged) {
    ++(first.judged ? only_first_judged_ : only_second_judged_);
    size = std::numeric_limits<double>::infinity();
  } else if (first.judged) {
    size = std::abs(first.score - second.score);
    if (size > kEqual) ++(first.score > second.score ? first_higher_ : second_higher_);
  }
  if (size <= kEqual) return;
  const auto place =
      std::upper_bound(examples_.begin(), examples_.end(), size,
                       [](double value, const Example& example) { return value > example.size; });
  if (place == examples_.end() && examples_.size() >= shown_) return;
  examples_.insert(place, {.size = size, .row = row, .first = first, .second = second});
  if (examples_.size() > shown_) examples_.pop_back();
}

std::string Disagreement::Counts() const {
  const int64_t differ = first_higher_ + second_higher_ + only_first_judged_ + only_second_judged_;
  std::string text = fmt::format(
      "{} against {}: {} of {} responses differ ({:.1f}%)\n"
      "  higher by {}: {}, by {}: {}; judged by {} alone: {}, by {} alone: {}\n",
      first_name_, second_name_, differ, responses_,
      responses_ == 0 ? 0 : 100 * static_cast<double>(differ) / static_cast<double>(responses_),
      first_name_, first_higher_, second_name_, second_higher_, first_name_, only_first_judged_,
      second_name_, only_second_judged_);
  for (const ComponentCount& count : components_) {
    text += fmt::format("  {} differs in {} of {}\n", count.name, count.differ, count.both);
  }
  return text;
}

std::string Disagreement::Examples(size_t width) const {
  const size_t column = std::max<size_t>(20, (std::max<size_t>(width, 10) - 7) / 2);
  std::string text;
  for (const Example& example : examples_) {
    text += '\n' + example.row.where;
    if (!example.row.problem.language.empty()) text += "  " + example.row.problem.language;
    text += '\n';
    AddNote(text, "problem", std::string(UserText(example.row.problem)), width);
    AddNote(text, "reference", example.row.problem.reference, width);
    text += ResponseText(example.row.text, 2 * column + 3);
    std::string rule;
    for (size_t i = 0; i < 2 * column + 3; ++i) rule += i == column + 1 ? "┬" : "─";
    text += "  " + rule + '\n';
    text += SideBySide(Describe(first_name_, example.first, column),
                       Describe(second_name_, example.second, column), column);
  }
  return text;
}

}  // namespace rationale
