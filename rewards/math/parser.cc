// Parser: answers, relations, sets, sums and terms; see parser_state.h for the grammar.

#include "rewards/math/parser.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "rewards/math/parser_state.h"
#include "rewards/math/units.h"

namespace rationale {
const Token& ParserState::Peek(size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

bool ParserState::At(char punctuation, size_t ahead) const {
  const Token& token = Peek(ahead);
  return token.kind == TokenKind::kPunctuation && token.id == static_cast<uint8_t>(punctuation);
}

bool ParserState::At(Structure structure, size_t ahead) const {
  const Token& token = Peek(ahead);
  return token.kind == TokenKind::kStructure && token.id == static_cast<uint8_t>(structure);
}

bool ParserState::Take(char punctuation) {
  if (!At(punctuation)) return false;
  ++at_;
  return true;
}

bool ParserState::Take(TokenKind kind) {
  if (!At(kind)) return false;
  ++at_;
  return true;
}

NodeId ParserState::Fail() {
  failed_ = true;
  at_ = tokens_.size() - 1;
  return kNoNode;
}

NodeId ParserState::TooLong() {
  too_long_ = true;
  return Fail();
}

NodeId ParserState::ParseAll() {
  const NodeId root = ParseGroups('\0');
  if (failed_ || !At(TokenKind::kEnd)) return kNoNode;
  return root;
}

// Items up to the closing bracket (not taken) or the end. Groups between semicolons are tuples if
// any has several items.
NodeId ParserState::ParseGroups(char close) {
  std::vector<std::vector<NodeId>> groups = {ParseItems(close)};
  while (!failed_ && Take(';')) {
    if (At(TokenKind::kEnd) || (close != '\0' && At(close))) break;
    groups.push_back(ParseItems(close));
  }
  if (failed_) return kNoNode;
  std::vector<NodeId> items;
  const bool several =
      groups.size() > 1 &&
      std::any_of(groups.begin(), groups.end(), [](const auto& group) { return group.size() > 1; });
  for (auto& group : groups) {
    if (several && group.size() > 1) {
      items.push_back(expressions_.Make(Op::kTuple, group));
    } else {
      items.insert(items.end(), group.begin(), group.end());
    }
  }
  if (items.empty()) return Fail();
  return items.size() == 1 ? items[0] : expressions_.Make(Op::kList, items, ListId(items));
}

// A condition on numbers: an inequality, or several that were joined.
bool ParserState::IsCondition(NodeId node) const {
  const Node& n = expressions_[node];
  const auto children = expressions_.Children(node);
  const bool joined = n.op == Op::kUnion || n.op == Op::kIntersection || n.op == Op::kList;
  if (!joined) return n.op == Op::kChain || IsInequality(n);
  return std::all_of(children.begin(), children.end(),
                     [&](NodeId child) { return IsCondition(child); });
}

// 1 for conditions that all hold: joined by "and" or a comma, not by "or".
uint8_t ParserState::ListId(const std::vector<NodeId>& items) const {
  const bool conditions =
      std::all_of(items.begin(), items.end(), [&](NodeId item) { return IsCondition(item); });
  return conditions && joints_.find('o') == std::string::npos ? 1 : 0;
}

// "a and b or c", "(a or b) and c": conditions joined in both ways, "and" before "or", as one.
void ParserState::JoinConditions(std::vector<NodeId>& items) {
  const bool conditions =
      std::all_of(items.begin(), items.end(), [&](NodeId item) { return IsCondition(item); });
  const bool nested = std::any_of(items.begin(), items.end(), [&](NodeId item) {
    const Op op = expressions_[item].op;
    return op != Op::kRelation && op != Op::kChain;
  });
  const bool mixed =
      joints_.find('o') != std::string::npos && joints_.find_first_not_of('o') != std::string::npos;
  if (items.size() < 2 || !conditions || !(nested || mixed)) return;
  NodeId any = kNoNode;
  NodeId all = items[0];
  for (size_t i = 1; i < items.size(); ++i) {
    if (joints_[i - 1] == 'o') {
      any = any == kNoNode ? all : expressions_.Make(Op::kUnion, {any, all});
      all = items[i];
    } else {
      all = expressions_.Make(Op::kIntersection, {all, items[i]});
    }
  }
  items = {any == kNoNode ? all : expressions_.Make(Op::kUnion, {any, all})};
}

std::vector<NodeId> ParserState::ParseItems(char close) {
  const Level level(*this);
  std::vector<NodeId> items;
  std::string joints;
  while (!failed_) {
    const NodeId item = ParseItem();
    if (failed_) break;
    items.push_back(item);
    char joint = AtDomain() ? ',' : '\0';
    while (At(',') || At(TokenKind::kAnd)) {
      joint = At(',') ? std::max(joint, ',') : Peek().id == 1 ? 'a' : 'o';
      ++at_;
    }
    if (joint == '\0' || At(TokenKind::kEnd) || At(';') || (close != '\0' && At(close))) break;
    joints += joint;
  }
  joints_ = joints;
  if (failed_) return items;
  CarryNames(items);
  JoinConditions(items);
  JoinAssignments(items);
  return items;
}

// "x = 1 and y = 2 or x = 3 and y = 4": pairs of values, each in the order of the names.
void ParserState::JoinAssignments(std::vector<NodeId>& items) {
  const auto name = [&](NodeId item) {
    const Node& n = expressions_[item];
    const bool assigns = n.op == Op::kRelation && n.id == static_cast<uint8_t>(Relation::kEqual) &&
                         expressions_[expressions_.Child(item)].op == Op::kSymbol;
    return assigns ? expressions_.Name(expressions_.Child(item)) : "";
  };
  const bool mixed =
      joints_.find('o') != std::string::npos && joints_.find_first_not_of('o') != std::string::npos;
  if (!mixed || items.size() <= joints_.size()) return;
  std::vector<std::vector<NodeId>> groups(1);
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0 && joints_[i - 1] == 'o') groups.emplace_back();
    const bool again = std::any_of(groups.back().begin(), groups.back().end(),
                                   [&](NodeId item) { return name(item) == name(items[i]); });
    if (name(items[i]).empty() || again) return;
    groups.back().push_back(items[i]);
  }
  items.clear();
  for (auto& group : groups) {
    std::sort(group.begin(), group.end(), [&](NodeId a, NodeId b) { return name(a) < name(b); });
    items.push_back(group.size() == 1 ? group[0] : expressions_.Make(Op::kTuple, group));
  }
}

