#!/usr/bin/env bash
# Sets up, builds everything and runs all tests: scripts/test.sh [ctest's options, such as -R sandbox]
#
# Ends with ctest's summary and the tests that were skipped, by name; fails if one fails or if there are none.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
scripts/setup.sh --tests || exit

ctest --test-dir build/release --output-on-failure --no-tests=error -j "$(nproc)" "$@"
status=$?

# A binary that is one ctest entry skips inside: count by GoogleTest's own lines.
log=build/release/Testing/Temporary/LastTest.log
mapfile -t skipped < <(grep -ohE '^\[  SKIPPED \] [A-Za-z0-9_/]+\.[A-Za-z0-9_/]+' "$log" | sed 's/.*\] //' | sort -u)
echo "${#skipped[@]} tests skipped"
if ((${#skipped[@]})); then printf '  %s\n' "${skipped[@]}"; fi
exit "$status"
