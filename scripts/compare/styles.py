"""Small tokenizers in the manner of the families', trained on the texts of texts.py."""

import glob
import json
import os

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, processors, trainers

from . import texts

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
          r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN = LLAMA3.replace("{1,3}", "")
DEEPSEEK_V3 = ("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|"
               "[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|"
               "\\s*[\r\n]+|\\s+(?!\\S)|\\s+")
CASE_AWARE = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
              r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s+")


def split(regex, behaviour="isolated", invert=False):
    return pre_tokenizers.Split(Regex(regex), behaviour, invert)


def byte_level(**options):
    return pre_tokenizers.ByteLevel(**{"add_prefix_space": False, "use_regex": False, **options})


def byte_level_styles():
    """name -> (normalizer, pre-tokenizer)"""
    return {
        "gpt2": (None, byte_level(use_regex=True)),
        "gpt2_prefix_space": (None, byte_level(use_regex=True, add_prefix_space=True)),
        "smollm2": (None, pre_tokenizers.Sequence([
            pre_tokenizers.Digits(individual_digits=True), byte_level(use_regex=True)])),
        "llama3": (None, pre_tokenizers.Sequence([split(LLAMA3), byte_level()])),
        "qwen2": (normalizers.NFC(), pre_tokenizers.Sequence([split(QWEN), byte_level()])),
        "case_aware": (None, pre_tokenizers.Sequence([split(CASE_AWARE), byte_level()])),
        "deepseek_v3": (normalizers.Sequence([]), pre_tokenizers.Sequence([
            split(r"\p{N}{1,3}"), split("[一-龥぀-ゟ゠-ヿ]+"), split(DEEPSEEK_V3), byte_level()])),
        "deepseek_coder": (normalizers.Sequence([]), pre_tokenizers.Sequence([
            split("[\r\n]"), split(r"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿ]+"),
            split(r"\s?[!-/:-~！-／：-～‘-‟　-。]+"), split(r"\s+$"), split("[一-龥ࠀ-一가-퟿]+"),
            pre_tokenizers.Digits(individual_digits=True), byte_level()])),
        "many_normalizers": (normalizers.Sequence([
            normalizers.NFKC(), normalizers.Lowercase(), normalizers.Strip(),
            normalizers.Replace(Regex(r"\s+"), " "), normalizers.Replace("'", "’")]),
            pre_tokenizers.Sequence([split(r"\s+", "merged_with_next"), byte_level()])),
        "many_behaviours": (normalizers.NFD(), pre_tokenizers.Sequence([
            split(r"\b\w", "merged_with_previous"), split(r"\d+", "contiguous", True),
            split(r"\s", "removed"), pre_tokenizers.Digits(), byte_level()])),
    }


def train_byte_level(style, vocab_size):
    normalizer, pre_tokenizer = byte_level_styles()[style]
    tokenizer = Tokenizer(models.BPE(ignore_merges=style == "llama3"))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=vocab_size, special_tokens=["<|bos|>", "<|eos|>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.add_special_tokens([AddedToken("<|im_end|>", special=True, normalized=False)])
    tokenizer.add_tokens([
        AddedToken("<think>", normalized=False), AddedToken("<think>x", normalized=False),
        AddedToken("wörd", single_word=True), AddedToken(" lefty", lstrip=True),
        AddedToken("righty", rstrip=True, normalized=True),
        AddedToken("both", lstrip=True, rstrip=True, single_word=True)])
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(
            single="<|bos|> $A <|eos|>", special_tokens=[("<|bos|>", 0), ("<|eos|>", 1)])])
    return tokenizer


def train_sentencepiece(prepend):
    """Byte fallback and ▁ for spaces: by a normalizer (prepend None, as Llama 2) or Metaspace."""
    specials = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=900, special_tokens=specials, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    # Without their characters some of the texts need the fallback.
    kept = [token for token in model["vocab"] if not any(ord(c) > 0x3000 for c in token)]
    merges = [tuple(m) for m in model["merges"] if not any(ord(c) > 0x3000 for c in "".join(m))]
    tokenizer = Tokenizer(models.BPE(
        vocab={token: i for i, token in enumerate(kept)}, merges=merges, unk_token="<unk>",
        fuse_unk=True, byte_fallback=True))
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    undo = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
            decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence(undo)
    if prepend is None:
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=prepend)
        if prepend == "always":
            tokenizer.decoder = decoders.Metaspace(prepend_scheme=prepend)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def word_level(pre_tokenizer):
    """Every second word of the texts is known; no decoder, so words are joined by spaces."""
    words = " ".join(texts.LANGUAGES).split()[::2]
    vocab = {"<unk>": 0, "<eos>": 1}
    for word in words:
        vocab.setdefault(word, len(vocab))
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.add_special_tokens(["<eos>"])
    return tokenizer


def corpus():
    """Our texts, and for merges in code and whitespace some of Python's own modules."""
    yield from texts.LANGUAGES + texts.CODE
    for path in sorted(glob.glob(os.path.join(os.path.dirname(os.__file__), "a*.py"))):
        with open(path, encoding="utf-8") as file:
            yield from file.read().split("\n\n")


def make_all(vocab_size):
    """name -> tokenizer"""
    result = {style: train_byte_level(style, vocab_size) for style in byte_level_styles()}
    result["sentencepiece"] = train_sentencepiece(None)
    for prepend in ("first", "always", "never"):
        result[f"metaspace_{prepend}"] = train_sentencepiece(prepend)
    result["words"] = word_level(pre_tokenizers.WhitespaceSplit())
    result["words_and_signs"] = word_level(pre_tokenizers.Whitespace())
    return result