// "(k ∈ Z)" behind a value: what a parameter in it is.
bool ParserState::AtDomain() const {
  return At('(') && Peek(1).kind == TokenKind::kSymbol && Peek(2).kind == TokenKind::kRelation &&
         Peek(2).id == static_cast<uint8_t>(Relation::kIn);
}

// "n = 1, 2, 3" names all three values n.
void ParserState::CarryNames(std::vector<NodeId>& items) {
  NodeId name = kNoNode;
  for (NodeId& item : items) {
    const Node node = expressions_[item];
    if (node.op == Op::kRelation && node.id == static_cast<uint8_t>(Relation::kEqual) &&
        IsName(expressions_, expressions_.Child(item, 0))) {
      name = expressions_.Child(item, 0);
    } else if (name != kNoNode && node.op != Op::kRelation && node.op != Op::kChain) {
      item = expressions_.Make(Op::kRelation, {name, item}, static_cast<uint8_t>(Relation::kEqual));
    } else {
      name = kNoNode;
    }
  }
}

bool ParserState::AtItemEnd() const {
  switch (Peek().kind) {
    case TokenKind::kEnd:
    case TokenKind::kAnd:
    case TokenKind::kSetClose:
    case TokenKind::kAngleClose:
    case TokenKind::kColumn:
    case TokenKind::kRow:
      return true;
    case TokenKind::kBar:
      return context_.builder;
    case TokenKind::kPunctuation:
      return At(',') || At(';') || At('}') || At(')') || At(']') || AtDomain() ||
             (At(':') && context_.builder) || (At('[') && context_.outward);
    default:
      return At(Structure::kEnd) || At(Structure::kChoose) || At(Structure::kOver);
  }
}

