// Parser: factors, that is numbers, names, functions, brackets and LaTeX structures with what
// stands behind them.

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "rewards/math/number_words.h"
#include "rewards/math/parser_state.h"

namespace rationale {
namespace {

constexpr int kMaxPostfix = 20;
constexpr int kMaxExponent = 10'000;

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "12.5" and a power of ten as an exact number.
Rational FromToken(std::string_view text, int decimals, int exponent) {
  std::string digits(text);
  std::erase(digits, '.');
  return Rational::FromDecimal(digits.empty() ? "0" : digits, exponent - std::max(decimals, 0));
}

}  // namespace

NodeId ParserState::ParseFactor() {
  const Level level(*this);
  if (failed_) return kNoNode;
  while (At('{') && At('}', 1)) at_ += 2;  // an empty group
  if (At('_') || At('^')) return ParsePrescript();
  const NodeId primary = ParsePrimary();
  return failed_ ? kNoNode : ParsePostfix(primary);
}

// "million" behind a numeral.
bool ParserState::AtMultiplier(NodeId base) const {
  const Node& n = expressions_[base];
  return n.op == Op::kNumber && n.literal && (At(TokenKind::kWord) || At(TokenKind::kText)) &&
         MultiplierOf(Peek().text).has_value();
}

NodeId ParserState::ParsePostfix(NodeId base) {
  for (int count = 0; !failed_; ++count) {
    if (count > kMaxPostfix) return TooLong();
    if (At('^')) {
      // A degree sign, an ordinal's ending, a prime, or an exponent.
      const bool group = At('{', 1);
      const size_t inside = group ? 2 : 1;
      if (Peek(inside).kind == TokenKind::kDegree) {
        at_ += group ? 4 : 2;
        base = ParseDegrees(base);
      } else if (Peek(inside).kind == TokenKind::kText || At('\'', inside)) {
        at_ += group ? 4 : 2;
      } else if (expressions_[base].op == Op::kNumberSet) {
        const std::string suffix = (++at_, TakeRawGroup());
        base = expressions_.Named(Op::kNumberSet, expressions_.Name(base) + suffix, {});
      } else if (group ? (At('+', 2) || At('-', 2) || At('*', 2)) && At('}', 3)
                       : At('+', 1) || At('*', 1)) {
        // A sign alone: a side to come from, a conjugate.
        ++at_;
        base = expressions_.Named(Op::kCall, "^" + TakeRawGroup(), std::array{base});
      } else {
        ++at_;
        const NodeId exponent = ParseArgument(false);
        if (!failed_) base = expressions_.Make(Op::kPower, {base, exponent});
      }
    } else if (At(TokenKind::kDegree)) {
      ++at_;
      base = ParseDegrees(base);
    } else if (AtMultiplier(base)) {
      const NodeId multiplier = expressions_.Number(*MultiplierOf(Peek().text));
      ++at_;
      base = expressions_.Make(Op::kMultiply, {base, multiplier});
    } else if (At(TokenKind::kUnit)) {  // a currency sign
      if (unit_.empty()) unit_ = Peek().text;
      ++at_;
    } else if (At('%')) {
      ++at_;
      base = expressions_.Make(Op::kPercent, {base});
    } else if (At('!')) {
      const bool twice = At('!', 1);
      at_ += twice ? 2 : 1;
      base = expressions_.Make(Op::kFactorial, {base}, twice ? 2 : 1);
    } else if (At('_') && expressions_[base].op == Op::kNumber && expressions_[base].literal) {
      const Token& before = tokens_[at_ - 1];
      const std::string digits =
          before.kind == TokenKind::kNumber ? before.text : expressions_.Value(base).ToString();
      ++at_;
      const NodeId radix = ParseArgument(false);
      if (!failed_) base = expressions_.Named(Op::kBased, digits, std::array{radix});
    } else if (At('_') && expressions_[base].op == Op::kPower &&
               expressions_[expressions_.Child(base)].op == Op::kSymbol) {
      // x^2_1 is x_1^2.
      const std::string name = expressions_.Name(expressions_.Child(base)) + TakeSubscript();
      const NodeId exponent = expressions_.Child(base, 1);
      base = expressions_.Make(Op::kPower, {expressions_.Symbol(name), exponent});
    } else {
      break;
    }
  }
  return failed_ ? kNoNode : base;
}

NodeId ParserState::ParsePrimary() {
  const Token& token = Peek();
  switch (token.kind) {
    case TokenKind::kNumber:
      return ParseNumber();
    case TokenKind::kSymbol:
      ++at_;
      return ParseName(token.text, token.text == "f" || token.text == "g" || token.text == "F" ||
                                       token.text == "G");
    case TokenKind::kWord:
      ++at_;
      return ParseName(token.text, true);
    case TokenKind::kText:
      ++at_;
      return expressions_.Named(Op::kText, token.text, {});
    case TokenKind::kConstant: {
      ++at_;
      if (At('_')) return ParseName(token.id == Id(Constant::kE) ? "e" : "i", false);
      return expressions_.Make(Op::kConstant, {}, token.id);
    }
    case TokenKind::kFunction:
      return ParseFunction();
    case TokenKind::kStructure:
      return ParseStructure();
    case TokenKind::kNumberSet:
      ++at_;
      return expressions_.Named(Op::kNumberSet, token.text, {});
    case TokenKind::kUnit:
      ++at_;
      if (unit_.empty()) unit_ = token.text;
      return ParsePrimary();
    case TokenKind::kDots:
      ++at_;
      return expressions_.Symbol("\\ldots");
    case TokenKind::kSetOpen:
      return ParseSetBraces();
    case TokenKind::kAngleOpen: {
      ++at_;
      const auto items = ParseArguments('\0');
      if (failed_ || !Take(TokenKind::kAngleClose)) return Fail();
      return expressions_.Make(Op::kTuple, items);
    }
    case TokenKind::kFloorOpen:
      ++at_;
      return ParseEnclosed(TokenKind::kFloorClose, Function::kFloor);
    case TokenKind::kCeilOpen:
      ++at_;
      return ParseEnclosed(TokenKind::kCeilClose, Function::kCeil);
    case TokenKind::kNorm: {
      ++at_;
      const NodeId inside = ParseSum();
      if (failed_ || !Take(TokenKind::kNorm)) return Fail();
      return expressions_.Make(Op::kAbs, {inside});
    }
    case TokenKind::kBar:
      return ParseBar();
    case TokenKind::kPunctuation:
      if (At('(') || At('[')) return ParseBrackets();
      if (At(']')) return ParseOutwardInterval();
      if (At('{')) return ParseBraces();
      return Fail();
    default:
      return Fail();
  }
}

NodeId ParserState::ParseNumber() {
  const Token& token = Peek();
  if (token.exponent > kMaxExponent || token.exponent < -kMaxExponent) return TooLong();
  if (digits_taken_ > 0) {  // \frac12: the second digit on
    const std::string rest = token.text.substr(std::exchange(digits_taken_, 0));
    ++at_;
    return expressions_.Literal(FromToken(rest, token.decimals, token.exponent), token.decimals);
  }
  ++at_;
  if (!token.repeating.empty()) return Repeating(token, token.repeating);
  if (token.decimals >= 0 && At(Structure::kOverline)) return ParseRepeating(token);
  if (token.decimals > 0 && token.exponent != 0) {
    const NodeId ten = expressions_.Literal(Rational(10), -1);
    const NodeId exponent = expressions_.Integer(token.exponent);
    return expressions_.Make(
        Op::kMultiply,
        {expressions_.Literal(FromToken(token.text, token.decimals, 0), token.decimals),
         expressions_.Make(Op::kPower, {ten, exponent})});
  }
  const int decimals = token.decimals < 0 && token.exponent >= 0
                           ? -1
                           : std::max(0, std::max(token.decimals, 0) - token.exponent);
  const NodeId number =
      expressions_.Literal(FromToken(token.text, token.decimals, token.exponent), decimals);
  if (token.decimals >= 0 || token.exponent != 0) return number;
  if (AtChosenNumber()) {  // 5C2
    const std::string name = Peek().text;
    ++at_;
    const NodeId chosen = At('_') ? (++at_, ParseArgument(true)) : ParseNumber();
    return failed_ ? kNoNode : expressions_.Named(Op::kCall, name, std::array{number, chosen});
  }
  return ParseMixed(number);
}

// "C2", "C_2", "P2" directly behind a number.
bool ParserState::AtChosenNumber() const {
  if (!At(TokenKind::kSymbol) || Peek().space_before || (Peek().text != "C" && Peek().text != "P"))
    return false;
  const Token& next = Peek(1);
  return At('_', 1) ||
         (next.kind == TokenKind::kNumber && !next.space_before && IsDigits(next.text));
}

// 0.1\overline{6}, 0.\dot{1}4285\dot{7}: the digits under the bar, or from the first dot to the
// last, repeat.
NodeId ParserState::ParseRepeating(const Token& number) {
  ++at_;
  std::string repeating = TakeRawGroup();
  if (At(TokenKind::kNumber) && At(Structure::kOverline, 1) && IsDigits(Peek().text)) {
    repeating += Peek().text;
    at_ += 2;
    repeating += TakeRawGroup();
  } else if (At(Structure::kOverline)) {
    ++at_;
    repeating += TakeRawGroup();
  }
  return IsDigits(repeating) ? Repeating(number, repeating) : Fail();
}

NodeId ParserState::Repeating(const Token& number, const std::string& repeating) {
  if (repeating.size() > 1000) return TooLong();
  Rational value = FromToken(number.text, number.decimals, 0);
  Rational tail = Rational::FromDecimal(repeating, 0);
  const Rational nines = Rational::FromDecimal(std::string(repeating.size(), '9'), number.decimals);
  fmpq_div(tail.get(), tail.get(), nines.get());
  fmpq_add(value.get(), value.get(), tail.get());
  return expressions_.Number(std::move(value));
}

// "2\frac58" and "2 5/8" are mixed numbers.
NodeId ParserState::ParseMixed(NodeId whole) {
  const auto is_whole = [&](NodeId node) {
    const Node& n = expressions_[node];
    return n.op == Op::kNumber && n.literal && n.decimals < 0;
  };
  if (At(Structure::kFraction)) {
    const size_t begin = at_;
    const NodeId fraction = ParseStructure();
    if (failed_) return kNoNode;
    if (expressions_[fraction].op == Op::kDivide && is_whole(expressions_.Child(fraction, 0)) &&
        is_whole(expressions_.Child(fraction, 1))) {
      return expressions_.Make(Op::kAdd, {whole, fraction}, kMixedNumber);
    }
    at_ = begin;
    return whole;
  }
  if (At(TokenKind::kNumber) && Peek().space_before && At('/', 1) &&
      Peek(2).kind == TokenKind::kNumber && IsDigits(Peek().text) && IsDigits(Peek(2).text) &&
      Peek().exponent == 0 && Peek(2).exponent == 0) {
    const NodeId numerator = expressions_.Literal(FromToken(Peek().text, -1, 0), -1);
    const NodeId denominator = expressions_.Literal(FromToken(Peek(2).text, -1, 0), -1);
    at_ += 3;
    return expressions_.Make(
        Op::kAdd, {whole, expressions_.Make(Op::kDivide, {numerator, denominator})}, kMixedNumber);
  }
  return whole;
}

NodeId ParserState::ParseFunction() {
  const Level level(*this);
  auto function = static_cast<Function>(Peek().id);
  ++at_;
  NodeId base = kNoNode;
  NodeId exponent = kNoNode;
  if (function == Function::kSqrt || function == Function::kCbrt) {
    const NodeId argument = ParseArgument(false);
    if (failed_) return kNoNode;
    return expressions_.Make(Op::kRoot,
                             {argument, expressions_.Integer(function == Function::kSqrt ? 2 : 3)});
  }
  // "log2(8)" and "log_10(100)"
  const size_t index = At('_') ? 1 : 0;
  const bool whole = Peek(index).kind == TokenKind::kNumber && !Peek(index).space_before &&
                     IsDigits(Peek(index).text) && At('(', index + 1) &&
                     !Peek(index + 1).space_before;
  if (function == Function::kLog && whole) {
    at_ += index;
    base = ParseNumber();
  }
  for (int i = 0; i < 2 && !failed_; ++i) {
    if (At('_') && base == kNoNode) {
      ++at_;
      base = ParseArgument(true);
    } else if (At('^') && exponent == kNoNode) {
      ++at_;
      exponent = ParseArgument(true);
    }
  }
  if (failed_) return kNoNode;
  std::vector<NodeId> arguments;
  if (At('(')) {
    ++at_;
    const Context outer = std::exchange(context_, {});
    arguments = ParseArguments(')');
    context_ = outer;
    if (failed_ || !Take(')')) return Fail();
  } else {
    arguments = {ParseFunctionArgument()};
  }
  if (failed_) return kNoNode;
  if (function == Function::kCis && arguments.size() == 1) {
    const NodeId e = expressions_.Make(Op::kConstant, {}, Id(Constant::kE));
    const NodeId i = expressions_.Make(Op::kConstant, {}, Id(Constant::kI));
    return expressions_.Make(Op::kPower, {e, expressions_.Make(Op::kMultiply, {i, arguments[0]})});
  }
  if (function == Function::kAbs && arguments.size() == 1 && exponent == kNoNode)
    return expressions_.Make(Op::kAbs, arguments);
  if (base != kNoNode && function == Function::kLog) arguments.push_back(base);
  if (exponent != kNoNode && function <= Function::kCsch) {
    const Node& e = expressions_[exponent];
    const bool inverse = e.op == Op::kNegate &&
                         expressions_[expressions_.Child(exponent)].op == Op::kNumber &&
                         fmpq_is_one(expressions_.Value(expressions_.Child(exponent)).get());
    if (inverse && function <= Function::kCsc) {
      function = static_cast<Function>(Id(function) + Id(Function::kArcsin) - Id(Function::kSin));
      exponent = kNoNode;
    } else if (inverse && function <= Function::kTanh) {
      function = static_cast<Function>(Id(function) + Id(Function::kArsinh) - Id(Function::kSinh));
      exponent = kNoNode;
    }
  }
  const NodeId call = expressions_.Make(Op::kFunction, arguments, Id(function));
  return exponent == kNoNode ? call : expressions_.Make(Op::kPower, {call, exponent});
}

// The argument of a function without round brackets: factors up to a sign, a relation or the next
// function.
NodeId ParserState::ParseFunctionArgument() {
  NodeId argument = ParseUnary();
  while (!failed_ && StartsFactor() && !At(TokenKind::kFunction) && !At('(') && !At('[') &&
         !At(TokenKind::kDots)) {
    argument = Product(argument, ParseFactor());
  }
  return argument;
}

NodeId ParserState::ParseStructure() {
  const Level level(*this);
  if (failed_) return kNoNode;
  const auto structure = static_cast<Structure>(Peek().id);
  const std::string name = Peek().text;
  ++at_;
  switch (structure) {
    case Structure::kFraction: {
      const NodeId numerator = ParseArgument(true);
      const NodeId denominator = failed_ ? kNoNode : ParseArgument(true);
      return failed_ ? kNoNode : expressions_.Make(Op::kDivide, {numerator, denominator});
    }
    case Structure::kRoot: {
      NodeId degree = kNoNode;
      if (Take('[')) {
        degree = ParseSum();
        if (failed_ || !Take(']')) return Fail();
      }
      const NodeId argument = ParseArgument(false);
      if (failed_) return kNoNode;
      return expressions_.Make(Op::kRoot,
                               {argument, degree == kNoNode ? expressions_.Integer(2) : degree});
    }
    case Structure::kBinomial: {
      const NodeId n = ParseArgument(true);
      const NodeId k = failed_ ? kNoNode : ParseArgument(true);
      return failed_ ? kNoNode : expressions_.Make(Op::kFunction, {n, k}, Id(Function::kBinomial));
    }
    case Structure::kBegin:
      return ParseMatrix(name);
    case Structure::kBoxed:
      return ParseArgument(false);
    case Structure::kOverline:
      return ParseAccent(true);
    case Structure::kAccent:
      return ParseAccent(false);
    case Structure::kSum:
    case Structure::kProduct:
    case Structure::kIntegral:
    case Structure::kLimit:
      return ParseBigOperator(structure);
    case Structure::kEmptySet:
      return expressions_.Make(Op::kEmptySet, {});
    default:
      return Fail();
  }
}

// \sum_{k=1}^{n} body and its kin. Sums and products over a named range can be evaluated, the
// others only compared.
NodeId ParserState::ParseBigOperator(Structure structure) {
  NodeId lower = kNoNode;
  NodeId upper = kNoNode;
  while (!failed_ && (At('_') || At('^'))) {
    NodeId& bound = At('_') ? lower : upper;
    ++at_;
    if (At('{') && At('}', 1)) {
      at_ += 2;
    } else if (At('{')) {
      ++at_;
      const NodeId left = ParseSet();
      bound = left;
      if (!failed_ && At(TokenKind::kRelation)) {
        const uint8_t id = Peek().id;
        ++at_;
        const NodeId right = ParseSet();
        if (!failed_) bound = expressions_.Make(Op::kRelation, {left, right}, id);
      }
      if (failed_ || !Take('}')) return Fail();
    } else {
      bound = ParseArgument(true);
    }
  }
  const NodeId body = failed_                             ? kNoNode
                      : structure == Structure::kIntegral ? ParseSum()
                                                          : ParseTerm();
  if (failed_) return kNoNode;
  const bool ranged = lower != kNoNode && upper != kNoNode &&
                      expressions_[lower].op == Op::kRelation &&
                      expressions_[expressions_.Child(lower)].op == Op::kSymbol;
  if (ranged && (structure == Structure::kSum || structure == Structure::kProduct)) {
    const NodeId variable = expressions_.Child(lower, 0);
    const NodeId from = expressions_.Child(lower, 1);
    return expressions_.Make(structure == Structure::kSum ? Op::kSum : Op::kProduct,
                             {body, variable, from, upper});
  }
  std::vector<NodeId> children = {body};
  for (const NodeId bound : {lower, upper}) {
    if (bound == kNoNode) continue;
    if (expressions_[bound].op == Op::kRelation) {
      children.push_back(expressions_.Child(bound, 0));
      children.push_back(expressions_.Child(bound, 1));
    } else {
      children.push_back(bound);
    }
  }
  return expressions_.Named(Op::kOpaque, std::to_string(Id(structure)), children);
}

}  // namespace rationale
