// Command: a user's program as a reward, and every way in which it can misbehave.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/types.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "rewards/rubric.h"

namespace rationale {
namespace {

// Python that answers each line; `body` sees the question as q and writes by say(..).
std::string Script(const std::string& body, const std::string& before = "") {
  std::string text =
      "import json, os, signal, sys, time\n"
      "def say(**answer): print(json.dumps(answer), flush=True)\n" +
      before + "\nfor line in iter(sys.stdin.readline, ''):\n  q = json.loads(line)\n";
  for (size_t at = 0; at < body.size();) {
    const size_t end = std::min(body.find('\n', at), body.size());
    text += "  " + body.substr(at, end - at) + '\n';
    at = end + 1;
  }
  return text;
}

class CommandReward : public testing::Test {
 protected:
  // A rubric of the one reward; `more`: further options.
  Rubric Make(const std::string& script, const std::string& more = "processes = 1\n") {
    WriteFileDurably(folder_.path() + "/reward.py", script);
    return Rubric::FromText("[[rewards]]\nname = 'command'\ncommand = ['python3', '-IS', '" +
                                folder_.path() + "/reward.py']\n" + more,
                            "r.toml");
  }

  Component Judge(const Rubric& rubric, const std::string& text) {
    return rubric.Judge({.text = text, .problem = &problem_}).components.at(0);
  }

  // Judges "good" after "bad": the first could not be judged, the second is by a new process.
  // Returns the first's reason.
  std::string ReasonAndRecovery(const std::string& bad_body, const std::string& more = "") {
    const Rubric rubric =
        Make(Script("if q['response'] == 'bad':\n" + bad_body +
                    "\nelse:\n  say(id=q['id'], score=0.5, reason=str(os.getpid()))"),
             "processes = 1\n" + more);
    const std::string before = Judge(rubric, "good").reason;
    const Component bad = Judge(rubric, "bad");
    EXPECT_FALSE(bad.judged) << bad.reason;
    const Component good = Judge(rubric, "good");
    EXPECT_TRUE(good.judged) << good.reason;
    EXPECT_EQ(good.score, 0.5);
    EXPECT_NE(good.reason, before) << "a new process";
    return bad.reason;
  }

