"""Format, repetition and length against their papers' formulas, written out here."""

import math
import re

from score import Tally, component, generator, judge

TAGS = ["<think>", "</think>", "<answer>", "</answer>"]


def format_cases(count):
    random = generator("format")
    pieces = TAGS * 3 + ["a", "7", "é", " ", "\n", "\t", "<Think>", "< think>", "<think", "think>", "<<think>>", "!", "?", ""]
    perfect = ["<think>", "a", "</think>", "\n", "<answer>", "7", "</answer>"]
    for _ in range(count):
        kind = random.random()
        if kind < 0.3:
            yield "".join(random.choice(pieces) for _ in range(random.randrange(12)))
            continue
        text = list(perfect)
        for _ in range(random.randrange(3)):
            place = random.randrange(len(text) + 1)
            change = random.randrange(3)
            if change == 0:
                text.insert(place, random.choice(pieces))
            elif change == 1 and place < len(text):
                text[place] = random.choice(pieces)
            elif place < len(text):
                del text[place]
        yield "".join(text)


def keeps_format(text):
    """R1's template as one regular expression, each tag once, letters or digits in thought and answer."""
    match = re.fullmatch(r"\s*<think>(.*)</think>\s*<answer>(.*)</answer>\s*", text, re.S)
    if not match or any(text.count(tag) != 1 for tag in TAGS):
        return False
    return all(re.search(r"[^\W_]", part) for part in match.groups())


def check_format():
    tally = Tally("format", "regular expression")
    texts = list(format_cases(20000))
    for text, verdict in zip(texts, judge('[[rewards]]\nname = "format"\n', [{"response": text} for text in texts])):
        tally.add(component(verdict, "format")[0], float(keeps_format(text)), None, text)
    return tally


def check_repetition():
    random = generator("repetition")
    texts = [" ".join(random.choice("abcdefgh"[:random.randint(1, 8)]) for _ in range(random.randrange(60))) for _ in range(3000)]
    texts += [" ".join(random.choice(["Ähre", "ÄHRE", "2", "x_1", "да", "ДА"]) for _ in range(random.randrange(30))) for _ in range(1000)]
    texts += ["", " ", "a", "a a", "a a a", "a a a a", "a " * 5000]
    tallies = []
    for n, allowed in [(1, 0.0), (2, 0.25), (3, 0.0), (3, 0.5), (7, 0.99), (1000, 0.0)]:
        tally = Tally(f"repetition n={n} allowed={allowed}", "formula")
        rubric = f'[[rewards]]\nname = "repetition"\nn = {n}\nallowed = {allowed}\n'
        for text, verdict in zip(texts, judge(rubric, [{"response": text} for text in texts])):
            words = re.findall(r"\w+", text.lower())
            grams = [tuple(words[i:i + n]) for i in range(len(words) - n + 1)]
            share = 1 - len(set(grams)) / len(grams) if grams else 0.0
            wanted = -max(0.0, share - allowed) / (1 - allowed)
            tally.add(component(verdict, "repetition")[0], wanted, None, text)
        tallies.append(tally)
    return tallies


def overlong(length, limit, margin, cut):
    """DAPO, arXiv:2503.14476, equation 13; what was cut off counts as too long."""
    if cut or length > limit:
        return -1.0
    return 0.0 if length <= limit - margin else ((limit - margin) - length) / margin


def cosine(length, limit, cut, right, ends):
    """Yeo et al. 2025, arXiv:2502.03373: CosFn(t, T, min, max) = min + (max - min) (1 + cos(t pi / T)) / 2."""
    if cut or length > limit:
        return ends["exceeded"]
    at_zero, at_limit = ends["correct"] if right else ends["wrong"]
    return at_limit + (at_zero - at_limit) * (1 + math.cos(length * math.pi / limit)) / 2


def length_rows(random, count):
    for i in range(count):
        limit = random.choice([1, 2, 5, 16, 100, 4096, 2**31, 2**53])
        near = [1, limit - 1, limit, limit + 1, limit - limit // 5, limit - limit // 5 + 1, limit // 2]
        length = max(1, random.choice(near + [random.randint(1, 2 * limit)]))
        yield {"response": random.choice(["4", "5"]), "reference": "4", "num_tokens": length, "max_tokens": limit,
               "truncated": random.random() < 0.1, "group": i // 8}


def check_length():
    random = generator("length")
    rows = list(length_rows(random, 8000))
    tallies = []
    for margin in [0, 1, 3, 50]:
        tally = Tally(f"length overlong, margin {margin or 'M/5'}", "DAPO's equation 13")
        rubric = f'[[rewards]]\nname = "length"\nmargin_tokens = {margin}\n'
        for row, verdict in zip(rows, judge(rubric, rows)):
            wanted = overlong(row["num_tokens"], row["max_tokens"], margin or max(1, row["max_tokens"] // 5), row["truncated"])
            tally.add(component(verdict, "length")[0], wanted, None, row)
        tallies.append(tally)
    for ends in [{"correct": [1, 0.5], "wrong": [-1, -0.5], "exceeded": -1}, {"correct": [2, 1], "wrong": [-10, 0], "exceeded": -10}]:
        tally = Tally(f"length cosine {ends['correct']} {ends['wrong']}", "Yeo et al.")
        rubric = ('[[rewards]]\nname = "math"\nweight = 0\n[[rewards]]\nname = "length"\nmode = "cosine"\n'
                  f'correct = {ends["correct"]}\nwrong = {ends["wrong"]}\nexceeded = {ends["exceeded"]}\n')
        for row, verdict in zip(rows, judge(rubric, rows)):
            wanted = cosine(row["num_tokens"], row["max_tokens"], row["truncated"], row["response"] == "4", ends)
            tally.add(component(verdict, "length")[0], wanted, None, row)
        tallies.append(tally)
    tally = Tally("length adaptive", "Xiang et al.")
    rubric = '[[rewards]]\nname = "math"\n[[rewards]]\nname = "length"\nmode = "adaptive"\n'
    for i, (row, verdict) in enumerate(zip(rows, judge(rubric, rows))):
        group = rows[i // 8 * 8:i // 8 * 8 + 8]
        rate = max(sum(other["response"] == "4" for other in group) / len(group), 1 / len(group))
        wanted = -min(row["num_tokens"], row["max_tokens"]) / row["max_tokens"] * rate
        tally.add(component(verdict, "length")[0], wanted, None, row)
    return tallies + [tally]


def run():
    return [check_format(), *check_repetition(), *check_length()]
