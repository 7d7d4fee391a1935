// Parser: names, that is variables with their indices and accents, calls, combinations.

#include <algorithm>
#include <array>
#include <cctype>

#include "rewards/math/parser_state.h"

namespace rationale {
// The tokens of a {group} or the one token behind '_' or '^', as text.
std::string ParserState::TakeRawGroup() {
  std::string text;
  int depth = 0;
  do {
    const Token& token = Peek();
    if (token.kind == TokenKind::kEnd) break;
    if (At('{')) {
      ++depth;
    } else if (At('}')) {
      --depth;
    } else if (token.kind == TokenKind::kPunctuation) {
      text += static_cast<char>(token.id);
    } else if (token.text.empty()) {
      text += std::to_string(static_cast<int>(token.kind)) + "." + std::to_string(token.id);
    } else {
      text += token.text;
    }
    ++at_;
  } while (depth > 0);
  return text;
}

std::string ParserState::TakeSubscript() {
  std::string subscript;
  while (At('_') || At('\'')) {
    if (Take('\'')) {
      subscript += '\'';
    } else {
      ++at_;
      subscript += "_" + TakeRawGroup();
    }
  }
  return subscript;
}

// C_n^k, the number of combinations, and A_n^k or P_n^k, that of arrangements, as they are written
// in China, France and Russia; the latter only with numbers: A_n^k may be a power. kNoNode, with
// nothing read, for anything else.
NodeId ParserState::ParseCombinations(const std::string& name) {
  const size_t begin = at_;
  ++at_;
  const NodeId n = ParseArgument(true);
  const NodeId k = !failed_ && Take('^') ? ParseArgument(true) : kNoNode;
  if (failed_) return kNoNode;
  const auto is_number = [&](NodeId node) { return expressions_[node].op == Op::kNumber; };
  if (k != kNoNode && (name == "C" || (is_number(n) && is_number(k))))
    return expressions_.Named(Op::kCall, name == "C" ? "C" : "P", std::array{n, k});
  at_ = begin;
  digits_taken_ = 0;
  return kNoNode;
}

// {}_5C_2, {}^5C_2, _5P_2: what was chosen from stands before the letter.
NodeId ParserState::ParsePrescript() {
  const Level level(*this);
  ++at_;
  NodeId n = kNoNode;
  if (At(TokenKind::kNumber)) {
    n = expressions_.Literal(Rational::FromDecimal(Peek().text, 0), -1);
    ++at_;
  } else if (!failed_) {
    n = ParseArgument(true);
  }
  const std::string name = Peek().text;
  if (failed_ || !At(TokenKind::kSymbol) || (name != "C" && name != "P") || !At('_', 1))
    return Fail();
  at_ += 2;
  const NodeId k = ParseArgument(true);
  return failed_ ? kNoNode : expressions_.Named(Op::kCall, name, std::array{n, k});
}

// "(1, 2)" directly behind a capital letter, whose point it is; C(5, 2) may be a number too.
bool ParserState::AtPoint() const {
  const Token& letter = tokens_[at_ - 1];
  const bool capital = letter.kind == TokenKind::kSymbol && letter.text.size() == 1 &&
                       std::isupper(static_cast<unsigned char>(letter.text[0])) != 0;
  if (!capital || !At('(') || Peek().space_before) return false;
  int depth = 0;
  constexpr size_t kFarthest = 100;
  for (size_t ahead = 0; ahead < kFarthest && Peek(ahead).kind != TokenKind::kEnd; ++ahead) {
    if (At('(', ahead) || At('{', ahead) || At('[', ahead)) ++depth;
    if ((At(')', ahead) || At('}', ahead) || At(']', ahead)) && --depth == 0) return false;
    if (At(',', ahead) && depth == 1) return true;
  }
  return false;
}

// A variable, a product of the letters of a short word, or a call.
NodeId ParserState::ParseName(std::string name, bool may_be_called) {
  const bool ascii =
      std::all_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x80; });
  const bool word = name.size() > 1 && ascii &&
                    std::isalpha(static_cast<unsigned char>(name[0])) != 0 &&
                    tokens_[at_ - 1].kind == TokenKind::kWord;
  if (!failed_ && At('_') && (name == "C" || name == "A" || name == "P")) {
    const NodeId combinations = ParseCombinations(name);
    if (failed_ || combinations != kNoNode) return combinations;
  }
  may_be_called |= AtPoint();
  if (may_be_called && At('(') && !Peek().space_before && !(word && name.size() <= 3)) {
    ++at_;
    const auto arguments = ParseArguments(')');
    if (failed_ || !Take(')')) return Fail();
    return expressions_.Named(Op::kCall, name, arguments);
  }
  if (!word || name.size() > 3) return expressions_.Symbol(name + TakeSubscript());
  std::vector<NodeId> letters;
  for (size_t i = 0; i < name.size(); ++i) {
    const std::string letter(1, name[i]);
    const bool last = i + 1 == name.size();
    if (letter == "e" || letter == "i") {
      letters.push_back(expressions_.Make(Op::kConstant, {},
                                          letter == "e" ? Id(Constant::kE) : Id(Constant::kI)));
    } else {
      letters.push_back(expressions_.Symbol(last ? letter + TakeSubscript() : letter));
    }
    // What stands behind a word belongs to its last letter: "ab^2".
    if (last) letters.back() = ParsePostfix(letters.back());
  }
  if (failed_) return kNoNode;
  return expressions_.Make(Op::kMultiply, letters);
}

// "{3+4i}": a sum of numbers and i.
bool ParserState::AtComplexNumber() const {
  bool imaginary = false;
  bool sum = false;
  size_t ahead = 1;
  for (; At('{') && !At('}', ahead); ++ahead) {
    const Token& token = Peek(ahead);
    const bool sign = At('+', ahead) || At('-', ahead);
    const bool i = token.kind == TokenKind::kConstant && token.id == Id(Constant::kI);
    if (!sign && !i && token.kind != TokenKind::kNumber) return false;
    imaginary |= i;
    sum |= sign;
  }
  return imaginary && sum;
}

// \vec{AB}, \bar{z}: a variable of that name; the conjugate of a complex number that is written
// out.
NodeId ParserState::ParseAccent(bool overline) {
  if (overline && AtComplexNumber()) {
    const NodeId number = ParseArgument(false);
    if (failed_) return kNoNode;
    const NodeId i = expressions_.Make(Op::kConstant, {}, Id(Constant::kI));
    return expressions_.Replace(number, i, expressions_.Make(Op::kNegate, {i}));
  }
  const std::string inside = TakeRawGroup();
  if (failed_ || inside.empty()) return Fail();
  return expressions_.Symbol((overline ? "\\bar " : "") + inside + TakeSubscript());
}

}  // namespace rationale
