"""The instruction checks beside IFEval's own (Zhou et al. 2023), in lm-eval's copy of Google's code.

Responses are rows of pieces: those a check is about, and ordinary ones. Where the two differ on purpose the reason is
named; sentences and languages are told by other means than IFEval's, so only a share of agreement is asked for
there."""

import logging
import re
import sys
import types

import langdetect
import lm_eval
import nltk
import punkt

from score import Tally, component, generator, judge

PIECES = ["the cat", "Rome", "a", "is", "NASA", "I", " ", "\n", "\n\n", ". ", "! ", ", ", "ÉTÉ", "straße", "42", "it's", "well-known"]
RELATIONS = ["less than", "at least"]
SENTENCES = [
    "The weather was fine and we went for a long walk in the woods.", "Dr. Smith came home at 5 p.m. and was tired.",
    "Is it true?", "It costs 3.50 dollars!", "He said: \"Go home.\"", "See e.g. the first chapter.", "Yes.", "\"Why not?\" she asked.",
    "The U.S. economy grew.", "Wait... what?", "First, read it (carefully!).", "No", "1. Buy milk\n2. Buy bread", "This is it: a list",
]
LANGUAGES = {
    "en": "The children played in the garden while their mother read a long book about the history of the town.",
    "de": "Die Kinder spielten im Garten, während ihre Mutter ein langes Buch über die Geschichte der Stadt las.",
    "fr": "Les enfants jouaient dans le jardin pendant que leur mère lisait un long livre sur l'histoire de la ville.",
    "es": "Los niños jugaban en el jardín mientras su madre leía un largo libro sobre la historia de la ciudad.",
    "it": "I bambini giocavano in giardino mentre la loro madre leggeva un lungo libro sulla storia della città.",
    "pt": "As crianças brincavam no jardim enquanto a mãe lia um longo livro sobre a história da cidade.",
    "ru": "Дети играли в саду, пока их мать читала длинную книгу об истории города.",
    "bg": "Децата играеха в градината, докато майка им четеше дълга книга за историята на града.",
    "fi": "Lapset leikkivät puutarhassa, kun heidän äitinsä luki pitkää kirjaa kaupungin historiasta.",
    "vi": "Bọn trẻ chơi trong vườn trong khi mẹ chúng đọc một cuốn sách dài về lịch sử của thành phố.",
    "hi": "बच्चे बगीचे में खेल रहे थे जबकि उनकी माँ शहर के इतिहास के बारे में एक लंबी किताब पढ़ रही थी।",
    "ar": "كان الأطفال يلعبون في الحديقة بينما كانت أمهم تقرأ كتابًا طويلًا عن تاريخ المدينة.",
    "fa": "بچه‌ها در باغ بازی می‌کردند در حالی که مادرشان کتابی طولانی درباره تاریخ شهر می‌خواند.",
    "th": "เด็กๆ เล่นอยู่ในสวนขณะที่แม่ของพวกเขาอ่านหนังสือเล่มยาวเกี่ยวกับประวัติศาสตร์ของเมือง",
    "ko": "아이들이 정원에서 노는 동안 어머니는 도시의 역사에 관한 긴 책을 읽고 있었다.",
}


def load_checkers():
    """IFEval's classes by name. The sentence model comes with a package; nothing is downloaded."""
    model = punkt.PunktSentenceTokenizer(punkt.load_model("english"))
    words = nltk.tokenize.NLTKWordTokenizer()
    nltk.data.find = lambda *_: True
    nltk.data.load = lambda *_: model
    nltk.word_tokenize = lambda text: [word for sentence in model.tokenize(text) for word in words.tokenize(sentence)]
    logging.disable(logging.CRITICAL)
    langdetect.DetectorFactory.seed = 0
    for name in ["lm_eval.tasks", "lm_eval.tasks.ifeval"]:  # their own import all of the harness
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = ["/".join([lm_eval.__path__[0], *name.split(".")[1:]])]
    from lm_eval.tasks.ifeval import instructions_registry  # pylint: disable=import-outside-toplevel
    return instructions_registry.INSTRUCTION_DICT


