"""verl's custom-reward loader loads compute_score and language from the installed package, and they score responses as
its reward managers call them."""

import importlib
import inspect
import os

import rationale_rewards
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
