#!/usr/bin/env bash
# Runs the rewards inside the real trainers: rewards/python/run_in_trainers.sh [trl] [verl]
#
#   trl    GRPOTrainer takes two steps with a tiny Qwen2 made on the spot, rewards = [math, language]
#   verl   its custom-reward loader loads compute_score, and both of its naive reward managers score a batch with it
#
# Not part of CI: the trainers take 5 GB. They are installed, with the wheel of this checkout, into $RATIONALE_TRAINERS
# (default .deps/trainers); no model or data set is downloaded.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=${RATIONALE_TRAINERS:-.deps/trainers}
if [[ ! -e $venv/installed ]]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q torch==2.11.0 transformers==5.23.0 trl==1.16.0 datasets accelerate
  # Of verl what its rewards need: its own requirements bring a GPU's whole stack.
  "$venv/bin/pip" install -q --no-deps verl==0.9.1
  "$venv/bin/pip" install -q omegaconf hydra-core ray tensordict codetiming dill peft pandas aiohttp orjson
  touch "$venv/installed"
fi
"$venv/bin/pip" install -q --no-deps --force-reinstall ./rewards/python
export HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 TOKENIZERS_PARALLELISM=false CUDA_VISIBLE_DEVICES=''
for trainer in "${@:-trl}"; do "$venv/bin/python" "rewards/python/trainers/run_in_$trainer.py"; done
