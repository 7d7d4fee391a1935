// WritableFolder: the one file system a job may write to, as good as new for each job.

#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <vector>

#include "sandbox/wire.h"

namespace rationale::jail {

// A tmpfs of the job's limits over kWritableFolder. Making and taking away a mount costs more than
// the rest of a small job, so one that a job left as it found it serves the next job too: nothing
// but the job's own unchanged list of files in it, and every folder's times, rights and owner as
// they were. Anything else is thrown away whole.
class WritableFolder {
 public:
  // An empty file system with room for the request's limits beside its files, and these files in
  // the working folder. False with errno.
  bool Begin(const JobRequest& request);

  // A Landlock rule set for it (LandlockRules), which stays ours. -1 with errno.
  int Rules();

  // Whether the job has used up the bytes or the number of files.
  bool Full() const;

  // After a job, all its processes being dead. keep: the file system may serve again. False if
  // something still uses it; then it is detached.
  bool End(bool keep);

 private:
  bool Mount(int64_t bytes, int64_t files);
  bool Write(const std::vector<WireFile>& files);
  bool MakeClean();

  bool mounted_ = false;
  int rules_ = -1;
  std::vector<std::string> own_files_;  // paths of the job's files; empty if they have folders
  struct stat folders_[3] = {};         // root, shm, working folder before the program began
};

}  // namespace rationale::jail
