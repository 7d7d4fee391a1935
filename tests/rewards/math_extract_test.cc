// ExtractAnswer: where the final answer stands.

#include <gtest/gtest.h>

#include "rewards/math/extract.h"

namespace rationale {
namespace {

using enum AnswerSource;

const std::vector<AnswerSource> kDefaultOrder = {kBoxed, kHashes,     kPhrase,
                                                 kWhole, kConclusion, kLatex};

// "source: text", or "nothing".
std::string Found(std::string_view text, const std::vector<AnswerSource>& order = kDefaultOrder) {
  const auto answer = ExtractAnswer(text, order);
  return answer ? std::string(AnswerSourceName(answer->source)) + ": " + answer->text : "nothing";
}

TEST(ExtractAnswer, TakesTheLastBoxWithItsNestedBraces) {
  EXPECT_EQ(Found("\\boxed{1} was wrong. So $\\boxed{\\frac{1}{\\sqrt{2}}}$."),
            "boxed: \\frac{1}{\\sqrt{2}}");
  EXPECT_EQ(Found("\\boxed{x = \\{1\\}} and so on"), "boxed: x = \\{1\\}");
  EXPECT_EQ(Found("\\boxed 7"), "boxed: 7");
  EXPECT_EQ(Found("\\boxed{}"), "boxed: ");
  EXPECT_EQ(Found("\\boxed{12"), "boxed: 12");
}

TEST(ExtractAnswer, JoinsBoxesThatAreOneAnswer) {
  EXPECT_EQ(Found("\\boxed{1} and \\boxed{2}"), "boxed: 1, 2");
  EXPECT_EQ(Found("\\boxed{1}, \\boxed{2}"), "boxed: 1, 2");
  EXPECT_EQ(Found("$x = \\boxed{1}$ and $y = \\boxed{2}$"), "boxed: 1, 2");
  EXPECT_EQ(Found("\\boxed{1} no no no no \\boxed{2}"), "boxed: 2");
  EXPECT_EQ(Found("\\boxed{1}. \\boxed{2}"), "boxed: 2");
  EXPECT_EQ(Found("\\boxed{1} and then \\boxed{2}"), "boxed: 2");
}

TEST(ExtractAnswer, TakesWhatStandsBehindHashes) {
  EXPECT_EQ(Found("2 + 2 = 4\n#### 4"), "hashes: 4");
  EXPECT_EQ(Found("#### 3\n#### 4\nDone, I think so, yes it is."), "hashes: 4");
}

TEST(ExtractAnswer, TakesWhatAPhraseAnnounces) {
  EXPECT_EQ(Found("The answer is 5. No: the answer is 7, in total."), "phrase: 7, in total");
  EXPECT_EQ(Found("So the answer is $\\frac{1}{2}$ because $x = 1$."), "phrase: \\frac{1}{2}");
  EXPECT_EQ(Found("the final answer is $1$ and $2$. I hope it is correct."), "phrase: 1, 2");
  EXPECT_EQ(Found("Final Answer: The largest $n$ is 34."), "phrase: 34");
  EXPECT_EQ(Found("Die Antwort ist 12,5."), "phrase: 12,5");
  EXPECT_EQ(Found("所以答案是 12。谢谢"), "phrase: 12");
  EXPECT_EQ(Found("**Final Answer:** 3.50"), "phrase: 3.50");
}

TEST(ExtractAnswer, PrefersAFinalAnswerBehindTheLastBox) {
  EXPECT_EQ(Found("It earns \\boxed{255}, so $10,455. Final Answer: The final answer is $10,455$."),
            "phrase: 10,455");
  EXPECT_EQ(Found("**Final Answer**\n\\[\n\\boxed{7}\n\\]"), "boxed: 7");
}

TEST(ExtractAnswer, TakesTheLastFormula) {
  EXPECT_EQ(Found("First $x=1$, then we find that in fact $x=2$ holds"), "latex: x=2");
  EXPECT_EQ(Found("The values are then found to be\n\\[ 9 \\]\nas was to be shown"), "latex: 9");
  EXPECT_EQ(Found("Answer $ \n 9 \n $"), "nothing") << "an inline formula holds no line break";
}

TEST(ExtractAnswer, TakesAWholeLineThatIsAnExpressionOrAFewWords) {
  EXPECT_EQ(Found("  -5 "), "whole: -5");
  EXPECT_EQ(Found("Mrs. Hilt"), "whole: Mrs. Hilt");
  EXPECT_EQ(Found("We add them up\nand get\nx = 7"), "whole: x = 7");
  EXPECT_EQ(Found("Weighing the options:\n\nC."), "whole: C.");
  EXPECT_EQ(Found("Weighing the options:\n\nNone"), "nothing");
}

TEST(ExtractAnswer, TakesTheValueAConclusionStates) {
  EXPECT_EQ(Found("We count them all. Therefore, the probability that Alice wins the game is 2/3."),
            "conclusion: 2/3");
  EXPECT_EQ(Found("We count.\nThus there are 12 sequences that meet the three given conditions."),
            "conclusion: 12 sequences that meet the three given conditions");
}

TEST(ExtractAnswer, TakesTheOnlyNumberOfAConclusion) {
  EXPECT_EQ(Found("She has 3.\nSo, Tom needs 12 more dollars."), "conclusion: 12");
  EXPECT_EQ(Found("一共 3 箱。所以这批货物共重 120 千克。"), "conclusion: 120");
  EXPECT_EQ(Found("She has 3.\nSo, Tom needs 12 more of the 40 dollars."), "nothing");
  EXPECT_EQ(Found("The total is 35."), "whole: 35");
  EXPECT_EQ(Found("The total might be 35."), "whole: The total might be 35.");
  EXPECT_EQ(Found("The answer is at least 35."), "phrase: at least 35");
  EXPECT_EQ(Found("The answer is not 35."), "phrase: not 35");
  EXPECT_EQ(Found("Therefore, the total cost is $1,250."), "conclusion: $1,250");
}

TEST(ExtractAnswer, TakesTheChoiceThatASentenceMakes) {
  EXPECT_EQ(Found("I think it's (D)"), "whole: D");
  EXPECT_EQ(Found("I'd go with B."), "whole: B");
  EXPECT_EQ(Found("The correct option is **(B)**."), "phrase: (B)**");
  EXPECT_EQ(Found("The answer is B, since 3 is odd."), "phrase: B");
  EXPECT_EQ(Found("Answer: B) 12"), "phrase: B) 12");
  EXPECT_EQ(Found("故选：B."), "phrase: B");
  EXPECT_EQ(Found("It is (B) or (D)"), "whole: It is (B) or (D)");
  EXPECT_EQ(Found("It is not B"), "whole: It is not B");
  EXPECT_EQ(Found("Either A or B"), "whole: Either A or B");
  EXPECT_EQ(Found("\\sin (A)"), "whole: \\sin (A)");
}

TEST(ExtractAnswer, KnowsThePhraseInManyLanguages) {
  for (const char* text : {"Die Antwort lautet 7.", "La réponse est 7.", "La respuesta final es: 7",
                           "La risposta è 7.", "A resposta é 7.", "Odpowiedź: 7", "Cevap: 7",
                           "Đáp án: 7", "Ответ: 7", "الجواب هو 7", "उत्तर: 7", "因此，答案是：7。",
                           "答えは 7", "정답: 7", "Jibu ni 7.", "คำตอบคือ 7", "উত্তর: 7", "సమాధానం: 7"})
    EXPECT_EQ(Found(text), "phrase: 7") << text;
}

TEST(ExtractAnswer, NeverGuessesTheLastNumber) {
  EXPECT_EQ(Found("I had 3 apples and bought 4, then 2 of them went bad in May"), "nothing");
  EXPECT_EQ(Found("I had 3 apples and bought 4, then 2 of them went bad in May", {kLastNumber}),
            "last_number: 2");
  EXPECT_EQ(Found("about 1,000.99m²", {kLastNumber}), "last_number: 1,000.99");
  EXPECT_EQ(Found("AZYUK2A", {kLastNumber}), "nothing");
  EXPECT_EQ(Found("", kDefaultOrder), "nothing");
}

}  // namespace
}  // namespace rationale
