"""Fork server of the Python jail: loads the usual modules once, then forks one child per job.

Runs inside the jail before any program does. Never runs, reads or remembers anything of a job itself: the child reads
the request, so that no trace of one job can be in the memory of the next. The child is confined by the same code as any
other program, sandbox/jail/confine.cc.
"""

import array
import atexit
import ctypes
import gc
import io
import os
import socket
import struct
import sys
import threading

import abc, bisect, collections, copy, dataclasses, datetime, decimal, enum, fractions, functools, heapq  # noqa: E401,F401
import itertools, json, math, operator, random, re, statistics, string, time, traceback, types, typing  # noqa: E401,F401

SOCKET, FILTER, PROC, LIBRARY = 3, 4, 5, 6
CLONE_NEWPID = 0x20000000
WORKING_FOLDER = "/tmp/box"
REASON_BYTES = 160

libc = ctypes.CDLL(None, use_errno=True)
# sandbox/jail/server_library.cc
confine = ctypes.PyDLL(f"/proc/self/fd/{LIBRARY}", use_errno=True).rationale_confine
confine.restype = ctypes.c_char_p
confine.argtypes = [ctypes.c_int64] * 4 + [ctypes.c_int] * 3 + [ctypes.POINTER(ctypes.c_int), ctypes.c_char_p, ctypes.c_size_t]
os.close(LIBRARY)

filter_code = os.pread(FILTER, os.fstat(FILTER).st_size, 0)
os.close(FILTER)
DescriptorArray = ctypes.c_int * 4


def run(arguments, environment):
    """Runs the program as __main__ would, down to the exit code and the traceback."""
    for name in list(os.environ):
        del os.environ[name]
    for variable in environment:
        name, _, value = variable.partition(b"=")
        os.environb[name] = value
    sys.argv = [os.fsdecode(argument) for argument in arguments]
    sys.orig_argv = [sys.executable] + sys.argv
    sys.path[0] = WORKING_FOLDER  # was the "" of python -c
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
    fields = os.pread(request_fd, os.fstat(request_fd).st_size, 0).split(b"\0")[:-1]
    cpu_ms, processes, descriptors, file_bytes, landlock, channels, num_arguments = map(int, fields[:7])
    step = confine(cpu_ms, processes, descriptors, file_bytes, fds[channels] if landlock else -1, PROC, channels,
                   DescriptorArray(*fds[:channels]), filter_code, len(filter_code))
    if step:
        os.write(failed, b"confine the program: " + step + b": " + os.strerror(ctypes.get_errno()).encode())
        os._exit(1)
    os._exit(run(fields[7:7 + num_arguments], fields[7 + num_arguments:]))


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
