#!/usr/bin/env bash
# From nothing to a trained reasoner: scripts/quickstart.sh [options of `rationale train`]
#
# Installs what is missing, builds, then cold-starts a small DeepSeek-V3-style model with SFT and trains it with GRPO.
# For example: scripts/quickstart.sh --out runs/second --set run.seed=1
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
exec build/rationale train rl/recipes/quickstart.toml "$@"
