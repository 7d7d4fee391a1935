#include "sandbox/sandbox.h"

#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>

#include "base/check.h"
#include "base/error.h"
#include "sandbox/cell.h"
#include "sandbox/languages/toolchain.h"

namespace rationale {
namespace {

int AvailableProcessors() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

void CheckPath(const std::string& path) {
  bool good = !path.empty() && path.front() != '/' && path.back() != '/' &&
              path.find('\0') == std::string::npos;
  size_t begin = 0;
  while (good && begin <= path.size()) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    good = !part.empty() && part != "." && part != "..";
    begin = end + 1;
  }
  if (!good)
    throw Error(
        "file '{}' of a job: allowed: a path inside the working folder, without '.' or '..'", path);
}

std::string ReplaceHeap(std::string text, int64_t memory_bytes) {
  const std::string mark = "{heap_mb}";
  const size_t at = text.find(mark);
  if (at != std::string::npos)
    text.replace(at, mark.size(), std::to_string(memory_bytes * 3 / 4 >> 20));
  return text;
}

void FillLimits(const Limits& limits, jail::JobRequest& request) {
  request.wall_ms = limits.wall_ms;
  request.cpu_ms = limits.cpu_ms;
  request.memory_bytes = limits.memory_bytes;
  request.processes = limits.processes;
  request.descriptors = limits.descriptors;
  request.writable_bytes = limits.writable_bytes;
  request.files_max = limits.files;
}

jail::JobRequest MakeRequest(const Job& job) {
  Check{!job.files.empty(), "a job without a program"};
  jail::JobRequest request;
  for (const File& file : job.files) {
    CheckPath(file.path);
    request.files.push_back({file.path, file.contents, file.executable});
  }
  for (const std::string& path : job.collect) CheckPath(path);
  if (job.collect.size() > jail::kCollectMax) {
    throw Error("{} files to collect; allowed: {}", job.collect.size(), jail::kCollectMax);
  }
  request.collect = job.collect;
  std::map<std::string, std::string> environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                                                    {"HOME", "/tmp/box"},
                                                    {"LANG", "C.UTF-8"},
                                                    {"TZ", "UTC"},
                                                    {"PYTHONHASHSEED", "0"}};
  for (const auto& [name, value] : job.environment) environment[name] = value;
  for (const auto& [name, value] : environment) request.environment.push_back(name + '=' + value);
  FillLimits(job.limits, request);
  return request;
}

jail::JobRequest RunRequest(const Toolchain& toolchain, const Job& job) {
  jail::JobRequest request = MakeRequest(job);
  if (toolchain.server.empty()) {
    for (const std::string& part : toolchain.interpreter) {
      request.argv.push_back(ReplaceHeap(part, job.limits.memory_bytes));
    }
  }
  request.argv.push_back("/tmp/box/" + job.files.front().path);
  request.argv.insert(request.argv.end(), job.arguments.begin(), job.arguments.end());
  return request;
}

Outcome Refused(const std::string& reason) {
  Outcome outcome;
  outcome.reason = reason;
  return outcome;
}

}  // namespace

const char* EndName(End end) {
  switch (end) {
    case End::kExited:
      return "exited";
    case End::kSignalled:
      return "signalled";
    case End::kWallTime:
      return "wall_time";
    case End::kCpuTime:
      return "cpu_time";
    case End::kMemory:
      return "memory";
    case End::kOutput:
      return "output";
    case End::kFiles:
      return "files";
    case End::kJailFailure:
      return "jail_failure";
  }
  return "?";
}

// The cells, idle or at work. A cell serves one language's programs, or one language's compiler.
class Sandbox::Pool {
 public:
  explicit Pool(SandboxOptions options) : options_(std::move(options)) {
    // Two at least: RunJoined needs as many.
    cells_max_ = std::max(2, options_.cells > 0 ? options_.cells : AvailableProcessors());
  }

