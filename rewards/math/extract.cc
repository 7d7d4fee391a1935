// Extract: see extract.h.

#include "rewards/math/extract.h"

#include <algorithm>
#include <array>
#include <span>

#include "rewards/math/answer_phrases.h"
#include "rewards/math/numeral.h"
#include "rewards/math/parser.h"
#include "rewards/math/text_answer.h"
#include "rewards/sections.h"

namespace rationale {
namespace {

constexpr size_t kNone = std::string_view::npos;
constexpr size_t kMaxStatementBytes = 300;
constexpr size_t kMaxJoined = 32;

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsSpace(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}
char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c;
}

// A piece of the text that holds a value, with what marks it.
struct Span {
  size_t begin = 0;
  size_t end = 0;
  std::string_view content;
};

// The index behind the brace that closes the one at `open`, or the end of the text if none does.
size_t SkipBraces(std::string_view text, size_t open) {
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return text.size();
}

// May two values with this text between them be one answer? With "and" or the like between them, or
// nothing but signs; not with a word that begins anew.
bool Joins(std::string_view gap) {
  if (gap.size() > 48 || gap.find("\n\n") != kNone) return false;
  bool words = false;
  bool connective = false;
  for (size_t i = 0; i < gap.size();) {
    if (gap[i] == '.' || gap[i] == '=' || gap[i] == '<' || gap[i] == '>') {
      // "y_1 = \boxed{1} and y_2 = \boxed{2}" joins; "3. 4" and "1 = 2" do not.
      if (gap[i] != '=' || !connective) return false;
    }
    if (gap[i] == '\\') {
      const size_t name = i + 1;
      for (i = name; i < gap.size() && IsLetter(gap[i]);) ++i;
      i = std::max(i, name + 1);
    } else if (IsLetter(gap[i])) {
      const size_t begin = i;
      while (i < gap.size() && IsLetter(gap[i])) ++i;
      std::string word;
      for (const char c : gap.substr(begin, i - begin)) word += Lower(c);
      constexpr std::array<std::string_view, 11> kConnectives = {
          "and", "or", "und", "oder", "et", "ou", "y", "和", "或", "и", "или"};
      constexpr std::array<std::string_view, 12> kRestarts = {
          "then", "so",       "thus", "therefore", "hence", "wait",
          "no",   "actually", "but",  "instead",   "not",   "finally"};
      if (std::find(kRestarts.begin(), kRestarts.end(), word) != kRestarts.end()) return false;
      const bool joins =
          std::find(kConnectives.begin(), kConnectives.end(), word) != kConnectives.end();
      connective |= joins;
      words |= !joins;
    } else {
      ++i;
    }
  }
  return connective || !words;
}

// The contents of the last span and of those before it that it is joined to, with commas between
// them.
std::string JoinLast(std::string_view text, const std::vector<Span>& spans) {
  size_t first = spans.size() - 1;
  while (first > 0 && spans.size() - first < kMaxJoined &&
         Joins(text.substr(spans[first - 1].end, spans[first].begin - spans[first - 1].end))) {
    --first;
  }
  std::string joined;
  for (size_t i = first; i < spans.size(); ++i) {
    if (i > first) joined += ", ";
    joined += Trim(spans[i].content);
  }
  return joined;
}

std::vector<Span> FindBoxes(std::string_view text) {
  std::vector<Span> boxes;
  for (size_t at = text.find("boxed"); at != kNone; at = text.find("boxed", at)) {
    const size_t name = at;
    at += 5;
    if (name == 0 || text[name - 1] != '\\') continue;
    size_t begin = at;
    while (begin < text.size() && text[begin] == ' ') ++begin;
    if (begin >= text.size()) break;
    Span box{.begin = name - 1, .end = 0, .content = {}};
    if (text[begin] == '{') {
      box.end = SkipBraces(text, begin);
      const bool closed = box.end > begin + 1 && text[box.end - 1] == '}';
      box.content = text.substr(begin + 1, box.end - begin - (closed ? 2 : 1));
    } else {
      box.end = std::min(text.find_first_of(" \n$\\", begin), text.size());
      box.content = text.substr(begin, box.end - begin);
    }
    at = std::max(at, box.end);
    boxes.push_back(box);
  }
  return boxes;
}

// All formulas between delimiters, in order. $...$ and \(...\) hold no line break.
std::vector<Span> FindFormulas(std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> kDelimiters[] = {
      {"$$", "$$"}, {"\\[", "\\]"}, {"\\(", "\\)"}, {"$", "$"}};
  std::array<bool, std::size(kDelimiters)> exhausted =
      {};  // no closing delimiter is left in the text
  std::vector<Span> formulas;
  for (size_t i = text.find_first_of("$\\"); i != kNone; i = text.find_first_of("$\\", i)) {
    const std::string_view rest = text.substr(i);
    size_t next = i + (text[i] == '\\' ? 2 : 1);
    for (size_t d = 0; d < std::size(kDelimiters); ++d) {
      const auto& [open, close] = kDelimiters[d];
      if (exhausted[d] || !rest.starts_with(open)) continue;
      size_t end = text.find(close, i + open.size());
      while (end != kNone && close == "$" && text[end - 1] == '\\') end = text.find(close, end + 1);
      if (end == kNone) {
        exhausted[d] = true;
        continue;
      }
      const std::string_view content = text.substr(i + open.size(), end - i - open.size());
      const bool inline_formula = open == "$" || open == "\\(";
      if (inline_formula && content.find('\n') != kNone) {
        next = i + open.size();
      } else {
        next = end + close.size();
        if (!Trim(content).empty()) formulas.push_back({i, next, content});
      }
      break;
    }
    i = next;
  }
  return formulas;
}

// The end of the sentence that begins the text: a line break, or a full stop (or its kin) that
// white space or the end follows.
size_t SentenceEnd(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') return i;
    if (text.substr(i).starts_with("。") || text.substr(i).starts_with("<|")) return i;
    const bool stop = text[i] == '.' || text[i] == '!' || text[i] == '?';
    if (stop && (i + 1 == text.size() || IsSpace(text[i + 1]) || text[i + 1] == '<')) return i;
  }
  return text.size();
}

