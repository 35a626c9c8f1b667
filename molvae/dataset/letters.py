"""Encodings of one byte per character, recognized by the letters of the words.

A text is decoded in each encoding, and the encoding wins in which its words look most like words
of a language: naive Bayes over the characters beyond ASCII.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from math import inf, log
from typing import NamedTuple

# Letters beyond ASCII from the most to the least frequent.
_WESTERN = (
    "äüöß",  # German.
    "éèàêçôîûùâëïœæü",  # French.
    "óíáéñúü",  # Spanish.
    "ãçáéíóêõâúôà",  # Portuguese.
    "àèùòìé",  # Italian.
    "äåöé",  # Swedish and Finnish.
    "øåæé",  # Danish and Norwegian.
    "áíðéóúýþöæ",  # Icelandic.
    "ëéïöüáóè",  # Dutch.
)
_CENTRAL = (
    "łóżęąśćńź",  # Polish.
    "áíěéýčřžšůúťňďó",  # Czech.
    "áíéčýžúšľťôňäďóĺŕ",  # Slovak.
    "áéöőóüíúű",  # Hungarian.
    "ăâîşţ",  # Romanian.
    "čšžćđ",  # Croatian and Slovene.
    "äüöß",
)
_CYRILLIC = (
    "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",  # Russian.
    "оаинівтерслкдумпязьбгйчхцжїшющєфґ",  # Ukrainian.
)
_GREEK = ("αοιετσνηυρπκμλςίόάδέγωχθήφύβξζώψϊϋΐΰ",)
_HEBREW = ("יוהלאתרמבשנכדפקעחטגצםןסזךףץ",)
_ARABIC = ("اليمنترودبعسفهحكقجةطصأخشضىذغزثءإظئآؤ",)
_TURKISH = ("ıüşğçöâî",)
_BALTIC = (
    "ėšąžčųįūę",  # Lithuanian.
    "āēīūšņļķžģč",  # Latvian.
    "äõöüšž",  # Estonian.
)
_DEFAULT = "cp1252"
_LANGUAGES = {
    _DEFAULT: _WESTERN,
    "cp1250": _CENTRAL,
    "cp1251": _CYRILLIC,
    "cp1253": _GREEK,
    "cp1254": _TURKISH,
    "cp1255": _HEBREW,
    "cp1256": _ARABIC,
    "cp1257": _BALTIC,
    "mac_roman": _WESTERN,
    "koi8_r": _CYRILLIC,
    "iso8859_2": _CENTRAL,
    "iso8859_5": _CYRILLIC,
    "iso8859_7": _GREEK,
    "iso8859_15": _WESTERN,
    "cp850": _WESTERN,
    "cp852": _CENTRAL,
    "cp866": _CYRILLIC,
    "mac_cyrillic": _CYRILLIC,
}
_PRIORS = {_DEFAULT: 0.0} | dict.fromkeys(("cp1250", "cp1251", "cp1253", "cp1254"), -1.0)
"""Logarithms of how much rarer an encoding is than Windows-1252."""
_RARE = -3.0
"""Logarithm of how much rarer the other encodings are."""
# Logarithms of probabilities, chosen by hand.
_SYMBOL, _STRANGE, _UNDEFINED = -4.0, -9.0, -12.0
_CAPITAL, _CAPITAL_WITHIN, _TWO_ACCENTS, _TWO_SCRIPTS = -1.0, -6.0, -2.0, -3.0
_SMOOTHING = 0.1
"""Words that a language has before any word is seen."""
_SYMBOLS = frozenset(
    "°±µ·\u2013—\u2019\u2018“”„«»…€£§©®™²³¹½¼¾\xd7÷•ªº¿¡\xb4ƒ\xa0\xadΔΩ\u03b1β\u03b3δλμπ≤≥≈∞→"
)
_JOINERS = frozenset("\u2019·\u2013—\xa0\xadµ")
"""Symbols that may stand within a word."""
_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
_MOST_WORDS = 400
_FIRST_SCRIPT_LETTER = "\u0370"


class Guess(NamedTuple):
    """The most likely encoding of a text."""

    encoding: str
    is_script: bool
    """Whether its letters are all beyond ASCII, as Cyrillic ones are."""
    mean: float
    """Mean logarithm of the probability of a character beyond ASCII."""
    gain: float
    """Logarithm of how much likelier it is than Windows-1252."""
    lead: float
    """Logarithm of how much likelier it is than the next encoding that gives another text."""


def guess_encoding(text: bytes) -> Guess:
    """The encoding in which the words of the text look most like words of a language."""
    words = list(dict.fromkeys(_WORD.findall(text)))[:_MOST_WORDS]
    scores = {
        encoding: _PRIORS.get(encoding, _RARE) + _score(words, encoding) for encoding in _LANGUAGES
    }
    best = max(scores, key=lambda encoding: scores[encoding])
    joined = b" ".join(words)
    decoded = joined.decode(best, "replace")
    rivals = (
        score for encoding, score in scores.items() if joined.decode(encoding, "replace") != decoded
    )
    foreign = sum(byte > 0x7F for byte in joined)
    return Guess(
        best,
        _LANGUAGES[best][0][0] >= _FIRST_SCRIPT_LETTER,
        (scores[best] - _PRIORS.get(best, _RARE)) / max(foreign, 1),
        scores[best] - scores[_DEFAULT],
        scores[best] - max(rivals, default=-inf),
    )


def _score(words: Sequence[bytes], encoding: str) -> float:
    """Logarithm of the probability of the words in the languages of the encoding.

    Each word may be of any of them, but the fewer languages, the likelier they are.
    """
    languages = _LANGUAGES[encoding]
    rows = [_score_in_languages(word, encoding) for word in words]
    counts = Counter(row.index(max(row)) for row in rows)
    total = len(words) + _SMOOTHING * len(languages)
    shares = [log((counts[at] + _SMOOTHING) / total) for at in range(len(languages))]
    return sum(max(score + share for score, share in zip(row, shares, strict=True)) for row in rows)


def _score_in_languages(word: bytes, encoding: str) -> list[float]:
    languages = _LANGUAGES[encoding]
    try:
        text = word.decode(encoding)
    except UnicodeDecodeError:
        return [_UNDEFINED * len(word)] * len(languages)
    return [_score_in_language(text, letters) for letters in languages]


def _score_in_language(text: str, letters: str) -> float:
    frequencies = _frequencies(letters)
    is_script = letters[0] >= _FIRST_SCRIPT_LETTER
    score = 0.0
    for before, character, after in zip(f" {text}", text, f"{text[1:]} ", strict=False):
        if is_script and _are_two_scripts(before, character):
            score += _TWO_SCRIPTS
        if character.isascii():
            continue
        if character.lower() in frequencies:
            score += frequencies[character.lower()]
            score += _score_case(before, character)
            score += _TWO_ACCENTS * (not is_script and before.isalpha() and not before.isascii())
            continue
        is_within = before.isalpha() and after.isalpha()
        is_symbol = character in _SYMBOLS and (not is_within or character in _JOINERS)
        score += _SYMBOL if is_symbol else _STRANGE
    return score


def _score_case(before: str, letter: str) -> float:
    if not letter.isupper():
        return 0.0
    return _CAPITAL_WITHIN if before.isalpha() and not before.isupper() else _CAPITAL


def _are_two_scripts(before: str, after: str) -> bool:
    return before.isalpha() and after.isalpha() and before.isascii() != after.isascii()


@cache
def _frequencies(letters: str) -> dict[str, float]:
    """Logarithms of the frequencies, which fall with the rank as by Zipf's law."""
    weights = [1 / (rank + 2) for rank in range(len(letters))]
    total = sum(weights)
    return {letter: log(weight / total) for letter, weight in zip(letters, weights, strict=True)}
