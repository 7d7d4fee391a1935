// Lexer: LaTeX or plain mathematical text into tokens.
//
// Both notations give the same tokens: "\leq", "<=" and "≤" are one relation, "\frac" and "\dfrac"
// one fraction, spacing and size commands none at all. Digits and numerals of other scripts become
// ASCII digits.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rationale {

enum class TokenKind : uint8_t {
  kEnd,
  kNumber,       // text: ASCII digits with at most one '.', no separators; `decimals` counts those
                 // behind the point
  kSymbol,       // a variable: one letter, or the name of a Greek one
  kWord,         // two or more letters that are no function's name
  kText,         // the content of \text{...}
  kConstant,     // id: Constant
  kFunction,     // id: Function
  kRelation,     // id: Relation
  kStructure,    // id: Structure, a command that takes arguments in its own way
  kSetOperator,  // id: SetOperator
  kNumberSet,    // text: "R", "Z", "N", "Q", "C"
  kAnd,          // "and", "or", "\text{ und }", ...; id: 1 where both must hold
  kPunctuation,  // id: the ASCII character; "^_{}()[]|,;:+-*/!'=%&" and those below
  kPlusMinus,    // id: 0 for ±, 1 for ∓
  kDegree,
  kSetOpen,    // \{
  kSetClose,   // \}
  kAngleOpen,  // \langle
  kAngleClose,
  kFloorOpen,
  kFloorClose,
  kCeilOpen,
  kCeilClose,
  kBar,     // |, \vert, \mid; id 1: \lvert, which can only open, 2: \rvert
  kNorm,    // \|
  kRow,     // \\ inside an environment
  kColumn,  // &
  kDots,
  kUnit,  // text: a currency sign
};

enum class Constant : uint8_t { kPi, kE, kI, kInfinity };

enum class Relation : uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kApproximately,
  kIn,
  kNotIn,
  kSubset,
  kCongruent,
  kArrow
};

enum class SetOperator : uint8_t { kUnion, kIntersection, kDifference };

enum class Function : uint8_t {
  kSin,
  kCos,
  kTan,
  kCot,
  kSec,
  kCsc,
  kArcsin,
  kArccos,
  kArctan,
  kArccot,
  kArcsec,
  kArccsc,
  kSinh,
  kCosh,
  kTanh,
  kCoth,
  kSech,
  kCsch,
  kArsinh,
  kArcosh,
  kArtanh,
  kLn,
  kLog,
  kLg,
  kExp,
  kSqrt,
  kCbrt,
  kAbs,
  kFloor,
  kCeil,
  kMin,
  kMax,
  kGcd,
  kLcm,
  kSign,
  kReal,
  kImaginary,
  kArgument,
  kDeterminant,
  kBinomial,
  kMod,
  kCis,  // cos + i sin
};

enum class Structure : uint8_t {
  kFraction,
  kRoot,
  kBinomial,
  kChoose,
  kOver,
  kBegin,
  kEnd,
  kBoxed,
  kOverline,
  kAccent,

  kSum,
  kProduct,
  kIntegral,
  kLimit,
  kMod,
  kPmod,
  kEmptySet,
  kQuantifier,
  kOperatorName,
  kVariable,
};

// The `id` of a token or a node.
template <class E>
constexpr uint8_t Id(E value) {
  return static_cast<uint8_t>(value);
}

struct Token {
  TokenKind kind = TokenKind::kEnd;
  uint8_t id = 0;
  bool space_before = false;    // white space or a spacing command stood before it
  bool command_before = false;  // and it was a command: "5\;m"
  int decimals = -1;            // of a number: digits behind the point, -1 without a point
  int exponent = 0;             // of a number: the power of ten of "2.5e3"
  std::string text = {};
  std::string repeating = {};  // of a number: digits that repeat behind it, "3" of 0.(3)
};

// How a comma between digits is read.
enum class CommaReading : uint8_t {
  kThousands,  // "1,234" is one number where its groups fit, "1,22" two
  kSeparator,  // "1,234" is two numbers
  kDecimal,    // "1,22" is one number
};

struct LexedText {
  std::vector<Token> tokens;     // ends with kEnd
  bool too_long = false;         // over kMaxTokens or a number over kMaxDigits: nothing was kept
  bool ambiguous_comma = false;  // "1,234": one number or two
  int decimal_commas = 0;        // commas that could be decimal ones, as in "1,22"
};

inline constexpr size_t kMaxTokens = 4000;
inline constexpr size_t kMaxDigits = 4000;

LexedText Lex(std::string_view text, CommaReading commas = CommaReading::kThousands);

}  // namespace rationale
