// Choice: is the letter (or are the letters) chosen those of the reference?
//
// Score 1 if they are, else 0. The reference is a letter ("C", "(C)", "C. 12"), several ("A, C",
// "AC": all of them must be chosen, in any order), or the text of one of the choices. The answer is
// looked for inside <answer> where there is one, else behind the thought: the last box, "the answer
// is", "option C", "C is correct", or an answer that is nothing but a letter, or a letter with its
// text. The text of exactly one choice counts as its letter. "A or B" chooses nothing, and several
// letters where one is asked for are wrong, so guesses do not pay. Nothing chosen is wrong. Not
// judged: a problem whose reference names no letter and none of the choices.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "rewards/math/compare.h"
#include "rewards/math/extract.h"
#include "rewards/math/text_answer.h"
#include "rewards/options.h"
#include "rewards/references.h"
#include "rewards/registry.h"
#include "rewards/sections.h"

namespace rationale {
namespace {

using Letters = std::set<char>;

constexpr size_t kMaxChoice = 1'000;  // bytes of what can be a choice

struct ChoiceOptions {
  std::string choices = "choices";

  template <class V>
  void Visit(V& v) {
    v("choices", choices,
      "the column with the texts of the choices as a JSON list, the first of them A; may be "
      "absent");
  }
};

// "A, C", "(A) and (C)", "AC": letters from A to J and nothing else; empty if there is anything
// else.
Letters SeveralLetters(std::string_view text) {
  Letters letters;
  std::string word;
  const auto take = [&] {
    const bool joins = word == "and" || word == "und" || word == "et" || word == "y";
    const bool capitals =
        std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'J'; });
    if (!joins && !capitals) return false;
    if (capitals) letters.insert(word.begin(), word.end());
    word.clear();
    return true;
  };
  for (const char c : text) {
    if (std::string_view(" ,;&().\n").find(c) == std::string_view::npos) {
      word += c;
    } else if (!take()) {
      return {};
    }
  }
  return take() ? letters : Letters();
}

// The letters that a text which is a choice, and nothing else, gives.
Letters ReadLetters(std::string_view text) {
  if (text.size() > kMaxChoice) return {};
  const Letters several = SeveralLetters(Trim(text));
  if (several.size() > 1) return several;
  const auto letter = ChoiceLetter(text);
  return letter ? Letters{*letter} : Letters();
}

// The letter of the only choice with this text.
Letters LetterOf(std::string_view text, const std::vector<std::string>& choices) {
  Letters letters;
  if (text.size() > kMaxChoice) return {};
  const std::string plain = PlainText(text);
  for (size_t i = 0; i < choices.size() && i < 26; ++i) {
    const bool same =
        PlainText(choices[i]) == plain || CompareAnswers(text, choices[i]).same == Truth::kTrue;
    if (same) letters.insert(static_cast<char>('A' + i));
  }
  return letters.size() == 1 && !plain.empty() ? letters : Letters();
}

std::string AsciiLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c;
  return lower;
}

// The text without the signs behind it and "is correct" or the like, unless it is denied.
std::string_view WithoutPraise(std::string_view text) {
  const auto without_signs = [](std::string_view part) {
    const size_t last = part.find_last_not_of(".!* \t\r\n");
    return part.substr(0, last == std::string_view::npos ? 0 : last + 1);
  };
  text = without_signs(text);
  const std::string lower = AsciiLower(text);
  const size_t sentence = text.find_last_of(".!?\n");
  const size_t begin = sentence == std::string_view::npos ? 0 : sentence;
  for (const std::string_view denial : {"not ", "n't ", "n’t ", "no ", "nor ", "never ", "if "}) {
    if (lower.find(denial, begin) != std::string::npos) return text;
  }
  for (const std::string_view praise :
       {" is correct", " is right", " is the correct answer", " is the correct option",
        " is the correct choice", " is the right answer", " is the right option",
        " is the right choice"}) {
    if (lower.ends_with(praise)) return without_signs(text.substr(0, text.size() - praise.size()));
  }
  return text;
}

// "... the correct option is B", "I choose (C).", "Option D is correct": the letter behind the last
// such word.
Letters NamedLetter(std::string_view text) {
  constexpr std::string_view kWords[] = {"option", "choice", "answer", "choose", "pick", "select"};
  text = WithoutPraise(text);
  const std::string lower = AsciiLower(text);
  size_t begin = std::string_view::npos;
  for (const std::string_view word : kWords) {
    const size_t at = lower.rfind(word);
    const size_t behind = at + word.size();
    if (at != std::string_view::npos && (begin == std::string_view::npos || behind > begin)) {
      begin = behind;
    }
  }
  if (begin == std::string_view::npos) return ReadLetters(text);
  std::string_view rest = Trim(text.substr(begin, kMaxChoice));
  for (const std::string_view word : {"is", ":", "option", "choice", "**", "*"}) {
    if (rest.starts_with(word)) rest = Trim(rest.substr(word.size()));
  }
  rest = rest.substr(0, rest.find('\n'));
  while (!rest.empty() && (rest.back() == '.' || rest.back() == '*')) rest.remove_suffix(1);
  return ReadLetters(rest);
}

std::string Text(const Letters& letters) {
  return letters.empty() ? "nothing" : std::string(letters.begin(), letters.end());
}

class ChoiceReward final : public Reward {
 public:
  explicit ChoiceReward(ChoiceOptions options) : options_(std::move(options)) {}

  Component Judge(const Response& response) const override {
    std::vector<std::string> choices;
    if (const std::string* column = FindColumn(*response.problem, options_.choices)) {
      choices = ReadStringList(*column).value_or(std::vector<std::string>());
    }
    const std::string_view reference = Trim(response.problem->reference);
    Letters wanted = ReadLetters(reference);
    if (wanted.empty()) wanted = LetterOf(reference, choices);
    if (wanted.empty()) return {.reason = "the reference names no choice"};
    const std::string_view text = Trim(PartOf(response.text, Part::kAnswer));
    const Letters chosen = Chosen(text, choices);
    Component verdict{.judged = true};
    verdict.score = chosen == wanted ? 1 : 0;
    if (!chosen.empty()) verdict.answer = Text(chosen);
    verdict.reason = fmt::format("chosen: {}, wanted: {}", Text(chosen), Text(wanted));
    return verdict;
  }

 private:
  static Letters Chosen(std::string_view text, const std::vector<std::string>& choices) {
    if (text.empty()) return {};
    Letters letters = ReadLetters(text);
    if (!letters.empty()) return letters;
    using enum AnswerSource;
    const auto found = ExtractAnswer(text, {kBoxed, kHashes, kPhrase, kWhole});
    if (found) {
      letters = ReadLetters(found->text);
      if (letters.empty()) letters = LetterOf(found->text, choices);
    }
    return letters.empty() ? NamedLetter(text) : letters;
  }

  ChoiceOptions options_;
};

}  // namespace

template <>
std::unique_ptr<Reward> MakeReward<"choice">(const ConfigValue& entry) {
  return std::make_unique<ChoiceReward>(ReadRewardOptions<ChoiceOptions>(entry));
}

}  // namespace rationale
