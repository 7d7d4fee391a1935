#!/usr/bin/env bash
# Compares this program with transformers:
#   scripts/compare_with_transformers.sh [OPTION...] [FOLDER...]
#
# Logits, greedy tokens and tokenizers of small models of every family and of the model folders
# given; compare_with_transformers.py says more. Makes a virtual environment under .deps/ first
# (torch and its CUDA libraries: 3 GB). Without folders it takes models/smollm2-135m-instruct if
# that is there.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.deps/venvs/compare
mkdir -p .deps
exec 9>.deps/compare.lock && flock 9  # two runs may start at once
if ! cmp -s scripts/compare/requirements.txt "$venv/installed.txt"; then
  echo "compare: making $venv"
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check \
    --requirement scripts/compare/requirements.txt
  cp scripts/compare/requirements.txt "$venv/installed.txt"
fi
flock -u 9

smollm2=models/smollm2-135m-instruct
if (($# == 0)) && [[ -d $smollm2 ]]; then set -- "$smollm2"; fi
export TRANSFORMERS_VERBOSITY=error HF_HUB_OFFLINE=1 PYTHONDONTWRITEBYTECODE=1
exec "$venv/bin/python" scripts/compare_with_transformers.py "$@"
