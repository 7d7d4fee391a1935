#include "sandbox/jail/meter.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string_view>

#include "sandbox/jail/root.h"
#include "sandbox/jail/syscalls.h"

namespace rationale::jail {
namespace {

// What an AF_UNIX socket may hold unread: the kernel's default send buffer. A pipe holds 16 pages,
// as the system-call filter lets nobody ask for more.
constexpr int64_t kSocketBytes = 212'992, kPipeBytes = 65'536;

// The wait for a group's other processes that no process needs: pids beyond the job's.
constexpr int64_t kCellProcesses = 4;

std::string ReadAt(int folder, const char* path) {
  std::string text;
  const int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  text.resize(8192);
  const ssize_t got = read(fd, text.data(), text.size());
  text.resize(got > 0 ? static_cast<size_t>(got) : 0);
  close(fd);
  return text;
}

std::string ReadOpen(int fd) {
  char text[1024];
  const ssize_t got = pread(fd, text, sizeof text, 0);
  return got > 0 ? std::string(text, static_cast<size_t>(got)) : std::string();
}

// The number after `key`, which begins a line; 0 if there is none.
int64_t NumberAfter(std::string_view text, std::string_view key) {
  for (size_t at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
    if (at != 0 && text[at - 1] != '\n') continue;
    return std::strtoll(text.data() + at + key.size(), nullptr, 10);
  }
  return 0;
}

// user + system time of the children a process waited for and, unless `children_only`, its own,
// from /proc/<pid>/stat.
int64_t CpuOf(const std::string& stat, bool children_only = false) {
  const size_t name_end = stat.rfind(')');  // the name may hold anything
  if (name_end == std::string::npos) return 0;
  const char* at = stat.c_str() + name_end + 1;
  long long ticks[4] = {};
  // Fields 3 to 13 are skipped: state and ten numbers.
  if (std::sscanf(at, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld %lld %lld", &ticks[0],
                  &ticks[1], &ticks[2], &ticks[3]) != 4) {
    return 0;
  }
  static const int64_t us_per_tick = 1'000'000 / sysconf(_SC_CLK_TCK);
  return (children_only ? 0 : ticks[0] + ticks[1]) * us_per_tick +
         (ticks[2] + ticks[3]) * us_per_tick;
}

bool Number(const char* name, pid_t& pid) {
  if (std::isdigit(static_cast<unsigned char>(*name)) == 0) return false;
  pid = static_cast<pid_t>(std::atol(name));
  return true;
}

}  // namespace

Meter::Meter(int proc_fd, const std::array<int, kNumCgroupFiles>& files, bool cgroup_v2)
    : proc_fd_(proc_fd), files_(files), cgroup_v2_(cgroup_v2) {}

void Meter::Calibrate() {
  if (has_cgroup()) {
    baseline_bytes_ = std::atoll(ReadOpen(files_[kMemoryUsage]).c_str());
  }
  own_sockets_ = NumberAfter(ReadAt(proc_fd_, "self/net/sockstat"), "sockets: used");
}

bool Meter::Begin(int64_t memory_bytes_max, int64_t processes_max) {
  limit_bytes_ = memory_bytes_max;
  sampled_peak_bytes_ = sampled_cpu_us_ = 0;
  if (files_[kPidsLimit] >= 0) {
    const std::string text = std::to_string(processes_max + kCellProcesses);
    if (pwrite(files_[kPidsLimit], text.data(), text.size(), 0) < 0) return false;
  }
  if (!has_cgroup()) return true;
  const std::string limit = std::to_string(baseline_bytes_ + memory_bytes_max);
  if (pwrite(files_[kMemoryLimit], limit.data(), limit.size(), 0) < 0) return false;
  if (files_[kMemoryPeak] >= 0 && !cgroup_v2_) {
    if (pwrite(files_[kMemoryPeak], "0", 1, 0) < 0) return false;
  }
  start_bytes_ = std::atoll(ReadOpen(files_[kMemoryUsage]).c_str());
  start_oom_kills_ = OomKills();
  return true;
}

Usage Meter::Sample(const std::vector<pid_t>& own, pid_t init) {
  Usage usage;
  usage.cpu_us = CpuOf(ReadAt(proc_fd_, (std::to_string(init) + "/stat").c_str()), true);
  if (has_cgroup()) {
    const int64_t charged = std::atoll(ReadOpen(files_[kMemoryUsage]).c_str());
    usage.memory_bytes = std::max<int64_t>(0, charged - std::max(start_bytes_, baseline_bytes_));
    TreeMemory(own, usage.cpu_us);
  } else {
    usage.memory_bytes = TreeMemory(own, usage.cpu_us);
  }
  sampled_peak_bytes_ = std::max(sampled_peak_bytes_, usage.memory_bytes);
  sampled_cpu_us_ = std::max(sampled_cpu_us_, usage.cpu_us);
  return usage;
}

// Sums, over the job's processes, private memory and page tables, and adds what lies in files and
// may lie in sockets and pipes. Shared anonymous mappings, memfds and System V memory cannot be had
// in the jail. Pages that a fork left shared are counted once per process at first; only when the
// sum is over the limit are they counted in proportion.
int64_t Meter::TreeMemory(const std::vector<pid_t>& own, int64_t& cpu_us) {
  const int folder = openat(proc_fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* entries = folder < 0 ? nullptr : fdopendir(folder);
  if (entries == nullptr) {
    if (folder >= 0) close(folder);
    return 0;
  }
  int64_t resident = 0, tables = 0;
  std::vector<pid_t> pids;
  while (const dirent* entry = readdir(entries)) {
    pid_t pid;
    if (!Number(entry->d_name, pid) || std::find(own.begin(), own.end(), pid) != own.end()) {
      continue;
    }
    const std::string prefix = std::string(entry->d_name) + '/';
    cpu_us += CpuOf(ReadAt(proc_fd_, (prefix + "stat").c_str()));
    if (has_cgroup()) continue;
    const std::string status = ReadAt(proc_fd_, (prefix + "status").c_str());
    resident += 1024 * (NumberAfter(status, "RssAnon:") + NumberAfter(status, "VmSwap:"));
    tables += 1024 * NumberAfter(status, "VmPTE:");
    pids.push_back(pid);
  }
  closedir(entries);
  if (has_cgroup()) return 0;
  struct statfs files {};
  int64_t rest = tables + SocketBytes() + PipeBytes(pids);
  if (statfs(kWritableFolder, &files) == 0) {
    rest += static_cast<int64_t>(files.f_blocks - files.f_bfree) * files.f_bsize;
  }
  if (resident + rest <= limit_bytes_ || pids.size() < 2) return resident + rest;
  resident = 0;
  for (pid_t pid : pids) {
    const std::string rollup = ReadAt(proc_fd_, (std::to_string(pid) + "/smaps_rollup").c_str());
    resident += 1024 * (NumberAfter(rollup, "Pss_Anon:") + NumberAfter(rollup, "SwapPss:"));
  }
  return resident + rest;
}

int64_t Meter::SocketBytes() const {
  const int64_t sockets = NumberAfter(ReadAt(proc_fd_, "self/net/sockstat"), "sockets: used");
  return std::max<int64_t>(0, sockets - own_sockets_) * kSocketBytes;
}

int64_t Meter::PipeBytes(const std::vector<pid_t>& pids) const {
  std::set<std::string> pipes;  // "pipe:[12345]", open in however many processes
  for (pid_t pid : pids) {
    const std::string path = std::to_string(pid) + "/fd";
    const int folder = openat(proc_fd_, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* entries = folder < 0 ? nullptr : fdopendir(folder);
    if (entries == nullptr) {
      if (folder >= 0) close(folder);
      continue;
    }
    while (const dirent* entry = readdir(entries)) {
      char target[64];
      const ssize_t size = readlinkat(folder, entry->d_name, target, sizeof target);
      if (size > 5 && std::strncmp(target, "pipe:", 5) == 0) {
        pipes.emplace(target, static_cast<size_t>(size));
      }
    }
    closedir(entries);
  }
  return static_cast<int64_t>(pipes.size()) * kPipeBytes;
}

int64_t Meter::PeakBytes() const {
  if (!has_cgroup() || files_[kMemoryPeak] < 0 || cgroup_v2_) return sampled_peak_bytes_;
  const int64_t peak = std::atoll(ReadOpen(files_[kMemoryPeak]).c_str());
  return std::max<int64_t>(0, peak - std::max(start_bytes_, baseline_bytes_));
}

int64_t Meter::OomKills() const {
  if (files_[kMemoryEvents] < 0) return 0;
  return NumberAfter(ReadOpen(files_[kMemoryEvents]), "oom_kill ");
}

bool Meter::OutOfMemory() const {
  return OomKills() > start_oom_kills_;
}

}  // namespace rationale::jail