NodeId ParserState::ParseItem() {
  const Level level(*this);
  if (failed_) return kNoNode;
  NodeId item = ParseSet();
  if (failed_) return kNoNode;
  if (At(TokenKind::kRelation)) item = ParseRelations(item);
  if (!failed_ && AtModulus()) item = ParseModulus(item);
  if (!failed_ && !AtItemEnd()) item = ParseUnits(item);
  return item;
}

// A relation, or a chain of them. What stands before "=>" is a step on the way and forgotten.
NodeId ParserState::ParseRelations(NodeId first) {
  std::vector<NodeId> relations;
  NodeId left = first;
  while (!failed_ && At(TokenKind::kRelation)) {
    const uint8_t id = Peek().id;
    ++at_;
    if (id == static_cast<uint8_t>(Relation::kArrow)) {
      relations.clear();
      left = ParseSet();
      continue;
    }
    const NodeId right = ParseSet();
    if (failed_) break;
    relations.push_back(expressions_.Make(Op::kRelation, {left, right}, id));
    left = right;
  }
  if (failed_) return kNoNode;
  if (relations.empty()) return left;
  return relations.size() == 1 ? relations[0] : expressions_.Make(Op::kChain, relations);
}

// "\pmod{7}", "(mod 7)"
bool ParserState::AtModulus() const {
  return At(Structure::kPmod) || (At('(') && At(Structure::kMod, 1));
}

// "n ≡ 3 (mod 7)" of "n ≡ 3" or "n = 3"; "3 (mod 7)" of 3, with an empty left side.
NodeId ParserState::ParseModulus(NodeId item) {
  const bool bracket = At('(');
  at_ += bracket ? 2 : 1;
  const NodeId modulus = bracket ? ParseSum() : ParseArgument(false);
  if (failed_ || (bracket && !Take(')'))) return Fail();
  const bool related = expressions_[item].op == Op::kRelation;
  const NodeId left = related ? expressions_.Child(item, 0) : expressions_.Named(Op::kText, "", {});
  const NodeId right = related ? expressions_.Child(item, 1) : item;
  return expressions_.Make(Op::kRelation, {left, right, modulus},
                           static_cast<uint8_t>(Relation::kCongruent));
}

NodeId ParserState::ParseSet() {
  const Level level(*this);
  NodeId left = ParseSum();
  while (!failed_ && At(TokenKind::kSetOperator)) {
    const auto set_operator = static_cast<SetOperator>(Peek().id);
    ++at_;
    const NodeId right = ParseSum();
    if (failed_) return kNoNode;
    const Op op = set_operator == SetOperator::kUnion          ? Op::kUnion
                  : set_operator == SetOperator::kIntersection ? Op::kIntersection
                                                               : Op::kDifference;
    left = expressions_.Make(op, {left, right});
  }
  return left;
}

NodeId ParserState::ParseSum() {
  const Level level(*this);
  if (failed_) return kNoNode;
  std::vector<NodeId> terms;
  if (At(TokenKind::kPlusMinus)) {
    const uint8_t id = Peek().id;
    ++at_;
    const NodeId term = ParseTerm();
    if (failed_) return kNoNode;
    terms.push_back(expressions_.Make(Op::kPlusMinus, {term}, id));
  } else {
    bool negative = false;
    while (At('-') || At('+')) negative ^= tokens_[at_++].id == '-';
    terms.push_back(ParseSignedTerm(negative));
  }
  while (!failed_) {
    if (At('+') || At('-')) {
      bool negative = false;
      while (At('-') || At('+')) negative ^= tokens_[at_++].id == '-';
      terms.push_back(ParseSignedTerm(negative));
    } else if (At(TokenKind::kPlusMinus)) {
      const uint8_t id = Peek().id;
      ++at_;
      const NodeId right = ParseTerm();
      if (failed_) return kNoNode;
      const NodeId left = terms.size() == 1 ? terms[0] : expressions_.Make(Op::kAdd, terms);
      terms = {expressions_.Make(Op::kPlusMinus, {left, right}, id)};
    } else {
      break;
    }
  }
  if (failed_) return kNoNode;
  return terms.size() == 1 ? terms[0] : expressions_.Make(Op::kAdd, terms);
}

