// Code: programs judged by their tests.

#include <gtest/gtest.h>

#include "base/error.h"
#include "rewards/code/judge.h"
#include "tests/rewards/code_testing.h"

namespace rationale {
namespace {

const char* const kSumPairs =
    R"([{"input": "1 2\n", "output": "3\n"}, {"input": "5 5\n", "output": "10\n"},
        {"input": "0 -1\n", "output": "-1\n"}, {"input": "7 0\n", "output": "7\n"}])";
const char* const kSum = "a, b = map(int, input().split())\nprint(a + b)";

TEST(Code, JudgesByStandardOutput) {
  const Rubric rubric = CodeRubric();
  const Problem problem = JsonProblem(kSumPairs);
  EXPECT_EQ(VerdictText(JudgeCode(rubric, problem, Fenced(kSum))), "1");
  EXPECT_EQ(VerdictText(JudgeCode(rubric, problem, Fenced("print(3)"))),
            "0.00: python program (fence), a test failed; test 2: word 1: '3', expected '10'");
  EXPECT_EQ(VerdictText(JudgeCode(rubric, problem, "I cannot do that.\n```cpp\n```")).substr(0, 5),
            "0.00:");
}

TEST(Code, CallsAProgramThatCrashedWrongWhateverItWrote) {
  const Rubric rubric = CodeRubric();
  const Problem problem = JsonProblem(kSumPairs);
  const Component crash = JudgeCode(rubric, problem, Fenced(std::string(kSum) + "\n1 / 0"));
  EXPECT_EQ(VerdictText(crash),
            "0.00: python program (fence), a test failed; test 1: exited 1: ZeroDivisionError: "
            "division by zero");
  EXPECT_EQ(VerdictText(JudgeCode(rubric, problem, Fenced("def"))).substr(0, 5), "0.00:");
}

TEST(Code, GivesTheShareOfTestsPassedWhenAsked) {
  const Rubric rubric = CodeRubric("score = 'share'\n");
  EXPECT_EQ(JudgeCode(rubric, JsonProblem(kSumPairs), Fenced(kSum)).score, 1);
  const char* const no_negatives = "a, b = map(int, input().split())\nprint(abs(a + b))";
  EXPECT_EQ(JudgeCode(rubric, JsonProblem(kSumPairs), Fenced(no_negatives)).score, 0.75);
  const Problem list =
      ListProblem(R"(["assert f(1) == 1", "assert f(2) == 3", "assert f(3) == 3"])");
  EXPECT_NEAR(JudgeCode(rubric, list, Fenced("def f(x): return x")).score, 2. / 3, 1e-12);
  const Problem check =
      CheckProblem("f",
                   "def check(candidate):\n  assert True\n  assert candidate(1) == 1\n"
                   "  for i in range(3): assert candidate(i) == i\n");
  EXPECT_EQ(JudgeCode(rubric, check, Fenced("def f(x): return 1")).score, 0.5);
  EXPECT_EQ(JudgeCode(rubric, check, Fenced("def f(x): return None")).score,
            0);  // not for "assert True"
  EXPECT_EQ(JudgeCode(rubric, check, Fenced("")).score, 0);
}

TEST(Code, StopsAtTheFirstFailureUnlessTheShareIsAsked) {
  Sandbox sandbox({.cells = 2});
  const CallJudge judge(sandbox);
  const std::string wrong_once = "a, b = map(int, input().split())\nprint(a + b if a != 1 else 0)";
  const TestSuite suite = ReadTests(JsonProblem(kSumPairs), "");
  EXPECT_EQ(JudgeByOutput(sandbox, suite, "python", wrong_once, {}).passed, 0);
  EXPECT_EQ(JudgeByOutput(sandbox, suite, "python", wrong_once, {.share = true}).passed, 3);
  const TestSuite list =
      ReadTests(ListProblem(R"(["assert f(1) == 2", "assert f(2) == 2", "assert f(3) == 3"])"), "");
  EXPECT_EQ(judge.Judge(list, "def f(x): return x", {}).passed, 0);
  EXPECT_EQ(judge.Judge(list, "def f(x): return x", {.share = true}).passed, 2);
}

