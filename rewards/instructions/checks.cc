// Checks: see checks.h.

#include "rewards/instructions/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "rewards/instructions/scan.h"
#include "rewards/registry.h"
#include "rewards/sections.h"
#include "rewards/words.h"

namespace rationale {
namespace {

using Input = InstructionInput;

// Tables write 3 as 3.0.
int64_t Count(const Input& input, const std::string& key) {
  constexpr double kMost = 1e9;
  const auto count = input.arguments.Get<double>(key);
  if (!(count >= 0 && count <= kMost) || std::trunc(count) != count) {
    throw Error("{}: {}: found {}, allowed: an integer of at least 0 and at most 1e9",
                input.arguments.where(), key, count);
  }
  return static_cast<int64_t>(count);
}

// count < wanted or count >= wanted, as the relation says.
bool Relates(const Input& input, const std::string& relation_key, int64_t count, int64_t wanted) {
  const auto relation = input.arguments.Get<std::string>(relation_key);
  if (relation == "less than") return count < wanted;
  if (relation == "at least") return count >= wanted;
  throw Error("{}: {}: found '{}', allowed: 'less than' or 'at least'", input.arguments.where(),
              relation_key, relation);
}

std::string Trimmed(const Input& input, const std::string& key) {
  const auto text = input.arguments.Get<std::string>(key);
  const std::string_view trimmed = Trim(text);
  if (trimmed.empty()) throw Error("{}: {}: is empty", input.arguments.where(), key);
  return std::string(trimmed);
}

bool IsIn(const Input& input, const std::string& language, std::string_view text) {
  constexpr double kShare = 0.8;
  return input.language.Share(text, language) >= kShare;
}

bool CapitalWordFrequency(const Input& input) {
  return Relates(input, "capital_relation", CountCapitalWords(input.text),
                 Count(input, "capital_frequency"));
}

bool EnglishCapital(const Input& input) {
  const Cases cases = CountCases(input.text);
  return cases.lower == 0 && cases.upper > 0 && IsIn(input, "en", FoldCase(input.text));
}

bool EnglishLowercase(const Input& input) {
  const Cases cases = CountCases(input.text);
  return cases.upper == 0 && cases.lower > 0 && IsIn(input, "en", input.text);
}

bool RepeatPrompt(const Input& input) {
  const std::string text = FoldCase(Trim(input.text));
  const std::string prompt = FoldCase(Trimmed(input, "prompt_to_repeat"));
  return text.starts_with(prompt) && text.size() > prompt.size();
}

bool TwoResponses(const Input& input) {
  const auto responses = Split(input.text, "******");
  std::vector<std::string_view> given;
  for (size_t i = 0; i < responses.size(); ++i) {
    const std::string_view response = Trim(responses[i]);
    if (!response.empty()) {
      given.push_back(response);
    } else if (i != 0 && i + 1 != responses.size()) {
      return false;
    }
  }
  return given.size() == 2 && given[0] != given[1];
}

bool NumberPlaceholders(const Input& input) {
  return CountPlaceholders(input.text) >= Count(input, "num_placeholders");
}

bool Postscript(const Input& input) {
  const std::string marker = FoldCase(Trimmed(input, "postscript_marker"));
  // "P. S." is "P.S.".
  return WithoutSpaceBehindDots(FoldCase(input.text)).find(WithoutSpaceBehindDots(marker)) !=
         std::string::npos;
}

bool ConstrainedResponse(const Input& input) {
  constexpr std::array<std::string_view, 3> kAllowed = {"My answer is yes.", "My answer is no.",
                                                        "My answer is maybe."};
  return std::any_of(kAllowed.begin(), kAllowed.end(), [&](std::string_view allowed) {
    return input.text.find(allowed) != std::string_view::npos;
  });
}

// As IFEval has it, either end of a ``` fence may be missing.
bool JsonFormat(const Input& input) {
  std::string_view text = Trim(input.text);
  for (const std::string_view fence : {"```json", "```Json", "```JSON", "```"}) {
    if (text.starts_with(fence)) text.remove_prefix(fence.size());
  }
  if (text.ends_with("```")) text.remove_suffix(3);
  try {
    ParseJson(Trim(text), "the answer");
    return true;
  } catch (const Error&) {
    return false;  // what the policy wrote is no JSON
  }
}

bool MultipleSections(const Input& input) {
  const int64_t sections = CountNumbered(input.text, Trimmed(input, "section_spliter"));
  return sections >= Count(input, "num_sections");
}

bool NumberBulletLists(const Input& input) {
  return CountBullets(input.text) == Count(input, "num_bullets");
}

bool NumberHighlightedSections(const Input& input) {
  return CountHighlights(input.text) >= Count(input, "num_highlights");
}

bool HasTitle(const Input& input) {
  for (const std::string_view line : Split(input.text, "\n")) {
    const size_t begin = line.find("<<");
    const size_t end = line.rfind(">>");
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin + 2)
      continue;
    if (line.substr(begin, end - begin).find_first_not_of("<> \t\r") != std::string_view::npos)
      return true;
  }
  return false;
}

bool KeywordExistence(const Input& input) {
  const std::string text = FoldCase(input.text);
  const auto keywords = input.arguments.Get<std::vector<std::string>>("keywords");
  return std::all_of(keywords.begin(), keywords.end(), [&](const std::string& keyword) {
    return text.find(FoldCase(keyword)) != std::string::npos;
  });
}

bool ForbiddenWords(const Input& input) {
  const std::string text = FoldCase(input.text);
  const auto words = input.arguments.Get<std::vector<std::string>>("forbidden_words");
  return std::none_of(words.begin(), words.end(),
                      [&](const std::string& word) { return HasWord(text, FoldCase(Trim(word))); });
}

bool KeywordFrequency(const Input& input) {
  const int count = CountOccurrences(FoldCase(input.text), FoldCase(Trimmed(input, "keyword")));
  return Relates(input, "relation", count, Count(input, "frequency"));
}

bool LetterFrequency(const Input& input) {
  const int count = CountOccurrences(FoldCase(input.text), FoldCase(Trimmed(input, "letter")));
  return Relates(input, "let_relation", count, Count(input, "let_frequency"));
}

bool ResponseLanguage(const Input& input) {
  return IsIn(input, Trimmed(input, "language"), input.text);
}

bool NthParagraphFirstWord(const Input& input) {
  const int64_t nth = Count(input, "nth_paragraph");
  const std::string wanted = FoldCase(Trimmed(input, "first_word"));
  int64_t paragraphs = 0;
  std::string_view chosen;
  for (const std::string_view paragraph : Split(input.text, "\n\n")) {
    if (Trim(paragraph).empty()) continue;
    if (++paragraphs == nth) chosen = Trim(paragraph);
  }
  if (paragraphs != Count(input, "num_paragraphs") || chosen.empty()) return false;
  std::string_view word = chosen.substr(0, chosen.find_first_of(" \t\r\n"));
  word.remove_prefix(std::min(word.find_first_not_of("'\""), word.size()));
  return FoldCase(word.substr(0, word.find_first_of(".,?!'\""))) == wanted;
}

bool NumberParagraphs(const Input& input) {
  const auto paragraphs = Split(input.text, "***");
  int64_t count = 0;
  for (size_t i = 0; i < paragraphs.size(); ++i) {
    const bool empty = Trim(paragraphs[i]).empty();
    if (empty && i != 0 && i + 1 != paragraphs.size()) return false;
    count += empty ? 0 : 1;
  }
  return count == Count(input, "num_paragraphs");
}

bool NumberSentences(const Input& input) {
  return Relates(input, "relation", CountSentences(input.text), Count(input, "num_sentences"));
}

bool NumberWords(const Input& input) {
  return Relates(input, "relation", CountWords(input.text), Count(input, "num_words"));
}

bool NoComma(const Input& input) {
  return input.text.find(',') == std::string_view::npos;
}

bool EndChecker(const Input& input) {
  std::string_view text = Trim(input.text);
  const size_t last = text.find_last_not_of('"');
  text = text.substr(0, last == std::string_view::npos ? 0 : last + 1);
  return FoldCase(text).ends_with(FoldCase(Trimmed(input, "end_phrase")));
}

bool Quotation(const Input& input) {
  const std::string_view text = Trim(input.text);
  return text.size() > 1 && text.front() == '"' && text.back() == '"';
}

constexpr InstructionCheck kChecks[] = {
    {"change_case:capital_word_frequency", CapitalWordFrequency},
    {"change_case:english_capital", EnglishCapital},
    {"change_case:english_lowercase", EnglishLowercase},
    {"combination:repeat_prompt", RepeatPrompt},
    {"combination:two_responses", TwoResponses},
    {"detectable_content:number_placeholders", NumberPlaceholders},
    {"detectable_content:postscript", Postscript},
    {"detectable_format:constrained_response", ConstrainedResponse},
    {"detectable_format:json_format", JsonFormat},
    {"detectable_format:multiple_sections", MultipleSections},
    {"detectable_format:number_bullet_lists", NumberBulletLists},
    {"detectable_format:number_highlighted_sections", NumberHighlightedSections},
    {"detectable_format:title", HasTitle},
    {"keywords:existence", KeywordExistence},
    {"keywords:forbidden_words", ForbiddenWords},
    {"keywords:frequency", KeywordFrequency},
    {"keywords:letter_frequency", LetterFrequency},
    {"language:response_language", ResponseLanguage},
    {"length_constraints:nth_paragraph_first_word", NthParagraphFirstWord},
    {"length_constraints:number_paragraphs", NumberParagraphs},
    {"length_constraints:number_sentences", NumberSentences},
    {"length_constraints:number_words", NumberWords},
    {"punctuation:no_comma", NoComma},
    {"startend:end_checker", EndChecker},
    {"startend:quotation", Quotation},
};

}  // namespace

double LanguageJudge::Share(std::string_view text, const std::string& language) const {
  std::call_once(made_, [&] { reward_ = MakeReward<"language">(ConfigValue()); });
  Problem problem;
  problem.language = language;
  const Component share = reward_->Judge({.text = text, .problem = &problem});
  if (!share.judged) throw Error("{}", share.reason);
  return share.score;
}

std::span<const InstructionCheck> AllInstructionChecks() {
  return kChecks;
}

}  // namespace rationale
