# shellcheck shell=bash
# Sourced: the Python environments of the scripts that compare with others.

# make_environment NAME PACKAGE...: .deps/venvs/NAME with these packages, made anew when they change; its folder is then
# in $venv. A function fill_environment, if there is one, adds what pip alone does not.
make_environment() {
  local name=$1
  shift
  venv=.deps/venvs/$name
  mkdir -p .deps
  exec 9>".deps/$name.lock" && flock 9 # two runs may start at once
  if [[ $(cat "$venv/installed" 2>/dev/null) != "$*" ]]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$@"
    if declare -F fill_environment >/dev/null; then fill_environment; fi
    echo "$*" >"$venv/installed"
  fi
  flock -u 9
}
