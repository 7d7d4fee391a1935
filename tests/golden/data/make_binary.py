#!/usr/bin/env python3
"""Writes the fixtures that are not text: formats/*.parquet, humaneval/HumanEval.jsonl.gz.

Needs pyarrow; the files are committed, so tests do not run this.
"""

import datetime
import decimal
import gzip
import json
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

here = pathlib.Path(__file__).parent

types = pa.table({
    "text": pa.array(["zwölf", None, ""]),
    "large_text": pa.array(["a", "b", "c"], pa.large_string()),
    "category": pa.array(["x", "y", "x"]).dictionary_encode(),
    "binary": pa.array([b"raw", b"", None]),
    "flag": pa.array([True, False, None]),
    "tiny": pa.array([-128, 127, 0], pa.int8()),
    "big": pa.array([2**63 - 1, -2**63, 0]),
    "unsigned": pa.array([2**64 - 1, 0, 1], pa.uint64()),
    "single": pa.array([0.1, float("nan"), -2.5], pa.float32()),
    "double": pa.array([0.1, float("inf"), 43.0]),
    "day": pa.array([datetime.date(2026, 11, 23), None, datetime.date(1970, 1, 1)]),
    "price": pa.array([decimal.Decimal("12.50"), None, decimal.Decimal("0.01")]),
    "words": pa.array([["a", "b"], [], None]),
    "points": pa.array([[[1.0, 2.0]], [], [[3.0, 4.0], [5.0, 6.0]]], pa.list_(pa.list_(pa.float64(), 2))),
    "message": pa.array([{"role": "user", "content": "Hi"}, None, {"role": "user", "content": None}]),
    "options": pa.array([[("k", 1)], [], [("a", 2), ("b", 3)]], pa.map_(pa.string(), pa.int32())),
})
pq.write_table(types, here / "formats/types.parquet", row_group_size=2, compression="zstd")

rarer_types = pa.table({
    "view": pa.array(["zwölf", None], pa.string_view()),
    "fixed": pa.array([b"ab", None], pa.binary(2)),
    "half": pa.array([1.5, None], pa.float16()),
    "time": pa.array([datetime.time(1, 2, 3, 4), None]),
    "date": pa.array([datetime.date(2026, 11, 23), None], pa.date64()),
    "duration": pa.array([datetime.timedelta(seconds=90), None], pa.duration("s")),
})
pq.write_table(rarer_types, here / "formats/rarer_types.parquet")
pq.write_table(pa.table({"response": ["1"], "image": pa.array([b"\xff\xd8"])}), here / "formats/image.parquet")

# The columns of verl's data sets: chat messages in the prompt, the answer inside an object.
verl = pa.Table.from_pylist([
    {"data_source": "own/sums", "prompt": [{"role": "user", "content": f"What is {a} + {b}?"}], "ability": "math",
     "reward_model": {"ground_truth": str(a + b), "style": "rule"}, "extra_info": {"index": i, "split": "train"}}
    for i, (a, b) in enumerate([(17, 5), (40, 2), (9, 9)])
])
pq.write_table(verl, here / "formats/verl.parquet")

tasks = [
    {"task_id": f"HumanEval/{i}", "prompt": f"def {name}(x: int) -> int:\n    \"\"\" {doc} \"\"\"\n",
     "entry_point": name, "canonical_solution": f"    return {body}\n",
     "test": f"def check(candidate):\n    assert candidate(3) == {value}\n"}
    for i, (name, doc, body, value) in enumerate(
        [("double", "Twice x.", "2 * x", 6), ("square", "x times x.", "x * x", 9)])
]
lines = "".join(json.dumps(task) + "\n" for task in tasks).encode()
(here / "humaneval/HumanEval.jsonl.gz").write_bytes(gzip.compress(lines, mtime=0))
