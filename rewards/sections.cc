// Sections: see sections.h.

#include "rewards/sections.h"

namespace rationale {
namespace {

constexpr std::string_view kThinkOpen = "<think>";
constexpr std::string_view kThinkClose = "</think>";
constexpr std::string_view kAnswerOpen = "<answer>";
constexpr std::string_view kAnswerClose = "</answer>";

}  // namespace

Sections SplitSections(std::string_view text) {
  constexpr size_t kNone = std::string_view::npos;
  Sections sections;
  const size_t open = text.find(kThinkOpen);
  const size_t close = text.find(kThinkClose, open == kNone ? 0 : open);
  const size_t last_close = text.rfind(kThinkClose);
  if (open != kNone || close != kNone) {
    const size_t begin = open == kNone ? 0 : open + kThinkOpen.size();
    const size_t end = close == kNone ? text.size() : close;
    sections.thought = text.substr(begin, end - begin);
  }
  if (close != kNone) {
    sections.after_thought = text.substr(last_close + kThinkClose.size());
  } else if (open == kNone) {
    sections.after_thought = text;
  }
  const std::string_view rest = sections.after_thought;
  const size_t answer_open = rest.rfind(kAnswerOpen);
  if (answer_open != kNone) {
    const size_t begin = answer_open + kAnswerOpen.size();
    const size_t end = rest.find(kAnswerClose, begin);
    sections.answer = rest.substr(begin, end == kNone ? kNone : end - begin);
  }
  return sections;
}

std::vector<std::pair<std::string_view, Part>> ConfigNames(Part) {
  return {{"answer", Part::kAnswer}, {"response", Part::kResponse}, {"thought", Part::kThought}};
}

std::string_view PartOf(std::string_view text, Part part) {
  if (part == Part::kResponse) return text;
  const Sections sections = SplitSections(text);
  if (part == Part::kThought) return sections.thought.value_or(std::string_view());
  return sections.answer.value_or(sections.after_thought);
}

int CountOccurrences(std::string_view text, std::string_view needle) {
  int count = 0;
  for (size_t at = text.find(needle); at != std::string_view::npos;
       at = text.find(needle, at + needle.size())) {
    ++count;
  }
  return count;
}

std::string_view Unfenced(std::string_view text) {
  constexpr std::string_view kFence = "```";
  if (!text.starts_with(kFence) || !text.ends_with(kFence)) return text;
  const size_t line = text.find('\n');
  if (line == std::string_view::npos || line + kFence.size() > text.size()) return text;
  text = text.substr(line + 1);
  return Trim(text.substr(0, text.size() - kFence.size()));
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace rationale
