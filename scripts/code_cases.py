#!/usr/bin/env python3
"""Writes cases for the code reward, each with what plain Python says of it: code_cases.py DATA_FOLDER > cases.jsonl

From HumanEval and MBPP: every canonical solution, the same with empty functions, and the same with one operator changed,
one case for each operator there is. "passes" is the oracle: the program and its tests run in one interpreter, in a child
process with a limit on its time, as the data sets' own harness does. Nothing here shares code with the reward."""

import ast
import copy
import gzip
import json
import os
import resource
import signal
import sys

COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
               ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is}
ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
              ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitAnd,
              ast.LShift: ast.RShift, ast.RShift: ast.LShift}
LOGIC = {ast.And: ast.Or, ast.Or: ast.And}
CPU_SECONDS = 3
WALL_SECONDS = 10


def changed(node):
    """The node with another operator, or None if it has none."""
    if isinstance(node, ast.Compare):
        node.ops = [COMPARISONS[type(node.ops[0])](), *node.ops[1:]]
    elif isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in ARITHMETIC:
        node.op = ARITHMETIC[type(node.op)]()
    elif isinstance(node, ast.BoolOp):
        node.op = LOGIC[type(node.op)]()
    else:
        return False
    return True


def mutants(program, first_line):
    """The program with one operator changed, for each at or below the line."""
    tree = ast.parse(program)
    for number, node in enumerate(ast.walk(tree)):
        if getattr(node, "lineno", 0) < first_line:
            continue
        copied = copy.deepcopy(tree)
        if changed(list(ast.walk(copied))[number]):
            yield ast.unparse(copied)


def emptied(program, name):
    """Every function at the top (or just the one named) without a body."""
    tree = ast.parse(program)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and name in (None, node.name):
            node.body = [ast.Pass()]
    return ast.unparse(tree)


def passes(text):
    """Whether the text runs to its end without an exception."""
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS if limit_cpu else 60, 61))
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        signal.alarm(WALL_SECONDS if limit_cpu else 120)
        try:
            exec(compile(text, "case", "exec"), {"__name__": "case"})
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def human_eval(folder):
    for line in gzip.open(f"{folder}/HumanEval.jsonl.gz", "rt"):
        row = json.loads(line)
        tests = f"{row['test']}\ncheck({row['entry_point']})\n"
        fields = {name: row[name] for name in ("prompt", "entry_point", "test")}
        program = row["prompt"] + row["canonical_solution"]
        yield row["task_id"], fields, tests, program, row["prompt"].count("\n") + 1, row["entry_point"]


def mbpp(folder):
    for line in open(f"{folder}/mbpp.jsonl"):
        row = json.loads(line)
        tests = "\n".join([row["test_setup_code"], *row["test_list"]])
        fields = {name: row[name] for name in ("test_list", "test_setup_code")}
        yield f"MBPP/{row['task_id']}", fields, tests, row["code"], 1, None


folder, kinds = sys.argv[1], sys.argv[2:] or ["canonical", "empty", "mutant"]
for name, fields, tests, program, first_line, entry_point in [*human_eval(folder), *mbpp(folder)]:
    cases = []
    if "canonical" in kinds:
        cases.append(("canonical", program))
    if "empty" in kinds:
        cases.append(("empty", emptied(program, entry_point)))
    if "mutant" in kinds:
        cases += [("mutant", text) for text in mutants(program, first_line)]
    for number, (kind, text) in enumerate(cases):
        limit_cpu = kind == "mutant"
        verdict = passes(text + "\n" + tests)
        print(json.dumps({"id": f"{name}/{number}", "kind": kind, **fields, "response": f"```python\n{text}\n```",
                          "passes": verdict}), flush=True)
