// rationale bench sandbox: what the jail reaches, and what it holds.

#include "rl/cli/bench_sandbox.h"

#include "base/error.h"
#include "rl/cli/arguments.h"
#include "rl/cli/output.h"

namespace rationale {

int BenchSandboxCommand(int argc, char** argv) {
  Arguments arguments(
      "bench sandbox",
      "Measures jobs a second in the jail beside a bare python3, bubblewrap and nsjail; or runs "
      "hostile programs; or many jobs, looking for what they leave behind. Exits with 1 if an "
      "attack was not held or something was left.",
      "  rationale bench sandbox --json\n"
      "  rationale bench sandbox --attacks tests/sandbox/attacks\n"
      "  rationale bench sandbox --attacks tests/sandbox/attacks --soak 20000 --json\n");
  SpeedOptions speed;
  std::string attacks;
  int64_t soak = 0;
  bool json = false, no_control = false;
  arguments.add_option("--seconds", speed.seconds, "of each measurement")
      ->check(CLI::Range(0.1, 60.0));
  arguments.add_option("--rounds", speed.rounds, "measurements of each kind, alternating")
      ->check(CLI::Range(1, 100));
  arguments.add_option("--bwrap", speed.bwrap, "bubblewrap's program; left out if not found");
  arguments.add_option("--nsjail", speed.nsjail, "nsjail's program; left out if not found");
  arguments.add_option("--humaneval", speed.humaneval,
                       "HumanEval.jsonl(.gz): its solutions and tests are timed too");
  arguments.add_option("--attacks", attacks, "folder of attacks: runs them instead");
  arguments.add_flag("--no-control", no_control, "attacks in the jail alone");
  arguments.add_option("--soak", soak, "this many jobs, a tenth of them from --attacks, instead")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 30));
  arguments.add_flag("--json", json, "one line of JSON alone");
  if (!arguments.Parse(argc, argv)) return 0;
  if (soak > 0 && attacks.empty()) throw Error("--soak needs --attacks FOLDER");

  bool good = true;
  if (soak > 0) {
    Print(BenchSandboxSoak(attacks, soak, good));
  } else if (!attacks.empty()) {
    Print(BenchSandboxAttacks(attacks, !no_control, json, good));
  } else {
    Print(BenchSandboxSpeed(speed));
  }
  return good ? 0 : 1;
}

}  // namespace rationale
