#!/usr/bin/env python3
"""Fails if an object compiled for one CPU level shares a function with the others.

The linker keeps one copy of an inline function or template for the whole program. Were one of the standard library's
emitted by a file compiled with AVX-512, code for all machines might end up calling it: check_kernel_symbols.py NM LEVEL
OBJECT... lists the weak symbols outside the level's namespace.
"""

import subprocess
import sys

nm, level, *objects = sys.argv[1:]
listing = subprocess.run([nm, "--demangle", "--defined-only", *objects], check=True, text=True, capture_output=True)
shared = sorted({line for line in listing.stdout.splitlines()
                 if line[17:19] in ("W ", "V ", "u ") and f"rationale::ops::cpu::{level}::" not in line})
print("\n".join(shared))
sys.exit(bool(shared))
