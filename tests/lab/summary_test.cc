#include "rl/lab/summary.h"

#include <gtest/gtest.h>

#include <string>

namespace rationale {
namespace {

ScoredRow RowOf(const std::string& language, const std::string& source) {
  ScoredRow row;
  row.problem.language = language;
  row.source = source;
  return row;
}

Verdict VerdictOf(double math) {
  return {.judged = true,
          .score = math + 0.5,
          .components = {{.name = "math", .judged = true, .score = math},
                         {.name = "format", .judged = true, .score = 0.5}}};
}

TEST(Summary, IsInAllByLanguageAndBySourceWithWhatCouldNotBeJudgedApart) {
  Summary summary({"math", "format"});
  summary.Add(RowOf("de", "gsm8k"), VerdictOf(1));
  summary.Add(RowOf("th", "gsm8k"), VerdictOf(0));
  summary.Add(RowOf("th", "aime"), VerdictOf(1));
  summary.Add(RowOf("", "aime"),
              {.judged = false,
               .components = {{.name = "math", .reason = "the problem has no reference answer"},
                              {.name = "format", .judged = true, .score = 1}}});
  EXPECT_EQ(summary.Text(),
            "              responses  judged   score    math  format\n"
            "───────────────────────────────────────────────────────\n"
            "all                   4       3  1.1667  0.6667  0.6250\n"
            "language de           1       1  1.5000  1.0000  0.5000\n"
            "language th           2       2  1.0000  0.5000  0.5000\n"
            "source aime           2       1  1.5000  1.0000  0.7500\n"
            "source gsm8k          2       2  1.0000  0.5000  0.5000\n"
            "could not judge 1 x  math: the problem has no reference answer\n");
}

TEST(Summary, CountsReasonsThatDifferInWhatTheyQuoteAsOne) {
  Summary summary({"command"});
  for (const std::string reason : {"no score: 'a'", "no score: 'b'", "it ended"}) {
    summary.Add(RowOf("", ""), {.components = {{.name = "command", .reason = reason}}});
  }
  EXPECT_NE(summary.Text().find("could not judge 1 x  command: it ended\n"
                                "could not judge 2 x  command: no score: 'a'\n"),
            std::string::npos)
      << summary.Text();
}

TEST(Summary, OfNothingSaysSo) {
  EXPECT_EQ(Summary({"math"}).Text(),
            "     responses  judged  score  math\n"
            "───────────────────────────────────\n"
            "all          0       0      -     -\n");
}

TEST(Summary, ShowsTheMostFrequentOfManySources) {
  Summary summary({});
  for (int i = 0; i < 60; ++i) {
    for (int j = 0; j <= i; ++j) summary.Add(RowOf("", "s" + std::to_string(i)), {.judged = true});
  }
  EXPECT_NE(summary.Text().find("source s59 "), std::string::npos);
  EXPECT_EQ(summary.Text().find("source s0 "), std::string::npos);
  EXPECT_NE(summary.Text().find("and 20 more by source\n"), std::string::npos);
}

}  // namespace
}  // namespace rationale
