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
  kBoxed,       // the last \boxed{...}, with those before it that it is joined to ("\boxed{1} and
                // \boxed{2}")
  kHashes,      // behind the last "####"
  kPhrase,      // behind the last "the answer is", "Final answer:" or a translation of it
  kConclusion,  // the value that a last sentence "Therefore, ... is X." states
  kLatex,       // the last $...$, $$...$$, \(...\) or \[...\], with those it is joined to
  kWhole,       // the whole text, or its last line, where that is an expression or a few words and
                // nothing else
  kLastNumber,  // the last number in the text; never used unless asked for
};

// The name of a source as rubrics spell it.
std::string_view AnswerSourceName(AnswerSource source);
std::vector<std::pair<std::string_view, AnswerSource>> ConfigNames(AnswerSource);

struct ExtractedAnswer {
  std::string text;  // without what surrounds it; may be empty: "\boxed{}"
  AnswerSource source = AnswerSource::kWhole;
  std::string_view line = {};  // kPhrase: all that the line says behind the phrase
};

// The first of `order` that finds something in `text`; nothing if none does. A final answer that is
// declared in words behind the last box goes before it. Linear in the text's length.
std::optional<ExtractedAnswer> ExtractAnswer(std::string_view text,
                                             const std::vector<AnswerSource>& order);

}  // namespace rationale
