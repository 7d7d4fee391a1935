// Language: is the response in the language it should be in?
//
// mode = "ratio": the share of words in the language, in [0, 1], as DeepSeek-R1 rewards it for the
//   chain of thought: words of the target language / words of any language told (share.h). 0 if
//   there is no word; but 1 for an answer without words (part = "answer"), as a number is in no
//   wrong language. DeepSeek-AI 2025, DeepSeek-R1, arXiv:2501.12948, section 2.3.2.
// mode = "agreement": 1 if prompt, thought and answer are all in one language, else 0: more than
//   half of the thought's words and of the answer's (if it has any) are in the prompt's language.
//   Magistral adds 0.1 for it: set weight = 0.1. Mistral AI 2025, Magistral, arXiv:2506.10910,
//   section on language consistency; there a fastText classifier labels each of the three whole.
//
// The language is `target`, else the one the problem names, else the one its prompt is in; in mode
// "agreement" the prompt's own comes first. Not judged if none of them says one.
//
// What tricks earn: one target word said over and over counts 8 + 4 times, then as other; a chain
// in another language inside a code fence, a string, a formula, \text{} or quotation marks, in a
// file name, a tag, a command or a call for each word, or spelled out letter by letter counts as
// soon as it is longer than the text around it (veiled.h); text in another script than the target's
// (romanised Hindi) is other, and so are words of mixed alphabets (homoglyphs) and pieces spelled
// like no language (umlauts strewn into English); escaped letters, letters in circles, flags or
// tags and words without spaces between them count as if they were written plainly; common words of
// the target strewn into another language earn their share of the words, and so does a translated
// first sentence. Not found: what is encoded (base64, Morse), sentences without their function
// words in such disguises, and any disguise that stays shorter than the text around it.

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "rewards/language/share.h"
#include "rewards/options.h"
#include "rewards/registry.h"
#include "rewards/sections.h"

namespace rationale {
namespace {

enum class LanguageMode { kRatio, kAgreement };
enum class LanguagePart { kThought, kAnswer, kAll };
enum class LanguageUnit { kWords, kLetters };

std::vector<std::pair<std::string_view, LanguageMode>> ConfigNames(LanguageMode) {
  return {{"ratio", LanguageMode::kRatio}, {"agreement", LanguageMode::kAgreement}};
}
std::vector<std::pair<std::string_view, LanguagePart>> ConfigNames(LanguagePart) {
  return {{"thought", LanguagePart::kThought},
          {"answer", LanguagePart::kAnswer},
          {"all", LanguagePart::kAll}};
}
std::vector<std::pair<std::string_view, LanguageUnit>> ConfigNames(LanguageUnit) {
  return {{"words", LanguageUnit::kWords}, {"letters", LanguageUnit::kLetters}};
}

struct LanguageOptions {
  std::string target;
  LanguageMode mode = LanguageMode::kRatio;
  LanguagePart part = LanguagePart::kThought;
  LanguageUnit unit = LanguageUnit::kWords;

  template <class V>
  void Visit(V& v) {
    v("target", target,
      "the language, by code (de) or name (German); empty: the one the problem names, else its "
      "prompt's own");
    v("mode", mode,
      "ratio: the share of words; agreement: prompt, thought and answer in one language");
    v("part", part, "what mode ratio judges: the thought, the answer, or all");
    v("unit", unit, "what is counted; letters suit languages with long words beside short ones");
  }
  void Validate(const ConfigCheck& check) const {
    check(mode == LanguageMode::kRatio || part == LanguagePart::kThought, "part",
          "has no meaning in mode agreement, which judges all three");
  }
};

std::string_view CodeOf(int language) {
  return AllLanguages()[static_cast<size_t>(language)].code;
}

class LanguageReward final : public Reward {
 public:
  explicit LanguageReward(const LanguageOptions& options) : options_(options) {}

