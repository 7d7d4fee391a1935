#include "base/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/text_table.h"

namespace rationale {
namespace {

struct Screen {
  double now = 100;
  std::vector<std::string> writes;

  ProgressOutput Output(bool terminal, int width = 200) {
    return {.terminal = terminal,
            .width = width,
            .write = [this](std::string_view text) { writes.emplace_back(text); },
            .seconds = [this] { return now; }};
  }
};

TEST(LogInfo, GivesEveryLineOfATextALineOfItsOwn) {
  testing::internal::CaptureStderr();
  LogInfo("title\n-----\n");
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
  EXPECT_NE(text.find(" title\n"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with(" -----\n")) << text;
}

TEST(Progress, ElsewhereThanOnATerminalPrintsALineEveryFewSecondsAndTheLastOne) {
  Screen screen;
  {
    Progress progress("rl", 100, "step", screen.Output(false));
    for (int step = 1; step <= 100; ++step) {
      screen.now += 0.5;
      progress.Update(step, step == 100 ? "reward 1.9" : "");
    }
  }
  ASSERT_EQ(screen.writes.size(), 11u);  // at 0.5 s, then every 5 s, then the end
  EXPECT_EQ(screen.writes[1], "rl 11/100  2.0 step/s  left 45 s");
  EXPECT_EQ(screen.writes.back(), "rl 100/100  2.0 step/s  took 50 s  reward 1.9");
}

TEST(Progress, OnATerminalDrawsABarThatFitsAndRemovesIt) {
  Screen screen;
  {
    Progress progress("sft", 10, "step", screen.Output(true, 50));
    screen.now += 20;
    progress.Update(5, "a long detail that does not fit the terminal");
    progress.Update(6);  // too soon
    screen.now += 0.2;
    progress.Update(7);
  }
  ASSERT_EQ(screen.writes.size(), 3u);
  EXPECT_NE(screen.writes[0].find("▕████████████············▏ 5/10"), std::string::npos)
      << screen.writes[0];
  EXPECT_EQ(DisplayWidth(screen.writes[0]), 49u);
  EXPECT_TRUE(screen.writes[0].ends_with("…"));
  EXPECT_EQ(screen.writes.back(), "");
}

TEST(Progress, ShowsNoRateOfTheFirstInstant) {
  for (const bool terminal : {false, true}) {
    Screen screen;
    Progress progress("score", 100000, "response", screen.Output(terminal));
    screen.now += 0.001;
    progress.Update(1);
    EXPECT_TRUE(screen.writes.empty());
    screen.now += 0.999;
    progress.Update(20000);
    ASSERT_EQ(screen.writes.size(), 1u);
    EXPECT_NE(screen.writes[0].find("20000.0 response/s  left 4.0 s"), std::string::npos);
  }
}

TEST(Progress, OfAResumedRunMeasuresItsOwnRate) {
  Screen screen;
  Progress progress("rl", 100, "step", screen.Output(false));
  screen.now += 2;
  progress.Update(91);
  EXPECT_EQ(screen.writes.at(0), "rl 91/100  2.0 s/step  left 18 s");
}

TEST(DurationText, ReadsLikeAClock) {
  EXPECT_EQ(DurationText(0.44), "0.4 s");
  EXPECT_EQ(DurationText(12.3), "12 s");
  EXPECT_EQ(DurationText(185), "3:05");
  EXPECT_EQ(DurationText(3729), "1:02:09");
}

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("für"), 3u);
  EXPECT_EQ(DisplayWidth("中文"), 4u);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1u);
  EXPECT_EQ(DisplayWidth("😀"), 2u);
  EXPECT_EQ(DisplayWidth("\xff"), 1u);
}

TEST(CutToWidth, NeverSplitsACharacterNorExceedsTheWidth) {
  EXPECT_EQ(CutToWidth("abc", 3), "abc");
  EXPECT_EQ(CutToWidth("abcd", 3), "ab…");
  EXPECT_EQ(CutToWidth("中文字", 4), "中…");
  EXPECT_EQ(CutToWidth("abc", 0), "");
  EXPECT_EQ(CutToWidth("a\x1b[2J\n", 9), "a [2J ") << "the terminal is not told to clear itself";
}

TEST(TextTable, AlignsWideCharacters) {
  TextTable table({{.title = "step"}, {.title = "text", .left = true}, {.title = "n"}});
  const std::vector<std::vector<std::string>> rows = {{"1", "中文", "10"}, {"200", "ab", "7"}};
  table.Fit(rows);
  EXPECT_EQ(table.Header() + table.Row(rows[0]) + table.Row(rows[1]),
            "step  text   n\n"
            "──────────────\n"
            "   1  中文  10\n"
            " 200  ab     7\n");
}

}  // namespace
}  // namespace rationale