// A term with its sign; "-1 mod 2" is (-1) mod 2.
NodeId ParserState::ParseSignedTerm(bool negative) {
  NodeId term = ParseTerm();
  if (!failed_ && negative) term = expressions_.Make(Op::kNegate, {term});
  for (int count = 0; !failed_ && At(Structure::kMod); ++count) {
    if (count > kMaxDepth) return TooLong();
    ++at_;
    const NodeId modulus = ParseTerm();
    if (!failed_)
      term =
          expressions_.Make(Op::kFunction, {term, modulus}, static_cast<uint8_t>(Function::kMod));
  }
  return failed_ ? kNoNode : term;
}

NodeId ParserState::Product(NodeId a, NodeId b) {
  if (failed_) return kNoNode;
  if (expressions_[a].op != Op::kMultiply || expressions_[a].parenthesised)
    return expressions_.Make(Op::kMultiply, {a, b});
  std::vector<NodeId> factors(expressions_.Children(a).begin(), expressions_.Children(a).end());
  factors.push_back(b);
  return expressions_.Make(Op::kMultiply, factors);
}

NodeId ParserState::ParseTerm() {
  const Level level(*this);
  NodeId term = ParseUnary();
  int divisions = 0;
  while (!failed_) {
    if (Take('*')) {
      term = Product(term, ParseUnary());
    } else if (At('/') && !IsUnitWord(Peek(1))) {
      ++at_;
      if (++divisions > kMaxDepth) return TooLong();
      const NodeId divisor = ParseUnary();
      if (!failed_) term = expressions_.Make(Op::kDivide, {term, divisor});
    } else if (At(':') && !context_.builder) {
      term = ParseRatio(term);
    } else if (StartsFactor()) {
      term = Product(term, ParseFactor());
    } else {
      break;
    }
  }
  return term;
}

// a : b is the quotient, a : b : c the tuple (1, b/a, c/a).
NodeId ParserState::ParseRatio(NodeId first) {
  std::vector<NodeId> terms = {first};
  while (!failed_ && Take(':')) terms.push_back(ParseUnary());
  if (failed_) return kNoNode;
  // "Area: 5" is labelled, not divided.
  const Node& label = expressions_[first];
  if (label.op == Op::kText || (label.op == Op::kSymbol && expressions_.Name(first).size() > 3 &&
                                expressions_.Name(first).find('_') == std::string::npos)) {
    return expressions_.Make(Op::kRelation, {first, terms.back()},
                             static_cast<uint8_t>(Relation::kEqual));
  }
  if (terms.size() == 2) return expressions_.Make(Op::kDivide, {terms[0], terms[1]});
  std::vector<NodeId> parts = {expressions_.Integer(1)};
  for (size_t i = 1; i < terms.size(); ++i)
    parts.push_back(expressions_.Make(Op::kDivide, {terms[i], first}));
  return expressions_.Make(Op::kTuple, parts);
}

NodeId ParserState::ParseUnary() {
  const Level level(*this);
  if (failed_) return kNoNode;
  if (At('-') || At('+')) {
    const bool negative = tokens_[at_++].id == '-';
    const NodeId operand = ParseUnary();
    return failed_ || !negative ? operand : expressions_.Make(Op::kNegate, {operand});
  }
  return ParseFactor();
}