  Component Judge(const Response& response) const override {
    std::string source;
    std::string fault;
    const auto target = Target(*response.problem, source, fault);
    if (!target) return {.reason = fault};
    const Sections sections = SplitSections(response.text);
    const std::string_view thought = sections.thought.value_or(response.text);
    const std::string_view answer = sections.answer.value_or(sections.after_thought);
    if (options_.mode == LanguageMode::kAgreement) {
      // Without a thought the response is all there is: it is not counted twice.
      return JudgeAgreement(*target, source, thought, sections.thought ? answer : "");
    }
    switch (options_.part) {
      case LanguagePart::kThought:
        return JudgeRatio(*target, source, thought, sections.thought ? "inside <think>" : "in all");
      case LanguagePart::kAnswer:
        return JudgeRatio(*target, source, answer, "in the answer");
      case LanguagePart::kAll:
        return JudgeRatio(*target, source, response.text, "in all");
    }
    return {};
  }

 private:
  // The language to compare with and where it is from; nothing, and why, if there is none.
  std::optional<int> Target(const Problem& problem, std::string& source, std::string& fault) const {
    const std::string& name = options_.target.empty() ? problem.language : options_.target;
    const bool agreement = options_.mode == LanguageMode::kAgreement;
    std::optional<int> language;
    if (agreement || name.empty()) {
      language = counter_.identifier().Identify(UserText(problem));
      source = ", the prompt's language";
    }
    if (!language && !name.empty()) {
      language = FindLanguage(name);
      source = "";
    }
    if (!language) {
      fault = name.empty() ? "the problem names no language and its prompt's is not clear"
                           : fmt::format("the language '{}' is not known", name);
    }
    return language;
  }

  Component JudgeRatio(int target, const std::string& source, std::string_view text,
                       std::string_view where) const {
    const LanguageCount count = counter_.Count(text, target);
    Component verdict{.judged = true};
    verdict.score = options_.unit == LanguageUnit::kWords ? count.WordShare() : count.LetterShare();
    if (options_.part == LanguagePart::kAnswer && count.target.words + count.other.words == 0)
      verdict.score = 1;
    verdict.reason = fmt::format("{}{}: {}, {}", CodeOf(target), source, Describe(count), where);
    return verdict;
  }

  Component JudgeAgreement(int target, const std::string& source, std::string_view thought,
                           std::string_view answer) const {
    const LanguageCount thought_count = counter_.Count(thought, target);
    const LanguageCount answer_count = counter_.Count(answer, target);
    const bool answer_has_words = answer_count.target.words + answer_count.other.words > 0;
    const bool agree =
        thought_count.WordShare() > 0.5 && (!answer_has_words || answer_count.WordShare() > 0.5);
    return {.judged = true,
            .score = agree ? 1.0 : 0.0,
            .reason = fmt::format("{}{}: thought {}; answer {}", CodeOf(target), source,
                                  Describe(thought_count), Describe(answer_count))};
  }

  std::string Describe(const LanguageCount& count) const {
    const bool words = options_.unit == LanguageUnit::kWords;
    const auto amount = [&](const WordsAndLetters& both) {
      return words ? both.words : both.letters;
    };
    std::string text = fmt::format("{} {}, other: {}", amount(count.target),
                                   words ? "words" : "letters", amount(count.other));
    const auto most = std::max_element(count.others.begin(), count.others.end());
    if (*most > 0)
      text += fmt::format(" ({} {})", CodeOf(static_cast<int>(most - count.others.begin())), *most);
    if (count.repeated > 0) text += fmt::format(" (repeated {})", count.repeated);
    text += fmt::format(", neutral: {}", amount(count.neutral));
    if (count.wrapped) text += ", quotations, comments and hidden words counted";
    return text;
  }

  LanguageOptions options_;
  ShareCounter counter_;
};

}  // namespace

template <>
std::unique_ptr<Reward> MakeReward<"language">(const ConfigValue& entry) {
  const auto options = ReadRewardOptions<LanguageOptions>(entry);
  if (!options.target.empty() && !FindLanguage(options.target)) {
    throw Error("{}: the language '{}' is not known", entry.WhereKey("target"), options.target);
  }
  return std::make_unique<LanguageReward>(options);
}

}  // namespace rationale