def relation(key, count_key, most):
    return lambda random: {key: random.choice(RELATIONS), count_key: random.randint(1, most)}


def count(key, most):
    return lambda random: {key: random.randint(1, most)}


def one_of(key, values):
    return lambda random: {key: random.choice(values)}


WORDS = ["cat", "Rome", "it's", "a", "straße", "well-known", "zebra", "ca"]
SEPARATORS = ["***", "******", "****", "*", " *** ", "\n***\n", "text", "more"]
# name -> (pieces, arguments)
CHECKS = {
    "change_case:capital_word_frequency": (["USA", "U.S. of", "NATO-led", "X", "AI's", "A1", "$5M", "O'NEIL"],
                                           relation("capital_relation", "capital_frequency", 5)),
    "change_case:english_capital": (["THE DOGS PLAYED IN THE GARDEN WHILE IT RAINED", "WE WENT HOME AND READ A BOOK"], None),
    "change_case:english_lowercase": (["the dogs played in the garden while it rained", "we went home and read a book"], None),
    "combination:repeat_prompt": (["Write a poem.", "write a POEM.", "WRITE"], one_of("prompt_to_repeat", ["Write a poem.", "write"])),
    "combination:two_responses": (SEPARATORS, None),
    "detectable_content:number_placeholders": (["[name]", "[", "]", "[a [b]", "[]", "[x\ny]", "]["], count("num_placeholders", 4)),
    "detectable_content:postscript": (["P.S.", "P. S.", "P.P.S", "P.P.S.", "p.s. bye", "PS", "P.  S.", "P.\nS.", "Note:"],
                                      one_of("postscript_marker", ["P.S.", "P.P.S", "Note:"])),
    "detectable_format:constrained_response": (["My answer is yes.", "My answer is no", "my answer is maybe.", "My answer is maybe."], None),
    "detectable_format:json_format": (["{", "}", "[", "]", '"a"', ":", ",", "1", "null", "```", "```json\n", "\n```", "NaN"], None),
    "detectable_format:multiple_sections": (["Section 1", "SECTION 2", "Section2", "Section  3", "Section X", "Section\n4", "section 5"],
                                            lambda random: {"section_spliter": random.choice(["Section", "SECTION"]),
                                                            "num_sections": random.randint(1, 4)}),
    "detectable_format:number_bullet_lists": (["\n* one", "\n- two", "\n** no", "\n *x", "\n\t- y", "\n*", "\n-", "\n+ z", "* in"],
                                              count("num_bullets", 4)),
    "detectable_format:number_highlighted_sections": (["*one*", "**two**", "* *", "**", "*", "***", "*a\nb*", "** **", "****"],
                                                      count("num_highlights", 4)),
    "detectable_format:title": (["<<", ">>", "<<Title>>", "<< >>", "<<\n>>", "<", ">", "<<>>"], None),
    "keywords:existence": (WORDS, lambda random: {"keywords": random.sample(WORDS, 2)}),
    "keywords:forbidden_words": (WORDS + ["cats", "Rome2", "_cat"], lambda random: {"forbidden_words": random.sample(WORDS, 2)}),
    "keywords:frequency": (WORDS, lambda random: {"keyword": random.choice(WORDS), "frequency": random.randint(1, 4),
                                                  "relation": random.choice(RELATIONS)}),
    "keywords:letter_frequency": (WORDS, lambda random: {"letter": random.choice("aetns"), "let_frequency": random.randint(1, 8),
                                                         "let_relation": random.choice(RELATIONS)}),
    "language:response_language": (list(LANGUAGES.values()), one_of("language", list(LANGUAGES))),
    "length_constraints:nth_paragraph_first_word": (["\n\n", "\n\n\n", "'Rome'", '"Rome"', "rome,", "Rome", "\n\nRome", "\n\nthe"],
                                                    lambda random: {"num_paragraphs": (most := random.randint(1, 3)), "nth_paragraph": random.randint(1, most),
                                                                    "first_word": random.choice(["rome", "the"])}),
    "length_constraints:number_paragraphs": (SEPARATORS, count("num_paragraphs", 4)),
    "length_constraints:number_sentences": (SENTENCES, relation("relation", "num_sentences", 8)),
    "length_constraints:number_words": (["x_y", "don't", "2nd", "3.14", "--", "Ünïcode", "a/b"], relation("relation", "num_words", 12)),
    "punctuation:no_comma": ([",", "，", "a", "b"], None),
    "startend:end_checker": (["Any other questions?", "the end", '"', "The END", ".", " "], one_of("end_phrase", ["Any other questions?", "the end"])),
    "startend:quotation": (['"', '" ', "'", "“"], None),
}
# Where the means differ: the least share of the same verdicts.
BARS = {"length_constraints:number_sentences": 0.95, "language:response_language": 0.98, "change_case:english_capital": 0.98,
        "change_case:english_lowercase": 0.98}