bool IsExpression(std::string_view text) {
  if (text.empty() || text.size() > kMaxStatementBytes) return false;
  Expressions expressions;
  return ParseAnswer(text, expressions).root != kNoNode;
}

bool BeginsLikeValue(std::string_view text) {
  return !text.empty() &&
         (IsDigit(text[0]) || std::string_view("$\\-+([{.|\"*").find(text[0]) != kNone);
}

// The first formulas of the text with those they are joined to, if it begins with one.
std::optional<std::string> LeadingFormulas(std::string_view text) {
  const std::vector<Span> formulas = FindFormulas(text);
  if (formulas.empty() || formulas[0].begin > 2) return std::nullopt;
  std::string joined(Trim(formulas[0].content));
  for (size_t i = 1; i < formulas.size() && i < kMaxJoined; ++i) {
    if (!Joins(text.substr(formulas[i - 1].end, formulas[i].begin - formulas[i - 1].end))) break;
    joined += ", " + std::string(Trim(formulas[i].content));
  }
  return joined;
}

// "it might be", "it may be"
bool IsGuess(std::string_view opening) {
  for (const std::string_view verb : {" might be ", " may be ", " could be "}) {
    if (opening.ends_with(verb)) return true;
  }
  return false;
}

// What stands behind the last verb of a sentence ("is", "are", "=", ...), if it is a value.
std::optional<std::string> StatedValue(std::string_view sentence) {
  constexpr std::string_view kVerbs[] = {" is ", " are ", " equals ", " be ",  " by ",
                                         " = ",  " was ", " ist ",    " est ", " es "};
  size_t best = kNone;
  for (const std::string_view verb : kVerbs) {
    const size_t at = sentence.rfind(verb);
    if (at != kNone && (best == kNone || at + verb.size() > best)) best = at + verb.size();
  }
  if (best == kNone || IsGuess(sentence.substr(0, best))) return std::nullopt;
  const std::string_view rest = Trim(sentence.substr(best));
  if (!BeginsLikeValue(rest)) return std::nullopt;
  if (auto formulas = LeadingFormulas(rest)) return formulas;
  return IsExpression(rest) ? std::optional(std::string(rest)) : std::nullopt;
}

