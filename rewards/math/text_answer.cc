// TextAnswer: see text_answer.h.

#include "rewards/math/text_answer.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "rewards/math/commands.h"
#include "rewards/sections.h"

namespace rationale {
namespace {

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c;
}

// Commands that say how words look and nothing else.
bool IsLayout(std::string_view command) {
  constexpr std::array<std::string_view, 15> kLayout = {
      "text",   "textbf", "textit", "textrm", "textnormal", "mbox",  "mathrm",      "mathbf",
      "textsf", "left",   "right",  "quad",   "boxed",      "qquad", "displaystyle"};
  return std::find(kLayout.begin(), kLayout.end(), command) != kLayout.end();
}

size_t LettersFrom(std::string_view text, size_t at) {
  const size_t begin = at;
  while (at < text.size() && IsLetter(text[at])) ++at;
  return at - begin;
}

// What stands in a text beside its words.
struct Contents {
  bool no = false;       // the word "no"
  bool formula = false;  // braces hold arguments
  size_t word = 0;       // the letters of the longest that is no function's name

  // Short runs of letters in a formula are products.
  bool HasWords() const { return no || word > (formula ? 4 : 2); }
};

Contents Survey(std::string_view text) {
  Contents contents;
  for (size_t i = 0; i < text.size();) {
    const bool command = text[i] == '\\';
    const size_t length = LettersFrom(text, i + (command ? 1 : 0));
    const std::string_view run = text.substr(i + (command ? 1 : 0), length);
    if (command) {
      contents.formula |= length > 0 && !IsLayout(run);
      i += std::max<size_t>(length + 1, 2);
    } else if (length > 0) {
      if (FindName(run) == nullptr) contents.word = std::max(contents.word, length);
      contents.no |= length == 2 && Lower(run[0]) == 'n' && Lower(run[1]) == 'o';
      i += length;
    } else {
      contents.formula |= text[i] == '^' || text[i] == '_';
      ++i;
    }
  }
  return contents;
}

// `text` without layout: one space between words, braces only where they hold arguments, no
// punctuation at the ends.
std::string WithoutLayout(std::string_view text, const Contents& contents, bool fold_case) {
  std::string plain;
  std::vector<bool> kept;  // of each open brace: does it stand in the result?
  bool layout = false;     // directly before
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool behind_layout = std::exchange(layout, false);
    if (c == '\\' && i + 1 < text.size()) {
      const size_t length = LettersFrom(text, i + 1);
      const std::string_view command = text.substr(i + 1, length);
      if (length == 0) {
        plain += text[i + 1] == '%' ? '%' : ' ';
        ++i;
        continue;
      }
      layout = IsLayout(command);
      if (!layout) plain.append(text.substr(i, length + 1));
      i += length;
    } else if (c == '{') {
      kept.push_back(contents.formula && !behind_layout);
      if (kept.back()) plain += c;
    } else if (c == '}') {
      if (!kept.empty() && kept.back()) plain += c;
      if (!kept.empty()) kept.pop_back();
    } else if (c == '~') {
      plain += ' ';
    } else if (c != '$' && c != '*' && c != '"' && c != '`') {
      plain += fold_case ? Lower(c) : c;
    }
  }
  std::string result;
  for (const char c : plain) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!space) {
      result += c;
    } else if (!result.empty() && result.back() != ' ') {
      result += ' ';
    }
  }
  const auto ends_idly = [&] {
    if (result.empty() || result.ends_with("...")) return false;
    if (result.back() == '!') return contents.HasWords();  // of a formula it is a factorial
    return std::string_view(" .,;:").find(result.back()) != std::string_view::npos;
  };
  while (ends_idly()) result.pop_back();
  return result;
}

}  // namespace

std::string PlainText(std::string_view text) {
  return WithoutLayout(text, Survey(text), true);
}

bool SameWords(std::string_view a, std::string_view b) {
  const Contents of_a = Survey(a);
  const Contents of_b = Survey(b);
  const bool fold_case = of_a.HasWords() && of_b.HasWords();
  const std::string words = WithoutLayout(a, of_a, fold_case);
  return !words.empty() && words == WithoutLayout(b, of_b, fold_case);
}

