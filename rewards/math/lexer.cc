// Lexer: see lexer.h.

#include "rewards/math/lexer.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "rewards/math/commands.h"
#include "rewards/math/normalise.h"
#include "rewards/math/number_words.h"
#include "rewards/math/numeral.h"
#include "rewards/sections.h"
#include "rewards/utf8.h"

namespace rationale {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
// Does an accented Latin letter begin with this byte?
bool IsLatin(char c) {
  return static_cast<unsigned char>(c) >= 0xC3 && static_cast<unsigned char>(c) <= 0xC9;
}
bool IsUpper(char c) {
  return c >= 'A' && c <= 'Z';
}

// The words of a \text{...} that join answers.
bool IsConnective(std::string_view word) {
  constexpr std::array<std::string_view, 14> kWords = {
      "and", "or", "und", "oder", "et", "ou", "y", "o", "e", "и", "или", "dan", "atau", "na"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

class Lexer {
 public:
  Lexer(std::string_view text, CommaReading commas) : text_(text), commas_(commas) {}

  LexedText Run() {
    while (at_ < text_.size() && !result_.too_long) Step();
    if (result_.too_long) result_.tokens.clear();
    result_.tokens.push_back({.kind = TokenKind::kEnd, .space_before = space_});
    return std::move(result_);
  }

 private:
  std::string_view Rest() const { return text_.substr(at_); }
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void Emit(TokenKind kind, uint8_t id = 0, std::string_view text = {}) {
    if (result_.tokens.size() >= kMaxTokens) result_.too_long = true;
    if (result_.too_long) return;
    result_.tokens.push_back({.kind = kind,
                              .id = id,
                              .space_before = space_,
                              .command_before = command_space_,
                              .text = std::string(text)});
    space_ = false;
    command_space_ = false;
  }

  void Punctuate(char c) { Emit(TokenKind::kPunctuation, static_cast<uint8_t>(c)); }

  void Step() {
    const char c = Peek();
    if (IsSpace(c) || c == '~' || c == '$' || c == '"') {
      space_ = true;
      command_space_ |= c == '~';
      ++at_;
    } else if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) {
      TakeNumber();
    } else if (c == '\\') {
      TakeCommand();
    } else if (IsLetter(c) || static_cast<unsigned char>(c) >= 0x80) {
      TakeLetters();
    } else {
      TakePunctuation();
    }
  }

  void TakeNumber() {
    Numeral numeral = ScanNumeral(text_, at_, commas_, depth_ > 0);
    if (numeral.digits.size() > kMaxDigits) result_.too_long = true;
    Emit(TokenKind::kNumber, 0, numeral.digits);
    if (result_.too_long) return;
    result_.tokens.back().decimals = numeral.decimals;
    result_.tokens.back().exponent = numeral.exponent;
    result_.tokens.back().repeating = std::move(numeral.repeating);
    result_.ambiguous_comma |= numeral.ambiguous_comma;
    result_.decimal_commas += numeral.decimal_comma ? 1 : 0;
    at_ += numeral.length;
  }

  // What '<', '>', '!', ':' or '=' begins; `c` has been taken.
  void TakeRelation(char c) {
    const auto two = [&](char second) {
      if (Peek() != second) return false;
      ++at_;
      return true;
    };
    switch (c) {
      case '<':
        if (two('=')) return Emit(TokenKind::kRelation, Id(Relation::kLessEqual));
        if (two('>')) return Emit(TokenKind::kRelation, Id(Relation::kNotEqual));
        return Emit(TokenKind::kRelation, Id(Relation::kLess));
      case '>':
        return Emit(TokenKind::kRelation,
                    two('=') ? Id(Relation::kGreaterEqual) : Id(Relation::kGreater));
      case '!':
        if (two('=')) return Emit(TokenKind::kRelation, Id(Relation::kNotEqual));
        return Punctuate('!');
      case ':':
        if (two('=')) return Emit(TokenKind::kRelation, Id(Relation::kEqual));
        return Punctuate(':');
      default:
        if (two('>')) return Emit(TokenKind::kRelation, Id(Relation::kArrow));
        two('=');
        return Emit(TokenKind::kRelation, Id(Relation::kEqual));
    }
  }

  void TakePunctuation() {
    const char c = Peek();
    ++at_;
    switch (c) {
      case '<':
      case '>':
      case '!':
      case ':':
      case '=':
        return TakeRelation(c);
      case '*':
        if (Peek() == '*') {
          // Markdown's bold at either end of an answer, or Python's power.
          ++at_;
          const bool power = !result_.tokens.empty() && (IsDigit(Peek()) || IsLetter(Peek()) ||
                                                         Peek() == '(' || Peek() == '-');
          return power ? Punctuate('^') : void();
        }
        return Punctuate('*');
      case '|':
        return Emit(TokenKind::kBar);
      case '&':
        return Emit(TokenKind::kColumn);
      case '.':
        if (Rest().starts_with("..")) {
          at_ += 2;
          return Emit(TokenKind::kDots);
        }
        space_ = true;  // a full stop
        return;
      case '(':
      case '[':
        ++depth_;
        return Punctuate(c);
      case ')':
      case ']':
        depth_ = std::max(0, depth_ - 1);
        return Punctuate(c);
      case '{':
        if (Rest().starts_with(",}")) {  // not between digits: a plain comma
          at_ += 2;
          return Punctuate(',');
        }
        return Punctuate('{');
      case '+':
        if (Rest().starts_with("/-")) {
          at_ += 2;
          return Emit(TokenKind::kPlusMinus);
        }
        return Punctuate('+');
      case '^':
      case '_':
      case '}':
      case ',':
      case ';':
      case '-':
      case '/':
      case '\'':
      case '%':
        return Punctuate(c);
      default:
        space_ = true;  // '#', '?', '@', '`': nothing in mathematics
    }
  }

  void TakeCommand() {
    ++at_;
    const char c = Peek();
    if (IsLetter(c)) return TakeNamedCommand();
    if (c == '\\') {
      // A new row; outside an environment, a backslash that was escaped twice.
      if (environments_ == 0 && (IsLetter(Peek(1)) || Peek(1) == '(' || Peek(1) == '[')) return;
      ++at_;
      if (environments_ > 0) return Emit(TokenKind::kRow);
      space_ = true;
      return;
    }
    if (at_ < text_.size()) ++at_;
    switch (c) {
      case '{':
        ++depth_;
        return Emit(TokenKind::kSetOpen);
      case '}':
        depth_ = std::max(0, depth_ - 1);
        return Emit(TokenKind::kSetClose);
      case '%':
        return Punctuate('%');
      case '|':
        return Emit(TokenKind::kNorm);
      case '$':
        return Emit(TokenKind::kUnit, 0, "$");
      default:
        space_ = true;  // \, \; \! \: \( \[ and the like
    }
  }

  // The text of the {group} (or the single character) behind a command, with at_ moved behind it.
  std::string_view TakeGroup() {
    while (IsSpace(Peek())) ++at_;
    if (Peek() != '{') {
      const std::string_view one = Rest().substr(0, 1);
      at_ += one.size();
      return one;
    }
    const size_t begin = at_ + 1;
    int depth = 0;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '{') {
        ++depth;
      } else if (text_[at_] == '}' && --depth == 0) {
        ++at_;
        return text_.substr(begin, at_ - 1 - begin);
      }
    }
    at_ = text_.size();
    return text_.substr(std::min(begin, text_.size()));
  }

