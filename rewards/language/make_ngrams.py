#!/usr/bin/env python3
"""Makes ngrams.inc, the table the language reward is compiled with:
    pip install brotli==1.2.1 numpy==2.4.6 lingua-language-detector==1.3.5
    rewards/language/make_ngrams.py

Counted by lingua 1.3.5 (Peter M. Stahl, Apache License 2.0) on a million sentences a language of news and web text
(Leipzig Corpora Collection). From its counts: the probability of a letter after up to three others of its word,
interpolated. Kept are the n-grams which tell languages apart best for the room they take. No text that the reward is
measured on goes into the table."""

import json
import pathlib

import brotli
import lingua
import numpy as np

UNIT = 0.25           # nats a level
LEVELS = 44           # '0' .. '['
PRIOR = 200           # observations the shorter context counts for
LEAST_SHARE = 1e-5    # a language's value is written where its n-gram has this share of its letters

# Scripts, their languages, and how many values to write for them.
SCRIPTS = {
    "Latin": ("af bs ca cs da de en es et fi fr hr hu id is it lt lv ms nb nl pl pt ro sk sl sq sv sw tl tr vi", 120000),
    "Cyrillic": ("be bg mk ru sr uk", 20000),
    "Arabic": ("ar fa ur", 15000),
    "Devanagari": ("hi mr", 5000),
    "Han": ("ja zh", 12000),
}
OURS = {"nb": "no"}   # our code for theirs
FILES = ["unigrams", "bigrams", "trigrams", "quadrigrams"]


def counts(language):
    """n-gram -> its share of the language's letters."""
    folder = pathlib.Path(lingua.__file__).parent / "language-models" / language
    result, total = {}, 0
    for name in FILES:
        file = folder / f"{name}.json.br"
        if not file.exists():
            break
        table = json.loads(brotli.decompress(file.read_bytes()))["ngrams"]
        if not total:
            total = max(int(fraction.split("/")[1]) for fraction in table)
        for fraction, ngrams in table.items():  # the reduced fraction: count / count of all but the last letter
            numerator, denominator = map(int, fraction.split("/"))
            for ngram in ngrams.split(" "):
                before = result.get(ngram[:-1], 0) if len(ngram) > 1 else total
                result[ngram] = round(before * numerator / denominator)
    return total, result


def conditionals(languages):
    """n-grams, and per language their share, ln P(last letter | the others) and that of the n-gram one shorter."""
    tables = [counts(language) for language in languages]
    ngrams = sorted({ngram for total, table in tables for ngram, count in table.items() if count > 3e-6 * total})
    ngrams.sort(key=len)
    place = {ngram: i for i, ngram in enumerate(ngrams)}
    count = np.array([[table.get(ngram, 0) for _, table in tables] for ngram in ngrams], float)
    share = count / [total for total, _ in tables]
    full = np.maximum(share, 1e-6)
    shorter = full.copy()
    for i, ngram in enumerate(ngrams):
        if len(ngram) == 1:
            continue
        below = place.get(ngram[1:], place.get(ngram[-1]))
        if below is not None:
            shorter[i] = full[below]
        context = place.get(ngram[:-1])
        before = count[context] if context is not None else np.zeros(len(languages))
        weight = before / (before + PRIOR)
        ratio = np.divide(count[i], before, out=np.zeros(len(languages)), where=before > 0)
        full[i] = weight * np.minimum(ratio, 1) + (1 - weight) * shorter[i]
    return ngrams, share, np.log(full), np.log(shorter)


def choose(ngrams, share, full, shorter, budget):
    """Rows by what they add to the differences between languages, per value written."""
    gain = full - shorter
    benefit = sum(np.sqrt(share[:, [i]]) * np.abs(gain[:, [i]] - gain) for i in range(share.shape[1])).sum(1)
    values = (share > LEAST_SHARE).sum(1)
    benefit = np.where(values > 0, benefit / (values + 3), 0)
    single = np.array([len(ngram) == 1 for ngram in ngrams])
    benefit[single] = np.where(values[single] > 0, 1e9 + share[single].max(1), 0)
    order = np.argsort(-benefit, kind="stable")
    kept = order[np.cumsum(values[order] + 2) <= budget]
    return sorted((i for i in kept if benefit[i] > 0), key=lambda i: (len(ngrams[i]), ngrams[i]))


def write_ngrams(path):
    languages = [language for names, _ in SCRIPTS.values() for language in names.split()]
    letters = {language: chr(ord("A") + i + (6 if i >= 26 else 0)) for i, language in enumerate(languages)}
    lines = ["// Letter n-grams and how likely their last letter is after the others, in each language that writes them so:",
             "// pairs of a language (A, B, ... of the first row) and -ln P in quarters of a nat, counted from '0'. Of lingua",
             "// 1.3.5's models (Peter M. Stahl, Apache License 2.0), chosen and rounded by make_ngrams.py. Do not edit.",
             '{"", "%s"},' % " ".join(OURS.get(language, language) for language in languages)]
    for names, budget in SCRIPTS.values():
        members = names.split()
        ngrams, share, full, shorter = conditionals(members)
        for i in choose(ngrams, share, full, shorter, budget):
            values = ""
            for j, language in enumerate(members):
                if share[i, j] > LEAST_SHARE:
                    level = min(LEVELS - 1, round(-full[i, j] / UNIT))
                    values += letters[language] + chr(ord("0") + level)
            lines.append('{"%s", "%s"},' % (ngrams[i], values))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    here = pathlib.Path(__file__).parent
    write_ngrams(here / "ngrams.inc")
