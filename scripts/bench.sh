#!/usr/bin/env bash
# Ours beside the peers', alternating in one run: scripts/bench.sh rollout|learn [MODEL_FOLDER] [ROUNDS]
#
#   rollout   decode tokens per second of the same model, prompts of 64 tokens, 128 new ones (NEW), bf16, 2 threads, at batch
#             1, 16 and 64 (BATCHES="1 16 64"), greedy and sampled: rationale bench rollout, Hugging Face generate (in
#             PEER_DTYPE, bf16 or fp32), llama.cpp (greedy; weights in bf16), and vLLM where RATIONALE_VLLM names a
#             Python that has it
#   learn     rationale bench learn, and TRL's GRPOTrainer: 4 prompts x 8 completions x 128 tokens, one update, no KL;
#             seconds a step
#
# Peers live in .deps/peers ($RATIONALE_PEERS), which `scripts/bench.sh setup` makes: a venv with torch, transformers and trl
# (2 GB), and llama.cpp built from the source package of llama-cpp-python (cmake, 15 minutes of one core). The timing scripts
# are those in $RATIONALE_BENCH (default ../shared/bench). A peer that is not there is left out, and said so. Prints every
# figure as a JSON line, then medians and the median of each round's ratio.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:?"usage: scripts/bench.sh setup|rollout|learn [MODEL_FOLDER] [ROUNDS]"}
model=${2:-models/smollm2-135m-instruct}
rounds=${3:-3}
peers=${RATIONALE_PEERS:-.deps/peers}
bench=${RATIONALE_BENCH:-../shared/bench}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

llama_version=0.3.36
llama=$peers/llama_cpp_python-$llama_version/vendor/llama.cpp
vllm=${RATIONALE_VLLM:-}
peer_dtype=${PEER_DTYPE:-bf16}  # torch is faster in fp32 on processors without bfloat16 products

setup() {
  python3 -m venv "$peers"
  "$peers/bin/pip" install -q torch==2.11.0 transformers==5.23.0 trl==1.16.0 datasets accelerate sentencepiece
  "$peers/bin/pip" download -q --no-deps --no-binary :all: -d "$peers" "llama-cpp-python==$llama_version"
  tar -xf "$peers/llama_cpp_python-$llama_version.tar.gz" -C "$peers"
  cmake -G Ninja -S "$llama" -B "$llama/build" -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DLLAMA_BUILD_TESTS=OFF \
    -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_CURL=OFF
  ninja -C "$llama/build" llama
  g++ -O2 -I"$llama/include" -I"$llama/ggml/include" "$bench/lcpp_bench.cpp" -o "$llama/lcpp_bench" \
    -L"$llama/build/bin" -lllama -lggml -lggml-base -Wl,-rpath,"$(realpath "$llama")/build/bin"
}

if [[ $what == setup ]]; then
  setup
  exit
fi
[[ -d $model ]] || { echo "bench: no model in $model; scripts/get-model.sh smollm2 makes one" >&2; exit 2; }
peer=
if [[ -x $peers/bin/python && -d $bench ]]; then peer=$peers/bin/python; else
  echo "bench: no peers ($peers, $bench): ours alone" >&2
fi

gguf=
if [[ $what == rollout && -x $llama/lcpp_bench ]]; then
  gguf=$peers/$(basename "$model").gguf
  [[ -f $gguf ]] || LLAMA_CPP=$(realpath "$llama") "$peer" "$bench/to_gguf.py" "$model" "$gguf" bf16 >/dev/null 2>&1
elif [[ $what == rollout ]]; then
  echo "bench: no llama.cpp in $llama: left out" >&2
fi
if [[ $what == rollout && -z $vllm ]]; then echo "bench: RATIONALE_VLLM is not set: vLLM left out" >&2; fi

record() {  # record NAME COMMAND...: appends {"name": .., ..} to the log and shows it
  local name=$1 line
  shift
  line=$("$@" 2>/dev/null | grep '^{' | tail -n 1)
  printf '{"run": "%s", "result": %s}\n' "$name" "$line" | tee -a "$log"
}

for ((i = 0; i < rounds; ++i)); do
  case $what in
    rollout)
      for batch in ${BATCHES:-1 16 64}; do
        for mode in greedy sample; do
          flag=(); if [[ $mode == sample ]]; then flag=(--sample); fi
          common=(--model "$model" --batch "$batch" --prompt 64 --new "${NEW:-128}" --dtype bf16 --threads 2)
          record "ours $mode $batch" build/rationale bench rollout "${common[@]}" --repeats 1 "${flag[@]}"
          if [[ $peer ]]; then
            record "hf $mode $batch" env PYTHONPATH="$bench" "$peer" "$bench/hf_bench.py" "${common[@]}" --dtype "$peer_dtype" --reps 1 "${flag[@]}"
          fi
          if [[ $vllm ]]; then
            record "vllm $mode $batch" env PYTHONPATH="$bench" "$vllm" "$bench/vllm_bench.py" "${common[@]}" "${flag[@]}"
          fi
          if [[ $gguf && $mode == greedy ]]; then
            record "llama.cpp $mode $batch" "$llama/lcpp_bench" "$gguf" "$batch" 64 "${NEW:-128}" 2 0 1
          fi
        done
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
def peers(name):
    if name == "ours":
        return {"trl": lambda ours, peer: peer / ours}  # seconds
    rest = name.removeprefix("ours ")
    return {f"{peer} {rest}": lambda ours, peer: ours / peer for peer in ("hf", "llama.cpp", "vllm")}
for name, figures in runs.items():
    for peer, ratio in peers(name).items() if name.startswith("ours") else ():
        if peer not in runs: continue
        ratios = [ratio(a, b) for a, b in zip(figures, runs[peer])]
        print(f"{name}: {statistics.median(ratios):.2f} times {peer} (rounds {[round(x, 2) for x in ratios]})")
PYTHON
