"""The Python jail's warm interpreter: loads the usual modules once and becomes, by fork, each job's program.

Runs inside the jail before any program does. rationale_serve (sandbox/jail/server_library.cc) returns only in the child
that is to be a program, confined already: nothing of a job is ever in the memory of the next.

What a child touches of the interpreter is copied page by page, and that is most of a small job's time. So what can be
made beforehand is, and steps that a usual program does not need are asked for first.
"""

import _random
import _thread
import atexit
import ctypes
import gc
import io
import os
import sys
import threading

import abc, bisect, collections, copy, dataclasses, datetime, decimal, enum, fractions, functools, heapq  # noqa: E401,F401
import itertools, json, math, operator, random, re, statistics, string, time, traceback, types, typing  # noqa: E401,F401
import array, socket, struct  # noqa: E401,F401

LIBRARY = 6
WORKING_FOLDER = "/tmp/box"

main_thread = threading.main_thread()
own_variables = sorted(name + b"=" + value for name, value in os.environb.items())


def open_streams():
    """The standard streams as an interpreter of its own makes them of what a job has: a file and two pipes."""
    unread, pipe = os.pipe()
    file = os.memfd_create("stdin")
    for target, descriptor in enumerate((file, pipe, pipe)):
        os.dup2(descriptor, target)
    for descriptor in (unread, pipe, file):
        os.close(descriptor)
    # PEP 538: in the C locale these two take any bytes.
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stdout = sys.__stdout__ = open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stderr = sys.__stderr__ = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w", closefd=False)), encoding="utf-8", errors="backslashreplace",
        line_buffering=True, write_through=True)


def set_environment(variables):
    if variables == own_variables:
        return
    for name in list(os.environ):
        del os.environ[name]
    for variable in variables:
        name, _, value = variable.partition(b"=")
        os.environb[name] = value


def run(arguments, variables):
    """Runs the program as __main__ would, down to the exit code and the traceback."""
    set_environment(variables)
    # As os.fork would have done:
    _random.Random.seed(random._inst)
    main_thread._native_id = os.getpid()
    sys.argv = [argument.decode("utf-8", "surrogateescape") for argument in arguments]
    sys.orig_argv = [sys.executable] + sys.argv
    sys.path[0] = WORKING_FOLDER  # was the "" of python -c
    main = types.ModuleType("__main__")
    main.__file__ = sys.argv[0]
    main.__builtins__ = __builtins__
    main.__cached__ = None
    main.__annotations__ = {}
    sys.modules["__main__"] = main
    code = 0
    try:
        program = compile(io.FileIO(sys.argv[0]).readall(), sys.argv[0], "exec", dont_inherit=True)
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
        if _thread._count() or threading._threading_atexits:
            threading._shutdown()
        if atexit._ncallbacks():
            atexit._run_exitfuncs()
    except BaseException:
        traceback.print_exc()
    try:
        if sys.stdout is not None and not sys.stdout.closed:
            sys.stdout.flush()
    except BaseException:
        code = code or 120
    try:
        sys.stderr.flush()
    except BaseException:
        pass
    return code & 0xFF


def serve():
    """Returns in a job's process, with the job's arguments and variables."""
    library = ctypes.PyDLL(f"/proc/self/fd/{LIBRARY}")
    words, num_bytes, num_arguments = ctypes.c_void_p(), ctypes.c_size_t(), ctypes.c_int()
    results = [ctypes.byref(result) for result in (words, num_bytes, num_arguments)]
    gc.collect()
    gc.freeze()
    library.rationale_serve(*results)
    fields = ctypes.string_at(words.value, num_bytes.value).split(b"\0")[:-1]
    return fields[:num_arguments.value], fields[num_arguments.value:]


open_streams()
os._exit(run(*serve()))