  TemporaryFolder folder_;
  Problem problem_;
};

TEST_F(CommandReward, GetsAllThereIsToKnowAndItsAnswerIsTheComponent) {
  problem_.prompt = "6*7?";
  problem_.reference = "42";
  problem_.language = "de";
  problem_.id = "p-1";
  problem_.fields = {{"unit", "cm"}};
  const Rubric rubric = Make(
      Script("say(id=q['id'], score=2.5, answer='x', reason=json.dumps([q[k] for k in sorted(q) "
             "if k != 'id'], ensure_ascii=False))"));
  const Verdict verdict = rubric.Judge({.text = "Ü \"42\"\n",
                                        .problem = &problem_,
                                        .num_tokens = 3,
                                        .max_tokens = 8,
                                        .truncated = true,
                                        .step = 40});
  ASSERT_TRUE(verdict.judged) << verdict.components[0].reason;
  EXPECT_EQ(verdict.score, 2.5);
  EXPECT_EQ(verdict.components[0].answer, "x");
  EXPECT_EQ(verdict.components[0].reason,
            R"([{"unit": "cm"}, "de", 8, 3, "6*7?", "p-1", "42", "Ü \"42\"\n", 40, true])");
}

TEST_F(CommandReward, KeepsItsProcessAlive) {
  const Rubric rubric =
      Make(Script("n += 1\nsay(id=q['id'], score=n, reason=str(os.getpid()))", "n = 0"));
  const std::string process = Judge(rubric, "a").reason;
  const Component second = Judge(rubric, "b");
  EXPECT_EQ(second.reason, process);
  EXPECT_EQ(second.score, 2);
}

TEST_F(CommandReward, MaySayThatItCouldNotJudge) {
  const Component component =
      Judge(Make(Script("say(id=q['id'], score=None, reason='no tests')")), "a");
  EXPECT_FALSE(component.judged);
  EXPECT_EQ(component.reason, "no tests");
}

TEST_F(CommandReward, ThatHangsMissesItsDeadlineAndIsKilled) {
  const std::string reason =
      ReasonAndRecovery("  print('thinking', file=sys.stderr, flush=True)\n  time.sleep(1000)",
                        "deadline_ms = 300\n");
  EXPECT_EQ(reason, "the command failed: it did not answer within 300 ms; its stderr: thinking");
}

TEST_F(CommandReward, ThatDiesIsShownWithItsStandardError) {
  EXPECT_EQ(ReasonAndRecovery("  print('one\\ntwo', file=sys.stderr)\n  sys.exit(3)"),
            "the command failed: it ended with exit code 3; its stderr: one | two");
  EXPECT_EQ(ReasonAndRecovery("  os.kill(os.getpid(), signal.SIGSEGV)"),
            "the command failed: it ended by signal 11");
  const std::string reason = ReasonAndRecovery("  raise ValueError('no')");
  EXPECT_NE(reason.find("exit code 1"), std::string::npos) << reason;
  EXPECT_NE(reason.find("ValueError: no"), std::string::npos) << reason;
}

TEST_F(CommandReward, ThatPrintsJunkIsQuoted) {
  EXPECT_EQ(ReasonAndRecovery("  print('score: 1', flush=True)"),
            "the command failed: its answer:1: not valid JSON at column 1: Invalid value., found "
            "'score: 1'");
  EXPECT_NE(
      ReasonAndRecovery("  say(id=q['id'])").find("its answer has no score, a number or null"),
      std::string::npos);
  EXPECT_NE(ReasonAndRecovery("  print('{\"id\": 2, \"score\": NaN}', flush=True)")
                .find("its answer:1: not valid JSON"),
            std::string::npos);
  EXPECT_NE(ReasonAndRecovery("  os.write(1, b'\\xff\\x00\\n')").find("not valid JSON"),
            std::string::npos);
}

TEST_F(CommandReward, ThatAnswersAnotherQuestionIsNotBelieved) {
  const std::string other = ReasonAndRecovery("  say(id=7, score=1)");
  EXPECT_EQ(other.rfind("the command failed: it answered another question than it was asked, '", 0),
            0u)
      << other;
  EXPECT_EQ(ReasonAndRecovery("  say(score=1)"),
            "the command failed: its answer: no 'id'; there are: score, found '{\"score\": 1}'");
}

TEST_F(CommandReward, ThatAnswersTwiceIsNeverBelievedTheSecondTime) {
  const Rubric rubric =
      Make(Script("say(id=q['id'], score=1)\nfor k in range(3): say(id=q['id'] + k, score=9)"));
  for (int i = 0; i < 8; ++i) {
    const Component component = Judge(rubric, "a");
    // The other lines are seen with the first, before the next question is put, or as its answer.
    EXPECT_TRUE(component.judged ? component.score == 1
                                 : component.reason.find("not asked for") != std::string::npos ||
                                       component.reason.find("it answered") != std::string::npos)
        << component.reason;
  }
}

TEST_F(CommandReward, ThatFloodsIsStopped) {
  EXPECT_EQ(ReasonAndRecovery("  while True: sys.stdout.write('x' * 65536)"),
            "the command failed: it answered a line of more than 1048576 bytes");
  const std::string errors =
      ReasonAndRecovery("  while True: sys.stderr.write('y' * 65536)", "deadline_ms = 300\n");
  EXPECT_EQ(errors.rfind("the command failed: it did not answer within 300 ms; its stderr: yyy", 0),
            0u);
  EXPECT_LT(errors.size(), 1200u);
}

TEST_F(CommandReward, ThatFloodsItsStandardErrorAndAnswersIsHeard) {
  const Rubric rubric = Make(Script("sys.stderr.write('z' * 1000000)\nsay(id=q['id'], score=1)"));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Judge(rubric, "a").judged);
}

