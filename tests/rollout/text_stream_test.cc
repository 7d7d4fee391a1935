// Tests of TextStream: stop strings across token borders, characters across token borders, pieces
// that add up.

#include "rollout/text_stream.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/philox.h"

namespace rationale {
namespace {

const std::string kReplacement = "\xEF\xBF\xBD";  // U+FFFD

TEST(TextStream, FindsAStopStringThatBeginsInOneTokenAndEndsInAnother) {
  TextStream stream({"</answer>"});
  EXPECT_FALSE(stream.Append("42 </an"));
  EXPECT_FALSE(stream.Append("swe"));
  EXPECT_TRUE(stream.Append("r> and more"));
  EXPECT_EQ(stream.Text(), "42 ");
}

TEST(TextStream, CutsAtTheStopStringThatStartsFirst) {
  TextStream stream({"cd", "bcde", "b"});
  EXPECT_TRUE(stream.Append("abcde"));
  EXPECT_EQ(stream.Text(), "a");
}

TEST(TextStream, HoldsBackWhatMayBecomeAStopString) {
  TextStream stream({"\n\nUser:"});
  stream.Append("yes\n");
  EXPECT_EQ(stream.TakePiece(false), "yes");
  stream.Append("\n");
  EXPECT_EQ(stream.TakePiece(false), "");
  stream.Append("\nUs");
  EXPECT_EQ(stream.TakePiece(false), "\n");
  stream.Append("e me");
  EXPECT_EQ(stream.TakePiece(false), "\n\nUse me");
  EXPECT_TRUE(stream.Append("\n\nUser:"));
  EXPECT_EQ(stream.TakePiece(true), "");
  EXPECT_EQ(stream.Text(), "yes\n\n\nUse me");
}

TEST(TextStream, HoldsBackTheBeginningOfACharacter) {
  TextStream stream;
  stream.Append("n\xE5");
  EXPECT_EQ(stream.TakePiece(false), "n");
  stream.Append("\xAD");
  EXPECT_EQ(stream.TakePiece(false), "");
  stream.Append("\x97!");
  EXPECT_EQ(stream.TakePiece(false), "\xE5\xAD\x97!");
}

TEST(TextStream, ReplacesIllFormedBytes) {
  TextStream stream;
  stream.Append("cut \xE5");
  EXPECT_EQ(stream.TakePiece(false), "cut ");
  EXPECT_EQ(stream.TakePiece(true), kReplacement);
}

// However random bytes are cut into tokens, the pieces add up to the text, which is the bytes
// before the first stop.
TEST(TextStream, PiecesAddUpHoweverTheBytesAreCut) {
  const std::vector<std::string> alphabet = {
      "a", "b", "ab", "\xC3\xA9", "\xE5\xAD\x97", "\xF0\x9F\x98\x80", "\xA9"};
  const std::vector<std::string> stops = {"abab", "ba\xC3\xA9", "\xE5\xAD\x97\xE5"};
  int num_stopped = 0;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    PhiloxStream random(seed);
    std::string bytes;
    const int64_t num_parts = random.Int(0, 40);
    for (int64_t i = 0; i < num_parts; ++i)
      bytes += alphabet[static_cast<size_t>(random.Int(0, 6))];

    size_t end = std::string::npos;  // where the first stop string to be complete starts
    for (size_t size = 1; size <= bytes.size() && end == std::string::npos; ++size) {
      for (const std::string& stop : stops) end = std::min(end, bytes.substr(0, size).find(stop));
    }

    TextStream stream(stops);
    std::string joined;
    bool stopped = false;
    for (size_t from = 0; from < bytes.size() && !stopped;) {
      const auto size = static_cast<size_t>(random.Int(1, 3));
      stopped = stream.Append(std::string_view(bytes).substr(from, size));
      joined += stream.TakePiece(false);
      from += size;
    }
    joined += stream.TakePiece(true);
    num_stopped += stopped ? 1 : 0;
    EXPECT_EQ(stopped, end != std::string::npos) << "seed " << seed;
    EXPECT_EQ(joined, stream.Text()) << "seed " << seed;
    EXPECT_EQ(joined, ValidUtf8(bytes.substr(0, end))) << "seed " << seed;
  }
  EXPECT_GT(num_stopped, 50);
  EXPECT_LT(num_stopped, 450);
}

}  // namespace
}  // namespace rationale
