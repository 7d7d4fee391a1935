// Soak: many jobs of many kinds, and a count before and after of all they could leave behind.

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/philox.h"
#include "rl/cli/bench_sandbox.h"
#include "sandbox/attack.h"

namespace rationale {
namespace {

constexpr int kThreads = 2;

struct Count {
  int64_t descriptors = 0;  // of this process and all below it
  int64_t processes = 0;    // below this one
  int64_t mounts = 0;       // of this process and all below it, each seen by itself
  int64_t cgroups = 0, temporary_files = 0;
  double megabytes = 0;  // proportional resident memory of this process and all below it
};

int64_t Entries(const std::string& folder) {
  std::error_code error;
  int64_t count = 0;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    ++count;
  }
  return count;
}

int64_t Lines(const std::string& path) {
  std::ifstream file(path);
  return std::count(std::istreambuf_iterator<char>(file), {}, '\n');
}

// This process and everything below it.
std::vector<int> Family() {
  std::multimap<int, int> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "stat");
    std::string line;
    std::getline(file, line);
    const size_t at = line.rfind(')');
    if (at == std::string::npos) continue;
    children.emplace(std::atoi(line.c_str() + at + 4), std::atoi(name.c_str()));
  }
  std::vector<int> family{getpid()};
  for (size_t i = 0; i < family.size(); ++i) {
    const auto [begin, end] = children.equal_range(family[i]);
    for (auto child = begin; child != end; ++child) family.push_back(child->second);
  }
  return family;
}

double ProportionalMegabytes(const std::string& process) {
  std::ifstream file(process + "/smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("Pss:")) return std::atof(line.c_str() + 4) / 1024;
  }
  return 0;
}

Count CountAll() {
  Count count;
  for (int pid : Family()) {
    const std::string process = "/proc/" + std::to_string(pid);
    count.descriptors += Entries(process + "/fd");
    count.mounts += Lines(process + "/mountinfo");
    count.megabytes += ProportionalMegabytes(process);
    ++count.processes;
  }
  const std::string own = "rationale-" + std::to_string(getpid()) + '-';
  std::error_code error;
  for (const char* root : {"/sys/fs/cgroup"}) {
    auto options = std::filesystem::directory_options::skip_permission_denied;
    for (std::filesystem::recursive_directory_iterator entry(root, options, error), end;
         !error && entry != end; entry.increment(error)) {
      count.cgroups += entry->path().filename().string().starts_with(own);
    }
  }
  for (const auto& entry : std::filesystem::directory_iterator("/tmp", error)) {
    count.temporary_files += entry.path().filename().string().starts_with("rationale");
  }
  return count;
}

// The jobs that behave: printing, reading, writing, computing, failing, in three languages.
std::vector<std::pair<Job, std::string>> GoodJobs() {
  const auto python = [](const std::string& source) {
    return Job{.language = "python", .files = {{"main.py", source}}};
  };
  Job reads = python("print(sum(map(int, input().split())))\n");
  reads.stdin_text = "1 2 3\n";
  return {
      {python("print(1)\n"), "exited 0"},
      {std::move(reads), "exited 0"},
      {python("open('f', 'w').write('x' * 10000)\nprint(len(open('f').read()))\n"), "exited 0"},
      {python("print(sum(i * i for i in range(20000)))\n"), "exited 0"},
      {python("assert 1 == 2\n"), "exited 1"},
      {python("import collections, re, json, random\nprint(json.dumps({'a': [1, 2]}))\n"),
       "exited 0"},
      {Job{.language = "bash", .files = {{"main.sh", "echo $((6 * 7)) > f; cat f\n"}}}, "exited 0"},
  };
}

struct Tally {
  std::mutex mutex;
  int64_t good = 0, hostile = 0, held = 0, wrong = 0;
  std::string first_fault;
};

