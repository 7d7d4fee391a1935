#include "sandbox/filter.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/check.h"
#include "base/error.h"
#include "sandbox/wire.h"

namespace rationale {
namespace {

// What programs need, and what cannot reach beyond the process tree, its memory and its files.
constexpr std::string_view kAllowed =
    // Files, by path and by descriptor. Where they lead is the business of the mounts and of
    // Landlock.
    "access chdir chmod close close_range copy_file_range creat dup dup2 dup3 faccessat "
    "faccessat2 fadvise64 fallocate fchdir fchmod fchmodat fchmodat2 fdatasync flock "
    "fstat fstatfs fsync ftruncate getcwd getdents getdents64 lchown chown fchown fchownat link "
    "linkat lseek lstat mkdir mkdirat newfstatat open openat openat2 pipe pipe2 poll ppoll "
    "pread64 preadv preadv2 pselect6 pwrite64 pwritev pwritev2 read readahead readlink "
    "readlinkat readv rename renameat renameat2 rmdir select sendfile splice stat statfs statx "
    "symlink symlinkat sync_file_range tee truncate umask unlink unlinkat utime utimensat "
    "utimes futimesat write writev cachestat "
    // Waiting.
    "epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 "
    "signalfd signalfd4 timerfd_create timerfd_gettime timerfd_settime "
    // Memory.
    "brk madvise membarrier mincore mlock mlock2 mprotect mremap msync munlock munmap "
    "pkey_alloc pkey_free pkey_mprotect "
    // Processes, threads, signals.
    "alarm arch_prctl execve execveat exit exit_group fork futex futex_waitv futex_wake "
    "futex_wait futex_requeue get_robust_list getitimer getpgid getpgrp getpid getppid "
    "getpriority getrlimit getrusage getsid gettid kill pause pidfd_open pidfd_send_signal "
    "restart_syscall rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo "
    "rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max "
    "sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler "
    "sched_rr_get_interval sched_setaffinity sched_yield set_robust_list set_tid_address "
    "setitimer setpgid setpriority setrlimit setsid sigaltstack tgkill timer_create "
    "timer_delete timer_getoverrun timer_gettime timer_settime times tkill vfork wait4 waitid "
    // Who and where one is, and the time.
    "capget clock_getres clock_gettime clock_nanosleep getcpu getegid geteuid getgid getgroups "
    "getrandom getresgid getresuid gettimeofday getuid nanosleep sysinfo time uname "
    // Sockets between a process and its children; socket(2) itself is forbidden.
    "getpeername getsockname getsockopt recvfrom recvmmsg recvmsg sendmmsg sendmsg sendto "
    "setsockopt shutdown ";

// Known and refused. They would fail with ENOSYS anyhow; a program under test should learn that it
// may not.
constexpr std::string_view kForbidden =
    "accept accept4 acct add_key adjtimex bind bpf capset chroot clock_adjtime clock_settime "
    "connect delete_module fanotify_init fanotify_mark finit_module fsconfig fsmount fsopen "
    "fspick init_module inotify_init inotify_init1 inotify_add_watch io_setup io_submit "
    "io_uring_enter io_uring_register io_uring_setup ioperm iopl ioprio_set kcmp "
    "kexec_file_load kexec_load keyctl landlock_restrict_self listen lookup_dcookie mbind "
    "memfd_create memfd_secret migrate_pages mknod mknodat mlockall modify_ldt mount "
    "mount_setattr move_mount move_pages mq_getsetattr mq_notify mq_open mq_timedreceive "
    "mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd name_to_handle_at nfsservctl "
    "open_by_handle_at open_tree perf_event_open pidfd_getfd pivot_root process_madvise "
    "process_mrelease process_vm_readv process_vm_writev ptrace quotactl quotactl_fd reboot "
    "remap_file_pages request_key sched_setattr sched_setparam sched_setscheduler seccomp "
    "semctl semget semop semtimedop set_mempolicy setdomainname setfsgid setfsuid setgid "
    "setgroups sethostname setns setregid setresgid setresuid setreuid settimeofday setuid "
    "shmat shmctl shmdt shmget socket swapoff swapon sync syncfs syslog umount umount2 unshare "
    "uselib userfaultfd ustat vhangup vmsplice ";

// Extended attributes would be memory that no limit on files counts; programs such as cp and tar
// expect this error.
constexpr std::string_view kUnsupported =
    "setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr getxattr "
    "lgetxattr fgetxattr listxattr llistxattr flistxattr ";

class Builder {
 public:
  Builder() : context_(seccomp_init(SCMP_ACT_ERRNO(ENOSYS))) {
    if (context_ == nullptr) throw Failure("libseccomp: cannot make a filter");
    Try(seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS),
        "BADARCH");
    Try(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "CTL_OPTIMIZE");
  }

