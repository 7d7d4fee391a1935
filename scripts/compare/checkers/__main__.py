"""Rewards beside independent implementations: see scripts/compare_with_checkers.sh."""

import importlib
import sys

PARTS = ["instructions", "schema", "texts", "shaping", "rubrics"]


def main(parts):
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise SystemExit(f"no part '{unknown[0]}', there are: {', '.join(PARTS)}")
    print(f"{'reward':48} {'beside':24} {'cases':>7} {'true':>7} {'same':>7} {'known':>6} {'unknown':>7}")
    failed = 0
    for part in parts or PARTS:
        for tally in importlib.import_module(part).run():
            tally.show(examples=5)
            failed += not tally.passes()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
