"""GRPO's groups by a peer's engine: rollout_groups.py hf|vllm --model DIR [--prompt 512] [--new 128] [--dtype bf16|fp32]

8 random prompts, 8 samples each at temperature 1, stop tokens ignored; the second of two runs, other prompts each, so that
no cache carries over. Prints a JSON line: tok_s = drawn tokens per second, prefill included."""

import argparse
import json
import os
import time

PROMPTS, SAMPLES = 8, 8


def hf(arguments):
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    torch.set_num_threads(arguments.threads)
    dtype = {"bf16": torch.bfloat16, "fp32": torch.float32}[arguments.dtype]
    model = transformers.AutoModelForCausalLM.from_pretrained(arguments.model, dtype=dtype).eval()
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = 0

    def run(prompts, new):
        ids = torch.tensor(prompts)
        drawn = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=new, do_sample=True, temperature=1.0,
                               top_k=0, top_p=1.0, num_return_sequences=SAMPLES)
        return drawn.numel() - SAMPLES * ids.numel()

    return run, model.config.vocab_size, transformers.__version__


def vllm(arguments):
    os.environ.update(VLLM_CPU_KVCACHE_SPACE="2", VLLM_ENABLE_V1_MULTIPROCESSING="0", VLLM_CPU_NUM_OF_RESERVED_CPU="0",
                      VLLM_CPU_OMP_THREADS_BIND=f"0-{arguments.threads - 1}", VLLM_LOGGING_LEVEL="WARNING")
    import vllm as engine

    model = engine.LLM(model=arguments.model, dtype={"bf16": "bfloat16", "fp32": "float32"}[arguments.dtype],
                       enforce_eager=True, max_model_len=1024, max_num_seqs=64, enable_prefix_caching=True,
                       skip_tokenizer_init=True, disable_log_stats=True, seed=0)

    def run(prompts, new):
        sampling = engine.SamplingParams(n=SAMPLES, temperature=1.0, max_tokens=new, ignore_eos=True, detokenize=False)
        results = model.generate([{"prompt_token_ids": prompt} for prompt in prompts], sampling, use_tqdm=False)
        return sum(len(sample.token_ids) for result in results for sample in result.outputs)

    return run, model.llm_engine.model_config.get_vocab_size(), engine.__version__


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=["hf", "vllm"])
    parser.add_argument("--model", required=True)
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--new", type=int, default=128)
    parser.add_argument("--dtype", default="bf16", choices=["bf16", "fp32"])
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    from common import prompts  # of $RATIONALE_BENCH

    run, vocabulary, version = {"hf": hf, "vllm": vllm}[arguments.engine](arguments)
    run(prompts(PROMPTS, arguments.prompt, vocabulary, seed=1), 4)
    start = time.perf_counter()
    drawn = run(prompts(PROMPTS, arguments.prompt, vocabulary, seed=2), arguments.new)
    seconds = time.perf_counter() - start
    assert drawn == PROMPTS * SAMPLES * arguments.new, drawn
    print(json.dumps({"engine": arguments.engine, "version": version, "dtype": arguments.dtype, "tok_s": drawn / seconds,
                      "total_s": seconds}))


if __name__ == "__main__":
    main()
