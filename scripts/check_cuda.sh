#!/usr/bin/env bash
# Builds the program for GPUs and shows that it starts: scripts/check_cuda.sh
#
# Needs CUDA 13.0's toolkit, no GPU: without one it shows that a recipe which asks for a GPU is refused with exit code 2.
# Where nvcc is missing it says SKIPPED and succeeds.
set -euo pipefail
cd "$(dirname "$0")/.."
nvcc=/usr/local/cuda/bin/nvcc
if [[ ! -x $nvcc ]]; then
  echo "check_cuda: SKIPPED, there is no $nvcc"
  exit
fi
scripts/setup.sh --cuda
program=build/cuda/rationale
libraries=$(ldd build/cuda/librationale_torch.so)
for library in libtorch_cuda libcudart libcublas libnccl; do
  if ! grep -q "$library.*=> /" <<<"$libraries"; then
    echo "check_cuda: $library is not linked, or not found" >&2
    exit 1
  fi
done
"$program" version

if [[ -e /dev/nvidiactl ]]; then exit; fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
status=0
message=$("$program" train rl/recipes/quickstart.toml --set device=cuda --out "$out/run" 2>&1) || status=$?
if ((status != 2)) || [[ $message != *GPU* ]]; then
  echo "check_cuda: without a GPU: exit code $status, $message" >&2
  exit 1
fi
echo "check_cuda: compiled and linked; without a GPU device=cuda is refused: $message"
