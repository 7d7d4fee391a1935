#include "sandbox/attack.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace rationale {
namespace {

const char* const kFolder = RATIONALE_SOURCE_DIR "/tests/sandbox/attacks";

// Runs the quick attacks and returns what is wrong with those that were not held.
std::string Faults() {
  Sandbox sandbox({.cells = 1});
  AttackRunner runner(sandbox, kFolder);
  std::string faults;
  for (const Attack& attack : ReadAttacks(kFolder)) {
    if (attack.slow) continue;
    const AttackResult result = runner.RunJailed(attack);
    if (!result.held) {
      faults += attack.name + ": " + result.end + ", " + result.said + ": " + result.problem + '\n';
    }
  }
  return faults;
}

TEST(Attacks, AreManyAndNoTwoHaveOneName) {
  std::set<std::string> names;
  const std::vector<Attack> attacks = ReadAttacks(kFolder);
  for (const Attack& attack : attacks) names.insert(attack.name);
  EXPECT_EQ(names.size(), attacks.size());
  EXPECT_GE(attacks.size(), 60u);
}

TEST(Attacks, AreHeldForThisUser) {
  EXPECT_EQ(Faults(), "");
}

TEST(Attacks, AreHeldForNobody) {
  if (geteuid() != 0) GTEST_SKIP() << "not root: this user is ordinary already";
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(1);
    const std::string faults = Faults() + "end";
    _exit(write(ends[1], faults.data(), faults.size()) > 0 ? 0 : 1);
  }
  close(ends[1]);
  std::string faults;
  char bytes[4096];
  for (ssize_t got; (got = read(ends[0], bytes, sizeof bytes)) > 0;) {
    faults.append(bytes, static_cast<size_t>(got));
  }
  close(ends[0]);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(faults, "end");
}

// The judge must be able to say no: programs that do what no attack manages.
TEST(Attacks, AreNotHeldWhenTheyReachTheirAimOrEndOtherwise) {
  Sandbox sandbox({.cells = 1});
  AttackRunner runner(sandbox, kFolder);
  Attack attack{.name = "prints", .language = "python", .program = "print('GOT IT')\n"};
  attack.ends = {"exited 0"};
  EXPECT_EQ(runner.RunJailed(attack).problem, "it reached its aim");
  attack.program = "print('REFUSED EPERM')\n";
  attack.says = "REFUSED EPERM";
  EXPECT_TRUE(runner.RunJailed(attack).held);
  attack.says = "REFUSED ENOSYS";
  EXPECT_EQ(runner.RunJailed(attack).problem, "it does not say 'REFUSED ENOSYS'");
  attack.ends = {"memory"};
  EXPECT_EQ(runner.RunJailed(attack).problem, "it ended otherwise than named");
}

TEST(Attacks, ThatSayNothingOfTheirLanguageAreRefused) {
  const TemporaryFolder folder;
  WriteFileDurably(folder.path() + "/a.toml", "[[attack]]\nname = \"x\"\nlanguage = \"cobol\"\n");
  EXPECT_THROW(ReadAttacks(folder.path()), Error);
  EXPECT_THROW(ReadAttacks(folder.path() + "/none"), Error);
}

}  // namespace
}  // namespace rationale