// All numbers that stand apart from letters, fractions a/b as one.
std::vector<Span> FindNumbers(std::string_view text) {
  std::vector<Span> numbers;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool point = text[i] == '.' && i + 1 < text.size() && IsDigit(text[i + 1]);
    if (!IsDigit(text[i]) && !point) continue;
    size_t begin = i;
    size_t end = begin + ScanNumeral(text, begin, CommaReading::kThousands, false).length;
    const bool decimal_comma = end + 1 < text.size() && text[end] == ',' && IsDigit(text[end + 1]);
    if (decimal_comma) end = begin + ScanNumeral(text, begin, CommaReading::kDecimal, false).length;
    if (end + 1 < text.size() && text[end] == '/' && IsDigit(text[end + 1])) {
      end += 1 + ScanNumeral(text, end + 1, CommaReading::kThousands, false).length;
    }
    const bool glued = begin > 0 && static_cast<unsigned char>(text[begin - 1]) < 0x80 &&
                       (IsLetter(text[begin - 1]) || text[begin - 1] == '_');
    if (begin > 0 && text[begin - 1] == '-') --begin;
    if (!glued) numbers.push_back({begin, end, text.substr(begin, end - begin)});
    i = end - 1;
  }
  return numbers;
}

// The number of a sentence that has no other and no formula, and does not call it a bound.
std::optional<std::string> OnlyNumber(std::string_view sentence) {
  const auto numbers = FindNumbers(sentence);
  if (numbers.size() != 1 || !FindFormulas(sentence).empty()) return std::nullopt;
  const std::string_view before = Trim(sentence.substr(0, numbers[0].begin));
  for (const std::string_view bound : {" than", "at least", "at most", "up to", "not"}) {
    if (before.ends_with(bound)) return std::nullopt;
  }
  return std::string(numbers[0].content);
}

bool IsChoiceName(char c) {
  return c >= 'A' && c <= 'J' && c != 'I';
}

// "B, since ..." and "B because ..."
std::optional<std::string> LeadingChoice(std::string_view sentence) {
  if (!IsChoiceName(sentence[0])) return std::nullopt;
  const std::string_view rest = sentence.substr(1);
  for (const std::string_view clause : {",", ";", " because", " since", " as "}) {
    if (rest.starts_with(clause)) return std::string(sentence.substr(0, 1));
  }
  return std::nullopt;
}

// Two words or more of two letters or more?
bool HasWords(std::string_view sentence) {
  int words = 0;
  for (size_t i = 0; i < sentence.size();) {
    size_t end = i;
    while (end < sentence.size() && IsLetter(sentence[end])) ++end;
    words += end - i > 1 ? 1 : 0;
    i = end + 1;
  }
  return words > 1;
}

// The choice that a short sentence ends in or has in brackets: "I think it is (D)", "I go with B".
std::optional<std::string> ChosenLetter(std::string_view sentence) {
  constexpr size_t kLongest = 120;
  if (sentence.size() > kLongest || sentence.find_first_of("0123456789=\\") != kNone ||
      sentence.find(" not ") != kNone || !HasWords(sentence))
    return std::nullopt;
  std::optional<std::string> chosen;
  char mentioned = '\0';
  for (size_t i = 0; i < sentence.size(); ++i) {
    const bool begins = i == 0 || IsSpace(sentence[i - 1]) || sentence[i - 1] == '(';
    const std::string_view rest = sentence.substr(i + 1);
    const bool alone = begins && (rest.empty() || !IsLetter(rest[0]));
    const bool article = sentence[i] == 'A' && rest.size() > 1 && rest[0] == ' ' &&
                         IsLetter(rest[1]) && !rest.starts_with(" or ") &&
                         !rest.starts_with(" and ");
    if (!IsChoiceName(sentence[i]) || !alone || article) continue;
    if (mentioned != '\0' && mentioned != sentence[i]) return std::nullopt;
    mentioned = sentence[i];
    const bool bracket = i > 0 && sentence[i - 1] == '(' && rest.starts_with(')');
    const bool ends = rest.find_first_not_of(" .!)*") == kNone;
    if (bracket || ends) chosen = std::string(1, mentioned);
  }
  return chosen;
}