  void TakeNamedCommand() {
    size_t length = 0;
    while (at_ + length < text_.size() && IsLetter(text_[at_ + length])) ++length;
    std::string_view name = Rest().substr(0, length);
    const Command* command = FindCommand(name);
    // "\quadx" and "\vertx": a known command with letters glued to it.
    for (size_t shorter = length; command == nullptr && shorter > 3;)
      command = FindCommand(name.substr(0, --shorter));
    if (command != nullptr) name = command->name;
    at_ += name.size();
    if (command == nullptr) return Emit(TokenKind::kSymbol, 0, name);
    if (name == "vec" || name == "hat" || name == "overrightarrow") {
      // i, j and k are unit vectors with an arrow or without.
      for (const std::string_view unit : {"{i}", "{j}", "{k}"}) {
        if (Rest().starts_with(unit)) return;
      }
    }
    switch (command->action) {
      case CommandAction::kToken:
        return EmitCommand(*command);
      case CommandAction::kSymbol:
        return Emit(TokenKind::kSymbol, 0, name);
      case CommandAction::kSkip:
        space_ = true;
        return;
      case CommandAction::kSkipGroup:
        TakeGroup();
        return;
      case CommandAction::kDelimiter:
        while (IsSpace(Peek())) ++at_;
        if (Peek() == '.') ++at_;
        return;
      case CommandAction::kText:
        return TakeText(TakeGroup());
      case CommandAction::kUpright:
        return TakeUpright(TakeGroup());
      case CommandAction::kNumberSet:
        return Emit(TokenKind::kNumberSet, 0, Trim(TakeGroup()));
    }
  }

