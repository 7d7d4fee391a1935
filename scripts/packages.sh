# shellcheck shell=bash
# Debian packages, for the other scripts: `source scripts/packages.sh; need_packages <what for> <package>...`
#
# Installs what is missing, as root or with sudo; else prints the one line to run and ends the script with 1.
# Without network it costs one dpkg-query when nothing is missing.

need_packages() {
  local what=$1 installed missing=() package root=()
  shift
  installed=" $(dpkg-query -W -f '${db:Status-Status}:${Package} ' "$@" 2>/dev/null || true) "
  for package; do
    [[ $installed == *" installed:$package "* ]] || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then return; fi
  if ((EUID != 0)); then
    # sudo without a password, or with one if there is somebody to type it
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 && -t 1 ]]; }; then
      root=(sudo)
    else
      echo "Missing Debian packages for $what. Please run, then start again:" >&2
      echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
      exit 1
    fi
  fi
  echo "setup: installing for $what: ${missing[*]}"
  "${root[@]}" apt-get update -q
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
}
