#include <fmt/format.h>

#include "base/json.h"
#include "rewards/code/judge.h"

namespace rationale {
namespace {

constexpr int64_t kOutputFactor = 2, kOutputSlackBytes = 64 << 10;

std::string EndText(const Outcome& outcome) {
  std::string text = EndName(outcome.end);
  if (outcome.end == End::kExited) text += fmt::format(" {}", outcome.exit_code);
  if (outcome.end == End::kSignalled) text += fmt::format(" {}", outcome.signal);
  if (!outcome.reason.empty()) text += fmt::format(" ({})", outcome.reason);
  return text;
}

// The end of what was written to standard error, where interpreters put the exception.
std::string LastWords(const Outcome& outcome) {
  constexpr size_t kShown = 200;
  std::string_view text = outcome.stderr_text;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  if (text.empty()) return "";
  text = text.substr(text.rfind('\n') + 1);
  return ": " + ValidUtf8(text.substr(0, kShown));
}

// A checker made ready, and its verdicts.
class OutputChecker {
 public:
  OutputChecker(Sandbox& sandbox, const Checker& checker) : sandbox_(sandbox) {
    build_ = sandbox.Compile(checker.language,
                             {{Sandbox::SourceFile(checker.language), checker.source}});
  }

  // Why the output is wrong, or empty. Sets `judged` to false if the checker could not tell.
  std::string Difference(const StdioTest& test, const std::string& output, bool& judged) {
    if (!build_.ok) {
      judged = false;
      return "the checker does not compile: " + EndText(build_.outcome) + LastWords(build_.outcome);
    }
    Job job{.language = build_.program.language, .files = build_.program.files};
    job.files.push_back({"input", test.input});
    job.files.push_back({"output", output});
    job.files.push_back({"expected", test.output});
    job.arguments = {"input", "output", "expected"};
    const Outcome outcome = sandbox_.Run(job);
    if (outcome.Succeeded()) return "";
    if (outcome.end != End::kExited || outcome.exit_code > 2) judged = false;
    return "the checker: " + EndText(outcome) + LastWords(outcome);
  }

 private:
  Sandbox& sandbox_;
  Build build_;
};

}  // namespace

TestResult JudgeByOutput(Sandbox& sandbox, const TestSuite& suite, const std::string& language,
                         const std::string& program, const JudgeSettings& settings) {
  TestResult result{.judged = true, .total = static_cast<int64_t>(suite.stdio.size())};
  const Build build = sandbox.Compile(language, {{Sandbox::SourceFile(language), program}});
  if (!build.ok) {
    result.judged = build.outcome.end != End::kJailFailure;
    result.reason = "does not compile: " + EndText(build.outcome) + LastWords(build.outcome);
    return result;
  }
  std::optional<OutputChecker> checker;
  if (!settings.checker.source.empty()) checker.emplace(sandbox, settings.checker);
  int64_t number = 0;
  for (const StdioTest& test : suite.stdio) {
    ++number;
    Job job{.language = language, .files = build.program.files, .stdin_text = test.input};
    job.limits = settings.limits;
    job.limits.output_bytes =
        std::max(job.limits.output_bytes,
                 static_cast<int64_t>(test.output.size()) * kOutputFactor + kOutputSlackBytes);
    const Outcome outcome = sandbox.Run(job);
    if (outcome.end == End::kJailFailure) {
      return {.reason = fmt::format("test {}: {}", number, EndText(outcome))};
    }
    std::string wrong;
    if (!outcome.Succeeded()) {
      wrong = EndText(outcome) + LastWords(outcome);
    } else if (checker) {
      wrong = checker->Difference(test, outcome.stdout_text, result.judged);
    } else {
      wrong =
          OutputDifference(outcome.stdout_text, test.output, settings.match, settings.tolerance);
    }
    if (!result.judged) return {.reason = fmt::format("test {}: {}", number, wrong)};
    result.passed += wrong.empty();
    if (!wrong.empty() && result.reason.empty()) {
      result.reason = fmt::format("test {}: {}", number, ValidUtf8(wrong));
    }
    if (!wrong.empty() && !settings.share) break;
  }
  return result;
}

}  // namespace rationale
