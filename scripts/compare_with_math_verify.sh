#!/usr/bin/env bash
# Compares the math reward with Math-Verify 0.9.0 on labelled cases:
#   scripts/compare_with_math_verify.sh [--limit N] [FILE.jsonl...]
#
# Agreement with the labels, false-positive and false-negative rates, time of a verdict. Makes a virtual environment
# under .deps/ first (70 MB). Without files it takes the three of ../shared/data/rewards or of $RATIONALE_DATA and
# tests/golden/rewards/math_graders.jsonl, the pairs from other graders' tests and issues.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/compare/environment.sh

make_environment math-verify \
  math-verify==0.9.0 latex2sympy2_extended==1.11.0 antlr4-python3-runtime==4.13.2 sympy==1.14.0
exec "$venv/bin/python" scripts/compare/math_verify_check.py "$@"
