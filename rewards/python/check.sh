#!/usr/bin/env bash
# Builds the wheel of the rewards with Debian's Python, installs it into a folder of its own and tests it there:
#   rewards/python/check.sh [BUILD_FOLDER]
# BUILD_FOLDER: where most is built already, such as build/release; default: build/python. Needs no network.
set -euo pipefail
cd "$(dirname "$0")/../.."
source scripts/packages.sh
need_packages "the Python wheel" python3-dev python3-pip python3-setuptools python3-wheel pybind11-dev
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export RATIONALE_BUILD=${1:-build/python} PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PATH=/usr/bin:/bin:$PATH

python3 -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir "$work" rewards/python
python3 -m pip install --quiet --no-deps --no-index --target "$work/site" "$work"/rationale_rewards-*.whl
tests=$PWD/rewards/python/tests
cd "$work"
PYTHONPATH=$work/site python3 -m unittest discover --start-directory "$tests"