// Every job is drawn by its number alone, so that a run can be repeated.
void RunJobs(Sandbox& sandbox, const std::vector<std::pair<Job, std::string>>& good,
             const std::vector<std::pair<Job, Attack>>& hostile, int64_t begin, int64_t end,
             Tally& tally) {
  std::atomic<int64_t> next{begin};
  const auto work = [&] {
    for (int64_t i; (i = next++) < end;) {
      PhiloxStream random(DeriveKey({KeyPart("soak"), static_cast<uint64_t>(i)}));
      const bool attacks = random.Int(0, 9) == 0;
      const auto& list_size = attacks ? hostile.size() : good.size();
      const auto pick = static_cast<size_t>(random.Int(0, static_cast<int64_t>(list_size) - 1));
      const Outcome outcome = sandbox.Run(attacks ? hostile[pick].first : good[pick].first);
      const std::string text = OutcomeText(outcome);
      const std::lock_guard lock(tally.mutex);
      if (!attacks) {
        ++tally.good;
        if (text == good[pick].second) continue;
        ++tally.wrong;
        if (tally.first_fault.empty()) tally.first_fault = text + ": " + outcome.stderr_text;
        continue;
      }
      ++tally.hostile;
      const Attack& attack = hostile[pick].second;
      const bool held =
          std::find(attack.ends.begin(), attack.ends.end(), text) != attack.ends.end() &&
          outcome.stdout_text.find("GOT IT") == std::string::npos;
      tally.held += held;
      if (!held && tally.first_fault.empty()) tally.first_fault = attack.name + ": " + text;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

void AddCount(JsonWriter& json, const char* key, const Count& count) {
  json.Key(key)
      .BeginObject()
      .Field("processes", count.processes)
      .Field("mounts", count.mounts)
      .Field("descriptors", count.descriptors)
      .Field("cgroups", count.cgroups)
      .Field("temporary_files", count.temporary_files)
      .Field("megabytes", count.megabytes)
      .EndObject();
}

}  // namespace

std::string BenchSandboxSoak(const std::string& folder, int64_t jobs, bool& clean) {
  // Once before anything is counted: the helper's image stays open as long as this process lives.
  Sandbox({.cells = 1}).Require("python");
  const Count empty = CountAll();
  Count warm, end;
  Tally tally;
  double seconds = 0;
  {
    Sandbox sandbox({.cells = kThreads});
    std::vector<std::pair<Job, Attack>> hostile;
    {
      AttackRunner runner(sandbox, folder);
      for (const Attack& attack : ReadAttacks(folder)) {
        // C is left to the attacks' own run: with two cells at once a third language would have
        // them built anew all the time.
        if (attack.slow || attack.language == "c") continue;
        hostile.emplace_back(runner.MakeJob(attack), attack);
      }
    }
    const auto good = GoodJobs();
    const int64_t warm_up = std::min<int64_t>(jobs / 10, 500);
    RunJobs(sandbox, good, hostile, 0, warm_up, tally);
    warm = CountAll();
    const auto start = std::chrono::steady_clock::now();
    RunJobs(sandbox, good, hostile, warm_up, jobs, tally);
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    end = CountAll();
  }
  const Count closed = CountAll();
  clean = tally.wrong == 0 && tally.held == tally.hostile && closed.processes == empty.processes &&
          closed.descriptors == empty.descriptors && closed.mounts == empty.mounts &&
          closed.cgroups == empty.cgroups && closed.temporary_files == empty.temporary_files;
  JsonWriter json;
  json.BeginObject()
      .Field("jobs", tally.good + tally.hostile)
      .Field("hostile", tally.hostile)
      .Field("held", tally.held)
      .Field("wrong_outcomes", tally.wrong)
      .Field("first_fault", tally.first_fault)
      .Field("seconds", seconds);
  AddCount(json, "before", empty);
  AddCount(json, "warm", warm);
  AddCount(json, "end", end);
  AddCount(json, "closed", closed);
  return json.EndObject().Take() + '\n';
}

}  // namespace rationale
