// Parser: names, that is variables with their indices and accents, calls, combinations.

#include <algorithm>
#include <array>
#include <cctype>

#include "rewards/math/parser_state.h"

namespace rationale {
namespace {

template <class E>
constexpr uint8_t Id(E value) {
  return static_cast<uint8_t>(value);
}

}  // namespace

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

// A variable, a product of the letters of a short word, or a call.
NodeId ParserState::ParseName(std::string name, bool may_be_called) {
  const bool ascii =
      std::all_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x80; });
  const bool word = name.size() > 1 && ascii &&
                    std::isalpha(static_cast<unsigned char>(name[0])) != 0 &&
                    tokens_[at_ - 1].kind == TokenKind::kWord;
  // C_n^k is the number of combinations, as it is written in China, France and Russia.
  if (name == "C" && At('_')) {
    const size_t begin = at_;
    ++at_;
    const NodeId n = ParseArgument(true);
    if (!failed_ && Take('^')) {
      const NodeId k = ParseArgument(true);
      if (!failed_) return expressions_.Make(Op::kFunction, {n, k}, Id(Function::kBinomial));
    }
    if (failed_) return kNoNode;
    at_ = begin;
    digits_taken_ = 0;
  }
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

// \vec{AB}, \bar{z}: a variable of that name.
NodeId ParserState::ParseAccent(bool overline) {
  const std::string inside = TakeRawGroup();
  if (failed_ || inside.empty()) return Fail();
  return expressions_.Symbol((overline ? "\\bar " : "") + inside + TakeSubscript());
}

}  // namespace rationale
