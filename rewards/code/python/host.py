"""Host: the program's process. Loads the program, then calls its functions as the tests' process asks.

Runs together with code nobody has read, so nothing here is trusted: whatever it answers is only ever taken as the value of
the program's own function. It holds no test and no expected value. values.py comes before it.
"""

import operator
import types

WORKING_FOLDER = "/tmp/box/"


class Objects:
    """What is no plain value: kept here, and known to the tests by number."""

    def __init__(self):
        self.objects = []
        self.numbers = {}

    def refer(self, value):
        number = self.numbers.get(id(value))
        if number is None:
            number = self.numbers[id(value)] = len(self.objects)
            self.objects.append(value)  # also keeps id(value) from being given to another
        return {"t": "ref", "v": number}


def load():
    """The program's module: what the problem gives, then the program."""
    module = types.ModuleType("solution")
    module.__file__ = WORKING_FOLDER + "solution.py"
    sys.modules["solution"] = module
    for name, needed in (("given.py", False), ("solution.py", True)):
        try:
            with open(WORKING_FOLDER + name, "rb") as file:
                exec(compile(file.read(), WORKING_FOLDER + name, "exec", dont_inherit=True), module.__dict__)
        except Exception:
            if needed:
                raise
    return module


def find(module, name):
    """The program's object of this name: the module's, else a method of its class Solution (LeetCode's form)."""
    if name in module.__dict__:
        return module.__dict__[name]
    solution = module.__dict__.get("Solution")
    if solution is not None and hasattr(solution, name):
        return getattr(solution(), name)
    raise NameError(f"the program defines no {name}")


def call(objects, request, function, arguments, keywords):
    result = function(*arguments, **keywords)
    if result is None:  # by Python's convention it may be a function that changes its arguments
        changed = encode(arguments, objects.refer)
        if changed != json.loads(request)[2]:
            return ["value", None, changed]
    return ["value", encode(result, objects.refer)]


def serve():
    channel, objects = Channel(), Objects()
    decode = decoder(objects.objects.__getitem__)
    operations = {"get": getattr, "set": setattr, "item": operator.getitem, "length": len, "iterate": iter, "next": next,
                  "contains": operator.contains}
    module = None
    while True:
        request = channel.receive()
        operation, *operands = decode(request)
        try:
            if operation == "load":
                module = load()
                answer = ["value", None]
            elif operation == "find":
                answer = ["value", encode(find(module, *operands), objects.refer)]
            elif operation == "call":
                answer = call(objects, request, *operands)
            else:
                answer = ["value", encode(operations[operation](*operands), objects.refer)]
        except BaseException as error:
            answer = ["error", type(error).__name__, str(error)[:1000]]
        try:
            channel.send(answer)
        except ValueError as error:
            channel.send(["error", "ValueError", str(error)])


try:
    serve()
except Closed:
    pass
os._exit(0)
