// Cell: one built jail with its helper processes, seen from the library, and one job at a time in
// it.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sandbox/cgroup.h"
#include "sandbox/sandbox.h"
#include "sandbox/wire.h"

namespace rationale {

// A descriptor that is closed with its owner.
class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept;
  ~OwnedFd() { Reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void Reset();

 private:
  int fd_ = -1;
};

// What distinguishes one kind of cell from another.
struct CellKind {
  std::vector<std::string> paths;   // shown by its root
  std::vector<std::string> server;  // argv of its fork server; empty: none
};

class CellJob;

class Cell {
 public:
  // Starts the helper and waits until the jail stands. Throws Failure with the refused step and the
  // kernel's reason.
  Cell(const CellKind& kind, const SandboxOptions& options);
  ~Cell();  // ends all its processes and waits for them
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;

  // Whether it may run another job.
  bool usable() const { return usable_; }

 private:
  friend class CellJob;
  friend void Supervise(std::span<CellJob* const> jobs);

  void Spawn(int control, int lifeline, int config);
  void AwaitReady();
  void Close();

  CellCgroup cgroup_;
  OwnedFd control_;   // to the warden
  OwnedFd lifeline_;  // the keeper ends the cell when this is closed
  pid_t keeper_ = -1;
  bool usable_ = true;
};

// One job on its way through a cell.
class CellJob {
 public:
  // channel: an open descriptor the program gets as its 3, or -1; not kept.
  CellJob(Cell& cell, const jail::JobRequest& request, const std::string& stdin_text,
          int64_t output_bytes_max, int channel);

  bool done() const { return done_; }

  // Ends the program, unless it has ended: the outcome is then "signalled 9" with this reason.
  void EndBecause(const std::string& reason);

  // Takes the outcome, once done.
  Outcome Take();

 private:
  friend void Supervise(std::span<CellJob* const> jobs);
  struct Stream {
    OwnedFd fd;
    std::string text;
    bool truncated = false;
  };

  void Break(const std::string& reason);  // the jail failed
  bool Start(const std::string& stdin_text, int channel);
  void ReadStream(Stream& stream);
  void ReadReport();
  void Finish(const jail::Report& report, std::vector<int>& fds);

  Cell& cell_;
  const jail::JobRequest& request_;
  int64_t output_left_;
  int64_t give_up_ms_ = 0;
  bool stopped_ = false;    // for its output
  std::string end_reason_;  // of EndBecause
  bool done_ = false;
  Stream streams_[2];  // standard output, standard error
  Outcome outcome_;
};

// Serves the jobs' output and reports until all are done. When the first is, the others are ended.
void Supervise(std::span<CellJob* const> jobs);

}  // namespace rationale
