// The last steps of a process before it runs what nobody has read: limits, Landlock, no
// capabilities, seccomp.

#pragma once

#include <cstdint>
#include <string>

namespace rationale::jail {

// Capabilities that a fork server keeps: to enter a job's PID namespace, and to drop its own
// bounding set.
inline constexpr int kServerCapabilities[] = {21 /* SYS_ADMIN */, 8 /* SETPCAP */};

struct ProcessLimits {
  int64_t cpu_ms = 0, processes = 0, descriptors = 0, file_bytes = 0;
};

// Sets the resource limits of this process. False with errno on failure.
bool SetResourceLimits(const ProcessLimits& limits);

// A Landlock rule set that allows to read and execute everywhere, to write below kWritableFolder
// and to the harmless devices, no TCP, and no signals or abstract sockets to the outside. -1 with
// errno; ENOSYS or EOPNOTSUPP where the kernel has none.
int LandlockRules();

// Drops every capability, now and for programs executed later, but for the bits of `keep`, which
// stay ambient. False with errno on failure.
bool DropCapabilities(uint64_t keep);

// Turns this process (after its descriptors were arranged) into one that may run the program:
// enters the Landlock domain (landlock_fd -1: none), drops all capabilities, forbids new privileges
// and loads the system-call filter (an array of struct sock_filter). Returns nullptr, or the name
// of the step that failed with errno.
const char* Confine(int landlock_fd, const std::string& filter);

}  // namespace rationale::jail
