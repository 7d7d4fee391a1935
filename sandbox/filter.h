// The system-call filter: which calls a program in the jail may make.

#pragma once

#include <string>

namespace rationale {

// The filter as an array of struct sock_filter, for seccomp(2). An allow-list for this machine's
// architecture: calls of another one (32-bit, x32) kill the process; what is known and forbidden
// fails with EPERM; what is not known at all fails with ENOSYS, so that C libraries fall back to
// older calls. Throws Failure if libseccomp cannot build it.
std::string SystemCallFilter();

}  // namespace rationale
