// Sections: a response split at the tags of R1's template, <think>...</think> <answer>...</answer>.

#pragma once

#include <optional>
#include <string_view>

namespace rationale {

// Views into the text given. A tag opened and never closed runs to the end of the text; a closing
// tag alone (the prompt may have opened it) closes a section that began with the text.
struct Sections {
  std::optional<std::string_view> thought;  // inside the first <think>
  std::string_view
      after_thought;  // behind the last </think>; empty if a thought never closes; else all
  std::optional<std::string_view> answer;  // inside the last <answer> of after_thought
};

// Splits `text` in one pass; tags are matched exactly, as byte strings.
Sections SplitSections(std::string_view text);

// The number of times `needle` (not empty) occurs in `text`, without overlap.
int CountOccurrences(std::string_view text, std::string_view needle);

// `text` without the ASCII white space at both ends.
std::string_view Trim(std::string_view text);

}  // namespace rationale
