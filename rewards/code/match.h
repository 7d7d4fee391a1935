// Match: does what a program wrote match what it should have written?

#pragma once

#include <string>
#include <string_view>

namespace rationale {

enum class OutputMatch {
  kExact,    // the same bytes, but for line ends (\r\n or \n) and white space at the very end
  kTokens,   // the same words, whatever white space is between them
  kNumbers,  // the same words, where two numbers need only be near each other
};

// Empty if `actual` matches, else the first difference, for a person. Numbers a (of `actual`) and b
// are near if |a - b| <= tolerance * max(1, |b|).
std::string OutputDifference(std::string_view actual, std::string_view expected, OutputMatch match,
                             double tolerance);

}  // namespace rationale