TEST(Code, ComparesOutputAsTheRubricSays) {
  const Problem problem = JsonProblem(R"([{"input": "", "output": "0.3333\nx"}])");
  const std::string program = Fenced("print(1 / 3, 'x')");
  EXPECT_EQ(JudgeCode(CodeRubric("match = 'numbers'\ntolerance = 1e-3\n"), problem, program).score,
            1);
  EXPECT_EQ(JudgeCode(CodeRubric("match = 'tokens'\n"), problem, program).score, 0);
  EXPECT_EQ(JudgeCode(CodeRubric("match = 'exact'\n"), problem, program).score, 0);
}

TEST(Code, AsksACheckerProgramInAJailOfItsOwn) {
  const Rubric rubric = CodeRubric("checker = 'checker'\n");
  Problem problem = JsonProblem(R"([{"input": "12", "output": "3 4"}])");
  problem.fields["checker"] =
      "import sys\n"
      "n = int(open(sys.argv[1]).read())\n"
      "a, b = map(int, open(sys.argv[2]).read().split())\n"
      "sys.exit(0 if a * b == n else 1)\n";
  EXPECT_EQ(JudgeCode(rubric, problem, Fenced("print(2, 6)")).score, 1);
  EXPECT_EQ(JudgeCode(rubric, problem, Fenced("print(2, 7)")).score, 0);
  EXPECT_EQ(JudgeCode(rubric, problem, Fenced("print('x')")).score, 0);
  for (const char* broken : {"import sys\nsys.exit(3)", "import os\nos.abort()"}) {
    problem.fields["checker"] = broken;
    EXPECT_FALSE(JudgeCode(rubric, problem, Fenced("print(2, 6)")).judged) << broken;
  }
  problem.fields.erase("checker");
  EXPECT_FALSE(JudgeCode(rubric, problem, Fenced("print(2, 6)")).judged);
}

TEST(Code, CompilesACheckerProgram) {
  const Rubric rubric = CodeRubric("checker = 'checker'\nchecker_language = 'c'\n");
  Problem problem = JsonProblem(R"([{"input": "12", "output": "3 4"}])");
  problem.fields["checker"] =
      "#include <stdio.h>\n"
      "int main(int count, char** names) {\n"
      "  int n = 0, a = 0, b = 0;\n"
      "  if (count != 4 || fscanf(fopen(names[1], \"r\"), \"%d\", &n) != 1) return 3;\n"
      "  return fscanf(fopen(names[2], \"r\"), \"%d %d\", &a, &b) == 2 && a * b == n ? 0 : 1;\n"
      "}\n";
  EXPECT_EQ(JudgeCode(rubric, problem, Fenced("print(2, 6)")).score, 1);
  EXPECT_EQ(JudgeCode(rubric, problem, Fenced("print(2, 7)")).score, 0);
}

TEST(Code, CallsFunctionsWithArguments) {
  const Rubric rubric = CodeRubric();
  const char* const tests =
      R"([{"input": "[3, 1]\n\"x\"", "output": "[\"x\", 1, 3]", "testtype": "functional"}])";
  Problem problem = JsonProblem(tests);
  problem.fields["metadata"] = R"({"func_name": "order"})";
  const std::string body = "(xs, s):\n        return (s, *sorted(xs))";  // a tuple for a list
  EXPECT_EQ(VerdictText(JudgeCode(rubric, problem,
                                  Fenced("class Solution:\n    def order(self, xs, s):\n"
                                         "        return (s, *sorted(xs))"))),
            "1");
  EXPECT_EQ(VerdictText(JudgeCode(rubric, problem, Fenced("def order" + body))), "1");
  EXPECT_EQ(JudgeCode(rubric, problem, Fenced("def order(xs, s): return [s, *xs]")).score, 0);
  EXPECT_EQ(JudgeCode(rubric, problem, Fenced("def other(xs, s): return [s, *xs]")).score, 0);
}

