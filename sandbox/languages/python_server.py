"""Fork server of the Python jail: loads the usual modules once, then forks one child per job.

Runs inside the jail before any program does. Never runs, reads or remembers anything of a job itself: the child reads
the request, so that no trace of one job can be in the memory of the next. Steps and order of the confinement are those of
sandbox/jail/confine.cc.
"""

import array
import atexit
import ctypes
import gc
import io
import os
import resource
import signal
import socket
import struct
import sys
import threading

import abc, bisect, collections, copy, dataclasses, datetime, decimal, enum, fractions, functools, heapq  # noqa: E401,F401
import itertools, json, math, operator, random, re, statistics, string, time, traceback, types, typing  # noqa: E401,F401

SOCKET, FILTER, PROC = 3, 4, 5
CLONE_NEWPID = 0x20000000
PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 4, 24, 38, 47, 4
SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}[os.uname().machine]
SYS_CAPSET = {"x86_64": 126, "aarch64": 91}[os.uname().machine]
SYS_LANDLOCK_RESTRICT_SELF = 446
STACK_BYTES = 64 << 20
WORKING_FOLDER = "/tmp/box"
REASON_BYTES = 160

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def check(result):
    if result == -1:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def prctl(option, value, third=0):
    check(libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(third), ctypes.c_ulong(0), ctypes.c_ulong(0)))


def syscall(number, *arguments):
    check(libc.syscall(ctypes.c_long(number), *arguments))


filter_bytes = os.pread(FILTER, os.fstat(FILTER).st_size, 0)
os.close(FILTER)
filter_code = ctypes.create_string_buffer(filter_bytes, len(filter_bytes))
filter_program = ctypes.create_string_buffer(
    struct.pack("HxxxxxxQ", len(filter_bytes) // 8, ctypes.addressof(filter_code)))
capability_header = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0))
no_capabilities = ctypes.create_string_buffer(24)


def limit(kind, soft, hard=None):
    ceiling = resource.getrlimit(kind)[1]
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(soft if hard is None else hard, ceiling)
    resource.setrlimit(kind, (soft, soft if hard is None else hard))


def confine(request_fd, fds):
    """Makes this process one that may run the program; returns argv and the environment."""
    fields = os.pread(request_fd, os.fstat(request_fd).st_size, 0).split(b"\0")[:-1]
    cpu_ms, processes, descriptors, file_bytes, landlock, channels, num_arguments = map(int, fields[:7])
    os.setsid()
    for target, fd in enumerate(fds[:channels]):
        os.dup2(fd, target)
    os.chdir(WORKING_FOLDER)
    cpu_s = (cpu_ms + 999) // 1000
    limit(resource.RLIMIT_CPU, cpu_s, cpu_s + 1)
    limit(resource.RLIMIT_FSIZE, file_bytes)
    limit(resource.RLIMIT_NPROC, processes)
    limit(resource.RLIMIT_STACK, STACK_BYTES)
    limit(resource.RLIMIT_SIGPENDING, 256)
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE, resource.RLIMIT_NICE,
                 resource.RLIMIT_RTPRIO):
        limit(kind, 0)
    prctl(PR_SET_DUMPABLE, 1)
    score = os.open("self/oom_score_adj", os.O_WRONLY, dir_fd=PROC)
    os.write(score, b"1000")
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if landlock:
        syscall(SYS_LANDLOCK_RESTRICT_SELF, fds[channels], 0)
    for capability in (21, 8):
        prctl(PR_CAPBSET_DROP, capability)
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    syscall(SYS_CAPSET, capability_header, no_capabilities)
    return channels, descriptors, fields[7:7 + num_arguments], fields[7 + num_arguments:]


def load_filter():
    syscall(SYS_SECCOMP, 1, 0, filter_program)


def run(arguments, environment):
    """Runs the program as __main__ would, down to the exit code and the traceback."""
    for name in list(os.environ):
        del os.environ[name]
    for variable in environment:
        name, _, value = variable.partition(b"=")
        os.environb[name] = value
    sys.argv = [os.fsdecode(argument) for argument in arguments]
    sys.orig_argv = [sys.executable] + sys.argv
    sys.path.insert(0, WORKING_FOLDER)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.__stdout__ = open(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.__stderr__ = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w", closefd=False)), encoding="utf-8", errors="backslashreplace",
        line_buffering=True, write_through=True)
    main = types.ModuleType("__main__")
    main.__file__ = sys.argv[0]
    main.__builtins__ = __builtins__
    sys.modules["__main__"] = main
    code = 0
    try:
        with open(sys.argv[0], "rb") as source:
            program = compile(source.read(), sys.argv[0], "exec", dont_inherit=True)
        exec(program, main.__dict__)
    except SystemExit as end:
        code = end.code
        if code is None:
            code = 0
        elif not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except BaseException as error:
        code = 1
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename == "<string>":
            trace = trace.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
    return finish(code)


def finish(code):
    """What the interpreter does at its end: waits for threads, runs atexit's functions, flushes."""
    try:
        threading._shutdown()
        atexit._run_exitfuncs()
    except BaseException:
        traceback.print_exc()
    try:
        sys.stdout.flush()
    except BaseException:
        code = code or 120
    try:
        sys.stderr.flush()
    except BaseException:
        pass
    return code & 0xFF


def child(request_fd, fds, failed):
    try:
        channels, descriptors, arguments, environment = confine(request_fd, fds)
        failed = os.dup2(failed, channels)
        os.closerange(channels + 1, 1024)
        load_filter()
        limit(resource.RLIMIT_NOFILE, descriptors)
        os.close(failed)
    except BaseException as error:
        line = traceback.extract_tb(error.__traceback__)[-1].lineno
        os.write(failed, f"confine the program: line {line} of the fork server: {error}".encode()[:REASON_BYTES - 1])
        os._exit(1)
    os._exit(run(arguments, environment))


def serve():
    control = socket.socket(fileno=SOCKET)
    libc.setns.argtypes = [ctypes.c_int, ctypes.c_int]
    gc.collect()
    gc.freeze()
    control.send(b"r")
    while True:
        message, ancillary, _, _ = control.recvmsg(1, socket.CMSG_LEN(16 * 4), socket.MSG_CMSG_CLOEXEC)
        if not message:
            os._exit(0)
        received = array.array("i")
        for _, _, data in ancillary:
            received.frombytes(data)
        init, request_fd, *fds = received
        told, failed = os.pipe()
        reason = b""
        status = cpu_us = 0
        if libc.setns(init, CLONE_NEWPID) == -1:
            reason = b"enter the job's PID namespace: " + os.strerror(ctypes.get_errno()).encode()
        else:
            pid = os.fork()
            if pid == 0:
                child(request_fd, fds, failed)
        for fd in (*received, failed):
            os.close(fd)
        if not reason:
            reason = os.read(told, REASON_BYTES)
            _, status, usage = os.wait4(pid, 0)
            cpu_us = int((usage.ru_utime + usage.ru_stime) * 1e6)
        os.close(told)
        control.send(struct.pack(f"iiq{REASON_BYTES}s", status, bool(reason), cpu_us, reason))


serve()
