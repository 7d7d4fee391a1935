"""Medians and ratios of what scripts/bench.sh recorded: bench_summary.py LOG...

A line of a log is {"model": .., "run": "PEER WORK..", "result": what the timing printed, or null}. A peer's figure is set
beside the latest of ours on the same work, which stands before it in the log: each ratio is of one moment. Prints all
figures, then a Markdown table: medians, and the median ratio with the least and the greatest."""

import json
import statistics
import sys


def figure(work, result):
    """Tokens per second, of a learner's step steps per second: more is better everywhere. None where there is none."""
    if result is None:
        return None
    if work == "groups":  # prefill counts
        return result.get("total_tokens_per_s") or result["tok_s"]
    if work == "learn":
        return 1 / (result.get("step_s") or result["median_s"]["step"])
    return result.get("decode_tokens_per_s") or result["decode_tok_s"]


def read(paths):
    """{(model, work, peer): [(ours, the peer's)]}, in the order of the logs."""
    pairs, ours = {}, {}
    for path in paths:
        for line in open(path):
            row = json.loads(line)
            peer, work = row["run"].split(" ", 1)
            value = figure(work, row["result"])
            if peer == "ours":
                ours[row["model"], work] = value
            pairs.setdefault((row["model"], work, peer), []).append((ours.get((row["model"], work)), value))
    return pairs


def main():
    pairs = read(sys.argv[1:])
    for (model, work, peer), figures in pairs.items():
        print(f"{model}, {work}: {peer}", [value and float(f"{value:.4g}") for _, value in figures])
    print("\n| model | work | ours | peer | its figure | ours / peer: median (least to greatest, rounds) |")
    print("|---|---|---|---|---|---|")
    for (model, work, peer), figures in pairs.items():
        figures = [(ours, value) for ours, value in figures if ours and value]
        if peer == "ours" or not figures:
            continue
        ratios = [ours / value for ours, value in figures]
        print(f"| {model} | {work} | {statistics.median(ours for ours, _ in figures):.4g} | {peer} |"
              f" {statistics.median(value for _, value in figures):.4g} | {statistics.median(ratios):.2f}"
              f" ({min(ratios):.2f} to {max(ratios):.2f}, {len(ratios)}) |")


main()