  // Calls that this architecture, or the installed libseccomp, does not have stay at ENOSYS.
  template <class... Conditions>
  void Add(uint32_t action, const char* name, Conditions... conditions) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number < 0) return;
    Try(seccomp_rule_add(context_.get(), action, number, sizeof...(conditions), conditions...),
        name);
  }

  // The same for every name of a blank-separated list.
  void AddAll(uint32_t action, std::string_view names) {
    while (!names.empty()) {
      const size_t blank = names.find(' ');
      Add(action, std::string(names.substr(0, blank)).c_str());
      names.remove_prefix(blank + 1);
    }
  }

  std::string Export() {
    const int fd = jail::MemoryFile("filter", "");
    if (fd < 0) throw Failure("memfd_create: {}", std::strerror(errno));
    const int result = seccomp_export_bpf(context_.get(), fd);
    std::string bytes;
    const bool read = jail::ReadMemoryFile(fd, bytes);
    close(fd);
    Try(result, "export");
    Check{read && bytes.size() % 8 == 0 && !bytes.empty(), "exported ", bytes.size(), " bytes"};
    return bytes;
  }

 private:
  struct Release {
    void operator()(void* context) const { seccomp_release(context); }
  };

  static void Try(int result, const char* what) {
    if (result < 0) throw Failure("libseccomp: {}: {}", what, std::strerror(-result));
  }

  std::unique_ptr<void, Release> context_;
};

// The numbers of fcntl commands from here on are Linux's own.
constexpr uint64_t kLinuxCommands = 1024;

// Calls that are harmless or not by their arguments.
void AddConditional(Builder& builder) {
  constexpr uint64_t kNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                   CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
  builder.Add(SCMP_ACT_ALLOW, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, kNamespaces, 0));
  // Its flags lie in memory, out of a filter's sight: ENOSYS sends C libraries to clone. It stays
  // the default.

  // Shared anonymous memory is no process's own, and MAP_GROWSDOWN grows past what is counted.
  builder.Add(SCMP_ACT_ALLOW, "mmap", SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_SHARED | MAP_GROWSDOWN, 0));
  builder.Add(SCMP_ACT_ALLOW, "mmap",
              SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, MAP_SHARED));

  // All but F_SETPIPE_SZ, as a larger pipe would hold more than is counted, and leases.
  builder.Add(SCMP_ACT_ALLOW, "fcntl", SCMP_A1(SCMP_CMP_LT, kLinuxCommands));
  for (int command : {F_DUPFD_CLOEXEC, F_GETPIPE_SZ, F_GET_SEALS, F_ADD_SEALS}) {
    builder.Add(SCMP_ACT_ALLOW, "fcntl", SCMP_A1(SCMP_CMP_EQ, static_cast<uint64_t>(command)));
  }
  builder.Add(SCMP_ACT_ERRNO(EPERM), "fcntl", SCMP_A1(SCMP_CMP_EQ, F_SETPIPE_SZ));

  // Its own limits only: process 1, which reports how the program ended, has the same user.
  builder.Add(SCMP_ACT_ALLOW, "prlimit64", SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffff, 0));
  builder.Add(SCMP_ACT_ERRNO(EPERM), "prlimit64", SCMP_A0(SCMP_CMP_GT, 0));

  builder.Add(SCMP_ACT_ALLOW, "socketpair", SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
  for (unsigned long request : {FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, FIOASYNC}) {
    builder.Add(SCMP_ACT_ALLOW, "ioctl", SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, request));
  }
  // Every program asks whether its output is a terminal; none is.
  for (unsigned long request : {TCGETS, TIOCGWINSZ, TIOCGPGRP}) {
    builder.Add(SCMP_ACT_ERRNO(ENOTTY), "ioctl", SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, request));
  }
  for (int option : {PR_SET_NAME, PR_GET_NAME, PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_GET_DUMPABLE,
                     PR_CAPBSET_READ, PR_GET_NO_NEW_PRIVS, PR_SET_NO_NEW_PRIVS, PR_GET_SECCOMP,
                     PR_SET_TIMERSLACK, PR_GET_TIMERSLACK, PR_SET_VMA, PR_GET_KEEPCAPS}) {
    builder.Add(SCMP_ACT_ALLOW, "prctl",
                SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffff, static_cast<uint64_t>(option)));
  }
  // Compilers turn address randomisation off for themselves; 0xffffffff asks.
  for (unsigned long persona : {0UL, static_cast<unsigned long>(ADDR_NO_RANDOMIZE), 0xffffffffUL}) {
    builder.Add(SCMP_ACT_ALLOW, "personality", SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffff, persona));
  }
}

std::string BuildFilter() {
  Builder builder;
  builder.AddAll(SCMP_ACT_ALLOW, kAllowed);
  builder.AddAll(SCMP_ACT_ERRNO(EPERM), kForbidden);
  builder.AddAll(SCMP_ACT_ERRNO(EOPNOTSUPP), kUnsupported);
  AddConditional(builder);
  return builder.Export();
}

}  // namespace

std::string SystemCallFilter() {
  static const std::string filter = BuildFilter();
  return filter;
}

}  // namespace rationale
