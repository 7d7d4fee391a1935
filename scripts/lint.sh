#!/usr/bin/env bash
# The checks that need no build, in seconds: scripts/lint.sh [--tidy [BASE]]
#
#   formatting (clang-format), sizes of files and functions, who may include whom, shell scripts (shellcheck)
#   --tidy [BASE]  also clang-tidy over the .cc files changed since BASE (default: origin/main, else main); minutes.
#                  Needs a configured build/release.
# As a pre-commit hook: ln -s ../../scripts/lint.sh .git/hooks/pre-commit
set -uo pipefail
cd "$(git rev-parse --show-toplevel)" || exit
source scripts/packages.sh
tools=(git clang-format shellcheck)
if [[ ${1-} == --tidy ]]; then tools+=(clang-tidy); fi
need_packages "lint" "${tools[@]}" || exit

failed=0
check() {  # check <name> <command>...: runs it, says its name if it fails
  local name=$1
  shift
  "$@" || { echo "lint: $name failed" >&2; failed=1; }
}

mapfile -t sources < <(git ls-files '*.h' '*.cc' '*.cu')
mapfile -t shell < <(git ls-files '*.sh' .ci/run)
check "clang-format (clang-format -i mends it)" clang-format --dry-run --Werror "${sources[@]}"
check "sizes" python3 scripts/check_sizes.py
check "layers" python3 scripts/check_layers.py .
check "shellcheck" shellcheck --external-sources "${shell[@]}"

if [[ ${1-} == --tidy ]]; then
  base=${2-$(git rev-parse --verify --quiet origin/main || git rev-parse main)}
  mapfile -t changed < <(git diff --name-only --diff-filter=d "$(git merge-base "$base" HEAD)" -- '*.cc')
  if [[ ! -e build/release/compile_commands.json ]]; then
    echo "lint: --tidy needs build/release: run scripts/setup.sh" >&2
    failed=1
  elif ((${#changed[@]})); then
    check "clang-tidy" xargs -n 1 -P "$(nproc)" clang-tidy --quiet -p build/release < <(printf '%s\n' "${changed[@]}")
  fi
fi
if ((!failed)); then echo "lint: ${#sources[@]} sources and ${#shell[@]} scripts are clean"; fi
exit "$failed"
