// Parser: what stands behind a value, a unit or words that say what was counted.

#include <algorithm>
#include <cctype>

#include "rewards/math/number_words.h"
#include "rewards/math/parser_state.h"
#include "rewards/math/units.h"

namespace rationale {
namespace {

constexpr int kMaxUnitWords = 8;

}  // namespace

// Is this token what was counted or measured, rather than a variable?
bool ParserState::IsUnitWord(const Token& token) const {
  if (token.kind == TokenKind::kText || token.kind == TokenKind::kUnit) return true;
  if (token.kind == TokenKind::kWord) {
    const std::string& word = token.text;
    const bool lower = std::none_of(word.begin(), word.end(),
                                    [](unsigned char c) { return std::isupper(c) != 0; });
    const auto first = static_cast<unsigned char>(word[0]);
    // Scripts without spaces; in others, a word rather than a letter.
    const bool foreign = first >= 0xE0 || (first >= 0xD0 && word.size() >= 4);
    return IsKnownUnit(word) || foreign || (word == "of" && token.space_before) ||
           (lower && token.space_before && word.size() > 2 &&
            (word.size() > 3 || word.find_first_of("aeiou") != std::string::npos));
  }
  return false;
}

// "5\\;m", "5m^2", "2h 30min": a letter that is a unit, set apart or squared, with nothing behind
// it but a smaller part.
bool ParserState::AtUnitLetter() const {
  if (!At(TokenKind::kSymbol) || !IsKnownUnit(Peek().text)) return false;
  size_t ahead = 1;
  if (Peek(1).kind == TokenKind::kNumber && IsSmallerUnit(Peek().text, Peek(2))) return true;
  const bool power = At('^', ahead);
  if (power) {
    const Token& exponent = Peek(At('{', 2) ? 3 : 2);
    if (exponent.text != "2" && exponent.text != "3") return false;
    ahead += At('{', 2) ? 4 : 2;
  }
  const bool behind_number = tokens_[at_ - 1].kind == TokenKind::kNumber;
  if (!Peek().command_before && !(power && behind_number && Peek().text == "m")) return false;
  const TokenKind next = Peek(ahead).kind;
  return next == TokenKind::kEnd || next == TokenKind::kAnd || At(',', ahead) || At(';', ahead);
}

// "(apples)", "(gold stars)": a bracket of words alone, behind a space.
bool ParserState::AtUnitBracket() const {
  if (!At('(') || !Peek().space_before) return false;
  size_t ahead = 1;
  while (Peek(ahead).kind == TokenKind::kText ||
         (Peek(ahead).kind == TokenKind::kWord && Peek(ahead).text.size() > 1))
    ++ahead;
  return At(')', ahead) &&
         (ahead > 2 || (ahead == 2 && (Peek(1).text.size() > 2 || IsUnitWord(Peek(1)))));
}

// Is the token a unit of what the unit before it measures, but smaller?
bool ParserState::IsSmallerUnit(std::string_view unit, const Token& token) const {
  const auto larger = ReadUnit(unit);
  const auto smaller = larger ? ReadUnit(token.text) : std::nullopt;
  return smaller && smaller->dimension == larger->dimension &&
         fmpq_cmp(smaller->factor.get(), larger->factor.get()) < 0;
}

// "30 minutes", "and 30 minutes" behind "2 hours".
bool ParserState::AtSmallerUnit(std::string_view unit) const {
  const size_t ahead = At(',') || (At(TokenKind::kAnd) && Peek().id == 1) ? 1 : 0;
  return Peek(ahead).kind == TokenKind::kNumber && IsSmallerUnit(unit, Peek(ahead + 1));
}

// What stands behind a value and before the next separator: a unit, or words that say what was
// counted. "2 hours 30 minutes" is 150 of the last unit.
NodeId ParserState::ParseUnits(NodeId value) {
  std::string unit = TakeUnit();
  while (!failed_ && AtSmallerUnit(unit)) {
    if (!At(TokenKind::kNumber)) ++at_;
    const NodeId more = ParseNumber();
    const std::string smaller = Peek().text;
    ++at_;
    const auto from = ReadUnit(unit);
    const auto to = ReadUnit(smaller);
    if (failed_ || !from || !to) return Fail();
    Rational ratio;
    fmpq_div(ratio.get(), from->factor.get(), to->factor.get());
    const NodeId whole = expressions_.Make(Op::kMultiply, {value, expressions_.Number(ratio)});
    value = expressions_.Make(Op::kAdd, {whole, more});
    unit = smaller;
  }
  if (unit_.empty()) unit_ = unit;
  return failed_ ? kNoNode : value;
}

std::string ParserState::TakeUnit() {
  const Token& before = tokens_[at_ - 1];
  const bool words_before =
      before.kind == TokenKind::kWord && before.text.size() > 2 && !MultiplierOf(before.text);
  std::string unit;
  if ((!IsUnitWord(Peek()) && !AtUnitBracket() && !AtUnitLetter()) || words_before) {
    Fail();
    return unit;
  }
  int brackets = 0;
  int words = 0;
  while (!At(TokenKind::kEnd)) {
    if (brackets == 0 && (AtItemEnd() || (!unit.empty() && AtSmallerUnit(unit)))) break;
    const Token& token = Peek();
    if (At('(') || At('{')) ++brackets;
    if (At(')') || At('}')) --brackets;
    const bool exponent = token.kind == TokenKind::kNumber && unit.ends_with('^');
    const bool word = token.kind == TokenKind::kWord || token.kind == TokenKind::kSymbol ||
                      token.kind == TokenKind::kText || token.kind == TokenKind::kUnit;
    if (At('^') || At('/') || At('*') || At('-')) {
      unit += static_cast<char>(token.id);
    } else if (exponent || (word && ++words <= kMaxUnitWords)) {
      const bool apart = !unit.empty() && unit.back() != '^' && unit.back() != '/';
      if (apart && token.space_before) unit += ' ';
      unit += token.text;
    } else if (token.kind != TokenKind::kPunctuation) {
      Fail();
      break;
    }
    ++at_;
  }
  return unit;
}

// How many primes are next, "'" or "^{\\prime}".
int ParserState::TakePrimes() {
  const bool raised = At('^') && (At('\'', 1) || (At('{', 1) && At('\'', 2)));
  const bool group = raised && At('{', 1);
  at_ += group ? 2 : raised ? 1 : 0;
  int primes = 0;
  while (Take('\'')) ++primes;
  if (group && !Take('}')) Fail();
  return primes;
}

// What stands behind a degree sign: the scale of a temperature, or minutes and seconds of an angle.
NodeId ParserState::ParseDegrees(NodeId degrees) {
  const Token& token = Peek();
  const bool word = token.kind == TokenKind::kSymbol || token.kind == TokenKind::kWord ||
                    token.kind == TokenKind::kText;
  const bool celsius =
      word && (token.text == "C" || token.text == "Celsius" || token.text == "celsius");
  const bool fahrenheit =
      word && (token.text == "F" || token.text == "Fahrenheit" || token.text == "fahrenheit");
  if (celsius || fahrenheit) {
    ++at_;
    if (unit_.empty()) unit_ = celsius ? "°C" : "°F";
    return degrees;
  }
  std::vector<NodeId> parts = {degrees};
  for (const int64_t primes : {1, 2}) {
    const size_t begin = at_;
    const NodeId number = At(TokenKind::kNumber) ? ParseNumber() : kNoNode;
    if (failed_ || number == kNoNode || TakePrimes() != primes) {
      at_ = begin;
      continue;
    }
    const NodeId sixtieths = expressions_.Integer(primes == 1 ? 60 : 3600);
    parts.push_back(expressions_.Make(Op::kDivide, {number, sixtieths}));
  }
  if (failed_) return kNoNode;
  if (parts.size() > 1) degrees = expressions_.Make(Op::kAdd, parts);
  return expressions_.Make(Op::kDegrees, {degrees});
}

}  // namespace rationale
