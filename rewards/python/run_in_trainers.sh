#!/usr/bin/env bash
# Runs the rewards inside the real trainers: rewards/python/run_in_trainers.sh [trl] [verl]
#
#   trl    GRPOTrainer takes two steps with a tiny Qwen2 made on the spot, rewards = [math, language]
#   verl   its custom-reward loader loads compute_score, and both of its naive reward managers score a batch with it
#
# Not part of CI: the trainers take 6 GB. They are installed as they ask to be, with the wheel of this checkout, into
# $RATIONALE_TRAINERS (default .deps/trainers); no model or data set is downloaded.
set -euo pipefail
cd "$(dirname "$0")/../.."
source scripts/packages.sh
need_packages "the trainers and the Python wheel" python3-dev python3-venv
scripts/setup.sh --no-build  # what the wheel is built with
venv=${RATIONALE_TRAINERS:-.deps/trainers}
# The newest transformers that both of them allow; verl's reward managers import orjson without asking for it.
packages='torch==2.11.0 trl==1.16.0 verl==0.9.1 transformers<5.11 orjson'
if [[ $(cat "$venv/installed" 2>/dev/null) != "$packages" ]]; then
  echo "run_in_trainers: installing $packages"
  python3 -m venv --clear "$venv"
  # shellcheck disable=SC2086  # several arguments in one variable
  "$venv/bin/pip" install -q $packages
  echo "$packages" >"$venv/installed"
fi
"$venv/bin/pip" install -q --no-deps --force-reinstall ./rewards/python
"$venv/bin/pip" check
export HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 TOKENIZERS_PARALLELISM=false CUDA_VISIBLE_DEVICES=''
for trainer in "${@:-trl}"; do "$venv/bin/python" "rewards/python/trainers/run_in_$trainer.py"; done
