// Sandbox: runs programs nobody has read in a jail, and says exactly how each of them ended.
//
// README.md in this folder has the theory of operation, what the jail covers and what it does not.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rationale {

// What a job may use. Every limit holds for the whole tree of processes that the program starts.
// Reaching one ends the job, all its processes die, and the outcome names the limit; only
// `processes` and `descriptors` are refused to the program instead (fork and open fail).
struct Limits {
  int64_t wall_ms = 10'000;
  int64_t cpu_ms = 10'000;           // user + system time, summed over the tree
  int64_t memory_bytes = 256 << 20;  // anonymous memory, page tables, files written, socket buffers
  int64_t processes = 64;            // processes and threads alive at once
  int64_t descriptors = 256;         // open descriptors of each process
  int64_t writable_bytes = 64 << 20;  // files under /tmp, which holds the working folder
  int64_t files = 4096;               // files and folders there
  int64_t output_bytes = 1 << 20;     // standard output and standard error together
};

struct File {
  std::string
      path;  // relative to the working folder, without ".." parts; folders are made as needed
  std::string contents;
  bool executable = false;
};

// One run of a program.
struct Job {
  std::string language;                // one of Sandbox::Languages()
  std::vector<File> files;             // files[0] is the program, any others lie beside it
  std::vector<std::string> arguments;  // given to the program after its name
  std::string stdin_text;
  std::map<std::string, std::string>
      environment;                   // added to PATH, HOME, LANG, TZ and PYTHONHASHSEED
  std::vector<std::string> collect;  // files to hand back after an exit, relative paths
  Limits limits;
};

enum class End {
  kExited,     // exit_code
  kSignalled,  // signal
  kWallTime,   // the limits ...
  kCpuTime,
  kMemory,
  kOutput,
  kFiles,        // the writable space is full: bytes or number of files
  kJailFailure,  // the jail broke or was refused, see `reason`: nothing is known about the program
};

// "exited", "signalled", "wall_time", "cpu_time", "memory", "output", "files" or "jail_failure".
const char* EndName(End end);

struct Outcome {
  End end = End::kJailFailure;
  int exit_code = 0;        // of kExited
  int signal = 0;           // of kSignalled
  std::string stdout_text;  // raw bytes; together at most Limits::output_bytes
  std::string stderr_text;
  bool stdout_truncated = false;  // the program wrote more than was kept
  bool stderr_truncated = false;
  double wall_ms = 0;
  double cpu_ms = 0;
  int64_t memory_bytes =
      0;  // the tree's peak, as far as it was seen: exact with a memory cgroup, else sampled
  std::vector<File> files;  // what `Job::collect` named and the program left
  std::string reason;       // for a person: which limit and how far, or why the jail failed

  bool Succeeded() const { return end == End::kExited && exit_code == 0; }
};

// A program ready to run: the source itself for an interpreted language, the binary for a compiled
// one.
struct Program {
  std::string language;
  std::vector<File> files;
};

struct Build {
  bool ok = false;
  Program program;  // when ok
  Outcome outcome;  // the compiler's; an empty success for interpreted languages
};

struct SandboxOptions {
  int cells = 0;              // jobs at once; 0: the number of processors this process may use
  std::string cgroup_parent;  // a cgroup folder to work in; empty: this process's own, then none
  bool use_cgroups =
      true;  // false: account for the tree by /proc alone, as where no cgroup is writable
};

// A pool of warm jails. Thread-safe; calls beyond `cells` wait for a free one.
class Sandbox {
 public:
  explicit Sandbox(SandboxOptions options = {});
  ~Sandbox();  // ends all jails and waits for them
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // The names of all languages, installed here or not.
  static std::vector<std::string> Languages();

  // The name that a program's only source file has where nothing else names it, "main.py"; and what
  // a block of code in that language may be labelled with besides its name, "py". Throw Error for
  // an unknown language.
  static const std::string& SourceFile(const std::string& language);
  static const std::vector<std::string>& Aliases(const std::string& language);

  // Builds a jail for `language` and runs nothing in it. Throws Error for an unknown name, Failure
  // naming the kernel's refusal or the missing interpreter: where this returns, Run works.
  void Require(const std::string& language);

  // Compiles `files` (files[0] is the source) in a jail of its own. A compiler that fails, or runs
  // into `limits`, gives ok = false with its outcome. Throws Error for an unknown language.
  Build Compile(const std::string& language, std::vector<File> files,
                const Limits& limits = CompileLimits());

  // What a compiler gets unless told otherwise: 30 s, 1 GiB, no limit that a usual program needs
  // more than.
  static Limits CompileLimits();

  // Runs a job to its end. Never throws for what the program does; where the jail cannot be built
  // or breaks, the outcome is kJailFailure with the reason. `job.files` must be a built Program's
  // files for a compiled language. Throws Error for an unknown language or a path that leaves the
  // working folder.
  Outcome Run(const Job& job);

  // Runs two jobs at once, a socket joining their descriptors 3. When the second ends, the first
  // sees end-of-file there and goes on within its own limits; when the first ends, the second is
  // ended ("signalled 9"). Needs two cells; both are taken at once or none.
  std::pair<Outcome, Outcome> RunJoined(const Job& first, const Job& second);

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace rationale
