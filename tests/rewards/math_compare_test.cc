// CompareAnswers: what is the same answer and what is not.

#include <gtest/gtest.h>

#include "rewards/math/compare.h"

namespace rationale {
namespace {

::testing::AssertionResult Judges(std::string_view answer, std::string_view reference, Truth wanted,
                                  const CompareOptions& options) {
  const Comparison comparison = CompareAnswers(answer, reference, options);
  if (comparison.same == wanted) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "'" << answer << "' for '" << reference << "': " << comparison.rule;
}

void Same(std::string_view answer, std::string_view reference, const CompareOptions& options = {}) {
  EXPECT_TRUE(Judges(answer, reference, Truth::kTrue, options));
}

void Differ(std::string_view answer, std::string_view reference,
            const CompareOptions& options = {}) {
  EXPECT_TRUE(Judges(answer, reference, Truth::kFalse, options));
}

TEST(Compare, ReadsNumbersAsPeopleWriteThem) {
  for (const char* text : {"1234.5",           "1,234.5",      "1{,}234.5",
                           "1,\\!234.50",      "1\\,234.5",    "1 234.5",
                           "1'234.5",          "1.234,5",      "1234,5",
                           "$1,234.5$",        "\\$1,234.50",  "1234.5€",
                           "+1234.5",          "1.2345e3",     "1.2345 \\times 10^{3}",
                           "\\frac{2469}{2}",  "1234\\frac12", "1234 1/2",
                           "2469/2",           "x = 1234.5",   "1234.5 \\text{ km}",
                           "\\mathrm{1234.5}", "**1234.5**",   "１２３４.５",
                           "١٢٣٤٫٥",           "१२३४.५",       "১২৩৪.৫",
                           "౧౨౩౪.౫",           "๑๒๓๔.๕"}) {
    Same(text, "1234.5");
    Differ(text, "1234.6");
    Differ(text, "-1234.5");
  }
}

TEST(Compare, ReadsChineseNumerals) {
  Same("三百零五", "305");
  Same("一万二千", "12000");
  Same("5千克", "5");  // thousand grams are one unit
  Same("3.5万", "35000");
  Same("两亿", "200000000");
  Same("二〇二四", "2024");
  Same("负三点一四", "-3.14");
  Same("三分之二", "\\frac{2}{3}");
  Same("百分之五十", "50\\%");
  Differ("十二", "102");
}

TEST(Compare, TellsThousandsFromListsAndDecimals) {
  Same("7,425,000", "7425000");
  Same("12,34,567", "1234567");
  Same("1,22", "1.22");
  Same("0,111", "0.111");
  Same("32,\\! 349", "32349");
  Differ("32, 349", "32349");
  Differ("1,234", "1.234");
  Same("1.234.567", "1234567");
  Differ("1.234", "1234");
  Same("(1,7,103,105)", "(1,7,103, 105)");
  Same("312,123", "312, 123");
  Differ("\\{-3,0\\}", "\\{-3\\}");
}

TEST(Compare, ReadsFractionsInEveryForm) {
  for (const char* text : {"\\frac{3}{4}", "\\dfrac34", "\\tfrac{3}4", "\\frac3{4}", "3/4", "3 / 4",
                           "3 \\div 4", "{3 \\over 4}", "0.75", ".75", "75\\%", "75 percent", "¾",
                           "3:4", "\\left(\\frac{3}{4}\\right)", "0.750000", "\\frac{-3}{-4}"}) {
    Same(text, "\\frac{3}{4}");
    Differ(text, "\\frac{4}{3}");
  }
  Same("2\\frac{5}{8}", "\\frac{21}{8}");
  Same("-2\\frac{5}{8}", "-\\frac{21}{8}");
  Differ("2\\cdot\\frac{5}{8}", "\\frac{21}{8}");
  Same("0.\\overline{3}", "1/3");
  Same("0.1\\overline{6}", "\\frac16");
  Same("0.\\dot{1}4285\\dot{7}", "1/7");
  Differ("0.122...", "11/90");  // which digits go on?
}

TEST(Compare, LetsPercentBeEitherReadingUnlessTold) {
  Same("28", "28\\%");
  Same("0.005", "\\frac12\\text{ percent}");
  Differ("0.5", "\\frac12\\text{ percent}", {.value = {.percent = PercentReading::kFraction}});
  Same("0.28", "28\\%");
  Differ("28", "0.28");
  Differ("28", "28\\%", {.value = {.percent = PercentReading::kFraction}});
  Same("0.28", "28\\%", {.value = {.percent = PercentReading::kFraction}});
  Differ("0.28", "28\\%", {.value = {.percent = PercentReading::kNumber}});
}

TEST(Compare, TakesADecimalOfSixPlacesForTheNumberItRounds) {
  Same("0.333333", "1/3");
  Same("0.666667", "2/3");
  Same("0.666666", "2/3");  // truncated
  Differ("0.666668", "2/3");
  Differ("0.66667", "2/3");
  Same("0.66667", "2/3", {.value = {.min_decimals = 5}});
  Same("1.41421356", "\\sqrt{2}");
  Differ("1.41421366", "\\sqrt{2}");
  Same("-1.414213", "-\\sqrt2");
  Differ("3.14", "\\pi");
  Same("1.4142135623730951", "\\sqrt{2}");  // as programs print it
  Same("0.30000000000000004", "3/10");
  Differ("1.4142135623730961", "\\sqrt{2}");
  Differ("0.999999999", "1");
  Same("\\sqrt{17}", "4.123105625617661");
  Differ("0.000000", "10^{-9}");
}

TEST(Compare, CallsNoTinyDifferenceZero) {
  Differ("1", "2^{2^{-1000}}");
  Differ("[1, \\infty)", "[2^{2^{-1000}}, \\infty)");
  EXPECT_TRUE(Judges("1", "2^{2^{-100000}}", Truth::kUnknown, {}));
  Differ("\\sqrt2 + 10^{-200}", "\\sqrt2");
  Differ("y = x + 10^{-200}", "y = x");
  Differ("(1+\\sqrt2)^{500}", "(1+\\sqrt2)^{500} + (1-\\sqrt2)^{500}");
  Same("(1+\\sqrt2)^{2024}", "(3+2\\sqrt2)^{1012}");
}

TEST(Compare, SimplifiesExactlyOrByCertifiedEvaluation) {
  Same("\\frac{\\sqrt{567}+12}{7}", "\\frac{12+9\\sqrt{7}}{7}");
  Same("\\frac{1}{\\sqrt{2}}", "\\frac{\\sqrt2}{2}");
  Same("\\sqrt{3+2\\sqrt{2}}", "1+\\sqrt2");
  Same("\\sqrt[3]{-8}", "-2");
  Same("(-8)^{1/3}", "-2");
  Same("e^{i\\pi}", "-1");
  Same("\\overline{3+4i}", "3-4i");
  Same("2 \\text{cis } 60^\\circ", "1+\\sqrt3 i");
  Same("\\ln 4+\\ln 5", "\\ln 20");
  Same("\\log_2 8", "3");
  Same("\\log 100", "2");
  Same("\\log e", "1");
  Same("\\sin 30^\\circ", "\\frac12");
  Same("\\arctan 1", "\\frac{\\pi}{4}");
  Same("\\sin^{-1} 1", "\\frac{\\pi}{2}");
  Same("\\binom{5}{2}", "10");
  Same("C_5^2", "10");
  Same("{5 \\choose 2}", "10");
  Same("\\frac{100!}{98!}", "9900");
  Same("\\sum_{k=1}^{10} k^2", "385");
  Same("\\prod_{k=1}^{5} k", "5!");
  Same("|{-3}|+\\lfloor 2.7 \\rfloor+\\lceil 2.1 \\rceil", "8");
  Same("\\gcd(12, 18)+\\max(1, 2)", "8");
  Differ("4\\sqrt{2}", "4");
  Differ("\\frac{1}{2004!}", "\\frac{1}{2006!}");
  Differ("\\frac{1+\\sqrt{5}}{2}", "2");
  Differ("\\sqrt{2}+\\sqrt{3}", "\\sqrt{5}");
  Differ("e^{\\pi\\sqrt{163}}", "262537412640768744");
}

TEST(Compare, ComparesFunctionsAtAllTheirArguments) {
  Same("5(x-8)(x-9)", "5 x^{2} - 85 x + 360");
  Same("\\frac{x}{7}+\\frac{2}{7}", "\\frac{x+2}{7}");
  Same("\\sec^2 y", "\\tan^2(y)+1");
  Same("6\\sin x \\cos x", "3\\sin(2x)");
  Same("2 \\cos a \\sin b", "2 \\sin b \\cos a");
  Same("\\frac{1}{3x^{2/3}}", "\\frac{1}{3\\sqrt[3]{x}^2}");
  Same("2\\ln x", "\\ln x^2");
  Same("\\frac{1}{\\sqrt{x}}", "\\sqrt{\\frac1x}");
  Differ("\\sqrt{(x-3)(x-5)}", "\\sqrt{x-3}\\sqrt{x-5}");
  Same("\\sqrt{-1-x^2}", "\\sqrt{-x^2-1}");
  Differ("\\sqrt{-1-x^2}", "\\sqrt{-2-x^2}");
  Same("binomial(n, k) + binomial(n, k+1)", "\\binom{n+1}{k+1}");
  Same("n \\cdot (n-1)!", "n!");
  Same("f(x+x)", "f(2x)");
  Differ("f(x)", "f(y)");
  Same("f(y)", "f(x)", {.rename_variables = true});
  Differ("|x|", "x");
  Differ("\\sqrt{x^2}", "x");
  Differ("\\lfloor x \\rfloor", "x");
  Differ("x+1", "x+2n+1");
  Differ("3\\sin x", "\\sin(2x)");
  Differ("x_1", "x_2");
}

TEST(Compare, UsesTheValueOfAnAssignment) {
  Same("x = 3", "3");
  Same("3", "k = 3");
  Same("3 = x", "3");
  Same("x = 5+5+1 = 11", "11");
  Same("x = 1/3 \\approx 0.33", "\\frac13");
  Same("x \\approx 11", "11");
  Same("f(x) = x + 1", "x + 1");
  Same("y = x + 1", "f(x) = x + 1");
  Same("\\frac{AB}{CD} = 2", "2");
  Same("|AB| = 1", "1");
  Same("(x, y) = (1, 2)", "(1, 2)");
  Same("2 + 3 = 5", "5");
  Differ("y = 3", "x = 3");
  Differ("2x + z = 1", "1");
  Differ("a^2 + b = 0", "0");
  Differ("x = 1, y = 2", "x = 2, y = 1");
  Same("y = 2, x = 1", "x = 1, y = 2");
}

TEST(Compare, ComparesListsAndSetsInAnyOrderAndTuplesInTheirs) {
  Same("-2, 1", "1, -2");
  Same("1 \\text{ and } -2", "1, -2");
  Same("1 oder -2", "-2 or 1");
  Same("\\{4, 1\\}", "\\{1, 4\\}");
  Same("1; 4", "\\{1, 4\\}");
  Differ("\\{\\{1\\}, 2\\}", "\\{1, \\{2\\}\\}");
  Same("1, 1, 2", "1, 2");
  Differ("1, 2, 3", "1, 2");
  Differ("1, 2", "2, 1", {.ordered_lists = true});
  Same("(1, 4.5)", "(1, \\frac{9}{2})");
  Differ("(2, 1)", "(1, 2)");
  Differ("\\{1, 3\\}", "(1, 3)");
  Same("1, 3", "(1, 3)");
  Differ("3, 1", "(1, 3)");
  Same("(1,2), (3,4)", "(3,4), (1,2)");
  Same("1 \\pm \\sqrt{19}", "1+\\sqrt{19}, 1-\\sqrt{19}");
  Differ("1+\\sqrt{19}", "1 \\pm \\sqrt{19}");
  Same("x = \\pm 2", "2, -2");
  Same("p=5,q=2;p=7,q=2", "(5,2),(7,2)");
  Same("['1', '3']", "3, 1");
  Same("3, 1", "[\"$1$\", \"$3$\"]");
  Same("2 : 4 : 6", "1:2:3");
}

TEST(Compare, ComparesIntervalsAndInequalitiesAsSets) {
  Same("\\left[-7, 1\\right)", "[-7,1)");
  Differ("(-7,1)", "[-7,1)");
  Same("]0, 1[", "(0, 1)");
  Same("[1,\\infty)", "x \\ge 1");
  Same("x > 2", "2 < x");
  Same("-x > -1", "x < 1");
  Differ("x < 5", "x > 5");
  Same("-1 < x < 1", "|x| < 1");
  Same("(-\\infty, 0) \\cup (0, \\infty)", "\\mathbb{R} \\setminus \\{0\\}");
  Same("x \\neq 0", "x < 0 \\text{ or } x > 0");
  Same("x < -1 \\text{ or } x > 1", "abs(x) > 1");
  Differ("\\lfloor x \\rfloor \\le 2", "x \\le 2");
  Same("x > 1 and x < 5", "(1, 5)");
  Same("x > 1 \\text{ and } x < 5", "1 < x < 5");
  Same("x \\ge 1 \\land x < 5", "[1, 5)");
  Differ("x > 1 and x < 5", "x > 1 or x < 5");
  Differ("x > 1 or x < 5", "(1, 5)");
  Same("x > 1, x < 5", "1 < x < 5");
  Differ("x > 1, x < 5", "\\mathbb{R}");
  Same("x \\ne 2, x \\ne -3", "(-\\infty, -3) \\cup (-3, 2) \\cup (2, \\infty)");
  Differ("x \\ne 2 \\text{ or } x \\ne -3", "\\mathbb{R}");
  Same("\\{x | x \\ne 2, x \\ne -3\\}", "x \\ne -3 \\text{ and } x \\ne 2");
  Same("\\{x|x<-1或x>2\\}", "(-\\infty,-1)\\cup(2,+\\infty)");
  Same("(x < 0 or x >= 1) and x <= 3", "x < 0 or x >= 1 and x <= 3");
  Same("(x < 0 or x >= 1) and x <= 3", "(-\\infty, 0) \\cup [1, 3]");
  Differ("x < 0 or (x >= 1 and x <= 3)", "x < 0 or x <= 3");
  Same("x < -1 and x > 1", "(-\\infty, -1) \\cup (1, \\infty)");
  Same("[1, 2] \\cup [2, 3]", "[1, 3]");
  Same("[0, 3] \\cap [2, 5]", "[2, 3]");
  Same("\\{x | -2 \\leq x < 1\\}", "[-2, 1)");
  Same("z \\in [-\\frac32, -1] \\cup [1, \\frac32]", "1 \\le |z| \\le \\frac32");
  Same("(0, 1)", "0 < f(x) < 1");
  Same("\\varnothing", "\\emptyset");
  Same("b < a < c", "c > a > b");
  Differ("a < b < c", "c > a > b");
  Same("[\\frac{1}{\\sqrt 2}, \\pi)", "[\\frac{\\sqrt 2}{2}, \\pi)");
}

TEST(Compare, LetsASolvedInequalityAnswerASetUnlessTold) {
  Same("x \\le 2", "(-\\infty, 2]");
  Same("1 < x < 2", "(1, 2)");
  Same("m \\geq \\sqrt{2}", "m \\in [\\sqrt{2}, +\\infty)");
  Differ("x < 2", "(-\\infty, 2]");
  Differ("2x \\le 4", "(-\\infty, 2]");  // which may be the question
  Differ("|x| < 2", "(-2, 2)");
  Same("|x| < 2", "(-2, 2)", {.relations_answer_sets = RelationsAnswerSets::kAlways});
  Differ("1 < x < 2", "(1, 2)", {.relations_answer_sets = RelationsAnswerSets::kNever});
}

TEST(Compare, ComparesEquations) {
  Same("a+b=1, a-b=1.732051", "a-b=\\sqrt3, a+b=1");
  Same("(a+b)^2=aa+bb+2ab", "(a+b)^2=a^2+b^2+2ab");
  Same("\\frac1x+\\frac1y=2", "y = \\frac{x}{2x-1}");
  Differ("\\frac1x+\\frac1{y^2}=2", "y = \\sqrt{\\frac{x}{2x-1}}");
  Differ("|x| = |y|", "x = y");
  Same("y=-\\frac{1}{2}x+\\frac{3}{4}", "2x+4y-3=0");
  Same("x^2/16 + y^2/12 = 1/4", "x^2/4 + y^2/3 = 1");
  Same("x = \\frac{y-1}{2}", "y = 2x + 1");
  Same("y = \\frac{1}{x}", "xy = 1");
  Differ("9x+1y=28", "9x+1y=27");
  Differ("x = 2", "x^2 = 4");
  Differ("11a+c", "7 = 11a+c");
}

TEST(Compare, TellsAnEquationFromItsMultipleWithFurtherSolutions) {
  Differ("ax = ay", "x = y");
  Differ("x = y", "ax = ay");
  Differ("x^2 y = x^3", "y = x");
  Differ("(x-1)y = (x-1)x", "y = x");
  Differ("1 = 1", "x = 1");
  Same("2x = 2y", "x = y");
  Same("x = \\frac{1}{y}", "xy = 1");
}

TEST(Compare, ComparesCongruences) {
  Same("n \\equiv 10 \\pmod 7", "n \\equiv 3 \\pmod{7}");
  Same("n ≡ 3 (mod 7)", "n \\equiv 3 \\pmod 7");
  Same("3 \\pmod 7", "n \\equiv 3 \\pmod 7");
  Same("3", "n \\equiv 3 \\pmod 7");
  Same("n \\equiv 3", "n \\equiv 3 \\pmod 7");
  Same("17 mod 5", "2");
  Differ("n \\equiv 3 \\pmod 5", "n \\equiv 3 \\pmod 7");
  Differ("n \\equiv 4 \\pmod 7", "n \\equiv 3 \\pmod 7");
  Differ("m \\equiv 3 \\pmod 7", "n \\equiv 3 \\pmod 7");
  Differ("4 (mod 7)", "3");
}

TEST(Compare, ComparesMatricesAndVectors) {
  Same("\\begin{bmatrix} 1 & 2 \\\\ 3 & 4 \\end{bmatrix}",
       "\\begin{pmatrix}1&2\\\\3&\\frac{8}{2}\\end{pmatrix}");
  Same("\\left[\\begin{array}{cc}1 & 2 \\\\3 & 4\\end{array}\\right]",
       "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}");
  Differ("\\begin{pmatrix}1&2\\\\3&5\\end{pmatrix}", "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}");
  Differ("\\begin{pmatrix}1&3\\\\2&4\\end{pmatrix}", "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}");
  Same("\\begin{pmatrix}1\\\\2\\end{pmatrix}+2\\begin{pmatrix}1\\\\0\\end{pmatrix}",
       "\\begin{pmatrix}3\\\\2\\end{pmatrix}");
  Same("\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}\\begin{pmatrix}0\\\\1\\end{pmatrix}",
       "\\begin{pmatrix}2\\\\4\\end{pmatrix}");
  Same("\\langle 4, -7 \\rangle", "\\begin{pmatrix}4\\\\-7\\end{pmatrix}");
  Same("\\begin{vmatrix}1&2\\\\3&4\\end{vmatrix}", "-2");
  Same("2\\vec{i} - 3\\vec{j} + \\vec{k}", "(2, -3, 1)");
  Same("2\\mathbf{i} - 3\\mathbf{j}", "\\begin{pmatrix}2\\\\-3\\end{pmatrix}");
  Differ("2i - 3j", "(2, 3)");
  Differ("2i + 3", "(2, 3)");
  Differ("ij", "(0, 0)");
  Same("[[1, 2], [3, 4]]", "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}");
  Same("\\begin{pmatrix}1&2&3\\\\3&4&5\\end{pmatrix}", "[[1, 2, 3], [3, 4, 5]]");
  Differ("[[1, 2], [3, 5]]", "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}");
  Differ("[[1, 2, 3], [4]]", "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}");
}

TEST(Compare, ConvertsKnownUnitsAndIgnoresOthers) {
  Same("14\\text{ cm}", "14");
  Same("14", "14 \\text{ apples}");
  Same("9", "9 (apples)");
  Same("7 gold stars", "7 (gold stars)");
  Same("18 dollars", "\\$18");
  Same("1.5 km", "1500 m");
  Same("36\\text{ km/h}", "10\\text{ m/s}");
  Same("2 \\text{ square meters}", "20000\\text{ cm}^2");
  Differ("3 cm", "3 m");
  Differ("3 kg", "3 m");
  Same("3 kg", "3 m", {.match_units = false});
  Same("90^\\circ", "90");
  Same("90^\\circ", "\\frac{\\pi}{2}");
  Differ("2x", "2");
  Differ("5m", "5n");
  Differ("2 m 3 m", "5 m");
  Same("5千米", "5");
  Differ("5千米", "5000");
  Differ("30 minutes 2 hours", "150 minutes");
}

TEST(Compare, ReadsNumbersInOtherBases) {
  Same("204_5", "204_{5}");
  Same("204", "204_5");
  Same("1011_2 + 1_2", "1100_2");
  Differ("1112122_3", "1112112_3");
  Differ("204_6", "204_5");
}

TEST(Compare, ComparesWordsChoicesTimesAndDates) {
  Same("\\text{Evelyn}", "evelyn");
  Same("\\textbf{(C)}", "C");
  Same("C. 12", "(C)");
  Same("Option C", "C");
  Differ("D", "C");
  Differ("\\text{E}", "$d$");
  Same("a necessary but not sufficient condition",
       "\\text{A necessary but not sufficient condition.}");
  Differ("a sufficient but not necessary condition",
         "\\text{a necessary but not sufficient condition}");
  Same("1:58 a.m.", "1:58 am");
  Differ("1:58 pm", "1:58 am");
  Same("13:58", "1:58 pm");
  Differ("1:00", "12:00");
  Same("noon", "12 pm");
  Same("3 o'clock", "3:00");
  Same("15時45分", "3:45 pm");
  Same("2020年7月4日", "July 4, 2020");
  Differ("2020年7月5日", "July 4, 2020");
  Same("4 July 2020", "July 4, 2020");
  Same("2020-07-04", "July 4th, 2020");
  Differ("2020-07-05", "July 4, 2020");
  Differ("1, 2, 3, ...", "1, 2, 3");
  Differ("(a) 3, (b) 5", "(a) 3, (b) 4");
}

TEST(Compare, TakesFormulasForNoWords) {
  Differ("X", "x");
  Differ("x", "X");
  Differ("Y = 1 + X", "y = 1 + x");
  Differ("n!", "n");
  Differ("\\frac{a}{b+c}", "\\frac{a}{b}+c");
  Differ("\\sin(X)", "\\sin(x)");
  Differ("AB", "ab");
  Same("c", "C");  // the letter of a choice
  Same("\\text{NO}!", "No");
  Same("A square", "a square");
}

TEST(Compare, KnowsTheWaysToSayThatThereIsNoSolution) {
  for (const char* answer : {"no solution", "\\text{No real solutions.}", "There are no solutions",
                             "None", "the empty set", "\\emptyset", "\\{\\}", "∅"}) {
    Same(answer, "\\emptyset");
    Same(answer, "no solution");
  }
  for (const char* answer : {"0", "\\{0\\}", "one solution", "no", "there are two solutions",
                             "no solution for x > 2", "x = 0"}) {
    Differ(answer, "\\emptyset");
    Differ(answer, "no solution");
    Differ("no solution", answer);
  }
}

TEST(Compare, SurvivesMalformedInput) {
  for (const char* text : {"\\frac{",
                           "}{",
                           "((((",
                           "\\sqrt[",
                           "\\begin{pmatrix}",
                           "^_^",
                           "\\",
                           "$",
                           "1/0",
                           "0^{-1}",
                           "\\text{",
                           "\\frac{1}{0}",
                           "\xff\xfe",
                           "|",
                           "\\left(",
                           "\\pm",
                           "x = 1 \\pm",
                           "0.(",
                           "{}_5C_",
                           "C(",
                           "30°30",
                           "2 hours and",
                           "one hundred and",
                           "k \\in",
                           "(mod",
                           "\\overline{3+i",
                           "^T"}) {
    EXPECT_NE(CompareAnswers(text, "1").same, Truth::kTrue) << text;
    EXPECT_NE(CompareAnswers("1", text).same, Truth::kTrue) << text;
  }
}

}  // namespace
}  // namespace rationale
