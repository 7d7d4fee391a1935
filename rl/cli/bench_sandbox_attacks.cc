// Attacks: each in the jail as this user, and as nobody when this user is root; and once without.

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "rl/cli/bench_sandbox.h"
#include "rl/cli/output.h"
#include "sandbox/attack.h"

namespace rationale {
namespace {

constexpr uid_t kNobody = 65534;

struct Tally {
  int64_t attacks = 0, held = 0;
  double seconds = 0;
};

Tally RunAllJailed(const std::vector<Attack>& attacks, const std::string& folder,
                   const std::string& user, bool quiet) {
  Sandbox sandbox({.cells = 1});
  AttackRunner runner(sandbox, folder);
  Tally tally;
  const auto start = std::chrono::steady_clock::now();
  for (const Attack& attack : attacks) {
    const AttackResult result = runner.RunJailed(attack);
    ++tally.attacks;
    tally.held += result.held;
    if (!quiet || !result.held) {
      Print(fmt::format("{:<7}{:<54}{:<9}{:<12}{}{}\n", user, attack.name,
                        result.held ? "held" : "NOT HELD", result.end, ValidUtf8(result.said),
                        result.held ? "" : " (" + result.problem + ")"));
    }
  }
  tally.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return tally;
}

// The same in a child that has become nobody, before any thread was started here.
Tally RunAllAsNobody(const std::vector<Attack>& attacks, const std::string& folder, bool quiet) {
  int ends[2];
  if (pipe(ends) != 0) throw Failure("pipe");
  const pid_t child = fork();
  if (child < 0) throw Failure("fork");
  if (child == 0) {
    const int code = ExitCodeOf([&] {
      if (setgid(kNobody) != 0 || setuid(kNobody) != 0) throw Failure("become nobody");
      const Tally tally = RunAllJailed(attacks, folder, "nobody", quiet);
      return write(ends[1], &tally, sizeof tally) == sizeof tally ? 0 : 1;
    });
    _exit(code);
  }
  close(ends[1]);
  Tally tally;
  const bool got = read(ends[0], &tally, sizeof tally) == sizeof tally;
  close(ends[0]);
  waitpid(child, nullptr, 0);
  if (!got) throw Failure("the attacks as nobody came to no end");
  return tally;
}

void AddTally(JsonWriter& json, const std::string& user, const Tally& tally) {
  json.Key(user)
      .BeginObject()
      .Field("attacks", tally.attacks)
      .Field("held", tally.held)
      .Field("seconds", tally.seconds)
      .EndObject();
}

}  // namespace

std::string BenchSandboxAttacks(const std::string& folder, bool control, bool json_only,
                                bool& all_held) {
  const std::vector<Attack> attacks = ReadAttacks(folder);
  JsonWriter json;
  json.BeginObject();
  all_held = true;
  if (geteuid() == 0) {
    const Tally tally = RunAllAsNobody(attacks, folder, json_only);
    AddTally(json, "nobody", tally);
    all_held = tally.held == tally.attacks;
  }
  const Tally tally = RunAllJailed(attacks, folder, geteuid() == 0 ? "root" : "user", json_only);
  AddTally(json, geteuid() == 0 ? "root" : "user", tally);
  all_held = all_held && tally.held == tally.attacks;
  if (control) {
    Sandbox sandbox({.cells = 1});  // for its compiler
    AttackRunner runner(sandbox, folder);
    int64_t counts[3] = {};
    for (const Attack& attack : attacks) {
      const ControlResult result = runner.RunControl(attack);
      ++counts[static_cast<int>(result.control)];
      if (json_only && result.control == Control::kSucceeded) continue;
      constexpr const char* kWords[] = {"succeeds", "FAILS", "no control"};
      Print(fmt::format("{:<7}{:<54}{:<11}{}\n", "bare", attack.name,
                        kWords[static_cast<int>(result.control)], ValidUtf8(result.said)));
    }
    json.Key("bare")
        .BeginObject()
        .Field("succeeded", counts[0])
        .Field("failed", counts[1])
        .Field("impossible", counts[2])
        .EndObject();
    all_held = all_held && counts[1] == 0;
  }
  return json.EndObject().Take() + '\n';
}

}  // namespace rationale
