"""Exact and fuzzy matches beside rapidfuzz and SQuAD's rules, regular expressions beside Python's `re`."""

import collections
import re
import string

from rapidfuzz.distance import Levenshtein

from score import Tally, component, generator, judge

WORDS = ["Rome", "rome", "the", "a", "An", "tower", "3", "42", "Élan", "ÉLAN", "Москва", "москва", "ab", "b", "x_1"]
SIGNS = [" ", "  ", ", ", ". ", "!", "-", "\n", "\t", " ?", "'", "...", "%"]


def text(random, words=6):
    return "".join(random.choice(WORDS) + random.choice(SIGNS) for _ in range(random.randint(1, words)))


def pairs(name, count):
    """A response and a reference, near each other half of the time."""
    random = generator(name)
    for _ in range(count):
        reference = text(random)
        response = list(reference if random.random() < 0.6 else text(random))
        for _ in range(random.randrange(3)):
            place = random.randrange(len(response))
            response[place] = random.choice(["", " ", ".", response[place].swapcase(), "x"])
        response = "".join(response)
        if response.strip() and reference.strip():
            yield response, reference


def squad(answer, articles):
    """SQuAD 1.1's normalisation (Rajpurkar et al. 2016), its punctuation ASCII's."""
    answer = "".join(character for character in answer.lower() if character not in string.punctuation)
    if articles:
        answer = re.sub(r"\b(a|an|the)\b", " ", answer)
    return " ".join(answer.split())


def signs_glue(response, reference):
    """SQuAD takes signs away and glues what they part; ours parts words there."""
    glued = re.compile(r"\w[^\w\s]+\w|_")
    return "SQuAD glues words that a sign parts" if glued.search(response) or glued.search(reference) else None


def check_exact():
    for articles in (False, True):
        cases = list(pairs(f"exact {articles}", 8000))
        tally = Tally(f"exact_match, ignore_articles {str(articles).lower()}", "SQuAD's rules")
        rubric = f'[[rewards]]\nname = "exact_match"\nignore_articles = {str(articles).lower()}\n'
        verdicts = judge(rubric, [{"response": response, "reference": reference} for response, reference in cases])
        for (response, reference), verdict in zip(cases, verdicts):
            ours = component(verdict, "exact_match")[0]
            theirs = float(squad(response, articles) == squad(reference, articles))

            def explain():
                if not squad(response, articles) or not squad(reference, articles):
                    return "nothing but signs and articles: SQuAD finds all of these equal"
                return signs_glue(response, reference)
            tally.add(ours, theirs, explain, [response, reference])
        yield tally


def check_fuzzy():
    cases = list(pairs("fuzzy", 8000)) + [("ab " * 300 + "x", "ab " * 299 + "b x"), ("é" * 200, "è" * 130)]
    rows = [{"response": response, "reference": reference} for response, reference in cases]
    tally = Tally("fuzzy_match edit", "rapidfuzz Levenshtein")
    for (response, reference), verdict in zip(cases, judge('[[rewards]]\nname = "fuzzy_match"\nmeasure = "edit"\n', rows)):
        wanted = Levenshtein.normalized_similarity(response.strip().lower(), reference.strip().lower())
        tally.add(component(verdict, "fuzzy_match")[0], wanted, None, [response, reference])
    yield tally
    tally = Tally("fuzzy_match f1", "SQuAD's F1 over \\w+")
    for (response, reference), verdict in zip(cases, judge('[[rewards]]\nname = "fuzzy_match"\n', rows)):
        answer, wanted = (collections.Counter(re.findall(r"\w+", side.lower())) for side in (response, reference))
        common = sum((answer & wanted).values())
        f1 = 2 * common / (answer.total() + wanted.total()) if common else 0.0
        tally.add(component(verdict, "fuzzy_match")[0], f1, None, [response, reference])
    yield tally


def pattern(random, depth=3):
    kind = random.randrange(10 if depth else 4)
    if kind < 4:
        return random.choice(["a", "b", "ab", ".", "[ab]", "[^a]", r"\d", r"\w", r"\s", r"\b", "é", r"\.", "x", "[a-c1]", r"\D", "-"])
    inner = pattern(random, depth - 1)
    if kind < 6:
        return inner + pattern(random, depth - 1)
    if kind == 6:
        return f"(?:{inner}|{pattern(random, depth - 1)})"
    if kind == 7:
        return f"({inner})"
    if kind == 8:
        return f"(?:{inner}){random.choice(['*', '+', '?', '{2}', '{1,3}', '*?', '+?', '{0,2}?'])}"
    return random.choice([f"^{inner}", f"{inner}\\Z", f"(?={inner})", f"(?!{inner})", f"(?<=a){inner}", f"^{inner}$"])


def check_regex():
    random = generator("regex")
    alphabet = ["a", "b", "ab", "é", "1", "22", " ", "x", ".", "-", "c", "\n", "ж", "_", "A"]
    rows = []
    while len(rows) < 12000:
        made = pattern(random)
        try:
            re.compile(made)
        except re.error:
            continue
        response = "".join(random.choice(alphabet) for _ in range(random.randint(1, 10))).strip()
        if response:
            rows.append({"response": response, "p": made})
    for options, search in [("", re.search), ("whole = true\n", lambda made, side: re.fullmatch(made, side)),
                            ("ignore_case = true\n", lambda made, side: re.search(made, side, re.I))]:
        tally = Tally(f"regex {options.strip() or 'search'}", "Python's re")
        for row, verdict in zip(rows, judge('[[rewards]]\nname = "regex"\ncolumn = "p"\n' + options, rows)):
            score, reason = component(verdict, "regex")
            tally.add(score, float(bool(search(row["p"], row["response"]))), None, [row, reason])
        yield tally


def run():
    yield from check_exact()
    yield from check_fuzzy()
    yield from check_regex()
