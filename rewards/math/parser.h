// Parser: tokens into an expression, by recursive descent with caps on depth and size.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rewards/math/expression.h"
#include "rewards/math/lexer.h"

namespace rationale {

// What an answer says beside its value.
struct ParsedAnswer {
  NodeId root = kNoNode;  // kNoNode: the text is no mathematics we can read
  std::string
      unit;  // what stood behind a single value: "cm^2", "dollars", "apples"; empty if nothing did
  bool ambiguous_comma = false;  // as LexedText has it
  bool decimal_comma = false;    // it has one comma that could be a decimal one
  bool too_long = false;         // over the lexer's or the parser's caps
};

inline constexpr int kMaxDepth = 120;        // of nested brackets, arguments and exponents
inline constexpr size_t kMaxNodes = 20'000;  // of one answer

// Reads all of `text` as one answer: a value, a list of them joined by commas, "and" or "or", a
// set, an interval, a matrix, a relation, an assignment. Nothing is evaluated. Makes its nodes in
// `expressions`.
ParsedAnswer ParseAnswer(std::string_view text, Expressions& expressions,
                         CommaReading commas = CommaReading::kThousands);

}  // namespace rationale
