#include <fmt/format.h>

#include "base/embed.h"
#include "base/error.h"
#include "base/json.h"
#include "rewards/code/judge.h"

RATIONALE_EMBED(rationale_code_values, RATIONALE_CODE_VALUES)
RATIONALE_EMBED(rationale_code_host, RATIONALE_CODE_HOST)
RATIONALE_EMBED(rationale_code_tests, RATIONALE_CODE_TESTS)

namespace rationale {
namespace {

// What the tests' process may take beside the program's own time: comparing, and starting.
constexpr int64_t kTestsCpuMs = 5'000, kTestsWallMs = 30'000;
constexpr int64_t kTestsMemoryBytes = 512 << 20;
constexpr std::string_view kLargeMark = "large answers\n";  // python/tests.py, LARGE_MARK

// Loads the bytecode that lies beside it.
constexpr char kLoader[] =
    "import marshal\nexec(marshal.loads(open('/tmp/box/script', 'rb').read()))\n";

std::string HostScript() {
  return std::string(rationale_code_values_begin, rationale_code_values_end) +
         std::string(rationale_code_host_begin, rationale_code_host_end);
}

std::string TestsScript() {
  return std::string(rationale_code_values_begin, rationale_code_values_end) +
         std::string(rationale_code_tests_begin, rationale_code_tests_end);
}

// The script's bytecode, made by the very interpreter that will run it.
File Bytecode(Sandbox& sandbox, const std::string& script) {
  const Job job{.language = "python",
                .files = {{"main.py",
                           "import marshal\n"
                           "code = compile(open('source').read(), 'harness', 'exec')\n"
                           "open('script', 'wb').write(marshal.dumps(code))\n"},
                          {"source", script}},
                .collect = {"script"}};
  Outcome outcome = sandbox.Run(job);
  if (!outcome.Succeeded() || outcome.files.size() != 1) {
    throw Failure("the code reward: compile its scripts: {} {}{}", EndName(outcome.end),
                  outcome.reason, outcome.stderr_text);
  }
  return std::move(outcome.files[0]);
}

std::string TestsJob(const TestSuite& suite, const JudgeSettings& settings) {
  JsonWriter json;
  json.BeginObject()
      .Field("share", settings.share)
      .Field("tolerance", settings.tolerance)
      .Field("function", suite.function)
      .Field("entry_point", suite.entry_point)
      .Field("given", suite.given)
      .Field("setup", suite.setup)
      .Field("scripts", suite.scripts);
  json.Key("calls").BeginArray();
  for (const CallTest& call : suite.calls) {
    json.BeginArray().Raw(call.arguments);
    for (const std::string& accepted : call.accepted) json.Raw(accepted);
    json.EndArray();
  }
  return json.EndArray().EndObject().Take();
}

// A continuation of the prompt is a program only together with it.
std::vector<File> ProgramFiles(const TestSuite& suite, const std::string& program) {
  const bool whole =
      suite.given.empty() || program.find("def " + suite.entry_point) != std::string::npos;
  std::vector<File> files = {{"solution.py", whole ? program : suite.given + program}};
  if (whole && !suite.given.empty()) files.push_back({"given.py", suite.given});
  return files;
}

// What became of the program, where that explains why it gave no answer.
std::string EndOfProgram(const Outcome& program) {
  switch (program.end) {
    case End::kExited:
      return fmt::format(" (it exited with {})", program.exit_code);
    case End::kSignalled:
      return fmt::format(" (signal {})", program.signal);
    default:
      return fmt::format(" (limit reached: {})", EndName(program.end));
  }
}

TestResult ReadVerdict(const Outcome& tests, const Outcome& program) {
  TestResult result;
  const auto document = ParseJson(tests.stdout_text, "the tests' verdict");
  const JsonObject verdict(document, "the tests' verdict");
  if (verdict.Has("broken")) {
    result.reason = "the tests cannot run: " + verdict.Get<std::string>("broken");
    return result;
  }
  result.judged = true;
  result.passed = verdict.Get<int64_t>("passed");
  result.total = verdict.Get<int64_t>("total");
  result.reason = verdict.Get<std::string>("failure", "");
  if (result.reason.find("the program ended") != std::string::npos) {
    result.reason += EndOfProgram(program);
  }
  return result;
}

}  // namespace

CallJudge::CallJudge(Sandbox& sandbox)
    : sandbox_(sandbox),
      host_(Bytecode(sandbox, HostScript())),
      tests_(Bytecode(sandbox, TestsScript())) {}

TestResult CallJudge::Judge(const TestSuite& suite, const std::string& program,
                            const JudgeSettings& settings) const {
  Job host{.language = "python", .files = {{"main.py", kLoader}, host_}, .limits = settings.limits};
  for (File& file : ProgramFiles(suite, program)) host.files.push_back(std::move(file));
  Job tests{.language = "python",
            .files = {{"main.py", kLoader}, tests_},
            .stdin_text = TestsJob(suite, settings)};
  tests.limits.cpu_ms = settings.limits.cpu_ms + kTestsCpuMs;
  tests.limits.wall_ms = settings.limits.wall_ms + kTestsWallMs;
  tests.limits.memory_bytes = kTestsMemoryBytes;
  const auto [tests_end, program_end] = sandbox_.RunJoined(tests, host);
  for (const Outcome* outcome : {&tests_end, &program_end}) {
    if (outcome->end == End::kJailFailure) return {.reason = "jail failure: " + outcome->reason};
  }
  if (tests_end.Succeeded()) return ReadVerdict(tests_end, program_end);
  const std::string end = fmt::format("the tests' own process ended by {}", EndName(tests_end.end));
  // Its own time and memory are ample unless what it must compare is large; that is the program's.
  if (tests_end.stderr_text.find(kLargeMark) != std::string::npos) {
    return {.judged = true, .total = 1, .reason = end + " over the program's large answers"};
  }
  return {.reason = end + ": " + ValidUtf8(tests_end.stderr_text.substr(0, 300))};
}

}  // namespace rationale