  void EmitCommand(const Command& command) {
    if (command.kind == TokenKind::kStructure) {
      const auto structure = static_cast<Structure>(command.id);
      if (structure == Structure::kBegin) ++environments_;
      if (structure == Structure::kEnd) environments_ = std::max(0, environments_ - 1);
      if (structure == Structure::kBegin || structure == Structure::kEnd ||
          structure == Structure::kOperatorName || structure == Structure::kVariable) {
        if (Peek() == '*') ++at_;
        const std::string_view group = Trim(TakeGroup());
        if (structure == Structure::kOperatorName) return TakeUpright(group);
        if (structure == Structure::kVariable) return Emit(TokenKind::kSymbol, 0, group);
        return Emit(TokenKind::kStructure, command.id, group);
      }
    }
    if (command.kind == TokenKind::kSetOpen) ++depth_;
    if (command.kind == TokenKind::kSetClose) depth_ = std::max(0, depth_ - 1);
    Emit(command.kind, command.id,
         command.kind == TokenKind::kUnit ? command.name : std::string_view());
  }

  // \mathrm{...} and \operatorname{...}.
  void TakeUpright(std::string_view group) {
    const std::string_view name = Trim(group);
    const Command* command = FindCommand(name);
    if (command != nullptr && command->kind == TokenKind::kFunction) return EmitCommand(*command);
    if (FindName(name) != nullptr) return EmitCommand(*FindName(name));
    if (name.size() == 1) return TakeLetterRun(name);
    TakeText(group);
  }

  // The content of \text{...}: a formula if it begins like one, connectives, or words.
  void TakeText(std::string_view group) {
    const std::string_view content = Trim(group);
    if (content.empty()) {
      space_ = true;
      return;
    }
    const bool formula = IsDigit(content[0]) || content[0] == '\\' || content[0] == '$' ||
                         (content[0] == '-' && content.size() > 1 && IsDigit(content[1])) ||
                         BeginsWithNumberWord(content);
    if (formula && text_depth_ < 4) return TakeNested(content);
    bool words = false;
    size_t begin = 0;
    while (begin < content.size()) {
      const size_t end = std::min(content.find_first_of(" ,;", begin), content.size());
      const std::string_view word = content.substr(begin, end - begin);
      if (IsConnective(word) && content.size() < 60) {
        const bool both = word == "and" || word == "und" || word == "et" || word == "y";
        return Emit(TokenKind::kAnd, both ? 1 : 0);
      }
      words |= !word.empty();
      begin = end + 1;
    }
    if (!words) return Punctuate(',');
    if (content == ":" || content == "to") return Punctuate(':');
    const Command* name = FindName(content);
    if (name != nullptr &&
        (name->kind == TokenKind::kPunctuation || name->kind == TokenKind::kDegree ||
         name->kind == TokenKind::kConstant || content == "cis"))
      return EmitCommand(*name);
    Emit(TokenKind::kText, 0, content);
  }

  void TakeNested(std::string_view content) {
    const auto outer = std::pair(text_, at_);
    text_ = content;
    at_ = 0;
    ++text_depth_;
    while (at_ < text_.size() && !result_.too_long) Step();
    --text_depth_;
    std::tie(text_, at_) = outer;
  }

