// Sections: a response split at the tags of R1's template, <think>...</think> <answer>...</answer>.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace rationale {

// Views into the text given. A tag opened and never closed runs to the end of the text; a closing
// tag alone (the prompt may have opened it) closes a section that began with the text.
struct Sections {
  std::optional<std::string_view> thought;  // inside the first <think>
  // Behind the last </think>; all of the text without a thought; empty if the thought never closes.
  std::string_view after_thought;
  std::optional<std::string_view> answer;  // inside the last <answer> of after_thought
};

// Splits `text` in one pass; tags are matched exactly, as byte strings.
Sections SplitSections(std::string_view text);

// Which part of a response a reward is about.
enum class Part : uint8_t {
  kAnswer,    // inside <answer> where there is one, else behind the thought
  kResponse,  // all of it
  kThought,   // inside <think>; empty if there is none
};
std::vector<std::pair<std::string_view, Part>> ConfigNames(Part);
std::string_view PartOf(std::string_view text, Part part);

// The number of times `needle` (not empty) occurs in `text`, without overlap.
int CountOccurrences(std::string_view text, std::string_view needle);

// What is inside a fence ```json ... ```, if that is all the text there is; else the text.
std::string_view Unfenced(std::string_view text);

// `text` without the ASCII white space at both ends.
std::string_view Trim(std::string_view text);

}  // namespace rationale
