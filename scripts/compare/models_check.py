"""Models: logits and greedy continuations of our program against transformers', in float32.

The small models have random weights, with biases, norms and router biases away from their usual
start, and between them every option that a family's config.json can switch on.
"""

import json
import subprocess

import torch
import transformers

from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers

from . import texts

transformers.utils.logging.disable_progress_bar()
torch.set_num_threads(1)  # the models are small, and other work may share the machine

TOLERANCE = 1e-4  # of the largest logit
NUM_GREEDY = 16
PROMPT_LENGTHS = (1, 5, 19, 33, 40)

COMMON = dict(vocab_size=128, hidden_size=32, intermediate_size=48, num_hidden_layers=3,
              num_attention_heads=4, max_position_embeddings=256, bos_token_id=1, eos_token_id=2,
              pad_token_id=0)
GQA = dict(**COMMON, num_key_value_heads=2)
MLA = dict(**COMMON, num_key_value_heads=4, kv_lora_rank=16, qk_nope_head_dim=8,
           qk_rope_head_dim=8, v_head_dim=12, n_routed_experts=8, num_experts_per_tok=3,
           moe_intermediate_size=16, first_k_dense_replace=1)


def yarn(**more):
    return dict(rope_type="yarn", rope_theta=1e4, factor=4.0, original_max_position_embeddings=64,
                **more)


# name -> (family's classes, configuration)
FAMILIES = {
    "llama": ("Llama", dict(**GQA, tie_word_embeddings=True, rope_parameters=dict(
        rope_type="llama3", rope_theta=5e5, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=32))),
    "llama_linear": ("Llama", dict(
        **GQA, attention_bias=True, rms_norm_eps=1e-5,
        rope_parameters=dict(rope_type="linear", rope_theta=1e4, factor=2.0))),
    "mistral": ("Mistral", dict(**GQA, head_dim=16, sliding_window=9)),
    "qwen2": ("Qwen2", dict(**GQA, tie_word_embeddings=True, use_sliding_window=True,
                            sliding_window=11, max_window_layers=1)),
    "qwen3": ("Qwen3", dict(**GQA, head_dim=16, attention_bias=True, rope_parameters=yarn())),
    "qwen3_moe": ("Qwen3Moe", dict(**GQA, head_dim=16, num_experts=8, num_experts_per_tok=2,
                                   moe_intermediate_size=16, norm_topk_prob=True,
                                   mlp_only_layers=[1])),
    "mixtral": ("Mixtral", dict(**GQA, num_local_experts=4, num_experts_per_tok=2)),
    "deepseek_v2": ("DeepseekV2", dict(
        **MLA, q_lora_rank=None, n_shared_experts=2, n_group=4, topk_group=2, rms_norm_eps=1e-5,
        topk_method="group_limited_greedy", routed_scaling_factor=1.5, scoring_func="softmax",
        rope_parameters=yarn(mscale=0.707, mscale_all_dim=0.8, beta_fast=16, beta_slow=2))),
    "deepseek_v3": ("DeepseekV3", dict(
        **MLA, q_lora_rank=24, n_shared_experts=1, n_group=4, topk_group=2,
        topk_method="noaux_tc", scoring_func="sigmoid", num_nextn_predict_layers=0,
        rope_parameters=yarn(mscale=1.0, mscale_all_dim=1.0))),
}


def make_tiny(name, folder):
    """A folder in bfloat16 with weights drawn under a fixed seed, and the words t0 .. t127."""
    kind, values = FAMILIES[name]
    config = getattr(transformers, kind + "Config")(**values)
    model = getattr(transformers, kind + "ForCausalLM")(config)
    generator = torch.Generator().manual_seed(sum(name.encode()))
    tensors = dict(model.named_parameters()) | dict(model.named_buffers())
    with torch.no_grad():
        for key, tensor in sorted(tensors.items()):
            if key.endswith("inv_freq"):
                continue
            noise = torch.randn(tensor.shape, generator=generator)
            if tensor.dim() >= 2:
                tensor.copy_(noise * 2 / tensor.shape[-1] ** 0.5)
            else:
                tensor.copy_(0.2 * noise + (1 if "norm" in key else 0))
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "generation_config.json").unlink()
    (folder / "model.safetensors").chmod(0o644)