def response(random, name, pieces):
    if name == "length_constraints:number_sentences":
        return " ".join(random.choice(pieces) for _ in range(random.randint(1, 9)))
    if name == "language:response_language":
        return random.choice(pieces)
    own = random.choice([0.3, 0.6, 1.0])
    made = [random.choice(pieces if random.random() < own else PIECES) for _ in range(random.randint(1, 10))]
    joint = " " if "capital" in name else random.choice(["", " "])
    return joint.join(made).strip()


def known(name, arguments, text, ours):
    """Why a verdict differs on purpose; None if it does not."""
    if name == "combination:repeat_prompt" and text.lower() == arguments["prompt_to_repeat"].lower():
        return "a prompt repeated has to be followed by an answer"
    if name == "length_constraints:nth_paragraph_first_word" and re.search(r"\n\n\n|\A\n\n|\n\n\s*\n\n", text):
        return "IFEval counts empty paragraphs when it looks for the nth"
    if name == "detectable_format:json_format" and "NaN" in text and not ours:
        return "NaN is no JSON, Python's reader takes it"
    if name == "detectable_format:number_bullet_lists" and re.search(r"^\s*\*$", text, re.M):
        return "a star alone on its line: IFEval takes the next line for its text"
    if name == "detectable_format:title" and not any(re.search(r"<<.*[^<>\s].*>>", line) for line in text.split("\n")):
        return "a title of brackets alone is none"
    return None


def check(name, checker, cases):
    pieces, arguments_of = CHECKS[name]
    random = generator(name)
    rows, wanted = [], []
    while len(rows) < cases:
        text = response(random, name, pieces)
        if not text:
            continue
        arguments = arguments_of(random) if arguments_of else {}
        if name == "language:response_language" and random.random() < 0.5:
            text = LANGUAGES[arguments["language"]]
        instruction = checker(name)
        instruction.build_description(**arguments)
        rows.append({"response": text, "instruction_id_list": [name], "kwargs": [arguments]})
        wanted.append(bool(instruction.check_following(text)))
    tally = Tally(name, "IFEval, lm-eval 0.4.13", bar=BARS.get(name, 1.0))
    for row, theirs, verdict in zip(rows, wanted, judge('[[rewards]]\nname = "instructions"\n', rows)):
        ours, reason = component(verdict, "instructions")
        text, arguments = row["response"], row["kwargs"][0]
        tally.add(ours, float(theirs), lambda: known(name, arguments, text, ours), [text, arguments, reason])
    return tally


def run():
    checkers = load_checkers()
    for name in CHECKS:
        yield check(name, checkers[name], 600 if "language" in name or "english" in name else 3000)
