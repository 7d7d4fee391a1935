"""The math reward beside Math-Verify: see scripts/compare_with_math_verify.sh.

A line of a file: id, gold, answer, expected (true, false or null), options (the reward's, as TOML), config (Math-Verify's
settings that the label is for; empty: its defaults). Without a config the texts are bare answers, of which Math-Verify
reads no LaTeX: it gets what is no prose in dollar signs. Both see the same cases; the reward's times are those of
`rationale bench math`, CPU time of one core on both sides, each case once after a warm-up. Math-Verify has its own
time-out of 5 s."""

import argparse
import json
import logging
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

import math_verify
from math_verify import parse, verify

FILES = ["math_verify_cases.jsonl", "math_metamorphic_cases.jsonl", "math_hang_cases.jsonl"]
GRADERS = "tests/golden/rewards/math_graders.jsonl"
MARKED = re.compile(r"\$|\\\(|\\\[|\\boxed|<answer>")
PROSE = re.compile(r"[A-Za-z]{3,} [A-Za-z]{2,}")


def extraction(targets):
    """Extraction targets as a case names them; None: the defaults."""
    if not targets:
        return None
    configs = []
    for target in targets:
        options = {key: value for key, value in target.items() if key != "type"}
        configs.append(getattr(math_verify, target["type"])(**options))
    return tuple(configs)


def as_formula(text):
    return f"${text}$" if text.strip() and not MARKED.search(text) and not PROSE.search(text) else text


def math_verify_verdict(case):
    """(verdict, CPU seconds)."""
    if "config" not in case:
        case = {**case, **{side: as_formula(case[side]) for side in ("gold", "answer")}}
    config = case.get("config") or {}
    start = time.process_time()
    try:
        parsed = []
        for side, key in (("gold", "gold_targets"), ("answer", "answer_targets")):
            targets = extraction(config.get(key))
            keywords = dict(config.get("parse_kw") or {})
            if targets is not None:
                keywords["extraction_config"] = targets
            parsed.append(parse(case[side], **keywords))
        verdict = verify(*parsed, **(config.get("verify_kw") or {}))
    except Exception as error:  # what it raises is its verdict: a trainer would get none
        print(f"  Math-Verify raised {type(error).__name__} on {case['id']}")
        verdict = False
    return bool(verdict), time.process_time() - start


def rationale_verdicts(path):
    lines = subprocess.run(
        ["build/rationale", "bench", "math", "--verdicts", "--data", path], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return [(line["verdict"], line["us"] * 1e-6, line["reason"]) for line in map(json.loads, lines)]


def rates(cases, verdicts):
    """agreed, wrongly called the same, wrongly called different, not judged."""
    labelled = [(case["expected"], verdict) for case, verdict in zip(cases, verdicts) if case["expected"] is not None]
    positives = sum(expected for expected, _ in labelled)
    negatives = len(labelled) - positives
    false_positives = sum(verdict is True and not expected for expected, verdict in labelled)
    false_negatives = sum(verdict is False and expected for expected, verdict in labelled)
    agreed = sum(verdict is expected for expected, verdict in labelled)
    unjudged = sum(verdict is None for _, verdict in labelled)
    return (
        f"{agreed} of {len(labelled)} agreed, false positives {false_positives} of {negatives}"
        f" ({100 * false_positives / max(negatives, 1):.1f}%), false negatives {false_negatives} of {positives}"
        f" ({100 * false_negatives / max(positives, 1):.1f}%), not judged {unjudged}"
    )


def times(seconds):
    ordered = sorted(seconds)
    return (
        f"mean {statistics.fmean(seconds) * 1e6:,.0f} us, p99 {ordered[len(ordered) * 99 // 100] * 1e6:,.0f} us,"
        f" worst {ordered[-1] * 1e6:,.0f} us"
    )


def compare(path, limit):
    with open(path, encoding="utf-8") as file:
        cases = [json.loads(line) for line in file][:limit]
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.writelines(json.dumps(case) + "\n" for case in cases)
        file.flush()
        ours = rationale_verdicts(file.name)
    math_verify_verdict({"id": "warm-up", "gold": "$1$", "answer": "$\\frac{2}{2}$"})
    theirs = [math_verify_verdict(case) for case in cases]
    print(f"{pathlib.Path(path).name}: {len(cases)} cases")
    print("  Math-Verify:", rates(cases, [verdict for verdict, _ in theirs]))
    print("  Rationale:  ", rates(cases, [verdict for verdict, *_ in ours]))
    print("  Math-Verify:", times([seconds for _, seconds in theirs]))
    print("  Rationale:  ", times([seconds for _, seconds, _ in ours]))
    ratio = sum(seconds for _, seconds in theirs) / sum(seconds for _, seconds, _ in ours)
    print(f"  Math-Verify takes {ratio:,.0f} times as long")
    for case, (verdict, _, reason) in zip(cases, ours):
        if case["expected"] is not None and verdict is not case["expected"]:
            print(f"  Rationale {'does not judge' if verdict is None else 'is wrong in'} {case['id']}: {reason[:200]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, help="the first N cases of each file")
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    folder = pathlib.Path(os.environ.get("RATIONALE_DATA", "../shared/data")) / "rewards"
    for path in arguments.files or [*(folder / name for name in FILES), GRADERS]:
        compare(path, arguments.limit)


if __name__ == "__main__":
    main()
