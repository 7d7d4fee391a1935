// The jail's file system: a small read-only root that shows what a language needs and nothing else.

#pragma once

#include <string>
#include <vector>

namespace rationale::jail {

inline constexpr char kWritableFolder[] = "/tmp";
inline constexpr char kWorkingFolder[] = "/tmp/box";

// Something of the outer root that the jail will show.
struct Source {
  std::string path;
  std::string link;  // a symbolic link's target; empty for what is bound
  bool folder = false;
  int tree = -1;  // a detached copy of the mount
};

// Opens `paths` (files, folders, symbolic links) and the harmless devices. To be called in a mount
// namespace of one's own and while still the outer user, who may read more than the jail's. Ends
// the process through Refuse() where the kernel does not let us.
std::vector<Source> OpenSources(const std::vector<std::string>& paths);

// Replaces this process's root: the sources appear read-only at their places, beside an /etc of
// three lines and a whole /proc that shows this process's PID namespace. To be called as the jail's
// user. Ends the process likewise.
void BuildRoot(const std::vector<Source>& sources);

// Makes the root itself read-only; no more can be added after that.
void SealRoot();

// Mounts over /proc one that shows only this process's PID namespace, and of that only the
// processes. False with errno.
bool MountJobProc();

// Takes it away again. False if something still uses it; then it is detached.
bool UnmountJobProc();

}  // namespace rationale::jail
