#include "sandbox/jail/confine.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

#include "sandbox/jail/root.h"
#include "sandbox/jail/syscalls.h"

namespace rationale::jail {
namespace {

constexpr rlim_t kStackBytes = 64 << 20;
constexpr int kLastCapability = 63;  // the kernel's own last one is found by asking

bool SetLimit(int resource, rlim_t soft, rlim_t hard) {
  rlimit limit;
  if (getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return false;
  limit.rlim_max = std::min(limit.rlim_max, hard);
  limit.rlim_cur = std::min(limit.rlim_max, soft);
  return setrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0;
}

// Newer kernels' parts of the attribute and the access rights that the system's header may not
// know.
struct LandlockAttributes {
  uint64_t files = 0, network = 0, scope = 0;
};
constexpr uint64_t kExecute = 1 << 0, kWriteFile = 1 << 1, kReadFile = 1 << 2, kReadFolder = 1 << 3;
constexpr uint64_t kRefer = 1 << 13, kTruncate = 1 << 14, kDeviceIoctl = 1 << 15;
constexpr uint64_t kFirstVersion = (1 << 13) - 1;

uint64_t HandledFiles(long version) {
  uint64_t rights = kFirstVersion;
  if (version >= 2) rights |= kRefer;
  if (version >= 3) rights |= kTruncate;
  if (version >= 5) rights |= kDeviceIoctl;
  return rights;
}

bool Allow(int rules, const char* path, uint64_t rights) {
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights;
  rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
  if (rule.parent_fd < 0) return false;
  const bool done =
      syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
  close(rule.parent_fd);
  return done;
}

}  // namespace

bool SetResourceLimits(const ProcessLimits& limits) {
  const auto cpu_s = static_cast<rlim_t>((limits.cpu_ms + 999) / 1000);
  return SetLimit(RLIMIT_CPU, cpu_s, cpu_s + 1) &&
         SetLimit(RLIMIT_FSIZE, static_cast<rlim_t>(limits.file_bytes),
                  static_cast<rlim_t>(limits.file_bytes)) &&
         SetLimit(RLIMIT_NOFILE, static_cast<rlim_t>(limits.descriptors),
                  static_cast<rlim_t>(limits.descriptors)) &&
         SetLimit(RLIMIT_NPROC, static_cast<rlim_t>(limits.processes),
                  static_cast<rlim_t>(limits.processes)) &&
         SetLimit(RLIMIT_STACK, kStackBytes, kStackBytes) && SetLimit(RLIMIT_CORE, 0, 0) &&
         SetLimit(RLIMIT_MEMLOCK, 0, 0) && SetLimit(RLIMIT_MSGQUEUE, 0, 0) &&
         SetLimit(RLIMIT_NICE, 0, 0) && SetLimit(RLIMIT_RTPRIO, 0, 0) &&
         SetLimit(RLIMIT_SIGPENDING, 256, 256);
}

int LandlockRules() {
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, 1 /* ask the version */);
  if (version < 0) return -1;
  LandlockAttributes attributes{.files = HandledFiles(version)};
  if (version >= 4) attributes.network = 3;  // bind and connect, TCP
  if (version >= 6) attributes.scope = 3;    // abstract sockets and signals
  const int rules =
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0));
  if (rules < 0) return -1;
  bool done = Allow(rules, "/", kExecute | kReadFile | kReadFolder) &&
              Allow(rules, kWritableFolder, attributes.files & ~kDeviceIoctl);
  for (const char* device :
       {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}) {
    done = done && Allow(rules, device, attributes.files & (kReadFile | kWriteFile | kTruncate));
  }
  if (done) return rules;
  const int error = errno;
  close(rules);
  errno = error;
  return -1;
}

bool DropCapabilities(uint64_t keep) {
  const unsigned long locked = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                               SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED;
  if (prctl(PR_SET_SECUREBITS, locked, 0, 0, 0) != 0) return false;
  for (int capability = 0; capability <= kLastCapability; ++capability) {
    if (keep >> capability & 1) continue;
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
      if (errno == EINVAL) break;  // past the kernel's last one
      return false;
    }
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2];
  for (int half = 0; half < 2; ++half) {
    const auto bits = static_cast<uint32_t>(keep >> (32 * half));
    data[half] = {bits, bits, bits};
  }
  if (syscall(SYS_capset, &header, data) != 0) return false;
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return false;
  for (int capability = 0; capability <= kLastCapability; ++capability) {
    if ((keep >> capability & 1) == 0) continue;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) return false;
  }
  return true;
}

const char* Confine(int landlock_fd, const std::string& filter) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "forbid new privileges";
  if (landlock_fd >= 0 && syscall(SYS_landlock_restrict_self, landlock_fd, 0) != 0) {
    return "enter the Landlock domain";
  }
  if (!DropCapabilities(0)) return "drop capabilities";
  // A user of the machine could otherwise be asked to trace us; and /proc/self would belong to
  // root.
  if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return "become dumpable";
  sock_fprog program{static_cast<unsigned short>(filter.size() / sizeof(sock_filter)),
                     reinterpret_cast<sock_filter*>(const_cast<char*>(filter.data()))};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
    return "load the system-call filter";
  }
  return nullptr;
}

}  // namespace rationale::jail
