#!/usr/bin/env bash
# Compares the language reward with CLD2, lingua and py3langid on the same texts:
#   scripts/compare_with_identifiers.sh [FOLDER]
#
# Accuracy on sentences, error of the share told in documents, speed; identifiers_check.py says more. Makes a virtual
# environment under .deps/ first (250 MB). FOLDER of lang_sentences.jsonl and lang_cot.jsonl: ../shared/data/rewards or
# that of $RATIONALE_DATA.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.deps/venvs/identifiers
mkdir -p .deps
exec 9>.deps/identifiers.lock && flock 9  # two runs may start at once
if [[ ! -e $venv/installed ]]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check \
    pycld2==0.42 lingua-language-detector==1.3.5 py3langid==0.4.0
  touch "$venv/installed"
fi
flock -u 9
exec "$venv/bin/python" scripts/compare/identifiers_check.py "$@"
