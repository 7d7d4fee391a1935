"""What the built program says of responses, and the tally of a comparison with it."""

import collections
import dataclasses
import json
import subprocess
import tempfile
import zlib
import random


def generator(name):
    """The same numbers in every run, others for each name."""
    return random.Random(zlib.crc32(name.encode()))


def judge(rewards, rows):
    """The verdicts of a rubric of `rewards` (TOML) on `rows`, dicts with a `response`, in their order."""
    with tempfile.TemporaryDirectory() as folder:
        rubric, data = f"{folder}/rubric.toml", f"{folder}/data.jsonl"
        with open(rubric, "w", encoding="utf-8") as file:
            file.write('[fields]\nresponse = "response"\n' + rewards)
        with open(data, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
        command = ["build/rationale", "score", "--rubric", rubric, "--data", data, "--json"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise SystemExit(f"{' '.join(command)} ended with {run.returncode}: {run.stderr[-2000:]}")
    verdicts = [json.loads(line) for line in run.stdout.split("\n") if line]
    if len(verdicts) != len(rows):
        raise SystemExit(f"{len(verdicts)} verdicts of {len(rows)} responses")
    return verdicts


def component(verdict, name):
    """(score or None where not judged, reason)"""
    found = verdict["components"][name]
    return (found["score"] if found["judged"] else None), found["reason"]


@dataclasses.dataclass
class Tally:
    """Of one comparison: how often both said the same, known differences by their reason, and the rest."""

    name: str
    peer: str
    compared: int = 0
    positive: int = 0
    known: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    unknown: list = dataclasses.field(default_factory=list)
    bar: float = 1.0  # the least share of agreement (known differences among it) that passes

    def add(self, ours, theirs, explain=None, example=None, tolerance=1e-9):
        """`explain`: a function that names why the two differ on purpose, or gives None."""
        self.compared += 1
        self.positive += bool(theirs)
        if ours is not None and theirs is not None and abs(ours - theirs) <= tolerance:
            return
        if ours is None and theirs is None:
            return
        reason = explain() if explain else None
        if reason:
            self.known[reason] += 1
        else:
            self.unknown.append((ours, theirs, example))

    def passes(self):
        return self.compared > 0 and len(self.unknown) <= (1 - self.bar) * self.compared

    def show(self, examples):
        same = self.compared - sum(self.known.values()) - len(self.unknown)
        mark = "" if self.passes() else "  <-- FAILED"
        print(f"{self.name:48} {self.peer:24} {self.compared:7} {self.positive:7} {same:7} {sum(self.known.values()):6} "
              f"{len(self.unknown):7}{mark}")
        for reason, count in self.known.most_common():
            print(f"    {count:6} {reason}")
        for ours, theirs, example in self.unknown[:examples]:
            print(f"           ours {ours}, theirs {theirs}: {json.dumps(example, ensure_ascii=False)[:300]}")
