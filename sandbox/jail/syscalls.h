// System calls that the C library may not wrap yet, and the two ways a helper process reports
// trouble.

#pragma once

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <string_view>

namespace rationale::jail {

// linux/mount.h and sys/mount.h cannot both be included everywhere; these are the few constants
// needed.
inline constexpr unsigned kOpenTreeClone = 1, kOpenTreeCloexec = 02000000;
inline constexpr unsigned kAtRecursive = 0x8000, kMoveMountEmptyFrom = 0x4;
inline constexpr uint64_t kMountReadOnly = 1, kMountNoSuid = 2, kMountNoDev = 4, kMountNoExec = 8;

struct MountAttributes {
  uint64_t set = 0, clear = 0, propagation = 0, user_namespace_fd = 0;
};

inline int OpenTree(const char* path, unsigned flags) {
  return static_cast<int>(syscall(SYS_open_tree, -100 /* AT_FDCWD */, path, flags));
}
inline int MoveMount(int from, const char* to) {
  return static_cast<int>(syscall(SYS_move_mount, from, "", -100, to, kMoveMountEmptyFrom));
}
inline int SetMountAttributes(int fd, const char* path, unsigned flags, uint64_t set) {
  MountAttributes attributes{.set = set};
  return static_cast<int>(
      syscall(SYS_mount_setattr, fd, path, flags, &attributes, sizeof attributes));
}
inline int CloseRange(unsigned first, unsigned last) {
  return static_cast<int>(syscall(SYS_close_range, first, last, 0));
}
// A fork into new namespaces. The C library's idea of the thread's id is stale in the child: no
// raise(), no abort().
inline pid_t CloneInto(uint64_t namespaces) {
  return static_cast<pid_t>(
      syscall(SYS_clone, namespaces | 17 /* SIGCHLD */, nullptr, nullptr, nullptr, nullptr));
}
inline int PidfdOpen(pid_t pid) {
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

// Reports that `step` (a few words: "mount /proc") failed with errno, or with `why`, and ends this
// process: the jail cannot be built here.
[[noreturn]] void Refuse(std::string_view step);
[[noreturn]] void Refuse(std::string_view step, std::string_view why);

// Writes a whole small file, such as those of /proc and cgroups. False with errno on failure.
bool WriteSmallFile(const char* path, std::string_view text);
bool WriteSmallFileAt(int folder, const char* path, std::string_view text);

}  // namespace rationale::jail
