// Parser: what stands behind a value, a unit or words that say what was counted.

#include <algorithm>
#include <cctype>

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
    return IsKnownUnit(word) ||
           (lower && token.space_before && word.size() > 2 &&
            (word.size() > 3 || word.find_first_of("aeiou") != std::string::npos));
  }
  return false;
}

// "5\\;m", "5m^2": a letter that is a unit, set apart or squared, with nothing behind it.
bool ParserState::AtUnitLetter() const {
  if (!At(TokenKind::kSymbol) || !IsKnownUnit(Peek().text)) return false;
  size_t ahead = 1;
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

// What stands behind a value and before the next separator: a unit, or words that say what was
// counted.
void ParserState::TakeUnit() {
  const bool words_before =
      tokens_[at_ - 1].kind == TokenKind::kWord && tokens_[at_ - 1].text.size() > 2;
  if ((!IsUnitWord(Peek()) && !AtUnitBracket() && !AtUnitLetter()) || words_before) {
    Fail();
    return;
  }
  std::string unit;
  int brackets = 0;
  int words = 0;
  while (!At(TokenKind::kEnd)) {
    if (brackets == 0 && AtItemEnd()) break;
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
      return;
    }
    ++at_;
  }
  if (unit_.empty()) unit_ = unit;
}

}  // namespace rationale
