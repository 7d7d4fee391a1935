#!/usr/bin/env bash
# Ours beside the peers', alternating in one run: scripts/bench.sh rollout|learn [MODEL_FOLDER] [ROUNDS]
#
#   rollout   rationale bench rollout, and Hugging Face generate: the same model, batch 64, prompt 64, 128 new tokens, bf16,
#             2 threads, greedy and sampled; decode tokens per second
#   learn     rationale bench learn, and TRL's GRPOTrainer: 4 prompts x 8 completions x 128 tokens, one update, no KL;
#             seconds a step
#
# Peers run from a throwaway venv, .deps/peers, which `scripts/bench.sh setup` makes (torch, transformers, trl: 2 GB), with
# the timing scripts in $RATIONALE_BENCH (default ../shared/bench). Without them only ours is timed. Prints every figure as
# a JSON line, then the median ratios.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:?"usage: scripts/bench.sh setup|rollout|learn [MODEL_FOLDER] [ROUNDS]"}
model=${2:-models/smollm2-135m-instruct}
rounds=${3:-3}
peers=${RATIONALE_PEERS:-.deps/peers}
bench=${RATIONALE_BENCH:-../shared/bench}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

if [[ $what == setup ]]; then
  python3 -m venv "$peers"
  "$peers/bin/pip" install -q torch==2.11.0 transformers==5.23.0 trl==1.16.0 datasets accelerate
  exit
fi
[[ -d $model ]] || { echo "bench: no model in $model; scripts/get-model.sh smollm2 makes one" >&2; exit 2; }
peer=
if [[ -x $peers/bin/python && -d $bench ]]; then peer=$peers/bin/python; else
  echo "bench: no peers ($peers, $bench): ours alone" >&2
fi

record() {  # record NAME COMMAND...: appends {"name": .., ..} to the log and shows it
  local name=$1 line
  shift
  line=$("$@" 2>/dev/null | grep '^{' | tail -n 1)
  printf '{"run": "%s", "result": %s}\n' "$name" "$line" | tee -a "$log"
}

for ((i = 0; i < rounds; ++i)); do
  case $what in
    rollout)
      for mode in greedy sample; do
        flag=(); if [[ $mode == sample ]]; then flag=(--sample); fi
        record "ours $mode" build/rationale bench rollout --model "$model" --batch 64 --prompt 64 --new 128 \
          --dtype bf16 --threads 2 --repeats 1 "${flag[@]}"
        if [[ $peer ]]; then
          record "hf $mode" env PYTHONPATH="$bench" "$peer" "$bench/hf_bench.py" --model "$model" --batch 64 --prompt 64 \
            --new 128 --dtype bf16 --threads 2 --reps 1 "${flag[@]}"
        fi
      done ;;
    learn)
      record ours build/rationale bench learn --model "$model" --prompts 4 --samples 8 --new 128 --threads 2 --steps 1 \
        --dtype "${DTYPE:-float32}"
      if [[ $peer ]]; then
        record trl env PYTHONPATH="$bench" "$peer" "$bench/trl_grpo_step.py" --model "$model" --steps 1 --warm 1 \
          --threads 2 --dtype "${DTYPE:-float32}"
      fi ;;
    *) echo "bench: '$what' is not one of setup, rollout, learn" >&2; exit 2 ;;
  esac
done

python3 - "$log" <<'PYTHON'
import json, statistics, sys
runs = {}
for line in open(sys.argv[1]):
    row = json.loads(line)
    result = row["result"]
    figure = result.get("decode_tokens_per_s") or result.get("decode_tok_s") or result.get("step_s") or result["median_s"]["step"]
    runs.setdefault(row["run"], []).append(figure)
for name, figures in runs.items():
    print(f"{name}: median {statistics.median(figures):.4g}  all {[round(x, 2) for x in figures]}")
for name, figures in runs.items():
    peer = name.replace("ours", "hf") if "ours " in name else "trl"
    if name.startswith("ours") and peer in runs:
        ratios = [a / b if peer != "trl" else b / a for a, b in zip(figures, runs[peer])]
        print(f"{name}: {statistics.median(ratios):.2f} times {peer} (rounds {[round(x, 2) for x in ratios]})")
PYTHON
