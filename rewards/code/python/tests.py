"""Tests: the tests' process. Runs a problem's tests against a program that lives in another jail.

Nothing the program wrote runs here: its functions are stand-ins that send plain values and get plain values back, and what
it answers is a value, an exception's name, or nothing. The verdict goes to standard output, which only this process has.
values.py comes before this file; the job is on standard input.
"""

import ast
import io
import random
import types

# Answers that are together larger than this can make comparing them slow; said on standard error as soon as it is so.
LARGE_BYTES = 64 << 10
LARGE_MARK = b"large answers\n"
SHOWN_CHARACTERS = 200


class Ended(BaseException):
    """The program is gone, or what it sends are no values: there is no use in asking it again."""


class Broken(BaseException):
    """The tests themselves cannot run: nothing is known about the program."""


class ProgramError(Exception):
    """An exception of the program's that has no builtin type, or one that would mean something to the tests' own flow."""


# Exceptions passed on as what they are. Not those that end loops, or that are made of more than a text.
PASSED_ON = {name: kind for name, kind in vars(builtins).items()
             if isinstance(kind, type) and issubclass(kind, Exception)
             and not issubclass(kind, (StopIteration, StopAsyncIteration, Warning, UnicodeError, BaseExceptionGroup))}


class Program:
    """The program's side of the channel."""

    def __init__(self):
        self.channel = Channel()
        self.objects = {}
        self.decode = decoder(self.stand_in)
        self.answers = 0
        self.answer_bytes = 0
        self.last = ""

    def stand_in(self, number):
        found = self.objects.get(number)
        if found is None:
            found = self.objects[number] = StandIn(self, number)
        return found

    def ask(self, operation, *operands):
        """[value], or [value, changed arguments]. Raises what the program raised, or Ended."""
        try:
            message = [operation, *(encode(operand, refer) for operand in operands)]
        except RecursionError:
            raise Broken("an argument is nested too deeply") from None
        kind, content = self.exchange(message)
        if kind == "value":
            return content
        name, text = content
        raised = PASSED_ON.get(name, ProgramError)(text)
        raised.from_program = name
        raise raised

    def exchange(self, message):
        try:
            self.channel.send(message)
            text = self.channel.receive()
            self.count(len(text))
            kind, *content = self.decode(text)
            if kind == "value" and len(content) in (1, 2):
                self.last = f"returned {shown(content[0], text)}"
            elif kind == "error" and len(content) == 2 and all(type(part) is str for part in content):
                content = [part[:SHOWN_CHARACTERS] for part in content]
                self.last = "raised {}: {}".format(*content)
            else:
                raise ValueError("an answer of another form")
            return kind, content
        except Closed:
            raise Ended("the program ended before it answered") from None
        except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError, MemoryError) as error:
            raise Ended(f"the program's answer is no plain value: {error}"[:SHOWN_CHARACTERS]) from None

    def count(self, size):
        self.answers += 1
        before, self.answer_bytes = self.answer_bytes, self.answer_bytes + size
        if before <= LARGE_BYTES < self.answer_bytes:
            os.write(2, LARGE_MARK)


def shown(value, text):
    try:
        return repr(value)[:SHOWN_CHARACTERS] if len(text) < 2000 else f"{text[:SHOWN_CHARACTERS]} ..."
    except Exception as error:
        return type(error).__name__


class StandIn:
    """An object of the program's, by its number. Equal to itself only, and neither true nor false."""

    __slots__ = ("_program", "_number")

    def __init__(self, program, number):
        object.__setattr__(self, "_program", program)
        object.__setattr__(self, "_number", number)

    def __call__(self, *arguments, **keywords):
        value, *changed = self._program.ask("call", self, list(arguments), keywords)
        if value is None and changed and type(changed[0]) is list:
            for old, new in zip(arguments, changed[0]):
                write_back(old, new)
        return value

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self._program.ask("get", self, name)[0]

    def __setattr__(self, name, value):
        self._program.ask("set", self, name, value)

    def __getitem__(self, key):
        return self._program.ask("item", self, key)[0]

    def __len__(self):
        return self._program.ask("length", self)[0]

    def __contains__(self, item):
        return self._program.ask("contains", self, item)[0] is True

    def __iter__(self):
        return self._program.ask("iterate", self)[0]

    def __next__(self):
        try:
            return self._program.ask("next", self)[0]
        except ProgramError as error:
            if error.from_program == "StopIteration":
                raise StopIteration from None
            raise

    def __repr__(self):
        return f"<object {self._number} of the program>"

    def __bool__(self):
        raise TypeError("an object of the program's is neither true nor false")


def refer(value):
    if type(value) is StandIn:
        return {"t": "ref", "v": value._number}
    raise Broken(f"a value of type {type(value).__name__} cannot be given to the program")


def write_back(old, new):
    """Makes a changed argument show, as when both had been one object."""
    if type(old) is not type(new):
        return
    if type(old) in (list, bytearray):
        old[:] = new
    elif type(old) in (dict, set, collections.Counter, collections.OrderedDict):
        old.clear()
        old.update(new)
    elif type(old) is collections.deque:
        old.clear()
        old.extend(new)


class Names(dict):
    """The tests' global names. One they do not define is a module of the standard library, else the program's."""

    def __init__(self, program, entry_point, used):
        super().__init__(__name__="tests", __builtins__=builtins)
        self.program = program
        self.entry_point = entry_point
        # A program may not redefine what the tests compute with, unless that is all they call.
        self.shadows = not entry_point and all(hasattr(builtins, name) for name in used)

    def __missing__(self, name):
        if not self.shadows and hasattr(builtins, name):
            raise KeyError(name)
        if name in sys.stdlib_module_names:
            self[name] = __import__(name)
            return self[name]
        try:
            self[name], = self.program.ask("find", self.entry_point if name == "candidate" else name)
        except NameError:
            raise KeyError(name) from None
        return self[name]