def make_words(vocab_size):
    tokenizer = Tokenizer(models.WordLevel({f"t{i}": i for i in range(vocab_size)}, "t0"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer


def random_prompts(vocab_size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(3, vocab_size, (length,), generator=generator).tolist()
            for length in PROMPT_LENGTHS]


def prompts_for(tokenizer):
    """(text, tokens) pairs; for a vocabulary of words random ones of them."""
    written = texts.LANGUAGES[:3] + texts.LANGUAGES[6:7] + texts.CODE[:1]
    if isinstance(tokenizer.model, models.WordLevel):
        words = [t for t, _ in sorted(tokenizer.get_vocab(False).items(), key=lambda x: x[1])]
        written = [" ".join(words[i] for i in p) for p in random_prompts(len(words))]
    return [(text, tokenizer.encode(text).ids) for text in written]


def load(folder):
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager")
    return model.eval()


@torch.no_grad()
def logits_of(model, tokens):
    return model(torch.tensor([tokens]), use_cache=False).logits[0].float()


@torch.no_grad()
def greedy(model, tokens, **options):
    """transformers' greedy continuation, and by how much of the largest logit each token leads."""
    answer = model.generate(
        torch.tensor([tokens]), max_new_tokens=NUM_GREEDY, do_sample=False, output_logits=True,
        return_dict_in_generate=True, **options)
    leads = []
    for logits in answer.logits:
        best = logits[0].topk(2).values
        leads.append(float((best[0] - best[1]) / logits.abs().max()))
    return answer.sequences[0, len(tokens):].tolist(), leads


def run_ours(binary, arguments):
    done = subprocess.run([binary, *map(str, arguments)], text=True, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"{binary} {arguments}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def write_lines(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")


def check_logits(binary, folder, model, prompts, work):
    """The largest differences: of logits as a share of the largest, and of log-probabilities."""
    write_lines(work / "tokens.jsonl", [{"tokens": tokens} for _, tokens in prompts])
    answers = run_ours(binary, ["logprobs", "--model", folder, "--data", work / "tokens.jsonl",
                                "--dtype", "float32", "--logits", work])
    ours = load_file(work / "model.safetensors")
    worst, worst_logprob = 0.0, 0.0
    for i, (_, tokens) in enumerate(prompts):
        theirs = logits_of(model, tokens)
        worst = max(worst, float((ours[str(i)] - theirs).abs().max() / theirs.abs().max()))
        logprobs = theirs.log_softmax(-1)[range(len(tokens) - 1), tokens[1:]].tolist()
        for a, b in zip(answers[i]["logprobs"][1:], logprobs, strict=True):
            worst_logprob = max(worst_logprob, abs(a - b))
    return worst, worst_logprob


def check_greedy(binary, folder, model, prompts, work):
    """The number of prompts after which our greedy tokens are others; near ties do not count."""
    write_lines(work / "prompts.jsonl", [{"prompt": text} for text, _ in prompts])
    answers = run_ours(binary, ["generate", "--model", folder, "--data", work / "prompts.jsonl",
                                "--dtype", "float32", "--temperature", 0, "--max-new-tokens",
                                NUM_GREEDY, "--json"])
    wrong = 0
    for (text, tokens), answer in zip(prompts, answers, strict=True):
        expected, leads = greedy(model, tokens)
        found = answer["tokens"]
        different = [i for i, pair in enumerate(zip(expected, found)) if pair[0] != pair[1]]
        if different:
            good = leads[different[0]] < TOLERANCE
        else:
            good = len(expected) == len(found)
        if not good:
            wrong += 1
            print(f"    greedy after {text!r}: {expected} there, {found} here")
    return wrong


def check_folder(binary, folder, name, work):
    """Prints a line; returns the number of differences."""
    work = work / "answers" / name
    work.mkdir(parents=True, exist_ok=True)
    model = load(folder)
    prompts = prompts_for(Tokenizer.from_file(str(folder / "tokenizer.json")))
    worst, worst_logprob = check_logits(binary, folder, model, prompts, work)
    wrong = check_greedy(binary, folder, model, prompts, work)
    good = worst < TOLERANCE and wrong == 0
    print(f"model      {name:24} logits within {worst:.1e} of the largest, log-probabilities "
          f"within {worst_logprob:.1e}, {len(prompts) - wrong} of {len(prompts)} continuations equal: "
          f"{'equal' if good else 'DIFFERENT'}", flush=True)
    return 0 if good else 1


def check_families(binary, work):
    failures = 0
    for name, (_, values) in FAMILIES.items():
        folder = work / "models" / name
        folder.mkdir(parents=True, exist_ok=True)
        make_tiny(name, folder)
        make_words(values["vocab_size"]).save(str(folder / "tokenizer.json"))
        failures += check_folder(binary, folder, name, work)
    return failures


def write_goldens(golden):
    """tests/golden/models/<name>, with tokens, logits and greedy tokens in expected.safetensors."""
    for name in FAMILIES:
        folder = golden / "models" / name
        folder.mkdir(parents=True, exist_ok=True)
        make_tiny(name, folder)
        model, expected = load(folder), {}
        for i, tokens in enumerate(random_prompts(model.config.vocab_size)):
            expected[f"tokens.{i}"] = torch.tensor(tokens)
            expected[f"logits.{i}"] = logits_of(model, tokens).contiguous()
            continuation, leads = greedy(model, tokens, eos_token_id=None)
            assert min(leads) > TOLERANCE, f"{name}: a near tie; take another seed"
            expected[f"greedy.{i}"] = torch.tensor(continuation)
        save_file(expected, folder / "expected.safetensors")
        (folder / "expected.safetensors").chmod(0o644)
        print(f"golden     {folder}", flush=True)


def write_config_defaults(golden):
    """What each family's class means without any key."""
    defaults = {}
    for name, (kind, _) in FAMILIES.items():
        if name == "llama_linear":
            continue
        config = getattr(transformers, kind + "Config")(
            **({"num_experts_per_tok": 6} if name == "deepseek_v2" else {}))
        values = config.to_dict()
        del values["transformers_version"]
        defaults[name] = values
    (golden / "config_defaults.json").write_text(
        json.dumps(defaults, indent=1, sort_keys=True) + "\n", "utf-8")


def write_safetensors(golden):
    """A file of the safetensors library."""
    (golden / "safetensors").mkdir(exist_ok=True)
    save_file({"float": torch.tensor([[1.5, -2.25], [1e-30, 3e38]]),
               "half": torch.tensor([0.5, -3.0, 65504.0]).half(),
               "int": torch.tensor([-1, 1 << 62]),
               "bool": torch.tensor([True, False, True])},
              golden / "safetensors" / "model.safetensors")
