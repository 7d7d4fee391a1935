// Speed: the same program through the jail, a bare python3, bubblewrap and nsjail, in turns.

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "datasets/readers/rows.h"
#include "rl/cli/bench_sandbox.h"
#include "sandbox/process.h"
#include "sandbox/sandbox.h"

namespace rationale {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// One way to run a program, and the rates that were measured.
struct Kind {
  std::string name;
  std::function<bool()> run;          // one job; false: it did not do what it should
  std::vector<double> rates[2] = {};  // jobs a second with one and with two at once
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

// Jobs a second that `threads` threads finish together.
double Rate(const std::function<bool()>& run, int threads, double seconds) {
  std::vector<std::thread> workers;
  std::vector<int64_t> counts(static_cast<size_t>(threads));
  std::vector<std::string> faults(counts.size());
  const auto start = Clock::now();
  for (size_t i = 0; i < counts.size(); ++i) {
    workers.emplace_back([&, i] {
      try {
        while (SecondsSince(start) < seconds) {
          if (!run()) throw Failure("a measured job did not print what it should");
          ++counts[i];
        }
      } catch (const std::exception& fault) {
        faults[i] = fault.what();
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  const double spent = SecondsSince(start);
  int64_t total = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (!faults[i].empty()) throw Failure("{}", faults[i]);
    total += counts[i];
  }
  return static_cast<double>(total) / spent;
}

std::function<bool()> Jailed(Sandbox& sandbox, const std::string& source) {
  return [&sandbox, job = Job{.language = "python", .files = {{"main.py", source}}}] {
    const Outcome outcome = sandbox.Run(job);
    if (outcome.end == End::kJailFailure) throw Failure("{}", outcome.reason);
    return outcome.Succeeded() && outcome.stdout_text == "1\n";
  };
}

std::function<bool()> Spawned(std::vector<std::string> argv) {
  for (const char* word : {"/usr/bin/python3", "-c", "print(1)"}) argv.push_back(word);
  return [argv] { return RunProcess(argv, true).output == "1\n"; };
}

// Adds the kind if its program runs here.
void AddIfThere(std::vector<Kind>& kinds, const std::string& name,
                const std::vector<std::string>& argv) {
  const auto run = Spawned(argv);
  try {
    if (run()) kinds.push_back({.name = name, .run = run});
  } catch (const Failure&) {  // not installed: said by its absence
  }
}

std::vector<Kind> MakeKinds(Sandbox& sandbox, const SpeedOptions& options) {
  std::vector<Kind> kinds = {
      {.name = "jail", .run = Jailed(sandbox, "print(1)\n")},
      {.name = "jail_writing",
       .run = Jailed(sandbox, "open('file', 'w').write('x' * 1000)\nprint(1)\n")},
      {.name = "bare", .run = Spawned({})}};
  AddIfThere(kinds, "bubblewrap",
             {options.bwrap,
              "--unshare-all",
              "--die-with-parent",
              "--new-session",
              "--ro-bind",
              "/usr",
              "/usr",
              "--symlink",
              "usr/lib",
              "/lib",
              "--symlink",
              "usr/lib64",
              "/lib64",
              "--proc",
              "/proc",
              "--dev",
              "/dev",
              "--tmpfs",
              "/tmp",
              "--chdir",
              "/tmp",
              "--clearenv",
              "--setenv",
              "PATH",
              "/usr/bin",
              "--"});
  AddIfThere(kinds, "nsjail",
             {options.nsjail, "-Mo", "-Q", "--user", "65534", "--group", "65534", "-R", "/usr",
              "-R", "/lib", "-R", "/lib64", "-T", "/tmp", "--cwd", "/tmp", "--"});
  return kinds;
}

// Each problem's canonical solution and test as one script; returns the time of one pass over all.
struct HumanEvalTimes {
  int64_t problems = 0, passed = 0;
  double per_s[2] = {};
};

HumanEvalTimes TimeHumanEval(Sandbox& sandbox, const std::string& path) {
  std::vector<std::string> sources;
  Row row;
  for (const auto reader = OpenRows(path); reader->Next(row);) {
    const JsonObject problem(row.value, row.where);
    sources.push_back(problem.Get<std::string>("prompt") +
                      problem.Get<std::string>("canonical_solution") + '\n' +
                      problem.Get<std::string>("test") + "\ncheck(" +
                      problem.Get<std::string>("entry_point") + ")\nprint(1)\n");
  }
  HumanEvalTimes times{.problems = static_cast<int64_t>(sources.size())};
  for (int threads : {1, 2}) {
    std::atomic<size_t> next{0};
    std::atomic<int64_t> passed{0};
    const auto work = [&] {
      for (size_t i; (i = next++) < sources.size();) passed += Jailed(sandbox, sources[i])();
    };
    const auto start = Clock::now();
    std::thread second([&] {
      if (threads == 2) work();
    });
    work();
    second.join();
    times.per_s[threads - 1] = static_cast<double>(sources.size()) / SecondsSince(start);
    times.passed = passed;
  }
  return times;
}

}  // namespace

std::string BenchSandboxSpeed(const SpeedOptions& options) {
  Sandbox sandbox({.cells = 2});
  sandbox.Require("python");
  std::vector<Kind> kinds = MakeKinds(sandbox, options);
  Rate(kinds[0].run, 2, 0.3);  // builds both cells
  for (int64_t round = 0; round < options.rounds; ++round) {
    for (Kind& kind : kinds) {
      for (int threads : {1, 2}) {
        kind.rates[threads - 1].push_back(Rate(kind.run, threads, options.seconds));
      }
    }
  }
  JsonWriter json;
  json.BeginObject().Key("jobs_per_s").BeginObject();
  for (const Kind& kind : kinds) {
    json.Field(kind.name, std::vector<double>{Median(kind.rates[0]), Median(kind.rates[1])});
  }
  json.EndObject().Key("times").BeginObject();  // of jobs two at once
  for (const Kind& kind : kinds) {
    if (kind.name.starts_with("jail")) continue;
    for (size_t ours : {0, 1}) {
      json.Field(kinds[ours].name + '/' + kind.name,
                 Median(kinds[ours].rates[1]) / Median(kind.rates[1]));
    }
  }
  json.EndObject();
  if (!options.humaneval.empty()) {
    const HumanEvalTimes times = TimeHumanEval(sandbox, options.humaneval);
    json.Key("humaneval")
        .BeginObject()
        .Field("problems", times.problems)
        .Field("passed", times.passed)
        .Field("per_s", std::vector<double>{times.per_s[0], times.per_s[1]})
        .EndObject();
  }
  return json.EndObject().Take() + '\n';
}

}  // namespace rationale
