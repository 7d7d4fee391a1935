// FullDisk: a full disk for tests that have none to fill.

#pragma once

#include <sys/resource.h>

#include <csignal>

namespace rationale {

// While it lives, no file of this process grows past `bytes`: writes beyond fail as on a full disk
// (with EFBIG).
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

}  // namespace rationale
