#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "base/files.h"
#include "rl/cli/arguments.h"
#include "rl/cli/command.h"
#include "rl/cli/output.h"
#include "tests/cli/program.h"

namespace rationale {
namespace {

std::string StderrOf(const std::function<void()>& body) {
  testing::internal::CaptureStderr();
  body();
  return testing::internal::GetCapturedStderr();
}

TEST(Program, HelpListsTheCommandsAndExitCodes) {
  const Ended ended = RunProgram("--help");
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_NE(ended.output.find("\n  version "), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("Exit codes: 0 done, 1 failed, 2 "), std::string::npos);
}

TEST(Program, WithoutACommandOrWithAnUnknownOneExitsWithTwo) {
  EXPECT_EQ(RunProgram("").exit_code, 2);
  const Ended ended = RunProgram("verison");
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_EQ(ended.output,
            "rationale: unknown command 'verison'; did you mean 'version'? See rationale --help\n");
}

TEST(Program, IsFoundThroughALinkAndRunsItsTorchHalf) {
  const TemporaryFolder folder;
  ASSERT_EQ(symlink(RATIONALE_PROGRAM, (folder.path() + "/linked").c_str()), 0);
  setenv("LINKED", (folder.path() + "/linked").c_str(), 1);
  const Ended ended = RunProgram("--version >/dev/null; \"$LINKED\" version --help");
  EXPECT_EQ(ended.exit_code, RATIONALE_HAS_TORCH ? 0 : 1) << ended.output;
  if (RATIONALE_HAS_TORCH) {
    EXPECT_NE(ended.output.find("Examples:"), std::string::npos);
  }
}

TEST(Program, AFullDiskIsAFailureAndAClosedPipeIsNot) {
  const Ended full = RunProgram("--help > /dev/full");
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_NE(full.output.find("standard output cannot be written"), std::string::npos);

  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  close(ends[0]);                 // nobody reads
  std::signal(SIGPIPE, SIG_DFL);  // whoever started us may have ignored it
  setenv("END", std::to_string(ends[1]).c_str(), 1);
  const Ended closed = RunProgram("--help >&$END");
  close(ends[1]);
  EXPECT_EQ(closed.exit_code, 0);
  EXPECT_EQ(closed.output, "");
}

TEST(ExitCodeOf, IsTwoForTheUserAndOneForTheWorldAndUs) {
  const auto code = [](auto thrown, const char* message) {
    int result = -1;
    EXPECT_EQ(StderrOf([&] { result = ExitCodeOf([&]() -> int { throw thrown; }); }), message);
    return result;
  };
  EXPECT_EQ(code(Error("x:3: bad"), "rationale: x:3: bad\n"), 2);
  EXPECT_EQ(code(Failure("disk full"), "rationale: disk full\n"), 1);
  EXPECT_EQ(code(CheckFailure("f.cc:1: n"),
                 "rationale: a bug in rationale, please report it: f.cc:1: n\n"),
            1);
  EXPECT_EQ(code(std::bad_alloc(), "rationale: out of memory\n"), 1);
  EXPECT_EQ(code(std::runtime_error("other"), "rationale: other\n"), 1);
  EXPECT_EQ(code(OutputClosed(), ""), 0);
  EXPECT_EQ(ExitCodeOf([] { return 7; }), 7);
}

// Parses a line of options with one option --steps and one flag --json.
std::string ParseMessage(std::vector<std::string> words) {
  Arguments arguments("train", "Trains.", "  rationale train x.toml\n");
  int steps = 3;
  bool json = false;
  arguments.add_option("--steps", steps, "number");
  arguments.add_flag("--json", json, "");
  std::vector<char*> argv = {const_cast<char*>("train")};
  for (std::string& word : words) argv.push_back(word.data());
  try {
    arguments.Parse(static_cast<int>(argv.size()), argv.data());
  } catch (const Error& error) {
    return error.what();
  }
  return "steps " + std::to_string(steps) + (json ? " json" : "");
}

TEST(Arguments, ParseAndNameWhatIsWrong) {
  EXPECT_EQ(ParseMessage({"--steps", "4", "--json"}), "steps 4 json");
  EXPECT_EQ(ParseMessage({}), "steps 3");
  EXPECT_EQ(ParseMessage({"--setps=4"}),
            "unknown option '--setps=4'; did you mean '--steps'? See rationale train --help");
  EXPECT_EQ(ParseMessage({"more"}), "unexpected argument 'more'. See rationale train --help");
  EXPECT_EQ(ParseMessage({"--steps", "x"}).rfind("Could not convert: --steps = x", 0), 0u)
      << ParseMessage({"--steps", "x"});
}

TEST(FindCommand, KnowsNamesOfTwoWords) {
  const std::array commands = {Command{"run", "", nullptr}, Command{"bench math", "", nullptr},
                               Command{"bench learn", "", nullptr}};
  const auto find = [&](std::vector<const char*> words) -> std::string {
    words.insert(words.begin(), "rationale");
    try {
      return FindCommand(commands, static_cast<int>(words.size()), const_cast<char**>(words.data()))
          .name;
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_EQ(find({"run", "x"}), "run");
  EXPECT_EQ(find({"bench", "learn", "--json"}), "bench learn");
  EXPECT_EQ(find({"bench"}), "bench needs one of: math, learn");
  EXPECT_EQ(find({"bench", "sandbox"}), "bench needs one of: math, learn");
  EXPECT_EQ(find({"rnu"}), "unknown command 'rnu'; did you mean 'run'? See rationale --help");
}

}  // namespace
}  // namespace rationale
