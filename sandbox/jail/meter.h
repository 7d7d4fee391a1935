// What a job's tree of processes uses: memory and CPU time, from its cgroup where there is one and
// from /proc otherwise.

#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sandbox/wire.h"

namespace rationale::jail {

struct Usage {
  int64_t cpu_us = 0;  // of the live processes and the children they waited for
  int64_t memory_bytes =
      0;  // without a cgroup: see TreeMemory; with one: what it is charged with for the job
};

class Meter {
 public:
  // proc_fd: a /proc of the cell's PID namespace, which shows all jobs' processes. files: the
  // cgroup's, opened before the root was changed, -1 where there is none.
  Meter(int proc_fd, const std::array<int, kNumCgroupFiles>& files, bool cgroup_v2);

  // Remembers what the cell itself uses, before it runs any job.
  void Calibrate();

  // Begins a job: sets the cgroup's limits and forgets earlier peaks. Returns false with errno.
  bool Begin(int64_t memory_bytes_max, int64_t processes_max);

  // Measures now. `own`: processes of the cell that are not the job's. `init`: the job's process 1,
  // one of them; the time of the orphans it waited for is the job's.
  Usage Sample(const std::vector<pid_t>& own, pid_t init);

  // The most seen since Begin().
  int64_t PeakBytes() const;
  int64_t PeakCpuUs() const { return sampled_cpu_us_; }

  // Whether the kernel killed a process of the job for want of memory since Begin().
  bool OutOfMemory() const;

  bool has_cgroup() const { return files_[kMemoryLimit] >= 0; }

 private:
  int64_t TreeMemory(const std::vector<pid_t>& own, int64_t& cpu_us);
  int64_t PipeBytes(const std::vector<pid_t>& pids) const;
  int64_t SocketBytes() const;
  int64_t OomKills() const;

  int proc_fd_;
  std::array<int, kNumCgroupFiles> files_;
  bool cgroup_v2_;
  int64_t baseline_bytes_ = 0;  // charged to the cell before its first job
  int64_t start_bytes_ = 0;     // charged when the job began, cached files of earlier jobs included
  int64_t start_oom_kills_ = 0;
  int64_t limit_bytes_ = 0;
  int64_t sampled_peak_bytes_ = 0;
  int64_t sampled_cpu_us_ = 0;
  int64_t own_sockets_ = 0;
};

}  // namespace rationale::jail
