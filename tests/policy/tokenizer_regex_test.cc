#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "policy/tokenizer/regex.h"

namespace rationale {
namespace {

std::vector<std::string> Matches(const std::string& pattern, const std::string& text) {
  std::vector<std::string> matches;
  for (const TextRange& range : Regex(pattern, "test").FindAll(text)) {
    matches.push_back(text.substr(range.begin, range.end - range.begin));
  }
  return matches;
}

using Strings = std::vector<std::string>;

TEST(Regex, FindsAllMatchesFromLeftToRight) {
  EXPECT_EQ(Matches("a+|b", "aabcab"), (Strings{"aa", "b", "a", "b"}));
  EXPECT_EQ(Matches("x", ""), Strings{});
}

TEST(Regex, CountsAnEmptyMatchOnlyAwayFromTheOneBefore) {
  EXPECT_EQ(Regex("a*", "test").FindAll("baac"), (std::vector<TextRange>{{0, 0}, {1, 3}, {4, 4}}));
  EXPECT_EQ(Regex("", "test").FindAll("é"), (std::vector<TextRange>{{0, 0}, {2, 2}}));
}

TEST(Regex, WhiteSpaceIsUnicodes) {
  const std::string spaces = "\t\v\r \u0085\u00A0\u1680\u2003\u2028\u202F\u3000";
  EXPECT_EQ(Matches(R"(\s+)", spaces + "x\u180E\u200B"), Strings{spaces});
  EXPECT_EQ(Matches(R"([^\s]+)", "a" + spaces + "x\u180E"), (Strings{"a", "x\u180E"}));
  EXPECT_EQ(Matches(R"([\s\S]+)", "a \u180E"), Strings{"a \u180E"});
  EXPECT_EQ(Matches(R"(\S+)", "a \u180E"), (Strings{"a", "\u180E"}));
}

TEST(Regex, WordCharactersAreUnicodes) {
  // a combining mark, a tie, a circled letter and a superscript belong to words; a joiner does not
  EXPECT_EQ(Matches(R"(\w+)", "e\u0301\u203F\u24D0\u00B2-\u200D"),
            Strings{"e\u0301\u203F\u24D0\u00B2"});
  EXPECT_EQ(Matches(R"(\b\w)", "e\u0301x \u24D0y"), (Strings{"e", "\u24D0"}));
}

TEST(Regex, LettersAndCasesAreUnicodes) {
  EXPECT_EQ(Matches(R"(\p{L}+|\p{N}+)", "Straße١٢ 漢字"), (Strings{"Straße", "١٢", "漢字"}));
  EXPECT_EQ(Matches("(?i:'s|'ll)", "'S 'Ll '\u017F"), (Strings{"'S", "'Ll", "'\u017F"}));
  EXPECT_EQ(Matches(R"(\p{Han}+)", "漢、字\u3005"),
            (Strings{"漢", "字\u3005"}));  // the script, not its extensions
}

TEST(Regex, LinesBeginAndEndAtEveryNewline) {
  EXPECT_EQ(Matches(R"(\s+$)", "a  \nb \n"), (Strings{"  ", " \n"}));
  EXPECT_EQ(Matches(R"(^.)", "ab\ncd"), (Strings{"a", "c"}));
  EXPECT_EQ(Matches(R"(.+)", "a\rb\nc"), (Strings{"a\rb", "c"}));
}

TEST(Regex, LooksAheadAndTakesPossessively) {
  EXPECT_EQ(Matches(R"(\s+(?!\S)|\s+)", "a   b"), (Strings{"  ", " "}));
  EXPECT_EQ(Matches(R"([^\r\n\p{L}]?+\p{L}+)", " ab\u00E9 1x"), (Strings{" ab\u00E9", "1x"}));
}

TEST(Regex, MatchesNestedGroupsOverLongTexts) {
  const std::string text(200'000, 'a');
  EXPECT_EQ(Matches("(?:a|b)+", text), Strings{text});
}

TEST(Regex, RefusesWhatPcreReadsDifferently) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"(\h)", R"(\h)"},
      {R"(a{1,3}+)", "}+"},
      {R"(a{,3})", "{,"},
      {"[a&&b]", "&&"},
      {"[a[b]]", "[ inside a class"},
      {"[]a]", "] first in a class"},
      {"(?m:.)", "(?m:"},
      {"a(?i)b", "(?i)"},
      {R"([\W])", R"(\W inside a class)"},
      {R"(\xC3)", "\\x without {"},
      {R"(\1)", R"(\1)"},
      {"a\\", "\\ at the end"},
      {R"(\pL)", R"(\pL)"},
  };
  for (const auto& [pattern, refused] : cases) {
    try {
      Regex(pattern, "file: key");
      ADD_FAILURE() << pattern;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()),
                "file: key: pattern " + pattern + ": '" + refused + "' is not built");
    }
  }
}

TEST(Regex, SaysWhereAPatternIsMalformed) {
  try {
    Regex("a(b", "file: key");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).rfind("file: key: pattern a(b: ", 0), 0u) << error.what();
  }
}

}  // namespace
}  // namespace rationale