TEST(Code, ReadsTheFormsDataSetsArePublishedIn) {
  const Rubric rubric = CodeRubric();
  Problem apps{.id = "apps"};
  apps.fields["input_output"] =
      R"({"fn_name": "f", "inputs": [[1, 2], [3, 4]], "outputs": [[3], 7]})";
  EXPECT_EQ(VerdictText(JudgeCode(rubric, apps, Fenced("def f(a, b): return a + b"))), "1");
  apps.fields["input_output"] = R"({"inputs": ["1\n", ["2", "3"]], "outputs": ["1\n", ["2"]]})";
  EXPECT_EQ(VerdictText(JudgeCode(rubric, apps, Fenced("print(input())"))), "1");
  Problem open_r1{.id = "open-r1"};
  open_r1.fields["verification_info"] =
      R"({"language": "javascript", "test_cases": [{"type": "stdin_stdout", "input": "4", "output": "8"}]})";
  EXPECT_EQ(
      VerdictText(JudgeCode(
          rubric, open_r1, Fenced("console.log(2 * require('fs').readFileSync(0, 'utf8'))", "js"))),
      "1");
  const Problem reference{.id = "r", .reference = "assert f(1) == 1"};
  EXPECT_EQ(VerdictText(JudgeCode(rubric, reference, Fenced("def f(x): return x"))), "1");
}

TEST(Code, CompilesOnceAndRunsEveryTest) {
  const Rubric rubric = CodeRubric("language = 'cpp'\n");
  const std::string program =
      "#include <iostream>\nint main() { int a, b; std::cin >> a >> b; std::cout << a + b; }";
  EXPECT_EQ(VerdictText(JudgeCode(rubric, JsonProblem(kSumPairs), Fenced(program, "cpp"))), "1");
  const Component broken = JudgeCode(rubric, JsonProblem(kSumPairs), Fenced("int main() {", "cpp"));
  EXPECT_TRUE(broken.judged);
  EXPECT_NE(broken.reason.find("does not compile"), std::string::npos) << broken.reason;
}

TEST(Code, CompletesThePromptWithABodyAlone) {
  const Rubric rubric = CodeRubric();
  const Problem problem =
      CheckProblem("double", "def check(candidate):\n  assert candidate(2) == 4\n",
                   "import math\n\ndef double(x):\n    \"\"\" Twice x. \"\"\"\n");
  EXPECT_EQ(VerdictText(JudgeCode(rubric, problem, "    return 2 * x\n")), "1");
  EXPECT_EQ(VerdictText(JudgeCode(rubric, problem, Fenced("    return math.floor(2 * x)"))), "1");
  // What the prompt imports is there, also for a program that defines the whole function anew.
  EXPECT_EQ(
      VerdictText(JudgeCode(rubric, problem, Fenced("def double(x): return math.floor(2 * x)"))),
      "1");
  EXPECT_EQ(JudgeCode(rubric, problem, Fenced("    pass")).score, 0);
}

