"""Rationale's rewards for Python trainers.

    import rationale_rewards as rr

    GRPOTrainer(..., reward_funcs=[rr.math, rr.language])      # TRL: lists in, a list out, None where not judged
    rr.math(completions=[r"\\boxed{\\frac12}"], reference=["0.5"])   # [1.0]
    rr.math.judge(r"\\boxed{2}", reference="3").components[0].reason
    rr.reward("math", decimals=3)                              # with options, as in a rubric
    rr.rubric("rubric.toml")                                   # several rewards, weighed, gated, clipped

verl takes the same functions: custom_reward_function.path = this file, custom_reward_function.name = "compute_score"
(math), or the name of any reward.
"""

import json
import os

from rationale_rewards._core import Component, Rubric, Verdict, reward_names

__all__ = ["Component", "RewardFunction", "Rubric", "Verdict", "compute_score", "reward", "reward_names", "rubric"]

# The columns a value is looked for in, when the caller names none.
_REFERENCE = ("reference", "ground_truth", "answer", "final_answer", "gold", "target", "solution")
_LANGUAGE = ("language", "target_language", "lang")
_NEEDS = {"math": "reference", "language": "language"}


def _text(value):
    """A prompt or completion as text: chat messages are their last one's content."""
    if isinstance(value, str) or value is None:
        return value or ""
    content = value[-1]["content"] if value else ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or [])


def _field(value):
    """A column's value as rewards see it: text as it is, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def _toml(value):
    """An option as TOML, which JSON is but for tables."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


class RewardFunction:
    """A rubric as a function of lists (TRL) or of one response (verl). Thread-safe.

    reference, language: the column (or, for verl, the key of extra_info) that holds them; by default the first there
    is of the usual names. max_tokens: the limit responses are generated under, for length rewards. threads: how many
    judge a list; 0: as there are cores. toml: the rubric's text; source: begins messages about it."""

    def __init__(self, toml, source, name, *, reference=None, language=None, needs=None, max_tokens=0, threads=0):
        self._arguments = (toml, source, name, reference, language, needs, max_tokens, threads)
        self.rubric = Rubric(toml, source)
        self.__name__ = self.__qualname__ = name
        self._reference = (reference,) if reference else _REFERENCE
        self._language = (language,) if language else _LANGUAGE
        self._needs = needs
        self._max_tokens = max_tokens
        self._threads = threads

    def __reduce__(self):
        return _again, self._arguments

    def __repr__(self):
        return f"<rationale_rewards {self.__name__}: {', '.join(self.rubric.component_names)}>"

    def __call__(self, prompts=None, completions=None, **columns):
        """TRL's reward function: a score for each completion, None where it could not be judged.

        columns: lists as long as completions, of which reference, language, completion_ids and all that rewards such
        as code need are taken; others are passed over. Called as verl's compute_score (solution_str, ground_truth,
        extra_info; or its batch form) it returns what compute_score does."""
        if "solution_str" in columns:
            return self.compute_score(**columns)
        if "solution_strs" in columns:
            batch = (columns[key] for key in ("data_sources", "solution_strs", "ground_truths", "extra_infos"))
            return [self.compute_score(*row) for row in zip(*batch)]
        return [verdict.score for verdict in self.judge_all(prompts, completions, **columns)]

    def judge_all(self, prompts=None, completions=None, **columns):
        """The verdicts behind __call__: judged, score, components with their reasons."""
        if completions is None:
            raise TypeError(
                f"{self.__name__}: completions are missing; the prompts come first, so name them: "
                f"{self.__name__}(completions=[...], reference=[...])"
            )
        count = len(completions)
        state = columns.pop("trainer_state", None)
        step = getattr(state, "global_step", 0)
        ids = columns.pop("completion_ids", None)
        columns = {
            key: value for key, value in columns.items() if isinstance(value, (list, tuple)) and len(value) == count
        }
        reference = self._column(self._reference, columns)
        language = self._column(self._language, columns)
        self._check({"reference": reference, "language": language}, columns)
        rows = []
        for i, completion in enumerate(completions):
            rows.append(
                {
                    "response": _text(completion),
                    "problem": _text(prompts[i]) if prompts is not None else "",
                    "reference": (
                        None if reference is None or columns[reference][i] is None else _field(columns[reference][i])
                    ),
                    "language": None if language is None else columns[language][i],
                    "num_tokens": 0 if ids is None else len(ids[i]),
                    "max_tokens": self._max_tokens,
                    "step": step,
                    "fields": {key: _field(value[i]) for key, value in columns.items() if value[i] is not None},
                }
            )
        return self.rubric.judge(rows, threads=self._threads)

    def judge(self, response, *, reference=None, language=None, problem="", fields=None, **row):
        """The verdict on one response. row: id, num_tokens, max_tokens, truncated, step."""
        fields = {key: _field(value) for key, value in (fields or {}).items()}
        row = {"max_tokens": self._max_tokens, **row, "response": response, "problem": problem, "fields": fields}
        reference = None if reference is None else _field(reference)
        return self.rubric.judge([{**row, "reference": reference, "language": language}])[0]

    def compute_score(self, data_source=None, solution_str="", ground_truth=None, extra_info=None, **_):
        """verl's compute_score: {"score", "judged", one entry a component}. verl knows no third value: what could not
        be judged has score 0 and judged 0, and verl's metrics show the mean of judged."""
        extra = {key: value for key, value in (extra_info or {}).items() if value is not None}
        language = next((extra[key] for key in self._language if key in extra), None)
        verdict = self.judge(
            solution_str,
            reference=ground_truth,
            language=language,
            problem=_text(extra.get("question")),
            fields={"data_source": data_source or "", **extra},
        )
        scores = {component.name: component.score or 0.0 for component in verdict.components}
        return {"score": verdict.score or 0.0, "judged": float(verdict.judged), **scores}

    @staticmethod
    def _column(names, columns):
        return next((name for name in names if name in columns), None)

    def _check(self, found, columns):
        if self._needs and found[self._needs] is None:
            names = ", ".join(getattr(self, "_" + self._needs))
            there = ", ".join(sorted(columns)) or "none"
            raise TypeError(
                f"{self.__name__}: no column of the {self._needs} ({names}); the columns there are: {there}"
            )


