#include "sandbox/jail/writable.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string_view>

#include "sandbox/jail/confine.h"
#include "sandbox/jail/root.h"

namespace rationale::jail {
namespace {

constexpr int64_t kPageBytes = 4096;
constexpr int64_t kOwnFolders = 3;
constexpr const char* kFolders[kOwnFolders] = {kWritableFolder, "/tmp/shm", kWorkingFolder};

bool SameTime(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool Same(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_dev == b.st_dev && a.st_mode == b.st_mode &&
         a.st_uid == b.st_uid && a.st_gid == b.st_gid && a.st_nlink == b.st_nlink &&
         a.st_size == b.st_size && SameTime(a.st_atim, b.st_atim) &&
         SameTime(a.st_mtim, b.st_mtim) && SameTime(a.st_ctim, b.st_ctim);
}

// Whether the file system holds this many files and folders.
bool Holds(int64_t count, bool no_bytes) {
  struct statfs status {};
  if (statfs(kWritableFolder, &status) != 0) return false;
  return static_cast<int64_t>(status.f_files - status.f_ffree) == count &&
         (!no_bytes || status.f_blocks == status.f_bfree);
}

}  // namespace

bool WritableFolder::Mount(int64_t bytes, int64_t files) {
  // A file system of no blocks would mean one without limit. Reading must leave no trace: no access
  // times.
  char options[128];
  std::snprintf(options, sizeof options, "size=%lld,nr_inodes=%lld%s",
                static_cast<long long>(std::max(bytes, kPageBytes)),
                static_cast<long long>(files + kOwnFolders), mounted_ ? "" : ",mode=1777");
  constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOATIME;
  if (mounted_) return mount("tmp", kWritableFolder, "tmpfs", kFlags | MS_REMOUNT, options) == 0;
  if (mount("tmp", kWritableFolder, "tmpfs", kFlags, options) != 0) return false;
  mounted_ = true;
  return mkdir(kWorkingFolder, 0755) == 0 && mkdir(kFolders[1], 0755) == 0;
}

bool WritableFolder::Begin(const JobRequest& request) {
  int64_t bytes = request.writable_bytes + kPageBytes;
  int64_t files = request.files_max + 1;
  own_files_.clear();
  bool flat = true;
  for (const WireFile& file : request.files) {
    bytes += (static_cast<int64_t>(file.contents.size()) / kPageBytes + 1) * kPageBytes;
    const auto folders = std::count(file.path.begin(), file.path.end(), '/');
    files += 1 + folders;
    flat = flat && folders == 0;
    own_files_.push_back(std::string(kWorkingFolder) + '/' + file.path);
  }
  if (!Mount(bytes, files) || !Write(request.files)) return false;
  if (!flat) own_files_.clear();
  for (int i = 0; i < kOwnFolders; ++i) {
    if (stat(kFolders[i], &folders_[i]) != 0) return false;
  }
  return true;
}

bool WritableFolder::Write(const std::vector<WireFile>& files) {
  for (const WireFile& file : files) {
    const std::string path = std::string(kWorkingFolder) + '/' + file.path;
    for (size_t slash = path.find('/', sizeof kWorkingFolder); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      if (mkdir(path.substr(0, slash).c_str(), 0755) != 0 && errno != EEXIST) return false;
    }
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        file.executable != 0 ? 0755 : 0644);
    if (fd < 0) return false;
    std::string_view rest = file.contents;
    while (!rest.empty()) {
      const ssize_t written = write(fd, rest.data(), rest.size());
      if (written <= 0) break;
      rest.remove_prefix(static_cast<size_t>(written));
    }
    close(fd);
    if (!rest.empty()) return false;
  }
  return true;
}

int WritableFolder::Rules() {
  if (rules_ < 0) rules_ = LandlockRules();
  return rules_;
}

bool WritableFolder::Full() const {
  struct statfs status {};
  return statfs(kWritableFolder, &status) == 0 && (status.f_bfree == 0 || status.f_ffree == 0);
}

// Removes the job's files and says whether that has left everything as if there had been no job.
bool WritableFolder::MakeClean() {
  // A first attempt of this kind only asks: EAGAIN says that nobody uses the mount. A joined
  // program may have been sent a descriptor of one of its folders.
  if (umount2(kWritableFolder, MNT_EXPIRE) == 0 || errno != EAGAIN) return false;
  if (own_files_.empty() || !Holds(kOwnFolders + static_cast<int64_t>(own_files_.size()), false)) {
    return false;
  }
  for (int i = 0; i < kOwnFolders; ++i) {
    struct stat now;
    if (stat(kFolders[i], &now) != 0 || !Same(now, folders_[i])) return false;
  }
  for (const std::string& path : own_files_) {
    if (unlink(path.c_str()) != 0) return false;
  }
  return Holds(kOwnFolders, true);
}

bool WritableFolder::End(bool keep) {
  if (!mounted_ || (keep && MakeClean())) return true;
  mounted_ = false;
  if (rules_ >= 0) close(rules_);
  rules_ = -1;
  if (umount2(kWritableFolder, 0) == 0) return true;
  umount2(kWritableFolder, MNT_DETACH);
  return false;
}

}  // namespace rationale::jail