TEST(Code, TravelsEveryPlainValueExactly) {
  const Rubric rubric = CodeRubric();
  const std::string list = R"py(["assert type(f(x)) is type(x) and repr(f(x)) == repr(x)"])py";
  for (const char* value : {"None",
                            "True",
                            "-0.0",
                            "0.1",
                            "float('inf')",
                            "float('nan')",
                            "1e308",
                            "3",
                            "-2**62",
                            "2**62",
                            "10**5000",
                            "'é\\ud800\\x00'",
                            "b'\\x00\\xff'",
                            "bytearray(b'x')",
                            "1j",
                            "complex(-0.0, 1e300)",
                            "(1, [2, (3,)], {4: {5}})",
                            "{}",
                            "{'t': 1, 'v': 2}",
                            "{1: 2, 'a': None, (1, 2): [3], 1.5: b''}",
                            "set()",
                            "{1, 'a'}",
                            "frozenset({(1, 2)})",
                            "range(3, 9, 2)",
                            "int",
                            "collections.Counter('aab')",
                            "collections.OrderedDict([(2, 1), (1, 2)])",
                            "collections.deque([1, [2]])",
                            "fractions.Fraction(10**30, 7)",
                            "decimal.Decimal('1.10')",
                            "datetime.date(2024, 2, 29)",
                            "datetime.datetime(2024, 2, 29, 1, 2, 3, 4)",
                            "datetime.timedelta(1, 2, 3)"}) {
    const Problem problem =
        ListProblem(list, std::string("import sys; sys.set_int_max_str_digits(0); x = ") + value);
    EXPECT_EQ(VerdictText(JudgeCode(rubric, problem, Fenced("def f(x): return x"))), "1") << value;
    EXPECT_EQ(JudgeCode(rubric, problem, Fenced("def f(x): return [x]")).score, 0) << value;
  }
}

TEST(Code, ReducesSubclassesToWhatTheyHold) {
  const Rubric rubric = CodeRubric();
  const Problem problem = ListProblem(R"(["assert f() == [1, (2, 3), 'red', {'a': [1]}]"])");
  EXPECT_EQ(VerdictText(JudgeCode(
                rubric, problem,
                Fenced("import enum, collections\n"
                       "class Number(enum.IntEnum): ONE = 1\n"
                       "class Colour(str, enum.Enum): RED = 'red'\n"
                       "Pair = collections.namedtuple('Pair', 'a b')\n"
                       "def f():\n  d = collections.defaultdict(list)\n  d['a'].append(1)\n"
                       "  return [Number.ONE, Pair(2, 3), Colour.RED, d]"))),
            "1");
}

TEST(Code, LetsTestsUseObjectsOfTheProgram) {
  const Rubric rubric = CodeRubric();
  const Problem tree = ListProblem(R"(["assert depth(root) == 2", "assert root.left.value == 5"])",
                                   "root = Node(1)\nroot.left = Node(5)\n");
  const std::string program =
      "class Node:\n  def __init__(self, v): self.value, self.left = v, None\n"
      "def depth(n): return 0 if n is None else 1 + depth(n.left)\n";
  EXPECT_EQ(VerdictText(JudgeCode(rubric, tree, Fenced(program))), "1");
  const Problem lazy = ListProblem(
      R"(["assert list(f(3)) == [0, 1, 2]", "assert next(f(1)) == 0", "assert add(2)(3) == 5", "assert 2 in Box() and len(Box()) == 1 and Box()[4] == 8"])");
  EXPECT_EQ(VerdictText(JudgeCode(rubric, lazy,
                                  Fenced("def f(n): yield from range(n)\n"
                                         "def add(a): return lambda b: a + b\n"
                                         "class Box:\n"
                                         "  def __len__(self): return 1\n"
                                         "  def __contains__(self, x): return x == 2\n"
                                         "  def __getitem__(self, x): return 2 * x\n"))),
            "1");
}

TEST(Code, ShowsArgumentsThatAFunctionChangesAndExceptionsItRaises) {
  const Rubric rubric = CodeRubric();
  const Problem problem = ListProblem(
      R"py(["a = [3, 1, 2]\nassert order(a) is None\nassert a == [1, 2, 3]", "try:\n    fail(1)\n    assert False\nexcept KeyError as e:\n    assert e.args == ('1',)"])py");
  EXPECT_EQ(VerdictText(JudgeCode(rubric, problem,
                                  Fenced("def order(a): a.sort()\n"
                                         "def fail(x): raise KeyError(x)\n"))),
            "1");
  EXPECT_EQ(JudgeCode(rubric, problem, Fenced("def order(a): pass\ndef fail(x): raise KeyError(x)"))
                .score,
            0);
  EXPECT_EQ(
      JudgeCode(rubric, problem, Fenced("def order(a): a.sort()\ndef fail(x): return 1")).score, 0);
}

