// TextAnswer: answers that are words, letters of choices, times and dates.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rationale {

// `text` without LaTeX's delimiters and what only says how it looks, lower case, one space between
// words, no punctuation at the ends.
std::string PlainText(std::string_view text);

// Are both the same words? Capital letters matter in formulas ("X" is not "x"), not in words ("Yes"
// is "yes").
bool SameWords(std::string_view a, std::string_view b);

// The letter that a multiple-choice answer gives: "C", "(C)", "\textbf{(C)}", "C. 12", "Option C";
// upper case. Nothing if the text is not one.
std::optional<char> ChoiceLetter(std::string_view text);

// What stands behind the letter of a choice: "24" of "(E) 24" and "\\textbf{(E)}\\ 24"; empty if
// the text is no letter with something behind it.
std::string_view BehindChoice(std::string_view text);

// The letters of several choices in alphabetical order, each once: "ACD" of "A, C and D", "ACD" and
// "(A)(C)(D)"; empty if the text is anything else or fewer.
std::string ChoiceLetters(std::string_view text);

// "does not exist", "DNE", "undefined".
bool SaysUndefined(std::string_view text);

// "no solution", "none", "there are no real solutions", "the empty set": words for \emptyset.
bool SaysNoSolution(std::string_view text);

// ["$1$", "$2$"] or ['2'], as data sets print their lists of answers: the items with commas between
// them.
std::string UnwrapPrintedList(std::string_view text);

// Does a comma stand before a nought and a digit, as in "1,000"? Then it separates no list.
bool HasNoughtsBehindComma(std::string_view text);

}  // namespace rationale
