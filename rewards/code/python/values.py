"""Values: how plain values travel between the tests' process and the program's, as JSON.

Begins both processes' scripts (tests.py and host.py). What arrives is rebuilt from text as objects of exactly the types
below, so no method of the other side's (__eq__, __bool__, __hash__, ...) ever runs here. A message is one JSON text after
its length. JSON's own types stand for themselves; any other is {"t": <tag>, "v": <JSON>}; a tag this table does not have,
or a value that is not of its tag, is an error. What is no plain value stays where it is and is referred to by number.
"""

import builtins
import collections
import datetime
import decimal
import fractions
import json
import os
import socket
import struct
import sys

CHANNEL = 3
MESSAGE_BYTES_MAX = 4 << 20
RANGE_LENGTH_MAX = 1 << 20
INTEGER_MAX = 1 << 62  # larger ones travel in base 16, which is read in linear time
PLAIN_TYPES = {name: kind for name, kind in vars(builtins).items() if type(kind) is type}
# Bases whose content a subclass (an IntEnum, a namedtuple) is reduced to, as comparing it with a plain value would.
CONTENT = (
    (int, int.__int__), (float, float.__float__), (str, str.__str__), (complex, complex.__complex__),
    (bytes, bytes.__bytes__), (list, list.copy), (tuple, lambda value: tuple(tuple.__iter__(value))),
    (collections.OrderedDict, collections.OrderedDict.copy), (dict, dict.copy), (set, set.copy),
    (frozenset, lambda value: frozenset(frozenset.__iter__(value))),
    (collections.deque, lambda value: collections.deque(collections.deque.__iter__(value))))


def tag(name):
    return lambda value, refer: {"t": name, "v": value}


def write_items(name):
    return lambda value, refer: {"t": name, "v": [[encode(key, refer), encode(item, refer)] for key, item in value.items()]}


def write_elements(name):
    return lambda value, refer: {"t": name, "v": [encode(element, refer) for element in value]}


def write_fields(name, *fields):
    return lambda value, refer: {"t": name, "v": [getattr(value, field) for field in fields]}


def write_date(name):
    return lambda value, refer: {"t": name, "v": value.isoformat()}


WRITERS = {
    int: lambda value, refer: value if -INTEGER_MAX < value < INTEGER_MAX else {"t": "int", "v": hex(value)},
    list: lambda value, refer: [encode(element, refer) for element in value],
    tuple: write_elements("tuple"),
    dict: write_items("dict"),
    set: write_elements("set"),
    frozenset: write_elements("frozenset"),
    bytes: lambda value, refer: {"t": "bytes", "v": value.hex()},
    bytearray: lambda value, refer: {"t": "bytearray", "v": value.hex()},
    complex: write_fields("complex", "real", "imag"),
    range: write_fields("range", "start", "stop", "step"),
    fractions.Fraction: lambda value, refer: {"t": "fraction", "v": [hex(value.numerator), hex(value.denominator)]},
    decimal.Decimal: lambda value, refer: {"t": "decimal", "v": str(value)},
    collections.Counter: write_items("counter"),
    collections.OrderedDict: write_items("ordered"),
    collections.deque: write_elements("deque"),
    datetime.date: write_date("date"),
    datetime.time: write_date("time"),
    datetime.datetime: write_date("datetime"),
    datetime.timedelta: write_fields("timedelta", "days", "seconds", "microseconds"),
}
UNCHANGED = {str, bool, float, type(None)}


def encode(value, refer):
    """The JSON form of a value; refer(value) gives that of one which is not plain."""
    kind = type(value)
    if kind in UNCHANGED:
        return value
    writer = WRITERS.get(kind)
    if writer is not None:
        return writer(value, refer)
    if kind is type and PLAIN_TYPES.get(value.__name__) is value:
        return {"t": "type", "v": value.__name__}
    if isinstance(value, CONTENT_TYPES):
        for base, content in CONTENT:
            if isinstance(value, base):
                return encode(content(value), refer)
    return refer(value)


CONTENT_TYPES = tuple(base for base, _ in CONTENT)


def exactly(kind, build):
    def read(value):
        if type(value) is not kind:
            raise ValueError(f"a {type(value).__name__} where a {kind.__name__} must be")
        return build(value)
    return read


def read_range(value):
    result = range(*value)
    if len(result) > RANGE_LENGTH_MAX:
        raise ValueError(f"a range of {len(result)} numbers; allowed: {RANGE_LENGTH_MAX}")
    return result


READERS = {
    "int": exactly(str, lambda value: int(value, 16)),
    "tuple": exactly(list, tuple),
    "dict": exactly(list, dict),
    "set": exactly(list, set),
    "frozenset": exactly(list, frozenset),
    "bytes": exactly(str, bytes.fromhex),
    "bytearray": exactly(str, bytearray.fromhex),
    "complex": exactly(list, lambda value: complex(*value)),
    "range": exactly(list, read_range),
    "fraction": exactly(list, lambda value: fractions.Fraction(*(int(part, 16) for part in value))),
    "decimal": exactly(str, decimal.Decimal),
    "counter": exactly(list, lambda value: collections.Counter(dict(value))),
    "ordered": exactly(list, collections.OrderedDict),
    "deque": exactly(list, collections.deque),
    "date": exactly(str, datetime.date.fromisoformat),
    "time": exactly(str, datetime.time.fromisoformat),
    "datetime": exactly(str, datetime.datetime.fromisoformat),
    "timedelta": exactly(list, lambda value: datetime.timedelta(*value)),
    "type": exactly(str, PLAIN_TYPES.__getitem__),
}


def decoder(resolve):
    """A function from JSON text to the value; resolve(number) gives the object that a reference means."""
    readers = {**READERS, "ref": exactly(int, resolve)}

    def read(item):
        if item.keys() != {"t", "v"}:
            raise ValueError("an object that is no tagged value")
        return readers[item["t"]](item["v"])
    return json.JSONDecoder(object_hook=read).decode


class Closed(Exception):
    """The other process is gone."""


class Channel:
    def __init__(self):
        self.socket = socket.socket(fileno=CHANNEL)

    def send(self, message):
        text = json.dumps(message).encode()
        if len(text) > MESSAGE_BYTES_MAX:
            raise ValueError(f"a value of {len(text)} bytes; allowed: {MESSAGE_BYTES_MAX}")
        try:
            self.socket.sendall(struct.pack("<I", len(text)) + text)
        except OSError as error:
            raise Closed() from error

    def receive(self):
        size, = struct.unpack("<I", self.read(4))
        if size > MESSAGE_BYTES_MAX:
            raise ValueError(f"a value of {size} bytes; allowed: {MESSAGE_BYTES_MAX}")
        return self.read(size).decode()

    def read(self, size):
        parts = []
        while size:
            try:
                part = self.socket.recv(min(size, 1 << 16))
            except OSError as error:
                raise Closed() from error
            if not part:
                raise Closed()
            parts.append(part)
            size -= len(part)
        return b"".join(parts)
