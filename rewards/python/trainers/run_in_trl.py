"""Two steps of TRL's GRPOTrainer with rationale_rewards.math and .language as its reward functions, on CPU.

The model is a Qwen2 of two layers with random weights and a tokenizer of characters, so the responses are noise; what
counts is what the trainer makes of the rewards: their means and stds in its log, and the row without a reference."""

import tempfile

import datasets
import rationale_rewards as rr
import tokenizers
import transformers
import trl

# A character a token.
characters = sorted({*map(chr, range(32, 127)), "\n", "ä", "ö", "ü", "ß"})
vocabulary = {token: i for i, token in enumerate(["<pad>", "<eos>", *characters])}
core = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token=" "))
core.pre_tokenizer = tokenizers.pre_tokenizers.Split("", "isolated")
core.decoder = tokenizers.decoders.Fuse()
tokenizer = transformers.PreTrainedTokenizerFast(
    tokenizer_object=core, pad_token="<pad>", eos_token="<eos>", padding_side="left"
)

config = transformers.Qwen2Config(
    vocab_size=len(vocabulary),
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=2,
    pad_token_id=0,
    eos_token_id=1,
)
transformers.set_seed(0)
model = transformers.Qwen2ForCausalLM(config)
rows = [
    {"prompt": f"Was ist {i} plus {i}?", "answer": str(2 * i) if i % 4 else None, "language": "de"} for i in range(8)
]

seen = []


def watched(prompts, completions, **columns):
    """math, and what it returned."""
    scores = rr.math(prompts, completions, **columns)
    seen.append(scores)
    return scores


watched.__name__ = "math"

with tempfile.TemporaryDirectory() as folder:
    settings = trl.GRPOConfig(
        output_dir=folder,
        max_steps=2,
        per_device_train_batch_size=8,
        num_generations=4,
        max_completion_length=16,
        logging_steps=1,
        report_to=[],
        use_cpu=True,
        bf16=False,
        save_strategy="no",
        disable_tqdm=True,
        seed=0,
    )
    trainer = trl.GRPOTrainer(
        model=model,
        reward_funcs=[watched, rr.language],
        args=settings,
        train_dataset=datasets.Dataset.from_list(rows),
        processing_class=tokenizer,
    )
    trainer.train()

print("trl", trl.__version__, "steps", trainer.state.global_step)
for log in trainer.state.log_history:
    print({key: value for key, value in log.items() if key.startswith("reward") or key in ("loss", "step")})
print("math returned", seen)
assert trainer.state.global_step == 2
assert all(score is None or score in (0.0, 1.0) for scores in seen for score in scores) and len(seen) == 2
names = {key for log in trainer.state.log_history for key in log}
assert {"rewards/math/mean", "rewards/language/mean"} <= names, names
