"""Texts in many scripts, and texts that tokenizers are known to stumble over."""

import random

LANGUAGES = [
    "The quick brown fox jumps over the lazy dog; it's 12:45, isn't it? I'LL say we'Ve WON'T.",
    "Der Fuchs springt über den faulen Hund – schön, daß es klappt! Straße, Größe, wörd wörder.",
    "Le cœur a ses raisons que la raison ne connaît point. L'été dernier, j'ai mangé à Noël.",
    "El niño comió piñas en la mañana. ¿Qué pasa? ¡Olé!",
    "Быстрая лиса прыгает через ленивую собаку. Ещё одно предложение.",
    "Η γρήγορη αλεπού πηδάει πάνω από το σκυλί. ΣΊΣΥΦΟΣ",
    "素早い茶色の狐がのろまな犬を飛び越える。カタカナとひらがな、漢字123。",
    "敏捷的棕色狐狸跳过了懒狗。今天是2024年5月17日，星期五。",
    "빠른 갈색 여우가 게으른 개를 뛰어넘는다. 한국어 문장입니다. \u1100\u1161 \uac00",
    "الثعلب البني السريع يقفز فوق الكلب الكسول. مَرْحَبًا ١٢٣٤",
    "השועל החום המהיר קופץ מעל הכלב העצלן.",
    "तेज भूरी लोमड़ी आलसी कुत्ते के ऊपर कूदती है। १२३",
    "চতুর বাদামী শিয়াল অলস কুকুরের উপর লাফ দেয়। ২৪",
    "సులభమైన తెలుగు వాక్యం ఇది.",
    "สุนัขจิ้งจอกสีน้ำตาลกระโดดข้ามสุนัขขี้เกียจ",
    "Con cáo nâu nhanh nhẹn nhảy qua con chó lười.",
    "Mbweha wa kahawia anaruka juu ya mbwa mvivu.",
    "Szybki brązowy lis przeskakuje nad leniwym psem. Zażółć gęślą jaźń.",
]

CODE = [
    "def f(x):\n    return x**2 + 3*x - 1  # comment\n\n\nclass A(B):\n\tpass\n",
    "int main() { std::vector<int> v{1, 2}; for (auto& x : v) x <<= 1; }\r\n\r\nreturn 0;",
    '{"k": [1, 2.5e-3, null], "path": "C:\\\\dir\\\\file"}',
    "http://example.com/a?b=c&d=e#f <a href='x'>y</a> &amp; !!!???...---___===",
    "\\frac{1}{2} \\cdot \\sum_{i=0}^{n} x_i^{2} ≤ \\boxed{42} ∑∫√≈≠ → ∀x∈ℝ",
]

AWKWARD = [
    "", " ", "  ", "\n", "\n\n  \n", " \t \n x", "a  b   c    d", "trailing   ", "   leading",
    "tabs\t\tand\r\nwindows\r\n\r\nlines", "e\u0301 n\u0303 é ﬁ ｆｕｌｌ Å \u212b ½ ² ﷺ",
    "😀👩‍👩‍👧‍👦🏳️‍🌈🇩🇪 emoji 👍🏽", "\ufffd\ufeffbom", "x\x00y\x01\x7f",
    "zero\u200bwidth\u200cjoin\u200d \u00a0nbsp\u2003em\u3000 \u180e mvs \u0085nel",
    "1234567 12 ١٢٣ Ⅷ ½ 一二三", "ſ's K'LL DON'T don'ſ I'ſ", "İstanbul ΟΔΟΣ ǅ",
    "a" * 300, " " * 257 + "x", "ab" * 150, "▁▁a ▁b", "<0x41> <0x0A>",
]

# For the added tokens of the tokenizers that styles.py trains.
ADDED = [
    "<think>xy</think><|im_end|><|bos|>", "a<think>b <think>x c", "wörd wörds xwörd wörd.",
    "a  lefty  lefty b righty   c rightyrighty  both  both bothers", "<|im_end", "<|im_end|><|eos|>",
]


def all_texts(seed=0, num_random=300):
    """The lists above and random strings over an alphabet of awkward characters."""
    alphabet = list("abcdeABCXYZ 0123456789 \n\r\t'!?.,-_<>|#") + list(
        "éüßñçäöœЖбвλσςאבمرहिন中文字漢かなカナ한글ก็ำ😀👍🏽\u200d\u0301\u0308\u00a0\u2003\u3000\u0085²½Ⅷſ▁")
    rng = random.Random(seed)
    texts = LANGUAGES + CODE + AWKWARD + ADDED
    for _ in range(num_random):
        texts.append("".join(rng.choice(alphabet) for _ in range(rng.randrange(1, 60))))
    return texts
