#!/usr/bin/env python3
"""Fails if a tracked source file has more than 500 lines or a function in it more than 70.

Functions are found by their layout, which clang-format fixes: a body ends with a line that is a closing brace alone,
indented as the line its declaration begins on. Lambdas and local classes count as part of their function."""

import re
import subprocess
import sys

FILE_LINES_MAX, FUNCTION_LINES_MAX = 500, 70
CODE = (".h", ".cc", ".cu", ".proto", ".cmake", ".py", ".sh")
NOT_A_START = re.compile(r"\s*(//|#|\}(?!;)|public:|private:|protected:|namespace\b|extern \"C\"|$)")


def functions(lines):
    """Yields (first line, last line) of every function at namespace level or one class deep, counted from 1."""
    for indent in ("", "  "):
        start = None
        for number, line in enumerate(lines, 1):
            if line[: len(line) - len(line.lstrip())] != indent or NOT_A_START.match(line) and line != indent + "}":
                continue
            if line == indent + "}":
                if start is not None:
                    yield start, number
                start = None
            elif line.endswith(";"):  # a declaration, or the end of a class
                start = None
            elif start is None:
                start = number


bad = []
for name in subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.split("\n"):
    if not name.endswith(CODE):
        continue
    with open(name, encoding="utf-8") as file:
        lines = file.read().split("\n")
    count = len(lines) - (lines[-1] == "")
    if count > FILE_LINES_MAX:
        bad.append(f"{name}: {count} lines, allowed: {FILE_LINES_MAX}")
    if name.endswith((".h", ".cc", ".cu")):
        for first, last in functions(lines):
            if last - first + 1 > FUNCTION_LINES_MAX:
                bad.append(f"{name}:{first}: a function of {last - first + 1} lines, allowed: {FUNCTION_LINES_MAX}")
print("\n".join(bad), end="\n" if bad else "")
sys.exit(bool(bad))
