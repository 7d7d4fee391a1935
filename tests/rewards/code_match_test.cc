// Code, output: what a program wrote beside what it should have written.

#include <gtest/gtest.h>

#include "rewards/code/match.h"

namespace rationale {
namespace {

using enum OutputMatch;

std::string Differ(std::string_view actual, std::string_view expected, OutputMatch match,
                   double tolerance = 0) {
  return OutputDifference(actual, expected, match, tolerance);
}

TEST(OutputMatch, ExactForgivesOnlyLineEndsAndTheVeryEnd) {
  EXPECT_EQ(Differ("a b\nc\n", "a b\nc", kExact), "");
  EXPECT_EQ(Differ("a b\r\nc\r\n \n", "a b\nc", kExact), "");
  EXPECT_EQ(Differ("a  b", "a b", kExact),
            "line 1: wrote 'a  b' at the end, expected 'a b' at the end");
  EXPECT_NE(Differ("a \nb", "a\nb", kExact), "");
  EXPECT_NE(Differ("a\n\nb", "a\nb", kExact), "");
  EXPECT_NE(Differ(" a", "a", kExact), "");
  EXPECT_NE(Differ("a", "a\nb", kExact), "");
  EXPECT_NE(Differ("", "a", kExact), "");
  EXPECT_EQ(Differ("", "", kExact), "");
}

TEST(OutputMatch, TokensForgiveWhiteSpace) {
  EXPECT_EQ(Differ(" 1\t2\n\n3 ", "1 2 3", kTokens), "");
  EXPECT_EQ(Differ("12 3", "1 23", kTokens), "word 1: '12', expected '1'");
  EXPECT_EQ(Differ("1 2", "1 2 3", kTokens), "word 3: nothing, expected '3'");
  EXPECT_EQ(Differ("1 2 3", "1 2", kTokens), "word 3: '3', expected no more");
  EXPECT_NE(Differ("1.0", "1", kTokens), "");
}

TEST(OutputMatch, NumbersForgiveTheToleranceAndNoMore) {
  EXPECT_EQ(Differ("1.0", "1", kNumbers), "");
  EXPECT_EQ(Differ("x 0.3333", "x 0.33333333", kNumbers, 1e-4), "");
  EXPECT_NE(Differ("x 0.333", "x 0.33333333", kNumbers, 1e-4), "");
  EXPECT_EQ(Differ("1000001", "1000000", kNumbers, 1e-5), "");  // relative above 1
  EXPECT_NE(Differ("1000101", "1000000", kNumbers, 1e-5), "");
  EXPECT_NE(Differ("x 1", "y 1", kNumbers, 1), "");
  EXPECT_NE(Differ("nan", "1", kNumbers, 1), "");
  EXPECT_NE(Differ("inf", "1", kNumbers, 1e9), "");
  EXPECT_NE(Differ("1e999", "1", kNumbers, 1e9), "");
  EXPECT_EQ(Differ("inf", "inf", kNumbers), "");
  EXPECT_EQ(Differ("+5", "5", kNumbers), "");
}

}  // namespace
}  // namespace rationale
