#!/usr/bin/env python3
"""Compares this program with transformers and tokenizers: the same ids, texts, logits and tokens.

Needs the virtual environment that compare_with_transformers.sh makes. Checks

  tokenizers  small ones in the manner of every family, and those of the folders given: encoding
              and decoding of texts in many languages, code, emoji, white space, added tokens
  models      tiny random ones of every family, and the folders given: logits in float32 within 1e-4
              of the largest, greedy continuations token for token

Exits with 1 if anything differs. --write-goldens rewrites what the C++ tests compare with.
"""

import argparse
import pathlib
import sys

parser = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("folders", nargs="*", type=pathlib.Path, help="Hugging Face model folders")
parser.add_argument("--binary", default="build/rationale", help="the program")
parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("build/compare"),
                    help="where the small models and tokenizers are put")
parser.add_argument("--only", choices=["tokenizers", "models"])
parser.add_argument("--seed", type=int, default=0, help="of the random texts")
parser.add_argument("--write-goldens", action="store_true", help="rewrite tests/golden and stop")
options = parser.parse_args()

golden = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden"
failures = 0
if options.only != "models":
    from compare import tokenizers_check

    if options.write_goldens:
        tokenizers_check.write_goldens(golden)
    else:
        failures += tokenizers_check.check_styles(options.binary, options.work, options.seed)
        for folder in options.folders:
            failures += tokenizers_check.check_folder(
                options.binary, folder, folder.name, options.seed)
if options.only != "tokenizers":
    from compare import models_check

    if options.write_goldens:
        models_check.write_goldens(golden)
        models_check.write_config_defaults(golden)
        models_check.write_safetensors(golden)
    else:
        failures += models_check.check_families(options.binary, options.work)
        for folder in options.folders:
            failures += models_check.check_folder(
                options.binary, folder, folder.name, options.work)
if not options.write_goldens:
    print("all equal" if failures == 0 else f"{failures} differences")
sys.exit(failures != 0)