TEST(Code, RunsUnittestCases) {
  const Rubric rubric = CodeRubric("score = 'share'\n");
  Problem problem{.id = "p"};
  problem.fields["test"] =
      "import unittest\nclass T(unittest.TestCase):\n"
      "  def test_one(self): self.assertEqual(f(1), 2)\n"
      "  def test_two(self):\n    with self.assertRaises(ValueError): f(-1)\n";
  EXPECT_EQ(
      JudgeCode(rubric, problem, Fenced("def f(x):\n  if x < 0: raise ValueError\n  return 2"))
          .score,
      1);
  EXPECT_EQ(JudgeCode(rubric, problem, Fenced("def f(x): return 2")).score, 0.5);
}

TEST(Code, CannotJudgeWhereTheTestsAreAtFault) {
  const Rubric rubric = CodeRubric();
  const std::string program = Fenced("def f(x): return x");
  for (const char* tests : {R"(["assert f(1) == "])", R"(["import numpy\nassert f(1) == 1"])",
                            R"(["assert 1 == 2"])", R"(["assert f(lambda: 1) == 1"])", R"([1])",
                            R"([{"input": 1}])", R"({"inputs": [], "outputs": [1]})", R"([)"}) {
    const Component component = JudgeCode(rubric, JsonProblem(tests), program);
    EXPECT_FALSE(component.judged) << tests << VerdictText(component);
    EXPECT_FALSE(component.reason.empty());
  }
  EXPECT_FALSE(JudgeCode(rubric, Problem{.id = "p"}, program).judged);
  const Problem functions = ListProblem(R"(["assert f(1) == 1"])");
  EXPECT_FALSE(JudgeCode(CodeRubric("language = 'cpp'\n"), functions, program).judged);
}

TEST(Code, NamesTheLimitThatEndedAProgram) {
  Sandbox sandbox({.cells = 2});
  const CallJudge judge(sandbox);
  const TestSuite suite = ReadTests(ListProblem(R"(["assert f() == 1"])"), "");
  const auto reason = [&](const std::string& body, int64_t wall_ms) {
    JudgeSettings settings;
    settings.limits.cpu_ms = 300;
    settings.limits.wall_ms = wall_ms;
    settings.limits.memory_bytes = 64 << 20;
    const TestResult result = judge.Judge(suite, "def f():\n  " + body, settings);
    EXPECT_TRUE(result.judged && !result.all_passed());
    return result.reason.substr(result.reason.find(": ") + 2);
  };
  const std::string ended = "the program ended before it answered (limit reached: ";
  EXPECT_EQ(reason("while True: pass", 20'000), ended + "cpu_time)");
  EXPECT_EQ(reason("import time; time.sleep(60)", 500), ended + "wall_time)");
  EXPECT_EQ(reason("return 'a' * 10**9", 20'000), ended + "memory)");
  EXPECT_EQ(reason("while True: print('a' * 1000)", 20'000), ended + "output)");
}

TEST(Code, RefusesUnknownOptions) {
  EXPECT_THROW(CodeRubric("language = 'cobol'\n"), Error);
  EXPECT_THROW(CodeRubric("match = 'roughly'\n"), Error);
  EXPECT_THROW(CodeRubric("toleranse = 1\n"), Error);
  EXPECT_THROW(CodeRubric("cpu_ms = 0\n"), Error);
}

TEST(Code, ABlankBehindTheAnswerTagIsNoIndentation) {
  const Rubric rubric = CodeRubric();
  const Problem problem = ListProblem(R"(["assert f(1) == 2"])");
  EXPECT_EQ(VerdictText(JudgeCode(
                rubric, problem, "<think> </think> <answer> def f ( x ) : return x + 1 </answer>")),
            "1");
}

}  // namespace
}  // namespace rationale