// What a phrase announces that `rest` stands behind: formulas, a value, or a statement of one.
std::optional<std::string> Announced(std::string_view rest) {
  if (auto formulas = LeadingFormulas(rest.substr(0, 4 * kMaxStatementBytes))) return formulas;
  const std::string_view sentence = Trim(rest.substr(0, SentenceEnd(rest)));
  if (sentence.empty()) return std::nullopt;
  if (sentence.starts_with("not ")) return std::string(sentence);
  if (ChoiceLetter(sentence)) return std::string(sentence);
  if (const auto choice = LeadingChoice(sentence)) return choice;
  if (BeginsLikeValue(sentence)) {
    // "7 because ..." is 7.
    constexpr std::string_view kClauses[] = {" because", " since", " which", " as ",
                                             " so ",     " when",  " where", " if "};
    size_t end = sentence.size();
    for (const std::string_view clause : kClauses) end = std::min(end, sentence.find(clause));
    return std::string(Trim(sentence.substr(0, end)));
  }
  if (auto stated = StatedValue(sentence)) return stated;
  if (const auto number = OnlyNumber(sentence)) return number;
  return sentence.size() <= kMaxStatementBytes ? std::optional(std::string(sentence))
                                               : std::nullopt;
}

std::optional<std::string> BehindHashes(std::string_view text) {
  const size_t at = text.rfind("####");
  if (at == kNone) return std::nullopt;
  const std::string_view rest = text.substr(at + 4);
  return std::string(rest.substr(0, rest.find('\n')));
}

// The last sentence, if it draws a conclusion.
std::optional<std::string> Concluded(std::string_view text) {
  const size_t marker = text.find("<|");
  text = Trim(text.substr(0, marker));
  constexpr std::string_view kHope = "I hope it is correct.";
  if (text.ends_with(kHope)) text = Trim(text.substr(0, text.size() - kHope.size()));
  constexpr std::string_view kWideStop = "。";
  constexpr size_t kMaxSentence = 600;
  std::string_view tail = text.substr(text.size() - std::min(text.size(), kMaxSentence));
  std::string_view sentence = tail;
  for (size_t end = SentenceEnd(tail); end + 1 < tail.size(); end = SentenceEnd(tail)) {
    tail = tail.substr(tail.substr(end).starts_with(kWideStop) ? end + kWideStop.size() : end + 1);
    if (!Trim(tail).empty()) sentence = tail;
  }
  sentence = Trim(sentence);
  while (!sentence.empty() && (sentence.back() == '.' || sentence.back() == '!'))
    sentence.remove_suffix(1);
  constexpr std::string_view kOpeners[] = {
      "therefore",    "thus",          "hence", "so ",   "so,",
      "consequently", "in conclusion", "also ", "daher", "folglich",
      "donc",         "por lo tanto",  "因此",  "所以",  "故"};
  // The sentence may go on from a displayed formula: "$$...$$ Therefore, ..."
  size_t opens = kNone;
  for (const std::string_view opener : kOpeners) {
    const size_t at = FindLastPhrase(sentence, std::span(&opener, 1)).begin;
    const bool begins = at == 0 || (at != kNone && IsSpace(sentence[at - 1]) &&
                                    Lower(sentence[at]) != sentence[at]);
    if (begins && (opens == kNone || at > opens)) opens = at;
  }
  if (opens == kNone) return std::nullopt;
  sentence = sentence.substr(opens);
  if (auto stated = StatedValue(sentence)) return stated;
  // "there are 12 arithmetic sequences of 3 terms", "Tom needs 12 more apples"
  for (const std::string_view verb : {" are ", " is "}) {
    const size_t at = sentence.rfind(verb);
    if (at == kNone || !IsDigit(sentence.substr(at + verb.size())[0])) continue;
    const auto numbers = FindNumbers(sentence.substr(at));
    if (numbers.size() == 1) return std::string(numbers[0].content);
  }
  return OnlyNumber(sentence);
}

