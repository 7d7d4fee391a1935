// The warden: process 1 of a cell. Builds the jail, then runs one job after another and reports how
// each ended.

#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/jail/meter.h"
#include "sandbox/jail/server.h"
#include "sandbox/jail/writable.h"
#include "sandbox/wire.h"

namespace rationale::jail {

class Warden {
 public:
  // Called in the new namespaces, with the user mapped. cgroup_files as for Meter. Ends through
  // Refuse() where the kernel does not let us; else reports kReady. Keeps little of the
  // configuration: each job copies this process's memory.
  Warden(CellConfig config, const std::array<int, kNumCgroupFiles>& cgroup_files);

  // Serves jobs until the library is gone.
  void Serve();

 private:
  struct Running;

  Report Run(const JobRequest& request, std::vector<int>& fds, std::vector<int>& collected);
  bool StartInit(Running& job);
  [[noreturn]] void BeInit(const Running& job);
  bool StartProgram(Running& job);
  void Watch(Running& job, Report& report);
  bool CheckLimits(Running& job, Report& report);
  void Judge(const Running& job, Report& report);
  void Collect(const Running& job, Report& report, std::vector<int>& collected);
  void End(Running& job, Report& report);

  std::string filter_;  // without a fork server, which has it otherwise
  bool landlock_ = false;
  int proc_fd_ = -1;  // of the cell's PID namespace
  WritableFolder writable_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Meter> meter_;
};

}  // namespace rationale::jail
