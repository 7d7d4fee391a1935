#include "sandbox/sandbox.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "sandbox/attack.h"

namespace rationale {
namespace {

Job Python(const std::string& source) {
  return {.language = "python", .files = {{"main.py", source}}};
}

Job Bash(const std::string& source) {
  return {.language = "bash", .files = {{"main.sh", source}}};
}

// One sandbox for all tests, so that most of them meet cells that other jobs have used.
Sandbox& Shared() {
  static Sandbox sandbox({.cells = 2});
  return sandbox;
}

// How an outcome reads in a test: "exited 0", "signalled 6", "memory".
std::string Text(const Outcome& outcome) {
  return OutcomeText(outcome);
}

TEST(Sandbox, GivesBackWhatAProgramWroteAndItsExitCode) {
  Job job = Python(
      "import sys\n"
      "print('out', input(), sys.argv[1:])\n"
      "print('err', file=sys.stderr)\n"
      "sys.exit(7)\n");
  job.stdin_text = "in\n";
  job.arguments = {"a b", "ü"};
  const Outcome outcome = Shared().Run(job);
  EXPECT_EQ(Text(outcome), "exited 7");
  EXPECT_EQ(outcome.stdout_text, "out in ['a b', 'ü']\n");
  EXPECT_EQ(outcome.stderr_text, "err\n");
  EXPECT_GT(outcome.wall_ms, 0);
  EXPECT_GT(outcome.cpu_ms, 0);
}

TEST(Sandbox, ShowsAProgramItsFilesAndEnvironment) {
  Job job = Python(
      "import os, helper\nprint(helper.name, open('data/x.txt').read(), os.environ['COLOUR'])\n");
  job.files.push_back({"helper.py", "name = 'helper'\n"});
  job.files.push_back({"data/x.txt", "text"});
  job.environment["COLOUR"] = "red";
  const Outcome outcome = Shared().Run(job);
  EXPECT_EQ(outcome.stdout_text, "helper text red\n") << outcome.stderr_text;
}

TEST(Sandbox, ReportsAnUncaughtExceptionAsPythonDoes) {
  const Outcome outcome = Shared().Run(Python("def f():\n  return 1 / 0\nf()\n"));
  EXPECT_EQ(Text(outcome), "exited 1");
  EXPECT_EQ(outcome.stderr_text,
            "Traceback (most recent call last):\n"
            "  File \"/tmp/box/main.py\", line 3, in <module>\n    f()\n"
            "  File \"/tmp/box/main.py\", line 2, in f\n    return 1 / 0\n           ~~^~~\n"
            "ZeroDivisionError: division by zero\n");
}

TEST(Sandbox, FlushesAndRunsExitHandlersLikeAnInterpreterOfItsOwn) {
  const Outcome outcome = Shared().Run(
      Python("import atexit, threading, time, sys\n"
             "atexit.register(lambda: print('handler'))\n"
             "threading.Thread(target=lambda: (time.sleep(.05), print('thread'))).start()\n"
             "print('main', __name__, end=' ')\n"
             "sys.exit('message')\n"));
  EXPECT_EQ(Text(outcome), "exited 1");
  EXPECT_EQ(outcome.stdout_text, "main __main__ thread\nhandler\n");
  EXPECT_EQ(outcome.stderr_text, "message\n");
}

// What each of these gives with a python3 of its own, in the same environment.
TEST(Sandbox, TreatsStreamsLikeAnInterpreterOfItsOwn) {
  const auto run = [](const std::string& source, const std::string& input) {
    Job job = Python("import os, sys\n" + source + "\n");
    job.stdin_text = input;
    const Outcome outcome = Shared().Run(job);
    return Text(outcome) + '|' + outcome.stdout_text;
  };
  EXPECT_EQ(run("sys.stdout.close()", ""), "exited 0|");
  EXPECT_EQ(run("sys.stdout = None", ""), "exited 0|");
  EXPECT_EQ(run("os.close(1); print(1)", ""), "exited 120|");
  EXPECT_EQ(run("print(input()); print(sys.stdin.read())", "\xff\na"), "exited 0|\xff\na\n");
  EXPECT_EQ(run("print(sys.stdin.buffer.read())", "\xff\na"), "exited 0|b'\\xff\\na'\n");
  EXPECT_EQ(run("for line in open(0): print(line[::-1], end='')", "ab\ncd"), "exited 0|\nbadc");
  EXPECT_EQ(run("print(__annotations__, __name__)", ""), "exited 0|{} __main__\n");
}

TEST(Sandbox, RunsEveryInstalledLanguage) {
  const std::vector<std::pair<std::string, File>> programs = {
      {"python", {"a.py", "print(int(input()) * 2)\n"}},
      {"bash", {"a.sh", "read x; echo $((x * 2))\n"}},
      {"javascript",
       {"a.js", "console.log(2 * +require('fs').readFileSync('/dev/stdin', 'utf8'))\n"}},
      {"c",
       {"a.c",
        "#include <stdio.h>\nint main() { int x; scanf(\"%d\", &x); printf(\"%d\\n\", 2 * x); "
        "}\n"}},
      {"cpp",
       {"a.cpp",
        "#include <iostream>\nint main() { int x; std::cin >> x; std::cout << 2 * x << '\\n'; "
        "}\n"}},
  };
  EXPECT_EQ(programs.size(), Sandbox::Languages().size());
  for (const auto& [language, file] : programs) {
    const Build build = Shared().Compile(language, {file});
    ASSERT_TRUE(build.ok) << language << ": " << Text(build.outcome) << build.outcome.stderr_text;
    const Job job{.language = language, .files = build.program.files, .stdin_text = "21\n"};
    for (int run = 0; run < 2; ++run) {
      const Outcome outcome = Shared().Run(job);
      EXPECT_EQ(Text(outcome), "exited 0") << language << outcome.stderr_text;
      EXPECT_EQ(outcome.stdout_text, "42\n") << language;
    }
  }
}

TEST(Sandbox, SaysWhatACompilerRejects) {
  const Build build = Shared().Compile("c", {{"bad.c", "int main() { return x; }\n"}});
  EXPECT_FALSE(build.ok);
  EXPECT_EQ(Text(build.outcome), "exited 1");
  EXPECT_NE(build.outcome.stderr_text.find("bad.c:1"), std::string::npos)
      << build.outcome.stderr_text;
}

TEST(Sandbox, NamesTheSignalThatEndedAProgram) {
  EXPECT_EQ(Text(Shared().Run(Python("import os\nos.abort()\n"))), "signalled 6");
  EXPECT_EQ(Text(Shared().Run(Bash("kill -SEGV $$\n"))), "signalled 11");
  EXPECT_EQ(Text(Shared().Run(Python("import os\nos.kill(os.getpid(), 15)\n"))), "signalled 15");
}

TEST(Sandbox, RefusesPathsOutsideTheWorkingFolder) {
  for (const char* path : {"", "/etc/x", "../x", "a/../x", "a//b", "./a", "a/"}) {
    Job job = Python("");
    job.files.push_back({path, ""});
    EXPECT_THROW(Shared().Run(job), Error) << path;
  }
  EXPECT_THROW(Shared().Run({.language = "cobol", .files = {{"a", ""}}}), Error);
}

// Every limit, with a memory cgroup and without: the same programs must end for the same reasons.
class Limited : public testing::TestWithParam<bool> {
 protected:
  Outcome Run(Job job) {
    job.limits.wall_ms = std::min<int64_t>(job.limits.wall_ms, 8'000);
    return sandbox_.Run(job);
  }

  Sandbox sandbox_{{.cells = 1, .use_cgroups = GetParam()}};
};

TEST_P(Limited, EndsAProgramAtTheDeadlineWithAllItsChildren) {
  Job job = Bash("sleep 60 & (sleep 60 &) ; setsid sleep 60 & sleep 60\n");
  job.limits.wall_ms = 300;
  const Outcome outcome = Run(job);
  EXPECT_EQ(Text(outcome), "wall_time");
  EXPECT_GE(outcome.wall_ms, 300);
  EXPECT_LT(outcome.wall_ms, 1500);
}

TEST_P(Limited, CountsTheCpuTimeOfAllProcesses) {
  Job job = Python("import os\nos.fork()\nwhile True: pass\n");
  job.limits.cpu_ms = 400;
  const Outcome outcome = Run(job);
  EXPECT_EQ(Text(outcome), "cpu_time");
  EXPECT_GE(outcome.cpu_ms, 400);
  EXPECT_LT(outcome.cpu_ms, 1500);
}

TEST_P(Limited, StopsAProgramThatTakesTooMuchMemory) {
  Job job = Python("x = []\nwhile True: x.append('a' * 1000000)\n");
  job.limits.memory_bytes = 64 << 20;
  const Outcome outcome = Run(job);
  EXPECT_EQ(Text(outcome), "memory");
  EXPECT_GT(outcome.memory_bytes, 50 << 20);
}

TEST_P(Limited, SumsMemoryOverProcesses) {
  // 8 processes of 16 MB each.
  Job job = Python(
      "import os, time\n"
      "for i in range(7):\n"
      "  if os.fork() == 0: break\n"
      "x = 'a' * 16_000_000\n"
      "time.sleep(30)\n");
  job.limits.memory_bytes = 96 << 20;
  EXPECT_EQ(Text(Run(job)), "memory");
}

TEST_P(Limited, DoesNotCountSharedPagesTwice) {
  Job job = Python(
      "import os, time\n"
      "x = 'a' * 30_000_000\n"
      "for i in range(7):\n"
      "  if os.fork() == 0: time.sleep(.2); os._exit(0)\n"
      "for i in range(7): os.wait()\n"
      "print('done')\n");
  job.limits.memory_bytes = 96 << 20;
  const Outcome outcome = Run(job);
  EXPECT_EQ(Text(outcome), "exited 0");
  EXPECT_EQ(outcome.stdout_text, "done\n");
}

TEST_P(Limited, StopsAFloodOfOutputAndKeepsItsBeginning) {
  Job job = Python("print('begin')\nwhile True: print('a' * 1000)\n");
  job.limits.output_bytes = 100'000;
  const Outcome outcome = Run(job);
  EXPECT_EQ(Text(outcome), "output");
  EXPECT_EQ(outcome.stdout_text.size() + outcome.stderr_text.size(), 100'000u);
  EXPECT_EQ(outcome.stdout_text.substr(0, 6), "begin\n");
  EXPECT_TRUE(outcome.stdout_truncated);
  EXPECT_FALSE(outcome.stderr_truncated);
}

TEST_P(Limited, NamesAFullDisk) {
  Job bytes = Python("f = open('x', 'wb')\nwhile True: f.write(b'a' * 100000)\n");
  bytes.limits.writable_bytes = 4 << 20;
  EXPECT_EQ(Text(Run(bytes)), "files");
  Job files = Python("i = 0\nwhile True:\n  open(f'/tmp/{i}', 'w').close()\n  i += 1\n");
  files.limits.files = 100;
  const Outcome outcome = Run(files);
  EXPECT_EQ(Text(outcome), "files");
}

TEST_P(Limited, KillsAForkBomb) {
  Job job = Python(
      "import os\nsaid = False\n"
      "while True:\n"
      "  try: os.fork()\n"
      "  except OSError as error:\n"
      "    if not said: os.write(1, error.strerror.encode() + b'\\n')\n"  // once a process
      "    said = True\n");
  job.limits.processes = 20;
  job.limits.wall_ms = 500;
  const Outcome outcome = Run(job);
  EXPECT_EQ(Text(outcome), "wall_time");
  EXPECT_NE(outcome.stdout_text.find("Resource temporarily unavailable"), std::string::npos);
  EXPECT_EQ(Text(Run(Python("print(1)"))), "exited 0");
}

TEST_P(Limited, RefusesDescriptorsBeyondTheLimit) {
  Job job = Python(
      "import os\ntry:\n  while True: n = os.dup(0)\nexcept OSError as e: print(n, e.strerror)\n");
  job.limits.descriptors = 20;
  const Outcome outcome = Run(job);
  EXPECT_EQ(outcome.stdout_text, "19 Too many open files\n");
}

INSTANTIATE_TEST_SUITE_P(Cgroup, Limited, testing::Bool(), [](const auto& parameter) {
  return parameter.param ? "WithCgroupIfThereIsOne" : "WithoutCgroup";
});

TEST(Sandbox, CarriesNothingFromOneJobToTheNext) {
  Sandbox sandbox({.cells = 1});
  const char* const leave_traces =
      "import os, sys, json, builtins, time, random\n"
      "open('/tmp/box/file', 'w').write('x'); open('/tmp/file', 'w').write('x'); "
      "open('/dev/shm/file', 'w').write('x')\n"
      "os.chmod('/tmp', 0o000)\n"
      "os.environ['TRACE'] = 'x'; json.trace = 'x'; builtins.trace = 'x'; sys.modules['trace'] = "
      "json\n"
      "os.dup2(1, 77); os.umask(0o777); os.nice(5); random.seed(1)\n"
      "if os.fork() == 0:\n"
      "  os.setsid(); os.close(1); os.close(2); time.sleep(60)\n";
  const char* const find_traces =
      "import os, sys, json, builtins\n"
      "print(sorted(os.listdir('/tmp')), os.listdir('/tmp/box'), os.listdir('/dev/shm'))\n"
      "print('TRACE' in os.environ, hasattr(json, 'trace'), hasattr(builtins, 'trace'), 'trace' in "
      "sys.modules)\n"
      "print(sorted(map(int, os.listdir('/proc/self/fd'))), oct(os.umask(0)), os.nice(0), sorted(p "
      "for p in os.listdir('/proc') if p.isdigit()))\n";
  ASSERT_EQ(Text(sandbox.Run(Python(leave_traces))), "exited 0");
  const Outcome outcome = sandbox.Run(Python(find_traces));
  EXPECT_EQ(outcome.stdout_text,
            "['box', 'shm'] ['main.py'] []\nFalse False False False\n[0, 1, 2, 3] 0o22 " +
                std::to_string(getpriority(PRIO_PROCESS, 0)) + " ['2']\n")
      << outcome.stderr_text;
}

// A file system that a job left as it found it serves the next job: none of these did.
TEST(Sandbox, ShowsNothingOfWhatAJobDidToItsFolders) {
  Sandbox sandbox({.cells = 1});
  const char* const look =
      "import os\n"
      "for folder, folders, files in os.walk('/tmp'):\n"
      "  for path in [folder] + [folder + '/' + name for name in files]:\n"
      "    s = os.lstat(path)\n"
      "    print(path, oct(s.st_mode), s.st_size, s.st_nlink, s.st_uid, s.st_gid)\n"
      "s = os.statvfs('/tmp')\n"
      "print(s.f_blocks, s.f_bfree, s.f_files, s.f_ffree)\n";
  const std::string untouched = sandbox.Run(Python(look)).stdout_text;
  EXPECT_NE(untouched.find("/tmp/box/main.py 0o100644"), std::string::npos) << untouched;
  for (const char* act : {
           "os.chmod('/tmp', 0o700)",
           "os.chmod('/tmp/box', 0o777)",
           "os.chmod('/tmp/shm', 0)",
           "os.rmdir('/tmp/shm')",
           "os.rename('/tmp/shm', '/tmp/other'); os.mkdir('/tmp/shm')",
           "os.rename('main.py', 'other.py')",
           "os.rename('main.py', '/tmp/main.py')",
           "os.link('main.py', '/tmp/shm/main.py')",
           "os.symlink('/etc', 'other'); os.rename('other', 'main.py')",
           "os.remove('main.py'); os.mkdir('main.py'); open('main.py/x', 'w')",
           "open('main.py', 'w').write('x' * 100000)",
           "open('other', 'w').write('x'); os.remove('main.py')",
           "open('.hidden', 'w'); open('/tmp/..x', 'w')",
           "held = [open(str(i), 'w') for i in range(50)]; [os.remove(str(i)) for i in range(50)]",
       }) {
    const Outcome outcome = sandbox.Run(Python("import os\n" + std::string(act) + "\n"));
    EXPECT_EQ(Text(outcome), "exited 0") << act << outcome.stderr_text;
    EXPECT_EQ(sandbox.Run(Python(look)).stdout_text, untouched) << act;
  }
}

TEST(Sandbox, GivesEachJobItsOwnRandomSeed) {
  const Job job = Python("import random\nprint(random.random())\n");
  EXPECT_NE(Shared().Run(job).stdout_text, Shared().Run(job).stdout_text);
}

// Else what a program prints of a set, and with it a verdict, would change from jail to jail.
TEST(Sandbox, HashesTextAlikeInEveryJail) {
  const Job job = Python("import sys\nprint(hash('a'), sys.path[0], '' in sys.path)\n");
  Sandbox other({.cells = 1});
  const Outcome outcome = Shared().Run(job);
  EXPECT_NE(outcome.stdout_text.find(" /tmp/box False\n"), std::string::npos) << Text(outcome);
  EXPECT_EQ(other.Run(job).stdout_text, outcome.stdout_text);
}

TEST(Sandbox, JoinsTwoProgramsByASocket) {
  const Job asks = Python(
      "import os\nos.write(3, b'ping\\n')\nprint(os.read(3, 100))\nprint(os.read(3, 100))\n");
  const Job answers = Python("import os\nprint(os.read(3, 100))\nos.write(3, b'pong\\n')\n");
  const auto [first, second] = Shared().RunJoined(asks, answers);
  EXPECT_EQ(first.stdout_text, "b'pong\\n'\nb''\n") << Text(first);
  EXPECT_EQ(second.stdout_text, "b'ping\\n'\n") << Text(second);
}

TEST(Sandbox, EndsTheSecondOfTwoJoinedProgramsWithTheFirst) {
  Job endless = Python("while True: pass\n");
  endless.limits.cpu_ms = endless.limits.wall_ms = 60'000;
  const auto [first, second] = Shared().RunJoined(Python("print(1)"), endless);
  EXPECT_EQ(Text(first), "exited 0");
  EXPECT_EQ(Text(second), "signalled 9");
  EXPECT_LT(second.wall_ms, 20'000);
  EXPECT_EQ(Text(Shared().Run(Python("print(1)"))), "exited 0");
}

TEST(Sandbox, ServesManyThreads) {
  std::vector<std::thread> threads;
  std::vector<std::string> texts(8);
  for (size_t i = 0; i < texts.size(); ++i) {
    threads.emplace_back([&texts, i] {
      for (int run = 0; run < 5; ++run) {
        texts[i] += Shared().Run(Python("print(" + std::to_string(i) + ", end='')")).stdout_text;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < texts.size(); ++i)
    EXPECT_EQ(texts[i], std::string(5, static_cast<char>('0' + i)));
}

// Runs `work` in a child of this process that has become the user nobody, without a home folder,
// and returns what it returns. Where this process is no root's, in this process itself.
std::string AsNobody(const std::function<std::string()>& work) {
  if (geteuid() != 0) return work();
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    unsetenv("HOME");
    if (setgid(65534) != 0 || setuid(65534) != 0 || chdir("/") != 0) _exit(1);
    const std::string text = work();
    _exit(write(ends[1], text.data(), text.size()) > 0 ? 0 : 1);
  }
  close(ends[1]);
  std::string text(10'000, '\0');
  const ssize_t got = read(ends[0], text.data(), text.size());
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  return text.substr(0, static_cast<size_t>(std::max<ssize_t>(got, 0)));
}

TEST(Sandbox, WorksForAUserWithoutAHome) {
  const auto run = [](const Job& job) {
    return AsNobody([&job] {
      const Outcome outcome = Sandbox({.cells = 1}).Run(job);
      return Text(outcome) + '|' + outcome.stdout_text + outcome.stderr_text;
    });
  };
  EXPECT_EQ(run(Python("print(1)")), "exited 0|1\n");
  Job memory = Python("x = []\nwhile True: x.append('a' * 1000000)\n");
  memory.limits.memory_bytes = 64 << 20;
  EXPECT_EQ(run(memory), "memory|");
}

// The second's jail would otherwise serve the next job while the first can still change it.
std::string HandOverAFolder() {
  const Job receives = Python(
      "import os, socket, time\n"
      "channel = socket.socket(fileno=3)\n"
      "_, (folder,), _, _ = socket.recv_fds(channel, 1, 1)\n"
      "channel.recv(1)\n"  // end-of-file: the other is dead
      "time.sleep(.3)\n"   // and its jail cleaned
      "os.fchmod(folder, 0o700)\n");
  const Job sends = Python(
      "import os, socket\n"
      "socket.send_fds(socket.socket(fileno=3), [b'x'], [os.open('/tmp/shm', os.O_RDONLY)])\n");
  const std::string look = "import os\nprint(oct(os.stat('/tmp/shm').st_mode), flush=True)\n";
  Sandbox sandbox({.cells = 2});
  const auto [first, second] = sandbox.RunJoined(receives, sends);
  const auto [one, two] = sandbox.RunJoined(Python(look + "os.read(3, 1)\n"), Python(look));
  return Text(first) + ' ' + Text(second) + '|' + first.stderr_text + one.stdout_text +
         two.stdout_text;
}

TEST(Sandbox, NeverReusesAFolderThatAJoinedProgramHolds) {
  // As nobody: for root's jails every cell is another user.
  EXPECT_EQ(AsNobody(HandOverAFolder), "exited 0 exited 0|0o40755\n0o40755\n");
}

}  // namespace
}  // namespace rationale
