// NumberWords: numbers that are written out.

#include <gtest/gtest.h>

#include "rewards/math/number_words.h"

namespace rationale {
namespace {

std::string Formula(std::string_view text) {
  const auto number = ReadNumberWords(text);
  return number ? number->formula + "|" + std::string(text.substr(number->length)) : "none";
}

TEST(NumberWords, ReadCardinals) {
  EXPECT_EQ(Formula("zero"), "0|");
  EXPECT_EQ(Formula("forty-two"), "42|");
  EXPECT_EQ(Formula("Forty two apples"), "42| apples");
  EXPECT_EQ(Formula("a hundred"), "100|");
  EXPECT_EQ(Formula("one hundred and five"), "105|");
  EXPECT_EQ(Formula("nineteen hundred"), "1900|");
  EXPECT_EQ(Formula("one hundred twenty-five thousand"), "125000|");
  EXPECT_EQ(Formula("two million three hundred thousand and one"), "2300001|");
  EXPECT_EQ(Formula("nine hundred ninety-nine trillion"), "999000000000000|");
  EXPECT_EQ(Formula("three dozen"), "36|");
  EXPECT_EQ(Formula("minus seven"), "-7|");
}

TEST(NumberWords, ReadFractionsAndDecimals) {
  EXPECT_EQ(Formula("half"), "\\frac{1}{2}|");
  EXPECT_EQ(Formula("two-thirds of it"), "\\frac{2}{3}| of it");
  EXPECT_EQ(Formula("a quarter"), "\\frac{1}{4}|");
  EXPECT_EQ(Formula("three and a half"), "3\\frac{1}{2}|");
  EXPECT_EQ(Formula("five and three quarters"), "5\\frac{3}{4}|");
  EXPECT_EQ(Formula("two point five"), "2.5|");
  EXPECT_EQ(Formula("two point"), "2| point");
}

TEST(NumberWords, EndWhereTheNumberDoes) {
  EXPECT_EQ(Formula("three and five"), "3| and five");
  EXPECT_EQ(Formula("two three"), "2| three");
  EXPECT_EQ(Formula("one thousand and two hundred"), "1000| and two hundred");
  EXPECT_EQ(Formula("one hundred and two thirds"), "100\\frac{2}{3}|");
}

TEST(NumberWords, AreNoOtherWords) {
  for (const char* text : {"", "a", "a cat", "ones", "oneself", "one's", "twenty-third", "third",
                           "two third", "second", "and five", "minus", "hundred", "onex", "тысяча"})
    EXPECT_EQ(Formula(text), "none") << text;
}

TEST(NumberWords, KnowWhatMultipliesANumeral) {
  EXPECT_EQ(MultiplierOf("million")->ToString(), "1000000");
  EXPECT_EQ(MultiplierOf("dozen")->ToString(), "12");
  EXPECT_EQ(MultiplierOf("тысяч")->ToString(), "1000");
  EXPECT_FALSE(MultiplierOf("miles"));
  EXPECT_FALSE(MultiplierOf(""));
}

}  // namespace
}  // namespace rationale
