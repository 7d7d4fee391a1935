// The work of the math reward on inputs that mean to burn time or memory: bounded, and the same
// verdict however many threads judge and whatever else the machine does.

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "rewards/math/labelled_case.h"
#include "rewards/rubric.h"
#include "tests/rewards/testing.h"

namespace rationale {
namespace {

constexpr double kMsMax = 100;
constexpr int64_t kMemoryKbMax = 64 * 1024;

// What malloc gives back and asks for is not what the reward asks for under a sanitizer.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

struct Hostile {
  std::string answer, gold;
};

std::string Repeat(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

// Large values and long sums.
std::vector<Hostile> HostileValues() {
  return {
      {"$2^{2^{16}}$", "$2^{2^{2^{2^{2^{2}}}}}$"},
      {"$9^{9^{9^{9}}}$", "$1$"},
      {"$(10^{9})!$", "$1$"},
      {"$\\binom{10^9}{5\\cdot 10^8}$", "$1$"},
      {"$\\sum_{k=1}^{10^{9}} \\frac{1}{k^2+1}$", "$1$"},
      {"$\\prod_{k=1}^{10^{9}} k$", "$1$"},
      {"$\\sum_{a=1}^{2000}\\sum_{b=1}^{2000}\\sum_{c=1}^{2000} \\frac{1}{a+b+c}$", "$1$"},
      {"$\\sin(\\sin(\\sin(10^{1000000})))$", "$1$"},
      {"$\\cos(2^{65000})$", "$1$"},
      {"$10^{-10^{9}}$", "$0$"},
      {"$1e999999999$", "$1$"},
      {"$\\sqrt[1000000]{2}$", "$1$"},
      {"$(1+\\sqrt{2})^{5000}+(1-\\sqrt{2})^{5000}$", "$1$"},
      {"$x^{49}+x^{3}=2$", "$x^{50}=1$"},
      {"$(x+y+z)^{200}$", "$(x+y)^{200}$"},
      {"$" + std::string(100'000, '9') + "$", "$1$"},
      {"0." + std::string(3'900, '3'), "1/3"},
      {"$" + std::string(3'900, '7') + "/" + std::string(3'900, '3') + "$", "7/3"},
      {"$\\{" + Repeat("\\sqrt{2},", 300) + "1\\}$", "$\\{1" + Repeat(",\\sqrt{3}", 99) + "\\}$"},
      {Repeat("\\sqrt{2},", 300) + "1", "1" + Repeat(",\\sqrt{3}", 99)},
      {"x" + Repeat("+\\sqrt{x+2}", 700), "x" + Repeat("+\\sqrt{x+2}", 700) + "+1"},
      {"x" + Repeat("+\\arctan(x+2)", 300), "x"},
      {"$\\int_0^1 9 d(x+0)" + Repeat("\\cup\\int_0^1 9 dx", 50) + "$",
       "$\\int_0^1 9 dx" + Repeat("\\cup\\int_0^1 9 dx", 50) + "$"},
      {"$" + Repeat("\\begin{pmatrix}a&b\\\\c&1\\pm d\\end{pmatrix}\\cdot ", 40) + "2$", "$1$"},
      {"$y=" + Repeat("x+", 900) + "1$", "$" + Repeat("y+", 900) + "x=0$"},
      {"$\\sum_{a=1}^{400}\\sum_{b=1}^{400} \\frac{1}{a+b}$", "$1$"},
      {"$" + Repeat("\\{", 90) + "x" + Repeat("\\}", 90) + "$",
       "$" + Repeat("\\{", 90) + "x+0" + Repeat("\\}", 90) + "$"},
      {"$" + Repeat("x<1\\text{ and }", 300) + "x>0$",
       "$" + Repeat("x<1\\text{ or }", 90) + "x>0$"},
      {"$y=" + Repeat("\\frac{x}{y+1}+", 300) + "1$", "$y=x$"},
      {"$" + Repeat("\\frac{1}{y+", 90) + "1" + Repeat("}", 90) + "=x$", "$y=\\sqrt{x}$"},
      {Repeat("[[1,2],[3,4]],", 300), "$\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}$"},
      {"$" + Repeat("\\pm 1", 40) + "$", "$1$"},
      {"$" + Repeat("\\sqrt{-1-x^2+", 60) + "1" + Repeat("}", 60) + "$", "$x$"},
      {"$" + Repeat("(", 60) + "3!" + Repeat(")!", 60) + "$", "$720!$"},
      {"$|" + Repeat("|x|-", 200) + "x|<1$", "$x<1$"},
      {"$" + Repeat("[0,1]\\cup", 600) + "[2,3]$", "$" + Repeat("(0,2)\\cup", 600) + "[2,3]$"},
  };
}

// What is written out, chosen, joined, inverted, or runs over all integers.
std::vector<Hostile> HostileForms() {
  const std::string matrix =
      "\\begin{pmatrix}a&b&c&1\\\\2&a&b&c\\\\c&3&a&b\\\\b&c&4&a\\end{pmatrix}";
  return {
      {"$" + Repeat("(\\sqrt{2}+\\sqrt{3})^{500}+", 60) + "1$",
       "$1+" + Repeat("(\\sqrt{3}+\\sqrt{2})^{500}+", 60) + "0$"},
      {"$2^{2^{-100000}}$", "$1$"},
      {"$" + Repeat("2^{2^{-4000}}+", 300) + "0$", "$300$"},
      {"$(" + Repeat("(", 20) + matrix + Repeat(")^{10}", 20) + ")$", "$" + matrix + "$"},
      {"$" + Repeat("(", 20) + matrix + Repeat(")^{-1}", 20) + "$", "$" + matrix + "$"},
      {"$C(100000, 50000)+P(10^9, 400)$", "$1$"},
      {"$C(10^9, 5\\cdot 10^8)$", "$P(10^9, 5\\cdot 10^8)$"},
      {"$" + Repeat("A(1,", 110) + "1" + Repeat(")", 110) + "$", "$(1,2)$"},
      {Repeat("one hundred thousand million ", 3'000), "1"},
      {Repeat("three and a half, ", 900), "3.5"},
      {Repeat("2 hours 30 minutes ", 900), "150 minutes"},
      {Repeat("5千", 3'000), "5"},
      {"0." + Repeat("12", 1'900) + "...", "4/33"},
      {"$x = " + Repeat("k+", 400) + "1" + Repeat(", k \\in \\mathbb{Z}", 400) + "$",
       "$x = " + Repeat("n+", 400) + "1" + Repeat(", n \\in \\mathbb{Z}", 400) + "$"},
      {Repeat("x < 1 and x > 2 or ", 400) + "x < 3", "x < 3"},
      {Repeat("(x < 1 or x > 2) and ", 300) + "x < 3", "x < 3"},
      {Repeat("x = 1 and y = 2 or ", 300) + "x = 3 and y = 4", "(1,2), (3,4)"},
      {Repeat("x \\ne 1, ", 900) + "x \\ne 2", "$x \\ne 1$"},
      {"$\\sum_{a=1}^{n}\\sum_{b=1}^{n}\\sum_{c=1}^{n} \\frac{1}{a+b+c}$", "$n$"},
      {"$" + Repeat("(a-b)", 60) + "x = 0$", "$x = 0$"},
      {Repeat("It is (A). ", 50'000), "A"},
      {Repeat("答案", 100'000), "1"},
  };
}

// Deep and broken formulas, long texts.
std::vector<Hostile> HostileTexts() {
  return {
      {"$" + Repeat("(", 2000) + "x" + Repeat(")", 2000) + "$", "$x$"},
      {Repeat("$ ", 50'000), "$1$"},
      {Repeat("\\boxed{1},", 2'000), "2"},
      {Repeat("\\boxed{", 20'000) + "1", "2"},
      {Repeat("{", 20'000), "x"},
      {Repeat("-", 3'999) + "1", "1"},
      {"3" + Repeat("!", 3'999), "6"},
      {"1" + Repeat("/2", 1'900), "2"},
      {"2" + Repeat("^2", 1'900), "2"},
      {Repeat("\\frac", 3'000), "1"},
      {Repeat("\\frac{1}{1+", 600), "1"},
      {Repeat("\\begin{cases}", 1'500), "1"},
      {"$\\begin{pmatrix}" + Repeat(Repeat("1&", 60) + "1\\\\", 60) + "\\end{pmatrix}$", "1"},
      {Repeat("\\text{1", 3'000), "1"},
      {Repeat("一", 6'000), "1"},
      {Repeat("分之", 6'000) + "一", "1"},
      {Repeat("the answer is ", 100'000), "1"},
      {Repeat("<answer>", 100'000) + "1", "1"},
      {Repeat("#### 1\n", 100'000), "2"},
      {Repeat("1 ", 500'000), "2"},
      {std::string(1'000'000, 'x'), "x"},
      {std::string(1'000'000, '\0'), "x"},
      {std::string(1'000'000, '\xff'), "x"},
  };
}

// Each of them both ways round, and the published hangs where the data are.
std::vector<Hostile> HostileInputs() {
  std::vector<Hostile> inputs;
  for (const auto& some : {HostileValues(), HostileForms(), HostileTexts()}) {
    for (const auto& [answer, gold] : some) {
      inputs.push_back({answer, gold});
      inputs.push_back({gold, answer});
    }
  }
  const std::string path = RealDataFolder() + "/rewards/math_hang_cases.jsonl";
  if (!std::filesystem::exists(path)) return inputs;
  ForEachRow(path, [&](const JsonObject& row) {
    const LabelledCase labelled = ReadLabelledCase(row);
    inputs.push_back({labelled.answer, labelled.reference});
  });
  return inputs;
}

Rubric MathRubric() {
  return Rubric::FromText("[[rewards]]\nname = 'math'\n", "rubric.toml");
}

Component Judge(const Rubric& rubric, const Hostile& input) {
  const Problem problem{.reference = input.gold};
  return rubric.JudgeComponent(0, {.text = input.answer, .problem = &problem});
}

std::string Name(const Hostile& input) {
  return input.answer.substr(0, 60) + " ~ " + input.gold.substr(0, 60);
}

// The greatest resident memory of a child process that calls `work`, which has what this process
// has to begin with.
template <class F>
int64_t PeakKb(const F& work) {
  malloc_trim(0);  // else memory that was freed before would serve unseen
  const pid_t child = fork();
  if (child == 0) {
    work();
    _exit(0);
  }
  int status = 0;
  rusage usage{};
  EXPECT_EQ(wait4(child, &status, 0, &usage), child);
  EXPECT_TRUE(WIFEXITED(status));
  return usage.ru_maxrss;
}

TEST(MathWork, IsUnder100MillisecondsForEveryHostileInput) {
  const Rubric rubric = MathRubric();
  double worst = 0;
  std::string name;
  for (const Hostile& input : HostileInputs()) {
    const double before = ThreadCpuMs();
    Judge(rubric, input);
    const double ms = ThreadCpuMs() - before;
    EXPECT_LT(ms, kMsMax) << Name(input);
    if (ms > worst) name = Name(input);
    worst = std::max(worst, ms);
  }
  std::printf("slowest verdict: %.1f ms, of %s\n", worst, name.c_str());
}

TEST(MathWork, IsUnder64MegabytesForEveryHostileInput) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's own memory is not told apart";
  const Rubric rubric = MathRubric();
  int64_t worst = 0;
  for (const Hostile& input : HostileInputs()) {
    const int64_t kb = PeakKb([&] { Judge(rubric, input); }) - PeakKb([] {});
    EXPECT_LT(kb, kMemoryKbMax) << Name(input);
    worst = std::max(worst, kb);
  }
  std::printf("most memory of a verdict: %lld KB\n", static_cast<long long>(worst));
}

TEST(MathWork, IsSeenWhereMemoryIsTaken) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's own memory is not told apart";
  const auto take = [] {
    std::string bytes(size_t{1024} * kMemoryKbMax, 'x');
    ASSERT_NE(bytes[bytes.size() / 2], '\0');
  };
  EXPECT_GE(PeakKb(take) - PeakKb([] {}), kMemoryKbMax - 1024);
}

TEST(MathWork, LeavesNoMemoryWhenItsThreadEnds) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's own memory is not told apart";
  const Rubric rubric = MathRubric();
  const std::vector<Hostile> inputs = {
      {"\\boxed{\\frac{\\pi}{6} + \\ln 3 + e}", "e + \\ln 3 + \\frac{\\pi}{6}"},
      {"\\boxed{\\sin(1)+\\pi^{100}}", "\\pi^{100}+\\sin(1)"},
      {"\\boxed{\\sqrt{2}+\\sqrt{3}+\\sqrt{5}}", "\\sqrt{5}+\\sqrt{3}+\\sqrt{2}"},
      {"\\boxed{2^{2000}}", "4^{1000}"},
      {"\\boxed{\\sum_{k=1}^{50} \\frac{1}{k}}",
       "\\frac{13943237577224054960759}{3099044504245996706400}"}};
  const auto judge_in_threads = [&](int count) {
    return [&, count] {
      for (int i = 0; i < count; ++i) {
        std::jthread([&] {
          for (const Hostile& input : inputs) ASSERT_EQ(Judge(rubric, input).score, 1);
        });
      }
    };
  };
  EXPECT_LT(PeakKb(judge_in_threads(1000)) - PeakKb(judge_in_threads(10)), 4096);
}

// Everything of a verdict, on all inputs, beginning with one of them.
std::vector<std::string> Verdicts(const Rubric& rubric, const std::vector<Hostile>& inputs,
                                  size_t first) {
  std::vector<std::string> verdicts(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const size_t at = (first + i) % inputs.size();
    const Component component = Judge(rubric, inputs[at]);
    verdicts[at] = Name(inputs[at]) + (component.judged ? ": judged " : ": not judged ") +
                   std::to_string(component.score) + ' ' + component.reason;
  }
  return verdicts;
}

TEST(MathWork, EndsInTheSameVerdictOnManyThreadsAndUnderLoad) {
  constexpr size_t kThreads = 4;
  std::vector<Hostile> inputs = HostileInputs();
  ForEachRow(GoldenReward("math_metamorphic.jsonl"), [&](const JsonObject& row) {
    inputs.push_back({row.Get<std::string>("answer"), row.Get<std::string>("gold")});
  });
  const Rubric rubric = MathRubric();
  const std::vector<std::string> alone = Verdicts(rubric, inputs, 0);
  std::atomic<bool> done = false;
  std::vector<std::thread> load;
  for (int i = 0; i < 2; ++i) {
    load.emplace_back([&] {
      while (!done) {
      }
    });
  }
  std::vector<std::vector<std::string>> together(kThreads);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back(
        [&, i] { together[i] = Verdicts(rubric, inputs, i * inputs.size() / kThreads); });
  }
  for (std::thread& thread : threads) thread.join();
  done = true;
  for (std::thread& thread : load) thread.join();
  for (const auto& verdicts : together) EXPECT_EQ(verdicts, alone);
}

}  // namespace
}  // namespace rationale