  // A place for a cell at work, and the cell; given back to the pool with this object.
  class Lease {
   public:
    Lease(Pool& pool, std::string key) : pool_(pool), key_(std::move(key)) {}
    ~Lease() { pool_.Return(key_, std::move(cell_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Cell& cell() { return *cell_; }

   private:
    friend class Pool;
    Pool& pool_;
    std::string key_;
    std::unique_ptr<Cell> cell_;
  };
  using Leases = std::vector<std::unique_ptr<Lease>>;

  // Waits for as many places as `kinds` has keys and fills them with cells. Throws Failure if one
  // cannot be built.
  Leases Acquire(const std::vector<std::pair<std::string, CellKind>>& kinds) {
    const int count = static_cast<int>(kinds.size());
    {
      std::unique_lock lock(mutex_);
      free_.wait(lock, [&] { return at_work_ + count <= cells_max_; });
      at_work_ += count;
    }
    Leases leases;
    for (const auto& [key, kind] : kinds) leases.push_back(std::make_unique<Lease>(*this, key));
    for (size_t i = 0; i < kinds.size(); ++i) Fill(*leases[i], kinds[i].second);
    return leases;
  }

 private:
  struct Idle {
    std::string key;
    std::unique_ptr<Cell> cell;
  };

  void Fill(Lease& lease, const CellKind& kind) {
    std::unique_ptr<Cell> surplus;
    {
      std::lock_guard lock(mutex_);
      auto found = std::find_if(idle_.rbegin(), idle_.rend(),
                                [&](const Idle& idle) { return idle.key == lease.key_; });
      if (found != idle_.rend()) {
        lease.cell_ = std::move(found->cell);
        idle_.erase(std::next(found).base());
      } else if (!idle_.empty() && static_cast<int>(idle_.size()) + at_work_ > cells_max_) {
        surplus = std::move(idle_.front().cell);  // the one unused for longest
        idle_.erase(idle_.begin());
      }
    }
    surplus.reset();
    if (lease.cell_ == nullptr) lease.cell_ = std::make_unique<Cell>(kind, options_);
  }

  void Return(const std::string& key, std::unique_ptr<Cell> cell) {
    if (cell != nullptr && !cell->usable()) cell.reset();
    {
      std::lock_guard lock(mutex_);
      --at_work_;
      if (cell != nullptr) idle_.push_back({key, std::move(cell)});
    }
    free_.notify_all();
  }

  SandboxOptions options_;
  int cells_max_;
  std::mutex mutex_;
  std::condition_variable free_;
  int at_work_ = 0;
  std::vector<Idle> idle_;
};

namespace {

CellKind RunKind(const Toolchain& toolchain) {
  return {toolchain.paths, toolchain.server};
}
CellKind CompileKind(const Toolchain& toolchain) {
  return {toolchain.compiler_paths, {}};
}

}  // namespace

Sandbox::Sandbox(SandboxOptions options) : pool_(std::make_unique<Pool>(std::move(options))) {}

Sandbox::~Sandbox() = default;

std::vector<std::string> Sandbox::Languages() {
  std::vector<std::string> names;
  for (const Toolchain& toolchain : AllToolchains()) names.push_back(toolchain.name);
  return names;
}

const std::string& Sandbox::SourceFile(const std::string& language) {
  return FindToolchain(language).source_file;
}

const std::vector<std::string>& Sandbox::Aliases(const std::string& language) {
  return FindToolchain(language).aliases;
}

void Sandbox::Require(const std::string& name) {
  const Toolchain& toolchain = FindToolchain(name);
  if (!toolchain.missing.empty()) throw Failure("{} cannot run: {}", name, toolchain.missing);
  pool_->Acquire({{name, RunKind(toolchain)}});
}

Limits Sandbox::CompileLimits() {
  Limits limits;
  limits.wall_ms = limits.cpu_ms = 30'000;
  limits.memory_bytes = 1 << 30;
  limits.writable_bytes = 256 << 20;
  return limits;
}

Build Sandbox::Compile(const std::string& name, std::vector<File> files, const Limits& limits) {
  const Toolchain& toolchain = FindToolchain(name);
  Build build;
  build.program.language = name;
  if (toolchain.compiler.empty()) {
    build.ok = toolchain.missing.empty();
    build.outcome.end = build.ok ? End::kExited : End::kJailFailure;
    build.outcome.reason = toolchain.missing;
    build.program.files = std::move(files);
    return build;
  }
  const Job job{
      .language = name, .files = std::move(files), .collect = {toolchain.binary}, .limits = limits};
  jail::JobRequest request = MakeRequest(job);
  request.argv = toolchain.compiler;
  request.argv.insert(request.argv.begin() + 1, job.files.front().path);
  try {
    if (!toolchain.missing.empty()) throw Failure("{} cannot run: {}", name, toolchain.missing);
    const auto leases = pool_->Acquire({{name + " compiler", CompileKind(toolchain)}});
    CellJob run(leases[0]->cell(), request, "", limits.output_bytes, -1);
    CellJob* runs[] = {&run};
    Supervise(runs);
    build.outcome = run.Take();
  } catch (const Failure& failure) {
    build.outcome = Refused(failure.what());
  }
  if (build.outcome.Succeeded() && build.outcome.files.size() == 1) {
    build.ok = true;
    build.program.files = std::move(build.outcome.files);
    build.program.files[0].executable = true;
  }
  return build;
}

Outcome Sandbox::Run(const Job& job) {
  const Toolchain& toolchain = FindToolchain(job.language);
  const jail::JobRequest request = RunRequest(toolchain, job);
  try {
    if (!toolchain.missing.empty())
      throw Failure("{} cannot run: {}", job.language, toolchain.missing);
    const auto leases = pool_->Acquire({{job.language, RunKind(toolchain)}});
    CellJob run(leases[0]->cell(), request, job.stdin_text, job.limits.output_bytes, -1);
    CellJob* runs[] = {&run};
    Supervise(runs);
    return run.Take();
  } catch (const Failure& failure) {
    return Refused(failure.what());
  }
}

std::pair<Outcome, Outcome> Sandbox::RunJoined(const Job& first, const Job& second) {
  const Toolchain* toolchains[] = {&FindToolchain(first.language), &FindToolchain(second.language)};
  const jail::JobRequest requests[] = {RunRequest(*toolchains[0], first),
                                       RunRequest(*toolchains[1], second)};
  try {
    for (const Toolchain* toolchain : toolchains) {
      if (!toolchain->missing.empty())
        throw Failure("{} cannot run: {}", toolchain->name, toolchain->missing);
    }
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      throw Failure("the sandbox: socketpair: {}", std::strerror(errno));
    }
    OwnedFd channels[] = {OwnedFd(ends[0]), OwnedFd(ends[1])};
    const auto leases = pool_->Acquire(
        {{first.language, RunKind(*toolchains[0])}, {second.language, RunKind(*toolchains[1])}});
    CellJob one(leases[0]->cell(), requests[0], first.stdin_text, first.limits.output_bytes,
                channels[0].get());
    CellJob two(leases[1]->cell(), requests[1], second.stdin_text, second.limits.output_bytes,
                channels[1].get());
    for (OwnedFd& channel : channels) channel.Reset();
    CellJob* runs[] = {&one, &two};
    Supervise(runs);
    Outcome first_outcome = one.Take();
    return {std::move(first_outcome), two.Take()};
  } catch (const Failure& failure) {
    return {Refused(failure.what()), Refused(failure.what())};
  }
}

}  // namespace rationale
