#include "sandbox/jail/root.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "sandbox/jail/syscalls.h"

namespace rationale::jail {
namespace {

constexpr const char* kDevices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random",
                                    "/dev/urandom"};

Source Open(const std::string& path) {
  Source source;
  source.path = path;
  struct stat status;
  if (lstat(path.c_str(), &status) != 0) Refuse("look at " + path);
  if (S_ISLNK(status.st_mode)) {
    source.link.resize(4096);
    const ssize_t size = readlink(path.c_str(), source.link.data(), source.link.size());
    if (size <= 0) Refuse("read the link " + path);
    source.link.resize(static_cast<size_t>(size));
    return source;
  }
  source.folder = S_ISDIR(status.st_mode);
  source.tree = OpenTree(path.c_str(), kOpenTreeClone | kOpenTreeCloexec | kAtRecursive);
  if (source.tree < 0) Refuse("clone the mount of " + path);
  return source;
}

// `path` is absolute in the new root, which is the current folder.
std::string Inside(const std::string& path) {
  return "." + path;
}

void MakeParents(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string parent = Inside(path.substr(0, slash));
    if (mkdir(parent.c_str(), 0755) != 0 && errno != EEXIST) Refuse("make the folder " + parent);
  }
}

void WriteFile(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0 || write(fd, text, std::strlen(text)) < 0) Refuse(std::string("write ") + path);
  close(fd);
}

void Attach(const Source& source) {
  const bool device = source.path.compare(0, 5, "/dev/") == 0;
  const uint64_t attributes = kMountReadOnly | kMountNoSuid | (device ? kMountNoExec : kMountNoDev);
  MakeParents(source.path);
  const std::string target = Inside(source.path);
  if (!source.link.empty()) {
    if (symlink(source.link.c_str(), target.c_str()) != 0) Refuse("link " + source.path);
    return;
  }
  if (source.folder) {
    if (mkdir(target.c_str(), 0755) != 0 && errno != EEXIST) Refuse("make " + source.path);
  } else {
    WriteFile(target.c_str(), "");
  }
  if (SetMountAttributes(source.tree, "", AT_EMPTY_PATH | kAtRecursive, attributes) != 0) {
    Refuse("make read-only the mount of " + source.path);
  }
  if (MoveMount(source.tree, target.c_str()) != 0) Refuse("mount " + source.path);
  close(source.tree);
}

void MakeFixedParts() {
  for (const char* folder : {"./proc", "./tmp", "./etc", "./dev", "./var"}) {
    if (mkdir(folder, 0755) != 0 && errno != EEXIST) Refuse(std::string("make ") + folder);
  }
  if (symlink("/tmp/shm", "./dev/shm") != 0 || symlink("/tmp", "./var/tmp") != 0 ||
      symlink("/proc/self/fd", "./dev/fd") != 0 || symlink("/proc/self/fd/0", "./dev/stdin") != 0 ||
      symlink("/proc/self/fd/1", "./dev/stdout") != 0 ||
      symlink("/proc/self/fd/2", "./dev/stderr") != 0) {
    Refuse("link the fixed parts of /dev");
  }
  WriteFile("./etc/passwd", "user:x:1000:1000::/tmp/box:/bin/sh\n");
  WriteFile("./etc/group", "user:x:1000:\n");
  WriteFile("./etc/hosts", "127.0.0.1 localhost\n");
}

}  // namespace

std::vector<Source> OpenSources(const std::vector<std::string>& paths) {
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    Refuse("make the mounts private");
  }
  std::vector<Source> sources;
  for (const std::string& path : paths) sources.push_back(Open(path));
  for (const char* device : kDevices) sources.push_back(Open(device));
  return sources;
}

void BuildRoot(const std::vector<Source>& sources) {
  const char* const cover = "/tmp";  // any folder; it is covered for a moment
  if (mount("jail", cover, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,nr_inodes=2048,mode=0755") !=
          0 ||
      chdir(cover) != 0) {
    Refuse("mount a new root");
  }
  MakeFixedParts();
  for (const Source& source : sources) Attach(source);
  // Before the old root goes: the kernel lets a user namespace mount /proc only while it sees one
  // unmasked.
  if (mount("proc", "./proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
    Refuse("mount /proc (in a container, the outer /proc must not be masked)");
  }
  if (syscall(SYS_pivot_root, ".", ".") != 0) Refuse("pivot to the new root");
  if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) Refuse("leave the old root");
}

void SealRoot() {
  if (SetMountAttributes(-100, "/", 0, kMountReadOnly) != 0) Refuse("make the root read-only");
}

bool MountJobProc() {
  return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY,
               "subset=pid,hidepid=2") == 0;
}

bool UnmountJobProc() {
  if (umount2("/proc", 0) == 0) return true;
  umount2("/proc", MNT_DETACH);
  return false;
}

}  // namespace rationale::jail
