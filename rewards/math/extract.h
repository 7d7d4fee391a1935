// Extract: finds the final answer in a response or in a published solution.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rationale {

// Where an answer was found.
enum class AnswerSource {
  kBoxed,       // the last \boxed{...} or \fbox{...}
  kHashes,      // the rest of the last line's "#### ..."
  kPhrase,      // behind the last "the answer is", "final answer:" or a translation of it
  kLatex,       // the last $...$, $$...$$, \(...\) or \[...\]
  kWhole,       // the whole text
  kLastNumber,  // the last number in the text; never used unless asked for
};

// The name of a source as rubrics spell it: "boxed", "hashes", "phrase", "latex", "whole",
// "last_number".
std::string_view AnswerSourceName(AnswerSource source);
std::vector<std::pair<std::string_view, AnswerSource>> ConfigNames(AnswerSource);

struct ExtractedAnswer {
  std::string_view text;  // a view into what was searched, trimmed; may be empty: "\boxed{}"
  AnswerSource source = AnswerSource::kWhole;
};

// The first of `order` that finds something in `text`; nothing if none does. kWhole finds any text
// of one line.
std::optional<ExtractedAnswer> ExtractAnswer(std::string_view text,
                                             const std::vector<AnswerSource>& order);

}  // namespace rationale
