#!/usr/bin/env bash
# Builds the program for GPUs and shows that it starts: scripts/check_cuda.sh
#
# Needs CUDA 13.0's toolkit. With a GPU it runs the tests of the GPU form and a short training run on it; without one it
# shows that a recipe which asks for a GPU is refused with exit code 2. Where nvcc is missing it says SKIPPED and
# succeeds.
set -euo pipefail
cd "$(dirname "$0")/.."
nvcc=/usr/local/cuda/bin/nvcc
if [[ ! -x $nvcc ]]; then
  echo "check_cuda: SKIPPED, there is no $nvcc"
  exit
fi
scripts/setup.sh --cuda
ninja -C build/cuda gpu_test
program=build/cuda/rationale
libraries=$(ldd build/cuda/librationale_torch.so)
for library in libtorch_cuda libcudart libcublas libnccl; do
  if ! grep -q "$library.*=> /" <<<"$libraries"; then
    echo "check_cuda: $library is not linked, or not found" >&2
    exit 1
  fi
done
"$program" version

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
train=("$program" train rl/recipes/quickstart.toml --set device=cuda --out "$out/run")
if [[ -e /dev/nvidiactl ]]; then
  build/cuda/tests/gpu_test
  "${train[@]}" --set sft.steps=20 --set rl.steps=2
  exit
fi
status=0
message=$("${train[@]}" 2>&1) || status=$?
if ((status != 2)) || [[ $message != *GPU* ]]; then
  echo "check_cuda: without a GPU: exit code $status, $message" >&2
  exit 1
fi
echo "check_cuda: compiled and linked; SKIPPED its tests on a GPU, there is none: device=cuda is refused: $message"
