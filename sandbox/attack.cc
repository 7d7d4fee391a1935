#include "sandbox/attack.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "sandbox/process.h"

namespace rationale {
namespace {

struct AttackFile {
  std::vector<Attack> attacks;
  template <class V>
  void Visit(V& v) {
    v("attack", attacks, "hostile programs");
  }
};

// What a job can see of its jail: files, processes, descriptors, environment, limits, names. The
// same in every job, or something was left behind.
const char* const kInspectPython = R"(
import os, sys, resource, socket
tree = [(folder, sorted(folders), sorted(names), oct(os.stat(folder).st_mode)) for folder, folders, names in os.walk('/tmp')]
print(tree, sorted(os.listdir('/')), sorted(os.listdir('/dev')))
print([p for p in os.listdir('/proc') if p.isdigit()], sorted(os.listdir('/proc/self/fd')))
print(sorted(os.environ.items()), socket.gethostname(), os.getcwd(), oct(os.umask(0)), os.nice(0), os.getuid(), os.getgid())
print([resource.getrlimit(kind) for kind in range(16)], os.sched_getaffinity(0))
print(len(open('/proc/self/mountinfo').readlines()), open('/proc/self/cgroup').read())
print(len(sys.modules), sorted(sys.modules) == sorted(set(sys.modules)), os.statvfs('/tmp'))
)";
const char* const kInspectBash = R"(
shopt -s nullglob dotglob
echo /tmp/* /tmp/box/* /dev/shm/* / /* /dev/*
echo /proc/[0-9]*
for fd in /proc/$$/fd/*; do echo "$fd"; done
export -p; umask; ulimit -a; echo "$HOSTNAME $UID"
)";
const char* const kInspectC = R"(
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
extern char** environ;
static void List(const char* path) {
  struct dirent** entries;
  int count = scandir(path, &entries, NULL, alphasort);
  for (int i = 0; i < count; ++i) printf("%s/%s\n", path, entries[i]->d_name);
}
int main() {
  List("/tmp"); List("/tmp/box"); List("/dev/shm"); List("/"); List("/dev"); List("/proc");
  for (int fd = 0; fd < 4096; ++fd) if (fcntl(fd, F_GETFD) >= 0) printf("descriptor %d\n", fd);
  for (char** entry = environ; *entry; ++entry) puts(*entry);
  for (int kind = 0; kind < 16; ++kind) {
    struct rlimit limit;
    getrlimit(kind, &limit);
    printf("%d %lu %lu\n", kind, (unsigned long)limit.rlim_cur, (unsigned long)limit.rlim_max);
  }
  printf("%o\n", umask(0));
}
)";

std::string LastLine(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  text = text.substr(text.rfind('\n') + 1);
  return text.size() > 100 ? text.substr(0, 100) : text;
}

std::string Slurp(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// What an attack could have changed for everybody.
std::string Machine() {
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  return Slurp("/proc/self/mountinfo") + host + Slurp("/proc/sys/kernel/core_pattern");
}

void WriteExecutable(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
  chmod(path.c_str(), 0755);
}

}  // namespace

std::vector<Attack> ReadAttacks(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".toml") paths.push_back(entry.path());
  }
  if (paths.empty()) throw Error("{}: no *.toml with attacks there", folder);
  std::sort(paths.begin(), paths.end());
  std::vector<Attack> attacks;
  for (const std::string& path : paths) {
    for (Attack& attack : ReadConfigFile<AttackFile>(path).attacks) {
      attacks.push_back(std::move(attack));
    }
  }
  return attacks;
}

std::string OutcomeText(const Outcome& outcome) {
  std::string text = EndName(outcome.end);
  if (outcome.end == End::kExited) text += ' ' + std::to_string(outcome.exit_code);
  if (outcome.end == End::kSignalled) text += ' ' + std::to_string(outcome.signal);
  if (outcome.end == End::kJailFailure) text += ": " + outcome.reason;
  return text;
}

AttackRunner::AttackRunner(Sandbox& sandbox, const std::string& folder)
    : sandbox_(sandbox), folder_(folder), prelude_(ReadFile(folder + "/attack.py")) {
  left_open_ = open("/", O_RDONLY | O_DIRECTORY);
}

AttackRunner::~AttackRunner() {
  close(left_open_);
}

Program AttackRunner::Ready(const Attack& attack) {
  const auto found = compiled_.find(attack.program);
  if (found != compiled_.end()) return found->second;
  Build build =
      sandbox_.Compile(attack.language, {{Sandbox::SourceFile(attack.language), attack.program}});
  if (!build.ok) {
    throw Failure("attack '{}' does not compile: {} {}", attack.name, OutcomeText(build.outcome),
                  build.outcome.stderr_text);
  }
  if (attack.language == "python") build.program.files.push_back({"attack.py", prelude_});
  return compiled_[attack.program] = build.program;
}

std::string AttackRunner::Inspect(const std::string& language) {
  Attack inspection{.name = "inspection", .language = language};
  inspection.program = language == "python" ? kInspectPython
                       : language == "bash" ? kInspectBash
                                            : kInspectC;
  const Outcome outcome = sandbox_.Run({.language = language, .files = Ready(inspection).files});
  return OutcomeText(outcome) + '\n' + outcome.stdout_text + outcome.stderr_text;
}

Job AttackRunner::MakeJob(const Attack& attack) {
  Job job{.language = attack.language, .files = Ready(attack).files};
  job.limits.wall_ms = attack.wall_ms;
  job.limits.cpu_ms = attack.cpu_ms;
  job.limits.memory_bytes = attack.memory_mb << 20;
  return job;
}

AttackResult AttackRunner::RunJailed(const Attack& attack) {
  if (!untouched_.contains(attack.language)) {
    untouched_[attack.language] = Inspect(attack.language);
  }
  const std::string machine = Machine();
  const Outcome outcome = sandbox_.Run(MakeJob(attack));
  const std::string output = outcome.stdout_text + outcome.stderr_text;
  AttackResult result{
      .end = OutcomeText(outcome), .said = LastLine(output), .wall_ms = outcome.wall_ms};
  const std::string after = Inspect(attack.language);
  if (output.find("GOT IT") != std::string::npos) {
    result.problem = "it reached its aim";
  } else if (std::find(attack.ends.begin(), attack.ends.end(), result.end) == attack.ends.end()) {
    result.problem = "it ended otherwise than named";
  } else if (output.find(attack.says) == std::string::npos) {
    result.problem = "it does not say '" + attack.says + "'";
  } else if (after != untouched_[attack.language]) {
    result.problem =
        "the next job finds:\n" + after + "\ninstead of:\n" + untouched_[attack.language];
  } else if (Machine() != machine) {
    result.problem = "it changed this machine's mounts or names";
  }
  result.held = result.problem.empty();
  return result;
}

ControlResult AttackRunner::RunControl(const Attack& attack) {
  if (attack.bare != "user" && geteuid() != 0) return {Control::kImpossible, "needs root"};
  const TemporaryFolder folder("rationale-attack-");
  chmod(folder.path().c_str(), 0755);
  // A copy, as the user nobody may not be able to read this repository.
  const std::string shell = folder.path() + "/outer.sh";
  WriteExecutable(shell, ReadFile(folder_ + "/outer.sh"));
  std::vector<std::string> argv{"bash", shell, attack.bare, attack.keep, folder.path()};
  for (const File& file : Ready(attack).files) {
    WriteExecutable(folder.path() + '/' + file.path, file.contents);
  }
  if (attack.language == "python") argv.push_back("/usr/bin/python3");
  if (attack.language == "bash") argv.push_back("/bin/bash");
  argv.push_back("/tmp/box/" + Ready(attack).files[0].path);
  const std::string output = RunProcess(argv).output;
  const size_t at = output.find("GOT IT");
  if (at != std::string::npos) {
    return {Control::kSucceeded, output.substr(at, output.find('\n', at) - at)};
  }
  if (!attack.needs.empty()) return {Control::kImpossible, "this kernel has no " + attack.needs};
  return {Control::kFailed, LastLine(output)};
}

}  // namespace rationale
