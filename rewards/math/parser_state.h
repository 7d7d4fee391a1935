// ParserState: the recursive descent behind ParseAnswer. Internal to the parser's source files.
//
//   answer  = group { ";" group }
//   group   = item { ("," | "and" | "or") item }
//   item    = set { relation set } [ unit ]
//   set     = sum { ("∪" | "∩" | "\\") sum }
//   sum     = signed { ("+" | "-" | "±") signed }
//   signed  = [ "+" | "-" | "±" ] term { "mod" term }
//   term    = factor { [ "*" | "/" | ":" ] factor }
//   factor  = primary { "^" argument | "_" argument | "!" | "%" | "°" }

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rewards/math/expression.h"
#include "rewards/math/lexer.h"
#include "rewards/math/parser.h"

namespace rationale {

class ParserState {
 public:
  ParserState(const std::vector<Token>& tokens, Expressions& expressions)
      : tokens_(tokens), expressions_(expressions), first_node_(expressions.size()) {}

  // All tokens as one answer; kNoNode if they are none.
  NodeId ParseAll();

  const std::string& unit() const { return unit_; }
  bool too_long() const { return too_long_; }

 private:
  // Counts the nesting of the calls that hold one; fails the parse beyond kMaxDepth or kMaxNodes.
  class Level {
   public:
    explicit Level(ParserState& state) : state_(state) {
      if (++state.depth_ > kMaxDepth || state.expressions_.size() - state.first_node_ > kMaxNodes) {
        state.TooLong();
      }
    }
    ~Level() { --state_.depth_; }

   private:
    ParserState& state_;
  };

  // What the tokens between two brackets mean for those inside.
  struct Context {
    int bars = 0;          // open |...|
    bool builder = false;  // a bar or colon ends a set builder's element
    bool outward = false;  // an opening square bracket closes
  };

  // Tokens.
  const Token& Peek(size_t ahead = 0) const;
  bool At(TokenKind kind) const { return Peek().kind == kind; }
  bool At(char punctuation, size_t ahead = 0) const;
  bool At(Structure structure, size_t ahead = 0) const;
  bool Take(char punctuation);
  bool Take(TokenKind kind);
  NodeId Fail();
  NodeId TooLong();  // Fail() by a cap
  bool failed() const { return failed_; }

  // parser.cc: answers, items, sets, sums, terms.
  NodeId ParseGroups(char close);
  std::vector<NodeId> ParseItems(char close);
  NodeId ParseItem();
  NodeId ParseRelations(NodeId first);
  bool AtModulus() const;
  NodeId ParseModulus(NodeId item);
  bool AtItemEnd() const;
  NodeId ParseSet();
  NodeId ParseSum();
  NodeId ParseSignedTerm(bool negative);
  NodeId ParseTerm();
  NodeId ParseRatio(NodeId first);
  NodeId ParseUnary();
  bool StartsFactor() const;
  NodeId Product(NodeId a, NodeId b);
  bool IsCondition(NodeId node) const;
  uint8_t ListId(const std::vector<NodeId>& items) const;
  void JoinConditions(std::vector<NodeId>& items);
  void JoinAssignments(std::vector<NodeId>& items);
  bool AtDomain() const;
  void CarryNames(std::vector<NodeId>& items);

  // parser_unit.cc: units.
  NodeId ParseUnits(NodeId value);
  std::string TakeUnit();
  bool IsSmallerUnit(std::string_view unit, const Token& token) const;
  bool AtSmallerUnit(std::string_view unit) const;
  NodeId ParseDegrees(NodeId degrees);
  int TakePrimes();
  bool IsUnitWord(const Token& token) const;
  bool AtUnitBracket() const;
  bool AtUnitLetter() const;

  // parser_factor.cc, parser_name.cc, parser_brackets.cc: factors.
  NodeId ParseFactor();
  NodeId ParsePostfix(NodeId base);
  bool AtMultiplier(NodeId base) const;
  bool AtChosenNumber() const;
  NodeId ParsePrimary();
  NodeId ParseNumber();
  NodeId ParseRepeating(const Token& number);
  NodeId Repeating(const Token& number, const std::string& repeating);
  NodeId ParseMixed(NodeId whole);
  NodeId ParseName(std::string name, bool may_be_called);
  NodeId ParseCombinations(const std::string& name);
  NodeId ParsePrescript();
  bool AtPoint() const;
  bool AtComplexNumber() const;
  NodeId ParseFunction();
  NodeId ParseFunctionArgument();
  NodeId ParseStructure();
  NodeId ParseBigOperator(Structure structure);
  NodeId ParseMatrix(const std::string& environment);
  NodeId ParseBrackets();
  NodeId ParseOutwardInterval();
  NodeId ParseSetBraces();
  bool AtBuilder(const std::vector<NodeId>& items) const;
  NodeId ParseBuilder(NodeId element, char close);
  NodeId ParseBar();
  NodeId ParseEnclosed(TokenKind close, Function function);
  NodeId ParseBraces();
  NodeId ParseArgument(bool one_digit);
  NodeId ParseAccent(bool overline);
  std::string TakeSubscript();
  std::string TakeRawGroup();
  std::vector<NodeId> ParseArguments(char close);

  const std::vector<Token>& tokens_;
  Expressions& expressions_;
  size_t first_node_;
  size_t at_ = 0;
  size_t digits_taken_ = 0;  // of the number token at at_, by an argument of one digit
  int depth_ = 0;
  std::string joints_;  // between the items that were read last: ',', 'a' for "and", 'o' for "or"
  bool failed_ = false;
  bool too_long_ = false;
  Context context_;
  std::string unit_;
};

// "f", "x_1", "\text{Area}", "AB", "f(x)", "|AB|", "\frac{AB}{CD}", "(x, y)", "\sin A": what may
// stand before "=" as the name of the value behind it.
bool IsName(const Expressions& expressions, NodeId node);

}  // namespace rationale