class Counted(ast.NodeTransformer):
    """Turns `assert x` into a call that counts, so that a failed one does not hide those after it."""

    def __init__(self):
        self.total = 0

    def visit_Assert(self, node):
        if isinstance(node.test, ast.Constant):
            return node  # holds or fails whatever the program does
        self.total += 1
        check = ast.parse("try:\n  __count__(bool(0), None)\nexcept Exception as __error__:\n  __count__(False, __error__)").body[0]
        check.body[0].value.args[0].args[0] = node.test
        return ast.fix_missing_locations(ast.copy_location(check, node))


class Tally:
    """What became of the tests so far."""

    def __init__(self, program, share):
        self.program = program
        self.share = share
        self.passed = self.run = self.expected = 0
        self.failure = None

    def count(self, passed, error=None):
        self.run += 1
        self.passed += passed
        if not passed:
            self.fail(error)

    def fail(self, error):
        if not hasattr(error, "from_program") and (self.program.answers <= 1 or isinstance(error, ImportError)):
            raise Broken(describe(error))  # no answer of the program's can be its cause
        if self.failure is None:
            self.failure = f"test {max(self.run, 1)}: {describe(error)}; the program last {self.program.last}"

    def result(self):
        total = max(self.run, self.expected, 1)
        if self.failure is not None and self.passed == total:
            total += 1  # it ended between two tests
        return {"passed": self.passed, "total": total, "failure": self.failure}


def describe(error):
    if error is None or (type(error) is AssertionError and not hasattr(error, "from_program")):
        return "an assertion does not hold" + (f" ({str(error)[:SHOWN_CHARACTERS]})" if error and str(error) else "")
    return f"{getattr(error, 'from_program', type(error).__name__)}: {str(error)[:SHOWN_CHARACTERS]}"


def loosened(value):
    """As JSON would have it: a tuple is a list."""
    if type(value) in (list, tuple):
        return [loosened(element) for element in value]
    if type(value) is dict:
        return {key: loosened(item) for key, item in value.items()}
    return value


def same(value, expected, tolerance):
    if type(value) is list and type(expected) is list:
        return len(value) == len(expected) and all(same(a, b, tolerance) for a, b in zip(value, expected))
    if type(value) is dict and type(expected) is dict:
        return value.keys() == expected.keys() and all(same(item, expected[key], tolerance) for key, item in value.items())
    if type(value) is float or type(expected) is float:
        if type(value) in (int, float) and type(expected) in (int, float):
            return value == expected or abs(value - expected) <= tolerance * max(1, abs(expected))
    return value == expected


def run_calls(job, program, tally):
    function, = program.ask("find", job["function"])
    tally.expected = len(job["calls"])
    for arguments, *accepted in job["calls"]:
        error = None
        try:
            value = loosened(function(*arguments))
            passed = any(same(value, expected, job["tolerance"]) for expected in accepted)
        except Exception as raised:
            passed, error = False, raised
        tally.count(passed, error)
        if tally.failure is not None and not tally.share:
            return


def compiled(text, tally):
    tree = ast.parse(text, "tests")
    if tally.share:
        counted = Counted()
        tree = counted.visit(tree)
        tally.expected += counted.total
    return compile(tree, "tests", "exec")


def names_in(code):
    for name in code.co_names:
        yield name
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from names_in(constant)


def run_script(code, names, tally):
    """Runs one script. Where its assertions do not count themselves and it has no TestCase, the whole is one test."""
    before = tally.run
    error = None
    try:
        exec(code, names)
        if "unittest" in names:
            run_unittest(names, tally)
    except Exception as raised:
        error = raised
    if error is not None or tally.run == before:
        tally.count(error is None, error)


def run_unittest(names, tally):
    import unittest
    for case in list(names.values()):
        if not isinstance(case, type) or not issubclass(case, unittest.TestCase) or case.__module__ != "tests":
            continue
        for test in unittest.defaultTestLoader.loadTestsFromTestCase(case):
            result = unittest.TestResult()
            test.run(result)
            wrong = [text.strip().splitlines()[-1] for _, text in result.failures + result.errors]
            tally.count(not wrong, AssertionError(wrong[0]) if wrong else None)


def run_scripts(job, program, tally):
    entry_point = job["entry_point"]
    setup = [compile(text, "setup", "exec") for text in job["setup"]]
    scripts = [compiled(text, tally) for text in job["scripts"]]
    names = Names(program, entry_point, {name for code in setup + scripts for name in names_in(code)})
    names["__count__"] = tally.count
    if job["given"]:
        exec(compile(job["given"], "given", "exec"), names)
        names.pop(entry_point, None)
    for code in setup:
        exec(code, names)
    for code in scripts:
        run_script(code, names, tally)
        if tally.failure is not None and not tally.share:
            return


def judge(job):
    program = Program()
    tally = Tally(program, job["share"])
    random.seed(0)
    sys.stdout = io.StringIO()
    try:
        program.ask("load")
        (run_calls if job["calls"] else run_scripts)(job, program, tally)
    except Broken as error:
        return {"broken": str(error)}
    except Ended as error:
        tally.failure = tally.failure or f"test {tally.run + 1}: {error}"
    except BaseException as error:
        try:
            tally.fail(error)
        except Broken as broken:
            return {"broken": str(broken)}
    return tally.result()


os.write(1, json.dumps(judge(json.load(sys.stdin))).encode())
os._exit(0)