TEST_F(CommandReward, ThatClosesAStreamIsReplaced) {
  EXPECT_EQ(ReasonAndRecovery("  os.close(1)\n  time.sleep(1000)"),
            "the command failed: it closed its output");
  // It has read the question and closes its input before it answers: the next is for another.
  const Rubric rubric = Make(
      Script("os.close(0)\nsay(id=q['id'], score=1, reason=str(os.getpid()))\ntime.sleep(1000)"));
  const Component first = Judge(rubric, "a");
  EXPECT_TRUE(first.judged);
  EXPECT_EQ(Judge(rubric, "a").reason, "the command failed: it closed its input");
  EXPECT_TRUE(Judge(rubric, "a").judged);
}

TEST_F(CommandReward, ThatDoesNotReadMissesItsDeadlineHoweverLongTheQuestion) {
  const Rubric rubric =
      Make("import time\ntime.sleep(1000)\n", "processes = 1\ndeadline_ms = 200\nstart_ms = 100\n");
  EXPECT_EQ(Judge(rubric, std::string(1 << 20, 'x')).reason,
            "the command failed: it did not answer within 300 ms");
}

TEST_F(CommandReward, TakesLongQuestionsAndAnswers) {
  const Rubric rubric =
      Make(Script("say(id=q['id'], score=len(q['response']), reason='r' * 500000)"));
  const Component component = Judge(rubric, std::string(1 << 20, 'x'));
  EXPECT_EQ(component.score, 1 << 20);
  EXPECT_EQ(component.reason.size(), 500000u);
}

TEST_F(CommandReward, ThatEndsWhileIdleIsReplaced) {
  const Rubric rubric = Make(Script("say(id=q['id'], score=1)\nsys.exit(4)"));
  int judged = 0, ended = 0;
  for (int i = 0; i < 6; ++i) {
    const Component component = Judge(rubric, "a");
    judged += component.judged;
    ended += component.reason == "the command failed: it ended with exit code 4";
  }
  EXPECT_EQ(judged + ended, 6);
  EXPECT_GE(judged, 3);
}

TEST_F(CommandReward, WorksInAProgramThatHearsOfClosedPipesBySignal) {
  const auto before = std::signal(SIGPIPE, SIG_DFL);
  const Rubric rubric = Make(Script("os.close(0)\nsay(id=q['id'], score=1)\ntime.sleep(1000)"));
  EXPECT_TRUE(Judge(rubric, "a").judged);
  EXPECT_FALSE(Judge(rubric, "a").judged);
  std::signal(SIGPIPE, before);
}

TEST_F(CommandReward, ServesManyThreadsByAsManyProcessesAsAllowed) {
  const Rubric rubric =
      Make(Script("say(id=q['id'], score=float(q['response']), reason=str(os.getpid()))"),
           "processes = 3\n");
  std::vector<std::thread> threads;
  std::vector<std::string> processes(400);
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = t; i < 400; i += 8) {
        const Component component = Judge(rubric, std::to_string(i));
        wrong += !component.judged || component.score != i;
        processes[static_cast<size_t>(i)] = component.reason;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  std::sort(processes.begin(), processes.end());
  processes.erase(std::unique(processes.begin(), processes.end()), processes.end());
  EXPECT_LE(processes.size(), 3u);
  EXPECT_GE(processes.size(), 2u);
}

TEST_F(CommandReward, LeavesNoProcessBehind) {
  pid_t process = 0;
  {
    const Rubric rubric = Make(Script("say(id=q['id'], score=1, reason=str(os.getpid()))"));
    process = std::stoi(Judge(rubric, "a").reason);
    EXPECT_EQ(kill(process, 0), 0);
  }
  EXPECT_NE(kill(process, 0), 0);
}

TEST(CommandOptions, NameWhatIsWrong) {
  const auto message = [](const std::string& options) -> std::string {
    try {
      Rubric::FromText("[[rewards]]\nname = 'command'\n" + options, "r.toml");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message("command = ['no-such-program-at-all']"),
            "r.toml:3: rewards[0].command: found 'no-such-program-at-all', which is no program in "
            "PATH");
  EXPECT_NE(message("").find("is empty, allowed: a program and its arguments"), std::string::npos)
      << message("");
  EXPECT_NE(message("command = ['sh']\ndeadline_ms = 0").find("deadline_ms"), std::string::npos);
  EXPECT_NE(message("command = 'sh'").find("a list"), std::string::npos);
}

}  // namespace
}  // namespace rationale