std::optional<char> ChoiceLetter(std::string_view text) {
  const std::string lower = PlainText(text);
  std::string_view plain = lower;
  for (const std::string_view word : {"option ", "choice ", "answer ", "answer: "}) {
    if (plain.starts_with(word)) plain = Trim(plain.substr(word.size()));
  }
  const bool bracket = plain.starts_with('(');
  if (bracket) plain = Trim(plain.substr(1));
  if (plain.empty() || !IsLetter(plain[0])) return std::nullopt;
  const char letter = static_cast<char>(plain[0] + 'A' - 'a');
  plain = plain.substr(1);
  if (plain.empty()) return bracket ? std::nullopt : std::optional(letter);
  const std::string_view rest = Trim(plain);
  if (rest.empty()) return std::nullopt;
  // "(a) 3, (b) 4" answers two questions.
  for (size_t i = 0; i + 2 < rest.size(); ++i) {
    if (rest[i] == '(' && IsLetter(rest[i + 1]) && rest[i + 2] == ')') return std::nullopt;
  }
  const char next = rest[0];
  if (bracket) return next == ')' ? std::optional(letter) : std::nullopt;
  if (next == ')' || next == '.' || next == ':') return letter;
  return std::nullopt;
}

std::string_view BehindChoice(std::string_view text) {
  const auto take = [&](std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
  };
  bool group = false;
  for (const std::string_view layout : {"\\textbf{", "\\text{", "\\mathbf{", "\\mathrm{"})
    group |= take(layout);
  const bool bracket = take("(");
  if (text.size() < 3 || text[0] < 'A' || text[0] > 'J') return {};
  text.remove_prefix(1);
  if (!(take(")") || (!bracket && take(".")))) return {};
  if (group) take("}");
  const size_t apart = text.size();
  while (take(" ") || take("~") || take("\\ ") || take("\\quad") || take("\\;") || take("}")) {
  }
  return text.size() < apart ? text : std::string_view();
}

std::string ChoiceLetters(std::string_view text) {
  constexpr size_t kLongest = 60;
  if (text.size() > kLongest) return "";
  std::string letters;
  bool again = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t length = LettersFrom(text, i);
    const std::string_view run = text.substr(i, length);
    if (length == 0) {
      if (std::string_view(" ,;()&").find(text[i]) == std::string_view::npos) return "";
      continue;
    }
    i += length - 1;
    if (run == "and") continue;
    for (const char c : run) {
      if (c < 'A' || c > 'J') return "";
      again |= letters.find(c) != std::string::npos;
      letters += c;
    }
  }
  std::sort(letters.begin(), letters.end());
  return letters.size() > 1 && !again ? letters : "";
}

bool SaysUndefined(std::string_view text) {
  constexpr size_t kLongest = 64;
  if (text.size() > kLongest) return false;
  const std::string plain = PlainText(text);
  constexpr std::array<std::string_view, 6> kForms = {
      "dne",         "does not exist",           "undefined",
      "not defined", "the limit does not exist", "limit does not exist"};
  return std::find(kForms.begin(), kForms.end(), plain) != kForms.end();
}

bool SaysNoSolution(std::string_view text) {
  constexpr size_t kLongest = 64;
  if (text.size() > kLongest) return false;
  std::string plain = PlainText(text);
  for (const std::string_view opening : {"there are ", "there is ", "the "}) {
    if (plain.starts_with(opening)) plain.erase(0, opening.size());
  }
  constexpr std::array<std::string_view, 14> kForms = {"no solution",
                                                       "no solutions",
                                                       "no real solution",
                                                       "no real solutions",
                                                       "none",
                                                       "empty set",
                                                       "无解",
                                                       "无实数解",
                                                       "解なし",
                                                       "нет решений",
                                                       "keine lösung",
                                                       "pas de solution",
                                                       "aucune solution",
                                                       "sin solución"};
  return std::find(kForms.begin(), kForms.end(), plain) != kForms.end();
}

std::string UnwrapPrintedList(std::string_view text) {
  const std::string_view trimmed = Trim(text);
  const bool list = trimmed.size() > 3 && trimmed.front() == '[' && trimmed.back() == ']' &&
                    (trimmed[1] == '\'' || trimmed[1] == '"') &&
                    trimmed[trimmed.size() - 2] == trimmed[1];
  if (!list) return std::string(text);
  const char quote = trimmed[1];
  const std::string_view items = trimmed.substr(1, trimmed.size() - 2);
  std::string result;
  bool inside = false;
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i] == quote) {
      inside = !inside;
    } else if (inside || items[i] == ',') {
      if (items.substr(i).starts_with("\\\\")) ++i;  // printed strings double their backslashes
      result += items[i];
    }
  }
  return result;
}

bool HasNoughtsBehindComma(std::string_view text) {
  for (size_t at = 0; (at = text.find(",0", at)) != std::string_view::npos; ++at) {
    if (at + 2 < text.size() && text[at + 2] >= '0' && text[at + 2] <= '9') return true;
  }
  return false;
}

}  // namespace rationale
