// Value: are two expressions the same number or function?

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rewards/math/ball.h"
#include "rewards/math/exact.h"
#include "rewards/math/expression.h"
#include "rewards/math/work.h"

namespace rationale {

// kUnknown: beyond the work (then Work::exhausted() or refused()), or without a value.
enum class Truth : uint8_t { kFalse, kTrue, kUnknown };

inline Truth ToTruth(bool value) {
  return value ? Truth::kTrue : Truth::kFalse;
}

// How a percent sign is read.
enum class PercentReading : uint8_t {
  kEither,    // 28% is 0.28 and 28
  kFraction,  // 28% is 0.28
  kNumber,    // 28% is 28
};

struct ValueOptions {
  // A decimal of so many places answers the number of which it is the rounding or truncation; of
  // a * 10^n those of a count.
  int min_decimals = 6;
  PercentReading percent = PercentReading::kEither;
};

// Decides equality: exactly where both sides are rational, else by ball arithmetic of the
// difference with growing precision, variables at several points of fixed pseudo-random rational
// values. A difference that is certainly not zero is proof; one that encloses zero within 2^-200 of
// the values' size at every point counts as equality. Large numbers need as many bits more as they
// could hide a difference in: 2^{2^{-1000}} is not 1.
class ValueComparer {
 public:
  ValueComparer(Expressions& expressions, const ValueOptions& options, Work& work)
      : expressions_(expressions), options_(options), work_(work) {}

  // a: the answer, b: the reference.
  Truth Same(NodeId a, NodeId b);

  // The sign of a - b if both are real and without variables: -1, 0, 1; nothing if that cannot be
  // told.
  std::optional<int> Order(NodeId a, NodeId b);

  // Is a a nonzero constant times b, as functions of their variables? `positive`: by a positive
  // constant.
  Truth Proportional(NodeId a, NodeId b, bool positive);

  // Is the expression zero for all values of its variables?
  Truth IsZero(NodeId node);

 private:
  Truth Undecided();  // kUnknown, for lack of precision
  slong HiddenBits(NodeId node);
  slong ZeroBits(NodeId a, NodeId b);
  Truth SameDigits(NodeId a, NodeId b);
  Truth SameValue(NodeId a, NodeId b);
  Truth SameNumerically(NodeId a, NodeId b, bool natural_log);
  Truth SameAtPoints(NodeId a, NodeId b, const std::vector<std::string>& symbols, bool natural_log,
                     bool complex);
  std::optional<std::pair<NodeId, NodeId>> WithoutPowerOfTen(NodeId a, NodeId b);
  std::optional<Truth> SameDecimal(NodeId a, NodeId b);
  Truth Rounds(NodeId decimal, NodeId exact, int decimals);

  Expressions& expressions_;
  ValueOptions options_;
  Work& work_;
};

}  // namespace rationale
