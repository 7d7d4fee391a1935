// Prose: what of a text is running text, and what is code, formula, address or quotation.

#pragma once

#include <string>
#include <string_view>

namespace rationale {

struct Prose {
  std::string running;  // what the writer says in own words
  std::string wrapped;  // what stands in comments, \text{...}, quotation marks and the like
  std::string veiled;   // what else is no running text, its signs included
};

// Takes `text` apart. Neither running nor wrapped text holds code (``` fences, `inline`), LaTeX
// ($...$, $$...$$, \(...\), \[...\], \begin{...}...\end{...}, commands), tags (<answer>), URLs,
// e-mail addresses, file names or identifiers (snake_case, inCamelCaseOfFourParts). Quoted text is
// not the writer's own, and \text{...} is part of a formula, comments of code; but anything can be
// put there, so these words are kept apart for who counts them (share.h). So are words in a row
// where none are expected: four in a formula, a tag or a string of a program, ten elsewhere in one,
// nine in an address. All other words of these places are veiled: veiled.h tells whether they are
// the names of code.
//
// First brings the text into Unicode's NFKC form, in which full-width and mathematical letters are
// the ordinary ones, and reads escaped letters as what they stand for (escapes.h). Linear in the
// text's length.
Prose TakeApart(std::string_view text);

}  // namespace rationale
