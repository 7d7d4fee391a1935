// AnswerPhrases: the words that announce an answer, "the answer is", in many languages.

#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace rationale {

struct Phrase {
  size_t begin = std::string_view::npos;  // where the phrase begins
  size_t end = std::string_view::npos;    // where what it announces begins
};

// "final answer is" and its kin alone, and all phrases.
std::span<const std::string_view> FinalAnswerPhrases();
std::span<const std::string_view> AnswerPhrases();

// The phrase of the list that begins last, ASCII letters compared without case; npos if there is
// none. Linear in the text's length.
Phrase FindLastPhrase(std::string_view text, std::span<const std::string_view> phrases);

// All that stands behind the phrase, without colons and asterisks before it.
std::string_view Behind(std::string_view text, const Phrase& phrase);

}  // namespace rationale
