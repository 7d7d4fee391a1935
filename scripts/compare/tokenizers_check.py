"""Tokenizers: our program's ids and texts against the tokenizers package's, and goldens of them."""

import json
import pathlib
import random
import subprocess

from tokenizers import Tokenizer

from . import styles, texts

# These few go into tests/golden, with a vocabulary of 400: the others cost too much room.
GOLDEN_STYLES = ("gpt2", "smollm2", "llama3", "qwen2", "deepseek_v3", "many_normalizers",
                 "many_behaviours", "sentencepiece", "metaspace_first", "words")


def run_ours(binary, folder, lines, *options):
    """The answers of `rationale tokenize` to JSON lines."""
    done = subprocess.run(
        [binary, "tokenize", "--model", str(folder), "--data", "-", *options],
        input="".join(json.dumps(line) + "\n" for line in lines), text=True, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"rationale tokenize --model {folder}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def differences(binary, folder, tokenizer, samples, token_lists):
    """Yields a sentence for every encoding and decoding that differs."""
    for add, options in ((False, []), (True, ["--add-special"])):
        answers = run_ours(binary, folder, [{"text": text} for text in samples], *options)
        for text, answer in zip(samples, answers, strict=True):
            ids = tokenizer.encode(text, add_special_tokens=add).ids
            if ids != answer["tokens"]:
                yield f"encode {text!r} (add_special {add}): {ids} there, {answer['tokens']} here"
    for skip, options in ((False, []), (True, ["--skip-special"])):
        answers = run_ours(binary, folder, [{"tokens": ids} for ids in token_lists], *options)
        for ids, answer in zip(token_lists, answers, strict=True):
            text = tokenizer.decode(ids, skip_special_tokens=skip)
            if text != answer["text"]:
                yield f"decode {ids} (skip_special {skip}): {text!r} there, {answer['text']!r} here"


def random_token_lists(vocab_size, seed=0, count=300):
    """Lists of any tokens, and a few numbers that are none: broken UTF-8 in all places."""
    rng = random.Random(seed)
    lists = [[rng.randrange(vocab_size + 3) for _ in range(rng.randrange(1, 20))]
             for _ in range(count)]
    return lists + [[token] for token in range(min(vocab_size, 600))]


def check_folder(binary, folder, name, seed=0):
    """Prints a line; returns the number of differences."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    samples = texts.all_texts(seed)
    token_lists = random_token_lists(tokenizer.get_vocab_size(), seed)
    found = list(differences(binary, folder, tokenizer, samples, token_lists))
    print(f"tokenizer  {name:24} {len(samples)} texts, {len(token_lists)} token lists: "
          f"{'equal' if not found else f'{len(found)} differ'}", flush=True)
    for sentence in found[:5]:
        print("    " + sentence)
    return len(found)


def check_styles(binary, work, seed=0):
    failures = 0
    for name, tokenizer in styles.make_all(vocab_size=3000).items():
        folder = work / "tokenizers" / name
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer.save(str(folder / "tokenizer.json"))
        failures += check_folder(binary, folder, name, seed)
    return failures


def write_goldens(golden: pathlib.Path):
    """tests/golden/tokenizers/<style>: tokenizer.json, and what the package makes of texts."""
    made = styles.make_all(vocab_size=400)
    for name in GOLDEN_STYLES:
        tokenizer, folder = made[name], golden / "tokenizers" / name
        folder.mkdir(parents=True, exist_ok=True)
        document = json.loads(tokenizer.to_str())
        (folder / "tokenizer.json").write_text(
            json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")
        cases = []
        for text in texts.all_texts(seed=1, num_random=20):
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            cases.append({"text": text, "tokens": ids, "decoded": tokenizer.decode(ids, False)})
        for text in texts.ADDED:
            cases.append({"text": text, "with_special": tokenizer.encode(text).ids})
        for ids in random_token_lists(tokenizer.get_vocab_size(), seed=2, count=30)[:40]:
            cases.append({"tokens": ids, "decoded": tokenizer.decode(ids, False),
                          "skipped": tokenizer.decode(ids, True)})
        lines = (json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in cases)
        (folder / "cases.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
        print(f"golden     {folder}")
