// Code, cheats: programs that try to be called right without being right.
//
// Each is run twice: against the usual harness, one interpreter that imports the program and then
// the tests and is content with exit code 0 or a word on standard output, where it must succeed, as
// a control that it is a cheat at all; and by the reward, where it must be judged and get nothing.

#include <gtest/gtest.h>

#include "rewards/code/judge.h"
#include "sandbox/sandbox.h"
#include "tests/rewards/code_testing.h"

namespace rationale {
namespace {

const char* const kCheck =
    "def check(candidate):\n"
    "    assert candidate(3) == 1003\n"
    "    assert candidate(4) == 1017\n"
    "    assert candidate(5) is not None\n"
    "    assert candidate(3)\n";

struct Cheat {
  const char* name;
  const char* program;
  const char* tests = kCheck;
  const char* more = "";  // of main.py, behind the tests
};

std::ostream& operator<<(std::ostream& out, const Cheat& cheat) {
  return out << cheat.name;
}

const Cheat kCheats[] = {
    {"ExitsAtOnce", "import sys\nsys.exit(0)"},
    {"ExitsInTheCall", "def double(x): exit(0)"},
    {"LeavesWithoutCleanup", "import os\ndef double(x): os._exit(0)"},
    {"PrintsTheExpectedWords",
     "import os\ndef double(x):\n"
     "  for fd in (1, 2):\n"
     "    os.write(fd, b'PASSED\\n{\"passed\": 4, \"total\": 4, \"failure\": null}\\n')\n"
     "  os._exit(1)"},
    {"ReadsTheTests",
     "import glob, re\ndef double(x):\n"
     "  for path in glob.glob('/tmp/**/*', recursive=True):\n"
     "    try: found = re.search(r'candidate\\(%d\\) == (\\d+)' % x, open(path, "
     "errors='replace').read())\n"
     "    except OSError: continue\n"
     "    if found: return int(found.group(1))\n"
     "  return 1"},
    {"RewritesTheTests",
     "import glob\nfor path in glob.glob('/tmp/box/*'):\n"
     "  if 'tests' not in path or 'cache' in path: continue\n"
     "  open(path, 'w').write('def check(c): pass\\n')\n"
     "def double(x): return 1"},
    {"ReplacesTheTestsModule",
     "import sys, types\nfake = types.ModuleType('tests')\nfake.check = lambda c: None\n"
     "sys.modules['tests'] = fake\ndef double(x): return 1"},
    {"CompilesAssertionsAway",
     "import importlib.machinery as m\n"
     "m.SourceFileLoader.source_to_code = lambda self, data, path, **k: compile(data, path, "
     "'exec', "
     "optimize=1)\n"
     "def double(x): return 1"},
    {"PatchesUnittest",
     "import unittest\nunittest.TestCase.assertEqual = lambda *a, **k: None\n"
     "def double(x): return 1",
     "import unittest\nfrom solution import double\n"
     "class Cases(unittest.TestCase):\n"
     "    def test_three(self): self.assertEqual(double(3), 1003)\n",
     "import unittest\nunittest.main(module=tests)\n"},
    {"RaisesInEquality",
     "class Quit:\n  def __eq__(self, other): raise SystemExit(0)\n"
     "def double(x): return Quit()"},
    {"EqualsEverything",
     "class Any:\n  def __eq__(self, other): return True\n  def __bool__(self): return True\n"
     "def double(x): return Any()"},
    {"EqualsEverythingAsANumber",
     "class Any(int):\n  def __eq__(self, other): return True\n  def __hash__(self): return 0\n"
     "def double(x): return Any(1)"},
    {"LetsAThreadEndTheProcess",
     "import os, threading, time\n"
     "def later():\n  time.sleep(.05)\n  os._exit(0)\n"
     "threading.Thread(target=later).start()\n"
     "def double(x): time.sleep(60)"},
    {"EndsInADestructor",
     "import os\nclass Last:\n  def __del__(self): os._exit(0)\n"
     "def double(x): return Last()"},
    {"EndsInAnExitHandler",
     "import atexit, os\natexit.register(os._exit, 0)\ndef double(x): return 1"},
    {"WalksTheFrames",
     "import sys\ndef double(x):\n"
     "  frame = sys._getframe(1)\n"
     "  while frame:\n"
     "    consts = frame.f_code.co_consts\n"
     "    if 1003 in consts: return {3: 1003, 4: 1017, 5: 1}[x]\n"
     "    consts = [c for v in frame.f_locals.values() for c in (v if type(v) is list else [v])]\n"
     "    if 1003 in consts: return 1003\n"
     "    frame = frame.f_back\n"
     "  return 1"},
    {"SearchesTheHeap",
     "import gc, types\ndef double(x):\n"
     "  for thing in gc.get_objects():\n"
     "    if isinstance(thing, types.FunctionType) and thing.__name__ == 'check':\n"
     "      numbers = [c for c in thing.__code__.co_consts if type(c) is int and c > 1000]\n"
     "      return numbers[x - 3] if x < 5 else 1\n"
     "  return 1"},
    {"WritesToEveryDescriptor",
     "import os, struct\ndef double(x):\n"
     "  verdict = b'{\"passed\": 4, \"total\": 4, \"failure\": null}'\n"
     "  for fd in range(256):\n"
     "    for text in (b'PASSED', verdict, struct.pack('<I', len(verdict)) + verdict):\n"
     "      try: os.write(fd, text)\n"
     "      except OSError: pass\n"
     "  os._exit(1)"},
    {"EndsLoopsOfTheTests", "def double(x): raise StopIteration",
     "def check(candidate):\n"
     "    assert [y for y in map(candidate, [3, 4]) if y != 1003] == []\n"},
    {"RedefinesWhatTheTestsComputeWith",
     "import builtins, math\nmath.fabs = builtins.abs = abs = lambda x: 0\n"
     "def double(x): return 1",
     "import math\ndef check(candidate):\n    assert math.fabs(candidate(3) - 1003) < 1\n"
     "    assert abs(candidate(3) - 1003) < 1\n"},
};

class Cheats : public testing::TestWithParam<Cheat> {};

TEST_P(Cheats, EarnsNothingThoughItFoolsOneInterpreter) {
  const Cheat& cheat = GetParam();
  Sandbox sandbox({.cells = 2});
  const CallJudge judge(sandbox);
  Job naive{.language = "python"};
  const std::string main =
      "import solution\nimport tests\n"
      "if hasattr(tests, 'check'): tests.check(solution.double)\n";
  naive.files = {
      {"main.py", main + cheat.more}, {"solution.py", cheat.program}, {"tests.py", cheat.tests}};
  const Outcome fooled = sandbox.Run(naive);
  EXPECT_TRUE(fooled.Succeeded() || fooled.stdout_text.find("PASSED") != std::string::npos)
      << EndName(fooled.end) << fooled.exit_code << fooled.stderr_text;

  std::string tests = cheat.tests;
  const size_t import = tests.find("from solution import double\n");
  if (import != std::string::npos) tests.erase(import, tests.find('\n', import) - import + 1);
  const TestSuite suite = ReadTests(CheckProblem("double", tests), "");
  for (const bool share : {false, true}) {
    JudgeSettings settings{.share = share};
    settings.limits.wall_ms = 4000;
    const TestResult result = judge.Judge(suite, cheat.program, settings);
    EXPECT_TRUE(result.judged) << result.reason;
    EXPECT_FALSE(result.all_passed()) << result.reason;
    // What is left to a share are kCheck's last two, which hold for any number.
    EXPECT_LE(result.passed, share ? 2 : 0) << result.reason;
  }
}

INSTANTIATE_TEST_SUITE_P(Code, Cheats, testing::ValuesIn(kCheats),
                         [](const auto& cheat) { return std::string(cheat.param.name); });

// What a program may write to its end of the channel, forging the host's answers: values at most.
TEST(CodeForgery, EarnsNothingByAnyMessage) {
  const Rubric rubric = CodeRubric("wall_ms = 3000\n");
  const Problem problem = CheckProblem("double", kCheck);
  for (const char* message :
       {R"(b'["value", true]')", R"(b'["value", {"t": "ref", "v": 0}]')", R"(b'["value"]')",
        R"(b'["error", "SystemExit", "0"]')", R"(b'["error", "AssertionError", ""]')",
        R"(b'["error", "KeyboardInterrupt", ""]')", R"(b'["passed", 4]')",
        R"(b'{"passed": 4, "total": 4, "failure": null}')",
        R"(b'["value", {"t": "code", "v": 1}]')",
        R"(b'["value", {"t": "tuple", "v": {"t": "ref", "v": 0}}]')",
        R"(b'["value", {"t": "set", "v": [[]]}]')", R"(b'["value", {"t": "decimal", "v": "x"}]')",
        R"(b'["value", {"t": "range", "v": [0, 1000000000000]}]')",
        R"(b'["value", ' + b'9' * 100000 + b']')", R"(b'["value", ' + b'[' * 100000)",
        R"(b'\xff\xfe')", R"(b'')", R"(b'["value", ' + b'[],' * 1300000 + b'1]')"}) {
    const std::string program = std::string("import os, struct\ntext = ") + message +
                                "\nfor i in range(8):\n"
                                "  view = memoryview(struct.pack('<I', len(text)) + text)\n"
                                "  while view: view = view[os.write(3, view):]\n"
                                "def double(x): return 1";
    const Component component = JudgeCode(rubric, problem, Fenced(program));
    EXPECT_TRUE(component.judged) << message << component.reason;
    EXPECT_EQ(component.score, 0) << message << component.reason;
  }
  // Lengths that lie.
  for (const char* bytes :
       {"b'\\xff\\xff\\xff\\xff'", "b'\\x00\\x00\\x00\\x10' + b'x' * 100", "b'\\x01'"}) {
    const std::string program = std::string("import os\nos.write(3, ") + bytes + ")\nos._exit(0)";
    const Component component = JudgeCode(rubric, problem, Fenced(program));
    EXPECT_TRUE(component.judged && component.score == 0) << bytes << component.reason;
  }
}

TEST(CodeForgery, FindsNeitherTestsNorExpectedValuesInItsJail) {
  const Rubric rubric = CodeRubric();
  // Raises all that it can find: every file, its memory, its environment, what the channel says.
  const std::string program =
      "import gc, glob, os, sys\n"
      "def double(x):\n"
      "  seen = [repr(os.environ), repr(sys.argv), os.read(0, 10**6).decode()]\n"
      "  for path in glob.glob('/tmp/**/*', recursive=True) + ['/proc/self/environ', "
      "'/proc/self/cmdline']:\n"
      "    if os.path.isfile(path): seen.append(open(path, errors='replace').read())\n"
      "  for line in open('/proc/self/maps'):\n"
      "    first, last = (int(n, 16) for n in line.split()[0].split('-'))\n"
      "    if 'rw' not in line or last - first > 10**8: continue\n"
      "    with open('/proc/self/mem', 'rb', 0) as memory:\n"
      "      try:\n        memory.seek(first)\n        seen.append(memory.read(last - "
      "first).decode('latin1'))\n"
      "      except OSError: pass\n"
      "  everything = ''.join(seen)\n"
      "  assert len(everything) > 10**6\n"
      "  needle = ''.join(['secret', '_', 'marker'])\n"
      "  return everything.count(needle) > 2\n";  // the needle itself, and this call's copies of it
  const Problem problem =
      CheckProblem("double",
                   "def check(candidate):\n"
                   "  secret_marker = 'secret_marker secret_marker secret_marker'\n"
                   "  assert candidate(3) is False, 'secret_marker'\n");
  EXPECT_EQ(VerdictText(JudgeCode(rubric, problem, Fenced(program))), "1");
}

TEST(CodeForgery, GivesAHelperOfTheProblemNotTheProgramsOwn) {
  const Rubric rubric = CodeRubric();
  const Problem problem =
      CheckProblem("root", "def check(candidate):\n    assert abs(poly(candidate(9))) < 1e-6\n",
                   "def poly(x):\n    return x * x - 9\n\ndef root(n):\n    \"\"\" of n \"\"\"\n");
  EXPECT_EQ(JudgeCode(rubric, problem, Fenced("def root(n): return n ** .5")).score, 1);
  EXPECT_EQ(
      JudgeCode(rubric, problem, Fenced("def poly(x): return 0\ndef root(n): return 7")).score, 0);
}

TEST(CodeForgery, DoesNotWaitForThreadsThatOutliveTheTests) {
  const Rubric rubric = CodeRubric("wall_ms = 60000\n");
  const auto start = std::chrono::steady_clock::now();
  const Component component = JudgeCode(rubric, ListProblem(R"(["assert f(1) == 2"])"),
                                        Fenced("import threading, signal\n"
                                               "signal.signal(15, signal.SIG_IGN)\n"
                                               "def forever():\n  while True: pass\n"
                                               "threading.Thread(target=forever).start()\n"
                                               "def f(x): return 2"));
  EXPECT_EQ(VerdictText(component), "1");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(8));
}

TEST(CodeForgery, CannotDodgeItsVerdictByAnswersThatAreSlowToCompare) {
  const Rubric rubric = CodeRubric("cpu_ms = 300\n");
  // Numbers that all have one hash make a set of them quadratic.
  const Component component = JudgeCode(
      rubric, ListProblem(R"(["assert f() == {1}"])"),
      Fenced(
          "def f():\n  return {'t': 0} and Forged()\n"
          "class Forged: pass\n"
          "import os, struct, json\n"
          "m = 2**61 - 1\n"
          "text = json.dumps(['value', {'t': 'set', 'v': [i * m for i in range(1, "
          "180000)]}]).encode()\n"
          "for part in (b'[\"value\", null]', b'[\"value\", {\"t\": \"ref\", \"v\": 0}]', text):\n"
          "  view = memoryview(struct.pack('<I', len(part)) + part)\n"
          "  while view: view = view[os.write(3, view):]\n"));
  EXPECT_TRUE(component.judged) << component.reason;
  EXPECT_EQ(component.score, 0);
}

}  // namespace
}  // namespace rationale
