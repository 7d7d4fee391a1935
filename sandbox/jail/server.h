// The fork server of a cell: an interpreter that has loaded its modules and forks a copy of itself
// for each job. Here is the warden's side; the interpreter's is server_library.cc, which it loads.

#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "sandbox/jail/confine.h"
#include "sandbox/wire.h"

namespace rationale::jail {

// What the interpreter finds open beside its standard streams, /dev/null.
inline constexpr int kServerSocketFd = 3, kServerFilterFd = 4, kServerProcFd = 5,
                     kServerLibraryFd = 6;

// One job, from the warden to the server. Descriptors beside it: the job's PID namespace, a memfd
// of its words (arguments, then variables, each ended by NUL), its channels, and the Landlock rules
// if there are any.
struct ServerRequest {
  ProcessLimits limits;
  int32_t num_arguments = 0;
  int32_t num_channels = 0;  // stdin, stdout, stderr and possibly one more
  int32_t has_landlock = 0;
};

// What the server answers when a job's main process has ended.
struct ServerAnswer {
  int32_t wait_status = 0;  // as of waitpid
  int32_t failed = 0;       // 1: the program was not begun, and ...
  int64_t cpu_us = 0;
  char reason[160] = {};  // ... why
};

class Server {
 public:
  // Starts `argv` inside the jail and waits until it says that it is ready. `library`: the bytes of
  // server_library.cc as a shared library. Ends this process through Refuse() if it does not.
  Server(const std::vector<std::string>& argv, const std::string& library,
         const std::string& filter, int proc_fd);

  // Has a copy of the server run the program in the PID namespace init_namespace. fds: stdin,
  // stdout, stderr and possibly a channel. False with errno.
  bool Start(const JobRequest& request, const ProcessLimits& limits, int init_namespace,
             int landlock_fd, const std::vector<int>& fds);

  // Reads the answer once socket() is readable. False if the server is gone.
  bool Finish(ServerAnswer& answer);

  int socket() const { return socket_; }
  pid_t pid() const { return pid_; }

 private:
  int socket_ = -1;
  pid_t pid_ = -1;
};

}  // namespace rationale::jail
