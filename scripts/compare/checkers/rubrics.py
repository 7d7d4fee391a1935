"""Rubrics of random weights, schedules, gates and clips beside the formula of rewards/rubric.h, written out here."""

from score import Tally, generator, judge

RESPONSES = ["4", "5", "<think>a</think><answer>4</answer>", "<think>a a a a a</think><answer>5</answer>", "a b a b a b a b", "the 4"]


def clip(value, table):
    return min(max(value, table.get("clip_min", -1e300)), table.get("clip_max", 1e300))


def bounds(random):
    low, high = sorted(round(random.uniform(-1.5, 1.5), 2) for _ in range(2))
    return {**({"clip_min": low} if random.random() < 0.3 else {}), **({"clip_max": high} if random.random() < 0.3 else {})}


def made(random):
    """Tables of rewards and that of the total."""
    rewards = []
    for name in random.sample(["exact_match", "format", "repetition", "fuzzy_match"], random.randint(1, 4)):
        table = {"name": name, "weight": round(random.uniform(-2, 2), 2), **bounds(random)}
        if random.random() < 0.3:
            steps = sorted(random.sample(range(0, 100), random.randint(1, 3)))
            del table["weight"]
            table["schedule"] = [{"step": step, "weight": round(random.uniform(-2, 2), 2)} for step in steps]
        if random.random() < 0.3:
            table["gate"] = round(random.uniform(-0.5, 1), 2)
        rewards.append(table)
    total = bounds(random)
    if random.random() < 0.5:
        total["gated_score"] = round(random.uniform(-1, 1), 2)
    return rewards, total


def toml(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def weight_at(table, step):
    """Linear between the points of the schedule, constant outside."""
    points = table.get("schedule")
    if not points:
        return table["weight"]
    if step <= points[0]["step"]:
        return points[0]["weight"]
    for before, after in zip(points, points[1:]):
        if step <= after["step"]:
            share = (step - before["step"]) / (after["step"] - before["step"])
            return before["weight"] + share * (after["weight"] - before["weight"])
    return points[-1]["weight"]


def total_of(rewards, total, scores, step):
    if any("gate" in table and scores[table["name"]] < table["gate"] for table in rewards):
        return total.get("gated_score", 0.0)
    return clip(sum(weight_at(table, step) * clip(scores[table["name"]], table) for table in rewards), total)


def run():
    random = generator("rubrics")
    tally = Tally("rubric: weights, schedules, gates, clips", "rubric.h's formula")
    for _ in range(200):
        rewards, total = made(random)
        rubric = "[total]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in total.items())
        for table in rewards:
            rubric += "[[rewards]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in table.items())
        rows = [{"response": response, "reference": "4", "step": random.randrange(120)} for response in RESPONSES]
        for row, verdict in zip(rows, judge(rubric, rows)):
            scores = {name: component["score"] for name, component in verdict["components"].items()}
            tally.add(verdict["score"], total_of(rewards, total, scores, row["step"]), None, [rubric, row])
    yield tally