  bool Behind(TokenKind kind) const {
    return !result_.tokens.empty() && result_.tokens.back().kind == kind;
  }

  // Does a number in words begin the text, or a word that multiplies what stands before it?
  bool BeginsWithNumberWord(std::string_view content) const {
    if (Behind(TokenKind::kNumber))
      return MultiplierOf(content.substr(0, content.find(' '))).has_value();
    return ReadNumberWords(content).has_value();
  }

  void TakeLetters() {
    // Behind a number or a word it says what was counted: "12 sequences of three letters".
    const bool apart = !Behind(TokenKind::kNumber) && !Behind(TokenKind::kWord);
    if (const auto number = apart ? ReadNumberWords(Rest()) : std::nullopt) {
      const std::string_view words = Rest().substr(0, number->length);
      at_ += number->length;
      // "42 (forty-two)" says it again.
      const size_t count = result_.tokens.size();
      const bool again = count > 1 && result_.tokens[count - 1].id == '(' &&
                         result_.tokens[count - 2].kind == TokenKind::kNumber;
      return again ? Emit(TokenKind::kText, 0, words) : TakeNested(number->formula);
    }
    size_t end = at_;
    if (IsLetter(Peek()) || IsLatin(Peek())) {
      while (end < text_.size() && (IsLetter(text_[end]) || IsLatin(text_[end])))
        NextCodePoint(text_, end);
    } else {
      while (end < text_.size() && static_cast<unsigned char>(text_[end]) >= 0x80)
        NextCodePoint(text_, end);
    }
    const std::string_view run = Rest().substr(0, end - at_);
    at_ = end;
    TakeLetterRun(run);
  }

  void TakeLetterRun(std::string_view run) {
    if (run.size() == 1) {
      if (run == "e") return Emit(TokenKind::kConstant, Id(Constant::kE));
      if (run == "i") return Emit(TokenKind::kConstant, Id(Constant::kI));
      return Emit(TokenKind::kSymbol, 0, run);
    }
    if (const Command* name = FindName(run)) {
      // "17 mod 5", unlike mod(17, 5), is what \bmod writes.
      const size_t next = std::min(Rest().find_first_not_of(' '), Rest().size());
      if (run == "mod" && !Rest().substr(next).starts_with('('))
        return Emit(TokenKind::kStructure, Id(Structure::kMod));
      if (run == "min" && Behind(TokenKind::kNumber))
        return Emit(TokenKind::kWord, 0, run);  // minutes
      return EmitCommand(*name);
    }
    // "sinx": a function with a variable glued to it. "1orW": a connective glued to what it joins.
    const std::string_view head = run.substr(0, run.size() - 1);
    if (const Command* name = FindName(head)) {
      const bool function = name->kind == TokenKind::kFunction && head.size() <= 3;
      const bool connective = name->kind == TokenKind::kAnd && IsUpper(run.back());
      if (function || connective) {
        EmitCommand(*name);
        return TakeLetterRun(run.substr(head.size()));
      }
    }
    // "5th" is 5, and "the 5th" too.
    const bool ending = run == "st" || run == "nd" || run == "rd" || run == "th";
    if (ending && !space_ && Behind(TokenKind::kNumber)) return;
    if (result_.tokens.empty() && (run == "the" || run == "The") && IsDigit(Peek(1))) return;
    // "2 to 3" is a ratio.
    if (run == "to" && Behind(TokenKind::kNumber) && IsDigit(Peek(1))) return Punctuate(':');
    Emit(TokenKind::kWord, 0, run);
  }

  std::string_view text_;
  CommaReading commas_;
  size_t at_ = 0;
  LexedText result_;
  bool space_ = false;
  bool command_space_ = false;
  int depth_ = 0;         // of round and square brackets and set braces
  int environments_ = 0;  // of \begin ... \end
  int text_depth_ = 0;    // of formulas inside \text
};

}  // namespace

LexedText Lex(std::string_view text, CommaReading commas) {
  const std::string plain = NormaliseMath(text);
  return Lexer(plain, commas).Run();
}

}  // namespace rationale
