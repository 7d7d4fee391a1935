// Process: runs a command of this machine, outside any jail, and waits for it. For measuring and
// for control runs only: what a model wrote never comes here.

#pragma once

#include <string>
#include <vector>

namespace rationale {

struct ProcessResult {
  int wait_status = 0;  // as of waitpid
  std::string output;   // standard output, and standard error unless it was discarded
};

// Executes argv[0] (a path, or a name looked for in PATH) with an empty standard input. Throws
// Failure when it cannot be started.
ProcessResult RunProcess(const std::vector<std::string>& argv, bool discard_stderr = false);

}  // namespace rationale
