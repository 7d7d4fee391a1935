// AnswerPhrases: see answer_phrases.h.

#include "rewards/math/answer_phrases.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace rationale {
namespace {

constexpr std::string_view kFinalPhrases[] = {
    "final answer is", "final answer:", "final answer**:", "final answer:**"};
constexpr std::string_view kPhrases[] = {"final answer**:",
                                         "answer is",
                                         "answer:",
                                         "option is",
                                         "choice is",
                                         "antwort ist",
                                         "antwort lautet",
                                         "antwort:",
                                         "antwoord is",
                                         "antwoord:",
                                         "réponse est",
                                         "réponse :",
                                         "réponse:",
                                         "respuesta es",
                                         "respuesta final es",
                                         "respuesta:",
                                         "risposta è",
                                         "risposta:",
                                         "resposta é",
                                         "resposta:",
                                         "odpowiedź:",
                                         "cevap:",
                                         "jawaban:",
                                         "jawabannya adalah",
                                         "đáp án là",
                                         "đáp án:",
                                         "Đáp án:",
                                         "đáp số:",
                                         "đáp số là",
                                         "Đáp số:",
                                         "ответ:",
                                         "Ответ:",
                                         "ответ —",
                                         "Ответ —",
                                         "الجواب هو",
                                         "الجواب:",
                                         "الإجابة هي",
                                         "الإجابة:",
                                         "उत्तर है",
                                         "उत्तर:",
                                         "【答案】",
                                         "选项为",
                                         "选项是",
                                         "答案是",
                                         "答案为",
                                         "答案：",
                                         "答案:",
                                         "答：",
                                         "答:",
                                         "故选",
                                         "应选",
                                         "所以选",
                                         "因此选",
                                         "答えは",
                                         "答え：",
                                         "答え:",
                                         "답은",
                                         "답:",
                                         "jibu ni",
                                         "jibu:",
                                         "คำตอบคือ",
                                         "উত্তর:",
                                         "উত্তর হল",
                                         "సమాధానం"};

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c;
}

}  // namespace

std::span<const std::string_view> FinalAnswerPhrases() {
  return kFinalPhrases;
}

std::span<const std::string_view> AnswerPhrases() {
  return kPhrases;
}

Phrase FindLastPhrase(std::string_view text, std::span<const std::string_view> phrases) {
  // The phrases that begin with each byte, as chains of indices.
  constexpr size_t kNone = SIZE_MAX;
  const auto byte = [](char c) { return static_cast<unsigned char>(Lower(c)); };
  std::array<size_t, 256> first;
  first.fill(kNone);
  std::vector<size_t> next(phrases.size(), kNone);
  for (size_t i = phrases.size(); i-- > 0;) next[i] = std::exchange(first[byte(phrases[i][0])], i);
  const auto equal = [](char a, char b) { return Lower(a) == Lower(b); };
  for (size_t at = text.size(); at-- > 0;) {
    for (size_t i = first[byte(text[at])]; i != kNone; i = next[i]) {
      const std::string_view found = text.substr(at, phrases[i].size());
      if (found.size() == phrases[i].size() &&
          std::equal(found.begin(), found.end(), phrases[i].begin(), equal))
        return {at, at + found.size()};
    }
  }
  return {};
}

std::string_view Behind(std::string_view text, const Phrase& phrase) {
  std::string_view rest = text.substr(phrase.end);
  for (;;) {
    constexpr std::string_view kWideColon = "：";
    if (rest.starts_with(kWideColon)) {
      rest.remove_prefix(kWideColon.size());
    } else if (!rest.empty() &&
               std::string_view(" \t\r:*").find(rest[0]) != std::string_view::npos) {
      rest.remove_prefix(1);
    } else {
      return rest;
    }
  }
}

}  // namespace rationale
