// Parser: what stands in brackets, bars and environments.

#include <algorithm>
#include <utility>

#include "rewards/math/parser_state.h"

namespace rationale {
// Items separated by commas, or by semicolons alone, up to a closing bracket that is not taken.
std::vector<NodeId> ParserState::ParseArguments(char close) {
  std::vector<NodeId> items = ParseItems(close);
  while (!failed_ && Take(';')) {
    const auto more = ParseItems(close);
    items.insert(items.end(), more.begin(), more.end());
  }
  return items;
}

// ( ) and [ ]: a group of one value, else a tuple, an interval or a list.
NodeId ParserState::ParseBrackets() {
  const Level level(*this);
  if (failed_) return kNoNode;
  const bool opens_round = At('(');
  ++at_;
  const Context outer = std::exchange(context_, {});
  const auto items = ParseArguments('\0');
  context_ = outer;
  if (failed_ || !(At(')') || At(']'))) return Fail();
  const bool closes_round = At(')');
  ++at_;
  if (items.size() == 1) {
    if (opens_round != closes_round) return Fail();
    expressions_[items[0]].parenthesised = true;
    expressions_[items[0]].literal = false;
    return items[0];
  }
  if (opens_round && closes_round && IsInequality(expressions_[items[0]]) &&
      IsInequality(expressions_[items.back()]))
    return expressions_.Make(Op::kList, items, ListId(items));
  if (opens_round && closes_round) return expressions_.Make(Op::kTuple, items);
  if (items.size() > 2)
    return opens_round == closes_round ? expressions_.Make(Op::kList, items) : Fail();
  const int id = (opens_round ? 0 : kClosedLow) | (closes_round ? 0 : kClosedHigh);
  return expressions_.Make(Op::kInterval, items, static_cast<uint8_t>(id));
}

// ]a, b[: an interval whose brackets are turned away from what they leave out.
NodeId ParserState::ParseOutwardInterval() {
  const Level level(*this);
  ++at_;
  const Context outer = std::exchange(context_, {.outward = true});
  const auto items = failed_ ? std::vector<NodeId>() : ParseArguments('\0');
  context_ = outer;
  if (failed_ || items.size() != 2 || !(At('[') || At(']'))) return Fail();
  const uint8_t id = At(']') ? kClosedHigh : 0;
  ++at_;
  return expressions_.Make(Op::kInterval, items, id);
}

// \{ ... \}: a set by its elements or by a condition on them.
NodeId ParserState::ParseSetBraces() {
  const Level level(*this);
  if (failed_) return kNoNode;
  ++at_;
  if (Take(TokenKind::kSetClose)) return expressions_.Make(Op::kEmptySet, {});
  const Context outer = std::exchange(context_, {.builder = true});
  auto items = ParseArguments('\0');
  const bool builder = AtBuilder(items);
  const NodeId set = builder ? ParseBuilder(items[0], '\0') : kNoNode;
  context_ = outer;
  if (failed_ || !Take(TokenKind::kSetClose)) return Fail();
  return builder ? set : expressions_.Make(Op::kSet, items);
}

bool ParserState::AtBuilder(const std::vector<NodeId>& items) const {
  return !failed_ && items.size() == 1 && (At(TokenKind::kBar) || At(':'));
}

// The conditions behind a set builder's bar, up to the closing brace.
NodeId ParserState::ParseBuilder(NodeId element, char close) {
  ++at_;
  context_ = {};
  std::vector<NodeId> children = ParseArguments(close);
  const bool any = joints_.find('o') != std::string::npos;
  children.insert(children.begin(), element);
  return failed_ ? kNoNode : expressions_.Make(Op::kSetBuilder, children, any ? kAnyCondition : 0);
}

// { ... }: a group, which may hold "n \choose k", "a \over b", or several values.
NodeId ParserState::ParseBraces() {
  const Level level(*this);
  if (failed_) return kNoNode;
  ++at_;
  const Context outer = std::exchange(context_, {.builder = true});
  auto items = ParseArguments('}');
  if (!failed_ && items.size() == 1 && (At(Structure::kChoose) || At(Structure::kOver))) {
    const bool choose = At(Structure::kChoose);
    ++at_;
    const NodeId second = ParseItem();
    if (!failed_) {
      items[0] = choose
                     ? expressions_.Make(Op::kFunction, {items[0], second}, Id(Function::kBinomial))
                     : expressions_.Make(Op::kDivide, {items[0], second});
    }
  }
  const bool builder = AtBuilder(items);
  const NodeId set = builder ? ParseBuilder(items[0], '}') : kNoNode;
  context_ = outer;
  if (failed_ || !Take('}')) return Fail();
  if (builder) return set;
  if (items.size() > 1) return expressions_.Make(Op::kList, items);
  expressions_[items[0]].parenthesised = true;
  return items[0];
}

// |x|. Inside, a bar closes; brackets inside it begin anew.
NodeId ParserState::ParseBar() {
  const Level level(*this);
  if (failed_ || Peek().id == 2) return Fail();
  ++at_;
  const Context outer = std::exchange(context_, {.bars = 1});
  const NodeId inside = ParseSum();
  context_ = outer;
  if (failed_ || !Take(TokenKind::kBar)) return Fail();
  return expressions_.Make(Op::kAbs, {inside});
}

NodeId ParserState::ParseEnclosed(TokenKind close, Function function) {
  const NodeId inside = ParseSum();
  if (failed_ || !Take(close)) return Fail();
  return expressions_.Make(Op::kFunction, {inside}, Id(function));
}

// The argument of a command, an exponent or an index: a {group}, a sign and what follows, or one
// thing. With `one_digit` a number gives only its first digit, as in \frac12.
NodeId ParserState::ParseArgument(bool one_digit) {
  const Level level(*this);
  if (failed_) return kNoNode;
  if (At('{')) return ParseBraces();
  if (At('-')) {
    ++at_;
    const NodeId operand = ParseArgument(one_digit);
    return failed_ ? kNoNode : expressions_.Make(Op::kNegate, {operand});
  }
  const Token& token = Peek();
  const size_t left = token.text.size() - std::min(digits_taken_, token.text.size());
  if (one_digit && token.kind == TokenKind::kNumber && token.decimals < 0 && left > 0 &&
      token.text.size() > 1) {
    const NodeId digit = expressions_.Literal(Rational(token.text[digits_taken_] - '0'), -1);
    if (++digits_taken_ == token.text.size()) {
      digits_taken_ = 0;
      ++at_;
    }
    return digit;
  }
  return ParsePrimary();
}

// An environment: a matrix, or the rows of cases and aligned formulas as a list.
NodeId ParserState::ParseMatrix(const std::string& environment) {
  const Level level(*this);
  if (failed_) return kNoNode;
  const bool array = environment.starts_with("array");
  if (array && At('{')) TakeRawGroup();
  const bool matrix = array || environment.find("matrix") != std::string::npos;
  if (!matrix) {
    // Each row by itself, without its alignment marks.
    std::vector<NodeId> rows;
    std::vector<Token> row;
    for (int depth = 0; !At(TokenKind::kEnd); ++at_) {
      if (At(Structure::kEnd) && depth == 0) break;
      depth += At(Structure::kBegin) ? 1 : At(Structure::kEnd) ? -1 : 0;
      const bool ends = At(TokenKind::kRow) && depth == 0;
      if (!ends && !(At(TokenKind::kColumn) && depth == 0)) row.push_back(Peek());
      if ((ends || (At(Structure::kEnd, 1) && depth == 0)) && !row.empty()) {
        row.push_back({});
        ParserState state(row, expressions_);
        state.depth_ = depth_;
        rows.push_back(state.ParseAll());
        if (rows.back() == kNoNode) return Fail();
        row.clear();
      }
    }
    if (rows.empty() || !At(Structure::kEnd)) return Fail();
    ++at_;
    return rows.size() == 1 ? rows[0] : expressions_.Make(Op::kList, rows);
  }
  std::vector<NodeId> cells;
  size_t columns = 0;
  size_t row_begin = 0;
  const Context outer = std::exchange(context_, {});
  while (!failed_) {
    cells.push_back(ParseItem());
    if (failed_ || Take(TokenKind::kColumn)) continue;
    const bool last = !Take(TokenKind::kRow) || At(Structure::kEnd);
    if (columns == 0) columns = cells.size();
    if (cells.size() - row_begin != columns) return Fail();
    row_begin = cells.size();
    if (last) break;
  }
  context_ = outer;
  if (failed_ || !At(Structure::kEnd) || columns > 255) return Fail();
  ++at_;
  const NodeId result = expressions_.Make(Op::kMatrix, cells, static_cast<uint8_t>(columns));
  const bool determinant = environment == "vmatrix";
  return determinant ? expressions_.Make(Op::kFunction, {result}, Id(Function::kDeterminant))
                     : result;
}

}  // namespace rationale
