// Language: the share of words in the language they should be in.

#include <gtest/gtest.h>

#include "rewards/rubric.h"

namespace rationale {
namespace {

Verdict Judge(std::string_view text, const Problem& problem, const std::string& options = "") {
  const Rubric rubric =
      Rubric::FromText("[[rewards]]\nname = 'language'\n" + options, "rubric.toml");
  return rubric.Judge({.text = text, .problem = &problem});
}

double Share(std::string_view text, const std::string& language, const std::string& options = "") {
  Problem problem;
  problem.language = language;
  const Verdict verdict = Judge(text, problem, options);
  EXPECT_TRUE(verdict.judged);
  return verdict.score;
}

TEST(Language, TellsShortChainsOfNumberWordsApart) {
  const std::string german =
      "<think> zwei plus fünf ist sieben minus sieben ist null </think> <answer> 0 </answer>";
  const std::string english =
      "<think> two plus five is seven minus seven is zero </think> <answer> 0 </answer>";
  const std::string chinese =
      "<think> 二 加 五 等于 七 减 七 等于 零 </think> <answer> 0 </answer>";
  EXPECT_EQ(Share(german, "de"), 1);
  EXPECT_EQ(Share(english, "en"), 1);
  EXPECT_EQ(Share(chinese, "zh"), 1);
  EXPECT_EQ(Share(english, "de"), 0);
  EXPECT_EQ(Share(german, "en"), 0);
  EXPECT_EQ(Share(chinese, "de"), 0);
  EXPECT_EQ(Share(english, "zh"), 0);
}

TEST(Language, CountsMixedChainsWordByWord) {
  const double share = Share("<think> zwei plus fünf is seven </think>", "de");
  EXPECT_GT(share, 0.3);
  EXPECT_LT(share, 0.7);
}

TEST(Language, TakesHanWithoutKanaForChineseUnlessJapaneseIsExpected) {
  const std::string han = "<think> 東京大学入学試験合格率 </think>";
  EXPECT_EQ(Share(han, "zh"), 1);
  EXPECT_EQ(Share(han, "ja"), 1);
  EXPECT_EQ(Share("<think> 東京大学の入学試験に合格した </think>", "zh"), 0);
}

TEST(Language, LeavesTheAnswerOut) {
  EXPECT_EQ(
      Share("<think> zwei plus fünf ist sieben </think> <answer> the answer is seven </answer>",
            "de"),
      1);
}

TEST(Language, JudgesTheAnswerApart) {
  const std::string text =
      "<think> zwei plus fünf ist sieben </think> <answer> the answer is seven </answer>";
  EXPECT_EQ(Share(text, "de", "part = 'answer'\n"), 0);
  EXPECT_EQ(Share(text, "en", "part = 'answer'\n"), 1);
  const double all = Share(text, "de", "part = 'all'\n");
  EXPECT_GT(all, 0.4);
  EXPECT_LT(all, 0.7);
}

TEST(Language, FindsNoWrongLanguageInAnAnswerWithoutWords) {
  EXPECT_EQ(
      Share("<think> zwei </think> <answer> \\boxed{42} </answer>", "de", "part = 'answer'\n"), 1);
}

TEST(Language, TellsSentencesOfOneScriptApart) {
  const std::string german =
      "Wir addieren zuerst die beiden Zahlen und teilen danach das Ergebnis durch drei.";
  const std::string french =
      "Nous additionnons d'abord les deux nombres, puis nous divisons le résultat par trois.";
  EXPECT_EQ(Share(german, "de"), 1);
  EXPECT_EQ(Share(french, "de"), 0);
  const double half = Share(german + " " + french, "fr");
  EXPECT_GT(half, 0.35);
  EXPECT_LT(half, 0.65);
}

TEST(Language, TellsGalicianAndNepaliWhereTheyAreExpected) {
  const std::string galician =
      "Primeiro calculamos cantos ovos quedan despois do almorzo, logo multiplicamos ese número "
      "polo "
      "prezo dun ovo, e así ela gaña dezaoito dólares cada día.";
  const std::string portuguese =
      "Primeiro calculamos quantos ovos sobram depois do café da manhã, depois multiplicamos esse "
      "número pelo preço de um ovo, e assim ela ganha dezoito dólares por dia.";
  const std::string spanish =
      "Primero calculamos cuántos huevos quedan después del desayuno, luego multiplicamos ese "
      "número "
      "por el precio de un huevo, y así ella gana dieciocho dólares cada día.";
  const std::string nepali =
      "पहिले हामी बिहानको खाजापछि कति अण्डा बाँकी रहन्छन् भनेर गन्छौं, त्यसपछि त्यो सङ्ख्यालाई एउटा अण्डाको "
      "मूल्यले गुणन गर्छौं, र यसरी उनले हरेक दिन अठार डलर कमाउँछिन्।";
  const std::string hindi =
      "पहले हम गिनते हैं कि नाश्ते के बाद कितने अंडे बचे हैं, फिर हम उस संख्या को एक अंडे के मूल्य से गुणा "
      "करते हैं, और इस तरह वह हर दिन अठारह डॉलर कमाती है।";
  EXPECT_EQ(Share(galician, "gl"), 1);
  EXPECT_EQ(Share(portuguese, "gl"), 0);
  EXPECT_EQ(Share(spanish, "gl"), 0);
  EXPECT_EQ(Share(portuguese, "pt"), 1);
  EXPECT_EQ(Share(spanish, "es"), 1);
  EXPECT_EQ(Share(nepali, "ne"), 1);
  EXPECT_EQ(Share(hindi, "ne"), 0);
  EXPECT_EQ(Share(hindi, "hi"), 1);
  Problem problem;  // in Portuguese, though it could be Galician
  problem.prompt = "Cada caixa contém seis ovos. A cor da capa é azul. Abre a porta do forno.";
  EXPECT_EQ(Judge(portuguese, problem).score, 1);
}

TEST(Language, DoesNotCountCodeOrFormulas) {
  EXPECT_EQ(Share("Wir rechnen mit $x = \\text{number of apples}$ und\n```python\nfor item in "
                  "the_list: print(item)\n```\n"
                  "erhalten daraus das gesuchte Ergebnis.",
                  "de"),
            1);
}

TEST(Language, DoesNotCountNumbersAddressesNamesOrQuotations) {
  for (const std::string_view text :
       {"Das Ergebnis ist 3.5 und 1,234,567 sowie 12%, also rechnen wir damit weiter.",
        "Wir lesen das unter https://example.org/the/answer/is/here nach und rechnen weiter.",
        "Wir schreiben an john.smith@example.com und öffnen die Datei read_the_file.txt dann.",
        "Dort steht “the number of apples that she bought” und wir rechnen damit nun weiter.",
        "Mit \\frac{a}{b} und \\(x \\text{ is even}\\) rechnen wir nun noch einmal weiter.",
        "Wir rufen `print(the_value)` auf und sehen danach, was dabei herauskommt."}) {
    EXPECT_EQ(Share(text, "de"), 1) << text;
  }
  EXPECT_EQ(Share("我们 知道 Elizabeth Thompson 每天 早上 吃 三个 鸡蛋，然后 卖掉 剩下 的。", "zh"),
            1);
  EXPECT_EQ(Share("We know that Wolfgang Schmidt buys three apples and then sells two.", "en"), 1);
}

TEST(Language, TellsASentenceAsAWholeWhereNoLanguageIsNamed) {
  Problem problem;  // in English, though "View - Navigator" repeated looks Dutch
  problem.prompt =
      "You can also call the Navigator by selecting View - Navigator View - Navigator View - "
      "Navigator View - Navigator.";
  EXPECT_EQ(Judge("<think> She has two of them left in the end. </think>", problem).score, 1);
}

TEST(Language, CountsAGermanNameInAnotherLanguageAsAName) {
  EXPECT_EQ(Share("We know that Wolfgang Schmidt buys three apples and then sells two.", "en"), 1);
  // But a noun in a German sentence is no name.
  EXPECT_EQ(Share("We buy it. Danach geht der Schuhmacher mit dem Werkzeug zur Arbeit.", "en"),
            3 / 12.0);
}

TEST(Language, TakesThePromptsLanguageWhereTheProblemNamesNone) {
  Problem problem;
  problem.prompt = "Wie viele Äpfel hat sie am Ende noch übrig, wenn sie drei davon isst?";
  EXPECT_EQ(Judge("<think> Sie hat am Ende noch zwei davon. </think>", problem).score, 1);
  EXPECT_EQ(Judge("<think> She has two of them left in the end. </think>", problem).score, 0);
}

TEST(Language, GivesTheBonusOnlyIfPromptThoughtAndAnswerAgree) {
  const std::string agreement = "mode = 'agreement'\nweight = 0.1\n";
  Problem problem;
  problem.prompt = "Wie viele Äpfel hat sie am Ende noch übrig, wenn sie drei davon isst?";
  const std::string german = "Sie hatte fünf und isst drei davon, also bleiben zwei übrig.";
  const std::string english = "She had five and eats three of them, so two of them are left.";
  const auto bonus = [&](const std::string& thought, const std::string& answer) {
    const std::string text = "<think>" + thought + "</think><answer>" + answer + "</answer>";
    const Verdict verdict = Judge(text, problem, agreement);
    EXPECT_TRUE(verdict.judged);
    return verdict.score;
  };
  EXPECT_EQ(bonus(german, german), 0.1);
  EXPECT_EQ(bonus(german, "2"), 0.1);
  EXPECT_EQ(bonus(english, german), 0);
  EXPECT_EQ(bonus(german, english), 0);
  EXPECT_EQ(bonus(english, english), 0);  // agreeing with each other is not enough
  EXPECT_EQ(bonus("", german), 0);
}

TEST(Language, IsZeroWithoutAWord) {
  EXPECT_EQ(Share("<think> 2 + 5 = 7 </think>", "de"), 0);
  EXPECT_EQ(Share("", "de"), 0);
}

TEST(Language, IsNotJudgedWithoutALanguage) {
  const Problem problem;
  EXPECT_FALSE(Judge("zwei", problem).judged);
}

TEST(Language, RefusesAPartInModeAgreement) {
  EXPECT_THROW(Judge("zwei", Problem(), "mode = 'agreement'\npart = 'answer'\n"), std::exception);
}

}  // namespace
}  // namespace rationale
