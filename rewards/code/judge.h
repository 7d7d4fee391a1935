// Judge: runs a program against a suite of tests in the jail.

#pragma once

#include <string>
#include <vector>

#include "rewards/code/match.h"
#include "rewards/code/suite.h"
#include "sandbox/sandbox.h"

namespace rationale {

// A custom checker: it is run in the jail as `checker input output expected`, three files' names,
// and exits with 0 for right, 1 or 2 for wrong; any other end means that it could not judge.
struct Checker {
  std::string language;
  std::string source;  // empty: none
};

struct JudgeSettings {
  bool share = false;  // run all tests; else stop at the first that fails
  OutputMatch match = OutputMatch::kTokens;
  double tolerance = 0;
  Checker checker;
  Limits limits;  // of each run of the program
};

struct TestResult {
  bool judged = false;  // false: the jail, the tests or the checker failed, not the program
  int64_t passed = 0, total = 0;  // of the tests that were run, or all if `share`
  std::string reason;             // for a person

  bool all_passed() const { return judged && passed == total; }
};

// stdin/stdout tests, for a program in any of the sandbox's languages: compiled once, run once a
// test. A test passes if the program exits with 0 and its standard output matches.
TestResult JudgeByOutput(Sandbox& sandbox, const TestSuite& suite, const std::string& language,
                         const std::string& program, const JudgeSettings& settings);

// Function calls and assertion scripts, for Python. The tests run in a jail of their own: neither
// they nor an expected value are ever in the program's process, which gets the calls' arguments and
// answers with their results. python/tests.py and python/host.py say how. Thread-safe.
class CallJudge {
 public:
  // Compiles the two scripts in the jail. Throws Failure where it cannot be built.
  explicit CallJudge(Sandbox& sandbox);

  TestResult Judge(const TestSuite& suite, const std::string& program,
                   const JudgeSettings& settings) const;

 private:
  Sandbox& sandbox_;
  File host_, tests_;  // as bytecode: compiling them takes longer than most tests
};

}  // namespace rationale