// Does the next token multiply what stands before it?
bool ParserState::StartsFactor() const {
  const Token& token = Peek();
  // A long word stands for itself: "Answer 9" is no product.
  if (tokens_[at_ - 1].kind == TokenKind::kWord && tokens_[at_ - 1].text.size() > 3) return false;
  switch (token.kind) {
    case TokenKind::kSymbol:
      return !AtUnitLetter();
    case TokenKind::kWord:
      return !IsUnitWord(token);
    case TokenKind::kConstant:
    case TokenKind::kFunction:
    case TokenKind::kSetOpen:
    case TokenKind::kAngleOpen:
    case TokenKind::kFloorOpen:
    case TokenKind::kCeilOpen:
    case TokenKind::kDots:
      return true;
    case TokenKind::kNumber: {
      // "x2" is a product; "3 4" is none.
      const Token& before = tokens_[at_ - 1];
      return before.kind != TokenKind::kNumber;
    }
    case TokenKind::kBar:
      return token.id == 1 || (token.id == 0 && context_.bars == 0 && !context_.builder);
    case TokenKind::kStructure:
      return !At(Structure::kEnd) && !At(Structure::kMod) && !At(Structure::kPmod) &&
             !At(Structure::kChoose) && !At(Structure::kOver);
    case TokenKind::kPunctuation:
      if (At('(')) return !AtUnitBracket() && !AtModulus() && !AtDomain();
      return At('{') || (At('[') && !context_.outward);
    default:
      return false;
  }
}

bool IsName(const Expressions& expressions, NodeId node) {
  const auto all = [&](NodeId parent) {
    const auto children = expressions.Children(parent);
    return std::all_of(children.begin(), children.end(),
                       [&](NodeId child) { return IsName(expressions, child); });
  };
  switch (expressions[node].op) {
    case Op::kSymbol:
    case Op::kCall:
    case Op::kText:
      return true;
    case Op::kConstant:
      return expressions[node].id == static_cast<uint8_t>(Constant::kE) ||
             expressions[node].id == static_cast<uint8_t>(Constant::kI);
    case Op::kDivide: {
      // dy/dx too.
      const auto is_differential = [&](NodeId part) {
        const auto factors = expressions.Children(part);
        return expressions[part].op == Op::kMultiply && factors.size() == 2 &&
               expressions[factors[0]].op == Op::kSymbol && expressions.Name(factors[0]) == "d";
      };
      const auto children = expressions.Children(node);
      return all(node) || std::all_of(children.begin(), children.end(), is_differential);
    }
    case Op::kTuple:
    case Op::kAbs:
      return all(node);
    case Op::kFunction:
      return all(node);
    case Op::kMultiply: {
      // AB, or f(x) and f(2); "xy" and "3x" are values.
      const auto factors = expressions.Children(node);
      const auto is_capital = [&](NodeId factor) {
        return expressions[factor].op == Op::kSymbol &&
               std::isupper(static_cast<unsigned char>(expressions.Name(factor)[0])) != 0;
      };
      if (std::all_of(factors.begin(), factors.end(), is_capital)) return true;
      // f^{-1}(x) too.
      const NodeId head =
          expressions[factors[0]].op == Op::kPower ? expressions.Child(factors[0]) : factors[0];
      return factors.size() == 2 && expressions[head].op == Op::kSymbol &&
             expressions[factors[1]].parenthesised &&
             (IsName(expressions, factors[1]) || expressions[factors[1]].op == Op::kNumber);
    }
    default:
      return false;
  }
}

ParsedAnswer ParseAnswer(std::string_view text, Expressions& expressions, CommaReading commas) {
  ParsedAnswer answer;
  const LexedText lexed = Lex(text, commas);
  answer.ambiguous_comma = lexed.ambiguous_comma;
  answer.decimal_comma = lexed.decimal_commas == 1;
  answer.too_long = lexed.too_long;
  if (lexed.tokens.size() <= 1) return answer;
  ParserState state(lexed.tokens, expressions);
  answer.root = state.ParseAll();
  answer.unit = state.unit();
  answer.too_long |= state.too_long();
  return answer;
}

}  // namespace rationale
