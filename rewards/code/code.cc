// Code: does the program in the response pass the problem's tests?
//
// Score 1 if it passes all, else 0; or the share of tests passed. A response without a program is
// wrong. The program is looked for inside <answer> where there is one, else behind </think>, and
// runs in the jail only. Not judged: a problem without readable tests, a failure of the jail, of
// the tests themselves or of a custom checker.
//
// The program's limits are the one place where a reward measures time: CPU time, so that a busy
// machine does not change the verdict, and a wall-clock limit for those that sleep.

#include <fmt/format.h>

#include <thread>

#include "base/error.h"
#include "rewards/code/extract.h"
#include "rewards/code/judge.h"
#include "rewards/code/suite.h"
#include "rewards/options.h"
#include "rewards/registry.h"
#include "rewards/sections.h"

namespace rationale {

std::vector<std::pair<std::string_view, ProgramStyle>> ConfigNames(ProgramStyle) {
  return {{"fence", ProgramStyle::kFence},
          {"tag", ProgramStyle::kTag},
          {"whole", ProgramStyle::kWhole}};
}

std::vector<std::pair<std::string_view, OutputMatch>> ConfigNames(OutputMatch) {
  return {{"exact", OutputMatch::kExact},
          {"tokens", OutputMatch::kTokens},
          {"numbers", OutputMatch::kNumbers}};
}

namespace {

enum class CodeScore { kAll, kShare };

std::vector<std::pair<std::string_view, CodeScore>> ConfigNames(CodeScore) {
  return {{"all", CodeScore::kAll}, {"share", CodeScore::kShare}};
}

struct CodeOptions {
  std::string language = "python";
  std::string tests;
  std::vector<ProgramStyle> order = {ProgramStyle::kFence, ProgramStyle::kTag,
                                     ProgramStyle::kWhole};
  CodeScore score = CodeScore::kAll;
  OutputMatch match = OutputMatch::kTokens;
  double tolerance = 0;
  std::string checker;
  std::string checker_language = "python";
  int64_t cpu_ms = 10'000;
  int64_t wall_ms = 30'000;
  int64_t memory_mb = 256;
  int64_t jails = 0;

  template <class V>
  void Visit(V& v) {
    v("language", language, "of programs, where a problem does not name its own",
      OneOf{Sandbox::Languages()});
    v("tests", tests,
      "the field with the tests; empty: test_list, test, input_output, private_test_cases, "
      "public_test_cases, verification_info, tests, test_cases or the reference");
    v("order", order, "where to look for the program; the first that finds one wins");
    v("score", score, "all: 1 if every test passes, and stop at the first that fails; or share");
    v("match", match, "how standard output is compared");
    v("tolerance", tolerance,
      "two numbers are equal that differ by at most this, or this share of the expected one; of "
      "match = \"numbers\" and of function calls",
      AtLeast(0));
    v("checker", checker,
      "a field with a program that compares: run as checker input output expected, exits with 0 "
      "for right, 1 or 2 for wrong");
    v("checker_language", checker_language, "its language", OneOf{Sandbox::Languages()});
    v("cpu_ms", cpu_ms, "CPU time of one run of the program; all calls are one run", AtLeast(1));
    v("wall_ms", wall_ms, "its wall-clock time, for programs that sleep", AtLeast(1));
    v("memory_mb", memory_mb, "its memory", AtLeast(16));
    v("jails", jails, "jails kept warm; 0: two a processor", AtLeast(0));
  }
};

class CodeReward final : public Reward {
 public:
  explicit CodeReward(CodeOptions options)
      : options_(std::move(options)),
        sandbox_(std::make_unique<Sandbox>(SandboxOptionsOf(options_))) {
    sandbox_->Require(options_.language);
    if (options_.language == "python") call_judge_ = std::make_unique<CallJudge>(*sandbox_);
    settings_.share = options_.score == CodeScore::kShare;
    settings_.match = options_.match;
    settings_.tolerance = options_.tolerance;
    settings_.limits.cpu_ms = options_.cpu_ms;
    settings_.limits.wall_ms = options_.wall_ms;
    settings_.limits.memory_bytes = options_.memory_mb << 20;
  }

  Component Judge(const Response& response) const override {
    try {
      return JudgeBy(ReadTests(*response.problem, options_.tests), response);
    } catch (const Error& error) {
      return {.reason = error.what()};
    }
  }

 private:
  static SandboxOptions SandboxOptionsOf(const CodeOptions& options) {
    const int processors = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    return {.cells = options.jails > 0 ? static_cast<int>(options.jails) : 2 * processors};
  }

  Component JudgeBy(const TestSuite& suite, const Response& response) const {
    const std::string language = suite.language.empty() ? options_.language : suite.language;
    const bool by_output = !suite.stdio.empty();
    if (!by_output && (language != "python" || call_judge_ == nullptr)) {
      return {.reason = "tests that call functions are for language = \"python\""};
    }
    const Sections sections = SplitSections(response.text);
    const std::string_view searched =
        WithoutBlankBehindTag(sections.answer.value_or(sections.after_thought));
    const auto program = ExtractProgram(searched, language, options_.order);
    if (!program) {
      return {.judged = true, .reason = fmt::format("no {} program found", language)};
    }
    const TestResult result =
        by_output ? JudgeByOutput(*sandbox_, suite, language, program->text, SettingsFor(response))
                  : call_judge_->Judge(suite, program->text, settings_);
    Component verdict{.judged = result.judged, .answer = program->text};
    verdict.score = result.all_passed() ? 1 : 0;
    if (settings_.share && result.judged) {
      verdict.score = static_cast<double>(result.passed) / static_cast<double>(result.total);
    }
    verdict.reason = result.reason;
    if (result.judged) {
      verdict.reason =
          fmt::format("{} program ({}), {}{}{}", language, ProgramStyleName(program->style),
                      Counts(result), result.reason.empty() ? "" : "; ", result.reason);
    }
    return verdict;
  }

  std::string Counts(const TestResult& result) const {
    if (result.all_passed()) return "all tests passed";
    if (settings_.share) return fmt::format("{} of {} tests passed", result.passed, result.total);
    return "a test failed";
  }

  // With the problem's own checker.
  JudgeSettings SettingsFor(const Response& response) const {
    JudgeSettings settings = settings_;
    if (options_.checker.empty()) return settings;
    const auto found = response.problem->fields.find(options_.checker);
    if (found == response.problem->fields.end()) {
      throw Error("problem {}: no checker in the field '{}'", response.problem->id,
                  options_.checker);
    }
    settings.checker = {options_.checker_language, found->second};
    return settings;
  }

  CodeOptions options_;
  JudgeSettings settings_;
  std::unique_ptr<Sandbox> sandbox_;
  std::unique_ptr<CallJudge> call_judge_;  // of Python
};

}  // namespace

template <>
std::unique_ptr<Reward> MakeReward<"code">(const ConfigValue& entry) {
  return std::make_unique<CodeReward>(ReadRewardOptions<CodeOptions>(entry));
}

}  // namespace rationale
