#include "rl/lab/disagreement.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rationale {
namespace {

Verdict VerdictOf(double score, const std::string& reason, bool judged = true) {
  return {.judged = judged,
          .score = judged ? score : 0,
          .components = {{.name = "math", .judged = judged, .score = score, .reason = reason}}};
}

ScoredRow RowOf(const std::string& where, const std::string& text) {
  ScoredRow row;
  row.where = where;
  row.text = text;
  row.problem.reference = "4";
  return row;
}

TEST(Disagreement, CountsEachKind) {
  Disagreement disagreement("old", "new", 5);
  disagreement.Add(RowOf("f:1", ""), VerdictOf(1, ""), VerdictOf(1, "other words"));
  disagreement.Add(RowOf("f:2", ""), VerdictOf(1, ""), VerdictOf(0, ""));
  disagreement.Add(RowOf("f:3", ""), VerdictOf(0, ""), VerdictOf(0.5, ""));
  disagreement.Add(RowOf("f:4", ""), VerdictOf(0, ""), VerdictOf(0.5, ""));
  disagreement.Add(RowOf("f:5", ""), VerdictOf(0, "", false), VerdictOf(0, ""));
  EXPECT_EQ(disagreement.Counts(),
            "old against new: 4 of 5 responses differ (80.0%)\n"
            "  higher by old: 1, by new: 2; judged by old alone: 0, by new alone: 1\n"
            "  math differs in 4 of 5\n");
}

TEST(Disagreement, ShowsTheGreatestSideBySide) {
  Disagreement disagreement("old", "new", 2);
  disagreement.Add(RowOf("f:1", "small"), VerdictOf(0.5, ""), VerdictOf(0.4, ""));
  disagreement.Add(RowOf("f:2", "two and two\nare 四"), VerdictOf(1, "'四' equals reference '4'"),
                   VerdictOf(0, "no answer found; reference '4'"));
  disagreement.Add(RowOf("f:3", "x"), VerdictOf(1, ""), VerdictOf(0, "unjudged", false));
  const std::string text = disagreement.Examples(61);
  EXPECT_EQ(text,
            "\nf:3\n"
            "  reference: 4\n"
            "  x\n"
            "  ────────────────────────────┬────────────────────────────\n"
            "  old: 1                      │ new: not judged\n"
            "  math 1:                     │ math not judged: unjudged\n"
            "\nf:2\n"
            "  reference: 4\n"
            "  two and two\n"
            "  are 四\n"
            "  ────────────────────────────┬────────────────────────────\n"
            "  old: 1                      │ new: 0\n"
            "  math 1: '四' equals         │ math 0: no answer found;\n"
            "  reference '4'               │ reference '4'\n");
}

TEST(Disagreement, LeavesTheMiddleOfALongResponseOut) {
  Disagreement disagreement("old", "new", 1);
  std::string response;
  for (int i = 0; i < 30; ++i) response += "line " + std::to_string(i) + "\n";
  disagreement.Add(RowOf("f:1", response), VerdictOf(1, ""), VerdictOf(0, ""));
  const std::string text = disagreement.Examples(60);
  EXPECT_NE(text.find("  line 3\n  … 18 lines …\n  line 22\n"), std::string::npos) << text;
  EXPECT_NE(text.find("line 29\n"), std::string::npos);
}

TEST(WrapText, BreaksAtSpacesAndWithinWordsThatAreTooLong) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(WrapText("one two three", 7), (Lines{"one two", "three"}));
  EXPECT_EQ(WrapText("one two three", 8), (Lines{"one two", "three"}));
  EXPECT_EQ(WrapText("abcdefghij k", 4), (Lines{"abcd", "efgh", "ij k"}));
  EXPECT_EQ(WrapText("a\n\nb", 4), (Lines{"a", "", "b"}));
  EXPECT_EQ(WrapText("一二三", 4), (Lines{"一二", "三"})) << "two columns each";
  EXPECT_EQ(WrapText("", 4), (Lines{""}));
  EXPECT_EQ(WrapText("a\x1b[31m", 10), (Lines{"a [31m"})) << "no control characters";
}

}  // namespace
}  // namespace rationale
