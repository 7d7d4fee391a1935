#!/usr/bin/env python3
"""Makes ngrams.inc, the table the language reward is compiled with:
    pip install brotli==1.2.1 numpy==2.4.6 lingua-language-detector==1.3.5
    apt-get download libreoffice-help-{gl,es,pt,en-us} libreoffice-l10n-{ne,hi}
    for package in libreoffice-*.deb; do dpkg-deb -x $package TEXTS; done
    rewards/language/make_ngrams.py TEXTS

Counted by lingua 1.3.5 (Peter M. Stahl, Apache License 2.0) on a million sentences a language of news and web text
(Leipzig Corpora Collection); Galician and Nepali, which it does not know, here on the help and the messages of
LibreOffice 7.4.7 (Mozilla Public License 2.0; 250,000 words of Galician, 40,000 of Nepali). From these counts: the
probability of a letter after up to three others of its word, interpolated. Kept are the n-grams which tell languages
apart best for the room they take. No text that the reward is measured on goes into the table."""

import collections
import gettext
import html
import json
import pathlib
import re
import sys

import brotli
import lingua
import numpy as np

UNIT = 0.25           # nats a level
LEVELS = 44           # '0' .. '['
PRIOR = 200           # observations the shorter context counts for
RARE = 1e-5           # a share that is added to both sides of a ratio
LEAST_SHARE = 1e-5    # a language's value is written where its n-gram has this share of its letters

# Scripts, their languages, and how many values to write for those that lingua knows.
SCRIPTS = {
    "Latin": ("af bs ca cs da de en es et fi fr gl hr hu id is it lt lv ms nb nl pl pt ro sk sl sq sv sw tl tr vi",
              120000),
    "Cyrillic": ("be bg mk ru sr uk", 20000),
    "Arabic": ("ar fa ur", 15000),
    "Devanagari": ("hi mr ne", 5000),
    "Han": ("ja zh", 12000),
}
OURS = {"nb": "no"}   # our code for theirs
FILES = ["unigrams", "bigrams", "trigrams", "quadrigrams"]


def help_of(language):
    """The paragraphs of LibreOffice's help but those left in English."""
    paragraph = re.compile(r"<(p|h\d|td)\b[^>]*>(.*?)</\1>", re.S)

    def read(name):
        for file in sorted(pathlib.Path(sys.argv[1]).glob(f"usr/share/libreoffice/help/{name}/text/**/*.html")):
            for _, inner in paragraph.findall(file.read_text(encoding="utf-8")):
                yield " ".join(html.unescape(re.sub(r"(?s)<[^>]*>", " ", inner)).split())
    return set(read(language)) - set(read("en-US"))


def messages_of(language):
    """LibreOffice's messages but those left in English."""
    texts = set()
    for file in sorted(pathlib.Path(sys.argv[1]).glob(f"usr/lib/libreoffice/program/resource/{language}/**/*.mo")):
        with file.open("rb") as stream:
            for key, text in gettext.GNUTranslations(stream)._catalog.items():
                if not str(key).endswith(text):  # it is "context\4message"
                    texts.add(text)
    return texts


# Languages lingua does not know: the texts they are counted on, and their relatives.
UNKNOWN = {"gl": (help_of, ["es", "pt"]), "ne": (messages_of, ["hi"])}


def count_texts(texts):
    """How many letters the texts have, and n-gram -> how often it is in their words."""
    result = collections.Counter()
    for text in sorted(texts):
        for word in re.findall(r"[^\W\d_]+", text.lower()):
            for size in range(1, 5):
                result.update(word[i:i + size] for i in range(len(word) - size + 1))
    return sum(count for ngram, count in result.items() if len(ngram) == 1), result


def carried_over(language):
    """Counts as of news: those of LibreOffice's texts, each n-gram by as much commoner or rarer as it is in news of the
    language's relatives than in the same texts in these. Else what speaks of computers would be Galician."""
    read, relatives = UNKNOWN[language]
    texts = read(language)
    print(language, len(texts), "texts", sum(len(text.split()) for text in texts), "words")
    total, table = count_texts(texts)
    ratios = collections.defaultdict(float)
    for relative in relatives:
        total_here, here = count_texts(read(relative))
        total_news, news = counts(relative)
        for ngram in table:
            ratio = (news.get(ngram, 0) / total_news + RARE) / (here.get(ngram, 0) / total_here + RARE)
            ratios[ngram] += ratio / len(relatives)
    result = {ngram: count * ratios[ngram] for ngram, count in table.items()}
    return sum(count for ngram, count in result.items() if len(ngram) == 1), result


def counts(language):
    """How many letters the language was counted on, and n-gram -> its count."""
    if language in UNKNOWN:
        return carried_over(language)
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
             "// 1.3.5's models (Peter M. Stahl, Apache License 2.0), for gl and ne of LibreOffice's texts (Mozilla Public",
             "// License 2.0), chosen and rounded by make_ngrams.py. Do not edit.",
             '{"", "%s"},' % " ".join(OURS.get(language, language) for language in languages)]
    for names, budget in SCRIPTS.values():
        members = names.split()
        ngrams, share, full, shorter = conditionals(members)
        known = [member not in UNKNOWN for member in members]
        for i in choose(ngrams, share[:, known], full[:, known], shorter[:, known], budget):
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
