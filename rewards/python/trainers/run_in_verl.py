"""verl's custom-reward loader loads compute_score and language from the installed package; they score responses as its
reward managers call them, and its two naive reward managers score a batch (DataProto) with compute_score."""

import asyncio
import importlib
import inspect
import os

import numpy
import rationale_rewards
import torch
import verl
from omegaconf import OmegaConf

reward_module = importlib.import_module("verl.trainer.ppo.reward")
path = os.path.abspath(rationale_rewards.__file__)


def load(name):
    section = {"custom_reward_function": {"path": path, "name": name, "reward_kwargs": {}}}
    config = OmegaConf.create({**section, "reward": section})
    return reward_module.get_custom_reward_fn(config)


print("verl", verl.__version__, inspect.getsourcefile(reward_module.get_custom_reward_fn))
compute_score = load("compute_score")
rows = [
    ("gsm8k", "<think>6*12</think> <answer>72</answer>", "72", {"language": "en"}),
    ("math", r"so \boxed{\frac{1}{2}}", "0.5", {}),
    ("math", "no idea", "0.5", {}),
    ("math", "5", "", {}),
]
for source, solution, truth, extra in rows:
    print(
        repr(solution), compute_score(data_source=source, solution_str=solution, ground_truth=truth, extra_info=extra)
    )
scores = [compute_score(data_source=a, solution_str=b, ground_truth=c, extra_info=d) for a, b, c, d in rows]
assert [score["score"] for score in scores] == [1.0, 1.0, 0.0, 0.0]
assert [score["judged"] for score in scores] == [1.0, 1.0, 1.0, 0.0]
language = load("language")
german = language(
    data_source="s", solution_str="<think>das ist nicht gut</think>", ground_truth="", extra_info={"language": "de"}
)
print("language", german)
assert german["score"] == 1.0


class ByteTokenizer:
    """What a reward manager asks of a tokenizer: a token is a byte, 0 is padding."""

    eos_token = ""

    def decode(self, ids, skip_special_tokens=True):
        return bytes(i for i in map(int, ids) if i > 0).decode()


def batch_of(rows):
    """Left-padded prompts and right-padded responses, as verl's rollout lays them."""
    prompt, longest = torch.tensor(list(b"what?")), max(len(row[1].encode()) for row in rows)
    responses, masks = torch.zeros(len(rows), longest, dtype=torch.long), torch.ones(len(rows), 5 + longest)
    for i, (_, solution, _, _) in enumerate(rows):
        length = len(solution.encode())
        responses[i, :length] = torch.tensor(list(solution.encode()))
        masks[i, 5 + length :] = 0
    tensors = {"prompts": prompt.repeat(len(rows), 1), "responses": responses, "attention_mask": masks.long()}
    columns = {
        "data_source": [row[0] for row in rows],
        "reward_model": [{"ground_truth": row[2]} for row in rows],
        "extra_info": [dict(row[3]) for row in rows],
    }
    return verl.DataProto.from_dict(
        tensors=tensors, non_tensors={key: numpy.array(value, dtype=object) for key, value in columns.items()}
    )


def run_batch_manager():
    manager_class = importlib.import_module("verl.workers.reward_manager.naive").NaiveRewardManager
    result = manager_class(ByteTokenizer(), num_examine=0, compute_score=compute_score)(batch_of(rows), True)
    tensor, extra = result["reward_tensor"], result["reward_extra_info"]
    # A response's reward stands at its last token.
    at_end = [tensor[i, len(row[1].encode()) - 1].item() for i, row in enumerate(rows)]
    assert tensor.sum(-1).tolist() == at_end
    return at_end, list(extra["judged"])


def run_loop_manager():
    manager_class = importlib.import_module(
        "verl.experimental.reward_loop.reward_manager.naive"
    ).NaiveRewardManager

    async def score_all():
        manager = manager_class(OmegaConf.create({}), ByteTokenizer(), compute_score)
        return [await manager.run_single(batch_of(rows)[i : i + 1]) for i in range(len(rows))]

    results = asyncio.run(score_all())
    return [r["reward_score"] for r in results], [r["reward_extra_info"]["judged"] for r in results]


for run in (run_batch_manager, run_loop_manager):
    rewards, judged = run()
    print(run.__name__, rewards, "judged", judged)
    assert rewards == [1.0, 1.0, 0.0, 0.0] and judged == [1.0, 1.0, 1.0, 0.0]