std::optional<std::string> Whole(std::string_view text) {
  const std::string_view trimmed = Trim(text);
  if (trimmed.empty()) return std::nullopt;
  const bool one_line = trimmed.find('\n') == kNone;
  if (!one_line) {
    const std::string_view line = Trim(trimmed.substr(trimmed.rfind('\n') + 1));
    constexpr size_t kMaxLetter = 5;  // "(C)."
    if (line.size() <= kMaxLetter && line.find_first_of("ABCDEFGHIJ") != kNone &&
        ChoiceLetter(line))
      return std::string(line);
    const bool word = line.find_first_of("0123456789\\=^_({[") == kNone;
    return !word && IsExpression(line) ? std::optional(std::string(line)) : std::nullopt;
  }
  constexpr int kMaxWords = 6;
  if (auto chosen = ChosenLetter(trimmed)) return chosen;
  if (IsExpression(trimmed)) return std::string(trimmed);
  if (!FindFormulas(trimmed).empty() || Concluded(trimmed)) return std::nullopt;
  if (trimmed.size() > kMaxStatementBytes) return std::nullopt;
  if (auto stated = StatedValue(trimmed.substr(0, SentenceEnd(trimmed)))) return stated;
  const bool few_words = std::count(trimmed.begin(), trimmed.end(), ' ') < kMaxWords;
  return few_words ? std::optional(std::string(trimmed)) : std::nullopt;
}

std::optional<std::string> ExtractFrom(std::string_view text, AnswerSource source) {
  switch (source) {
    case AnswerSource::kBoxed: {
      const auto boxes = FindBoxes(text);
      return boxes.empty() ? std::nullopt : std::optional(JoinLast(text, boxes));
    }
    case AnswerSource::kHashes:
      return BehindHashes(text);
    case AnswerSource::kPhrase:
      return std::nullopt;  // ExtractPhrase
    case AnswerSource::kConclusion:
      return Concluded(text);
    case AnswerSource::kLatex: {
      const auto formulas = FindFormulas(text);
      return formulas.empty() ? std::nullopt : std::optional(JoinLast(text, formulas));
    }
    case AnswerSource::kWhole:
      return Whole(text);
    case AnswerSource::kLastNumber: {
      const auto numbers = FindNumbers(text);
      return numbers.empty() ? std::nullopt : std::optional(std::string(numbers.back().content));
    }
  }
  return std::nullopt;
}

std::optional<ExtractedAnswer> ExtractPhrase(std::string_view text,
                                             std::span<const std::string_view> phrases) {
  const Phrase phrase = FindLastPhrase(text, phrases);
  if (phrase.end == kNone) return std::nullopt;
  const std::string_view rest = Behind(text, phrase);
  const auto announced = Announced(rest);
  if (!announced) return std::nullopt;
  return ExtractedAnswer{std::string(Trim(*announced)), AnswerSource::kPhrase,
                         Trim(rest.substr(0, rest.find('\n')))};
}

}  // namespace

std::vector<std::pair<std::string_view, AnswerSource>> ConfigNames(AnswerSource) {
  return {{"boxed", AnswerSource::kBoxed},           {"hashes", AnswerSource::kHashes},
          {"phrase", AnswerSource::kPhrase},         {"conclusion", AnswerSource::kConclusion},
          {"latex", AnswerSource::kLatex},           {"whole", AnswerSource::kWhole},
          {"last_number", AnswerSource::kLastNumber}};
}

std::string_view AnswerSourceName(AnswerSource source) {
  for (const auto& [name, value] : ConfigNames(source)) {
    if (value == source) return name;
  }
  return "";
}

std::optional<ExtractedAnswer> ExtractAnswer(std::string_view text,
                                             const std::vector<AnswerSource>& order) {
  for (const AnswerSource source : order) {
    if (source == AnswerSource::kBoxed &&
        std::find(order.begin(), order.end(), AnswerSource::kPhrase) != order.end()) {
      const size_t box = text.rfind("\\boxed");
      const std::string_view behind = box == kNone ? std::string_view() : text.substr(box);
      if (auto announced = ExtractPhrase(behind, FinalAnswerPhrases())) return announced;
    }
    if (source == AnswerSource::kPhrase) {
      if (auto announced = ExtractPhrase(text, AnswerPhrases())) return announced;
      continue;
    }
    const auto found = ExtractFrom(text, source);
    if (found) return ExtractedAnswer{std::string(Trim(*found)), source};
  }
  return std::nullopt;
}

}  // namespace rationale
