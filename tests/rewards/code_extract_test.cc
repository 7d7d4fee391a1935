// Code, extraction: the program in a response.

#include <gtest/gtest.h>

#include "rewards/code/extract.h"

namespace rationale {
namespace {

using enum ProgramStyle;

std::string Found(std::string_view text, const std::string& language = "python",
                  const std::vector<ProgramStyle>& order = {kFence, kTag, kWhole}) {
  const auto program = ExtractProgram(text, language, order);
  return program ? std::string(ProgramStyleName(program->style)) + ":" + program->text : "none";
}

TEST(CodeExtract, TakesTheLastClosedBlockOfTheLanguage) {
  EXPECT_EQ(Found("try\n```python\nx = 1\n```\nno:\n```python\nx = 2\n```\n"), "fence:x = 2\n");
  EXPECT_EQ(Found("```python\nx = 1\n```\nit prints\n```\n2\n```\n"), "fence:x = 1\n");
  EXPECT_EQ(Found("```py\nx = 1\n```\n```cpp\nint x;\n```"), "fence:x = 1\n");
  EXPECT_EQ(Found("```python\nx = 1\n```\n```python\nx = 2"), "fence:x = 1\n");
}

TEST(CodeExtract, TakesABlockWithoutALabelOnlyIfNoneNamesTheLanguage) {
  EXPECT_EQ(Found("```\nx = 1\n```"), "fence:x = 1\n");
  EXPECT_EQ(Found("```cpp\nint x;\n```", "python", {kFence}), "none");
}

TEST(CodeExtract, KnowsTheUsualWaysToOpenABlock) {
  for (const char* open : {"```python", "``` Python", "~~~py", "````python3", "```{.python}",
                           "```python title=\"a\"", "   ```python"}) {
    const std::string mark = std::string(open).find('~') != std::string::npos ? "~~~~" : "````";
    EXPECT_EQ(Found(std::string(open) + "\nx = 1\n" + mark + "\n"), "fence:x = 1\n") << open;
  }
  EXPECT_EQ(Found("```c++\nint x;\n```", "cpp"), "fence:int x;\n");
  EXPECT_EQ(Found("```JS\nlet x;\n```", "javascript"), "fence:let x;\n");
}

TEST(CodeExtract, KeepsTheIndentationButNotThatOfTheFence) {
  EXPECT_EQ(Found("1. so:\n   ```python\n   if x:\n     y\n   ```\n"), "fence:if x:\n  y\n");
  EXPECT_EQ(Found("```python\n    return 1\n```"), "fence:    return 1\n");
}

TEST(CodeExtract, TakesABlockNeverClosedIfThereIsNoOther) {
  EXPECT_EQ(Found("so\n```python\nx = 1\ny = 2"), "fence:x = 1\ny = 2\n");
}

TEST(CodeExtract, IsNotFooledByFencesInsideALongerFence) {
  EXPECT_EQ(Found("````python\ns = '''\n```\n'''\n````\n"), "fence:s = '''\n```\n'''\n");
}

TEST(CodeExtract, ReadsTagsAndWholeTexts) {
  EXPECT_EQ(Found("[PYTHON]\nx = 1\n[/PYTHON]"), "tag:\nx = 1\n");
  EXPECT_EQ(Found("<code>x = 1</code> then <code>x = 2</code>"), "tag:x = 2");
  EXPECT_EQ(Found("<code> x = 1 </code>"), "tag:x = 1 ");
  EXPECT_EQ(Found("<code>    return 1</code>"), "tag:    return 1");
  EXPECT_EQ(Found("\\begin{code}\nx = 1\n\\end{code}"), "tag:\nx = 1\n");
  EXPECT_EQ(Found("\n\n    return 1\n"), "whole:    return 1\n");
}

TEST(CodeExtract, FindsNothingInNothing) {
  EXPECT_EQ(Found(""), "none");
  EXPECT_EQ(Found(" \n\t\n"), "none");
  EXPECT_EQ(Found("```python\n\n```", "python", {kFence}), "none");
  EXPECT_EQ(Found("I do not know.", "python", {kFence, kTag}), "none");
}

}  // namespace
}  // namespace rationale
