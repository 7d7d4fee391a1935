"""What the Python attacks share: system calls by number, and one line that says how it went.

An attack that reaches its aim ends with got(); one that the kernel refuses ends with the OSError, printed as REFUSED
and the error's name.
"""

import ctypes
import errno
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long

# x86-64; an attack that needs a name not listed here adds it.
NUMBERS = {
    "mmap": 9, "shmget": 29, "ptrace": 101, "syslog": 103, "capset": 126, "personality": 135, "pivot_root": 155,
    "adjtimex": 159, "chroot": 161, "acct": 163, "swapon": 167, "reboot": 169, "ioperm": 173, "init_module": 175,
    "mq_open": 240, "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250, "mknodat": 259, "unshare": 272,
    "vmsplice": 278, "perf_event_open": 298, "fanotify_init": 300, "prlimit64": 302, "open_by_handle_at": 304,
    "name_to_handle_at": 303, "setns": 308, "process_vm_readv": 310, "kcmp": 312, "seccomp": 317, "memfd_create": 319,
    "bpf": 321, "userfaultfd": 323, "io_uring_setup": 425, "open_tree": 428, "fsopen": 430, "clone3": 435,
    "pidfd_open": 434, "pidfd_getfd": 438, "mount_setattr": 442, "memfd_secret": 447, "modify_ldt": 154,
}


def check(result):
    if result == -1:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def call(name, *arguments):
    """A system call; integers are passed as 64 bits, bytes as a pointer."""
    return check(libc.syscall(ctypes.c_long(NUMBERS[name]),
                              *(ctypes.c_long(x) if isinstance(x, int) else x for x in arguments)))


def got(what):
    print("GOT IT:", what, flush=True)
    os._exit(0)


def refused(why):
    print("REFUSED", why, flush=True)
    os._exit(1)


def report(kind, error, trace):
    if isinstance(error, OSError) and error.errno:
        refused(f"{errno.errorcode[error.errno]} {error.filename or ''}")
    if isinstance(error, (MemoryError, RuntimeError)):
        refused(f"{kind.__name__} {error}")
    sys.__excepthook__(kind, error, trace)


sys.excepthook = report