def _again(toml, source, name, reference, language, needs, max_tokens, threads):
    """A RewardFunction out of its pickle."""
    return RewardFunction(
        toml, source, name, reference=reference, language=language, needs=needs, max_tokens=max_tokens, threads=threads
    )


def reward(name, *, reference=None, language=None, max_tokens=0, threads=0, **options):
    """One reward by name (reward_names()), with its options as a rubric's [[rewards]] entry has them."""
    toml = "".join(f"{key} = {_toml(value)}\n" for key, value in {"name": name, **options}.items())
    needs = None if options.get("target") else _NEEDS.get(name)
    return RewardFunction(
        f"[[rewards]]\n{toml}",
        name,
        options.get("as", name),
        reference=reference,
        language=language,
        needs=needs,
        max_tokens=max_tokens,
        threads=threads,
    )


def rubric(path_or_text, *, name="rubric", reference=None, language=None, max_tokens=0, threads=0):
    """A rubric file, or the text of one (with a line break in it)."""
    text, source = path_or_text, name
    if "\n" not in str(path_or_text):
        source = os.fspath(path_or_text)
        with open(source, encoding="utf-8") as file:
            text = file.read()
    return RewardFunction(
        text, source, name, reference=reference, language=language, max_tokens=max_tokens, threads=threads
    )


def _add_rewards():
    """rationale_rewards.math and every other reward that needs no option to be made."""
    for name in reward_names():
        try:
            globals()[name] = reward(name)
            __all__.append(name)
        except ValueError:  # command, which has none
            pass


_add_rewards()


def compute_score(data_source=None, solution_str="", ground_truth=None, extra_info=None, **keywords):
    """verl's custom reward function: math. See RewardFunction.compute_score."""
    return math.compute_score(data_source, solution_str, ground_truth, extra_info, **keywords)  # noqa: F821
