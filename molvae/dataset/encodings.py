"""Encodings of text files, recognized by their bytes.

Files that are not Unicode are mostly Windows-1252 (Western Europe). Others are recognized by what
Western text does not have: characters of Japanese, Chinese and Korean, or letters of other
languages. An encoding that cannot be told is refused, as names would be changed otherwise.
"""

import codecs
import re
from collections.abc import Sequence, Set
from functools import lru_cache
from typing import NamedTuple

from molvae.dataset.letters import guess_encoding

SINGLE_BYTES = "surrogateescape"
"""Error handler of the lines that are not in the encoding of the text."""
_WESTERN = "cp1252"
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_ZEROS = {
    "utf-32-le": (False, True, True, True),
    "utf-32-be": (True, True, True, False),
    "utf-16-le": (False, True) * 2,
    "utf-16-be": (True, False) * 2,
}
"""Which of four bytes are zero in most of a text of much ASCII."""
_KANA = re.compile("[\u3041-\u30fa]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
# Chinese may look like Korean, and Japanese without kana like Chinese, but for frequent characters.
_FREQUENT_HANGUL = frozenset(
    "이다의는에을를가고하지로도사한인기대일리그아자나어수보정시해서물량활성질산합용온농율분올탄화름명값험"
)
_FREQUENT_KANJI = frozenset(
    "化合物名活性値分子量溶解度酸融点沸水質阻害濃標的毒試験結果番号構造式日本人大年会備考純濁"
)
_MUCH_HANGUL = 12
"""Characters that Chinese hardly has among them alone."""
_FEW = 3
"""Different characters without which Chinese and Korean are not recognized."""
_DOUBLE_BYTE = "cp932", "euc_jp", "euc_kr", "gb18030", "big5"
"""Encodings of two bytes per character that are tried, in this order."""
_LIKE_UTF8 = {*_DOUBLE_BYTE, "cp866", "mac_cyrillic"}
"""Encodings in which short words may be UTF-8 by chance."""
_ESCAPED = re.compile("[\udc80-\udcff]+")
_FOREIGN_RUN = re.compile(rb"[\x80-\xff]+")
_LONG_RUN = 4
"""Characters beyond ASCII in a row that Western text hardly has."""
_SURE_CHARACTERS = 3
"""Characters in UTF-8 on a line that hardly are other characters by chance."""

# Logarithms of probabilities, see `letters`, chosen by hand for tables of a few names.
_LEAST_GAIN, _LEAST_LEAD, _LEAST_MEAN = 1.0, 3.0, -4.0
_LEAST_MEAN_OF_SCRIPT = -3.7
"""Mean of words in Cyrillic, Greek, Hebrew or Arabic; that of misread Chinese is lower."""
_LEAST_MEAN_OF_WESTERN = -6.0


class TextEncoding(NamedTuple):
    """How a text is to be decoded."""

    codec: str = "utf-8"
    """Encoding of the whole text."""
    further: str | None = None
    """Encoding of the lines that are not in it; None where the beginning has none."""
    problem: str = ""
    """Why the text cannot be decoded."""

    @property
    def note(self) -> str:
        """A note on the assumed encoding; empty for Unicode."""
        assumed = self.further or ("" if self.codec.startswith("utf") else self.codec)
        return encoding_note(assumed) if assumed else ""


def encoding_note(encoding: str) -> str:
    """A note that the text was read as this encoding."""
    name = encoding.replace("cp125", "windows-125")
    return (
        f"the text is not UTF-8 and was read as {name}; if names look wrong, save the file as UTF-8"
    )


@lru_cache(maxsize=4)
def find_encoding(sample: bytes) -> TextEncoding:
    """The encoding of the text that begins with these bytes."""
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if sample.startswith(mark):
            is_utf8 = encoding == "utf-8-sig"
            return _find_byte_encoding(sample, encoding) if is_utf8 else TextEncoding(encoding)
    if (unmarked := _find_unmarked_unicode(sample)) is not None:
        return TextEncoding(unmarked)
    if b"\x1b$B" in sample or b"\x1b$@" in sample:
        return TextEncoding("iso2022_jp")
    return _find_byte_encoding(sample, "utf-8")


def decode_escaped(line: str, encoding: TextEncoding) -> tuple[str, str]:
    """A line that has bytes which are not UTF-8, and the encoding that it was read in.

    Raises:
        UnicodeError: the encoding cannot be told, or does not have these bytes.
    """
    raw = line.encode("utf-8", SINGLE_BYTES)
    further = encoding.further
    if further is None:
        further, problem = _find_legacy(raw)
        if problem:
            raise UnicodeError(problem)
    if further != _WESTERN:
        return raw.decode(further), further
    # A Western character within UTF-8, as in joined columns.
    return _ESCAPED.sub(lambda match: _decode_western(match.group()), line), further


def _decode_western(escaped: str) -> str:
    raw = escaped.encode("utf-8", SINGLE_BYTES)
    try:
        return raw.decode(_WESTERN)
    except UnicodeDecodeError:  # 81, 8D, 8F, 90 and 9D stand for nothing there.
        return raw.decode("latin-1")


def _find_unmarked_unicode(sample: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, by the zeros in ASCII; None for anything else."""
    for encoding, are_zero in _ZEROS.items():
        quarters = [sample[at::4] for at in range(4)]
        fits = all(
            (quarter.count(0) > 0.4 * len(quarter))
            if is_zero
            else (quarter.count(0) < 0.05 * len(quarter))
            for quarter, is_zero in zip(quarters, are_zero, strict=True)
        )
        if len(sample) < 4 or not fits:
            continue
        text = sample.decode(encoding, "ignore")
        # Binary files have characters of zeros alone, and numbers of four bytes but no lines.
        if "\0" not in text and ("\n" in text or "\r" in text or "16" in encoding):
            return encoding
    return None


def _find_byte_encoding(sample: bytes, codec: str) -> TextEncoding:
    """The encoding of text in which ASCII is as it is."""
    # The last line may be cut within a character.
    whole = sample[: sample.rfind(b"\n") + 1] or sample
    wrong, sure = [], 0
    for line in whole.splitlines(keepends=True):
        if line.isascii():
            continue
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            wrong.append(line)
            continue
        sure += sum(not character.isascii() for character in text) >= _SURE_CHARACTERS
    if not wrong:
        return TextEncoding(codec)
    encoding, problem = _find_legacy(b"".join(wrong))
    if problem:
        return TextEncoding(codec, problem=problem)
    is_uniform = encoding in _LIKE_UTF8 and sure <= 0.02 * len(wrong)
    return TextEncoding(encoding) if is_uniform else TextEncoding(codec, encoding)


def _find_legacy(text: bytes) -> tuple[str, str]:
    """The encoding of text that is not Unicode; and the problem where it cannot be told."""
    guess = guess_encoding(text)
    is_sure = guess.gain >= _LEAST_GAIN and guess.lead >= _LEAST_LEAD
    if is_sure and guess.is_script and guess.mean >= _LEAST_MEAN_OF_SCRIPT:
        return guess.encoding, ""
    if (encoding := _find_double_byte(text)) is not None:
        return encoding, ""
    if is_sure and not guess.is_script and guess.mean >= _LEAST_MEAN:
        return guess.encoding, ""
    runs = _FOREIGN_RUN.findall(text)
    is_woven = sum(len(run) >= _LONG_RUN for run in runs) <= 0.2 * len(runs)
    if guess.gain < _LEAST_GAIN and guess.mean >= _LEAST_MEAN_OF_WESTERN and is_woven:
        return _WESTERN, ""
    return "", "the text is not UTF-8, and its encoding is not recognized"


def _find_double_byte(text: bytes) -> str | None:
    for encoding in _DOUBLE_BYTE:
        try:
            foreign = [mark for mark in text.decode(encoding) if not mark.isascii()]
        except UnicodeDecodeError:
            continue
        if _is_typical(encoding, foreign):
            return encoding
    return None


def _is_typical(encoding: str, foreign: Sequence[str]) -> bool:
    """Whether the characters are those of a language that is written in the encoding."""
    match encoding:
        case "cp932" | "euc_jp":
            are_kanji = len(set(foreign)) >= _FEW and _share(foreign, _FREQUENT_KANJI) > 0.3
            return are_kanji or any(map(_KANA.match, foreign))
        case "euc_kr":
            hangul = list(filter(_HANGUL.match, foreign))
            is_much = len(hangul) >= _MUCH_HANGUL or _share(hangul, _FREQUENT_HANGUL) > 0.2
            return is_much and len(set(hangul)) >= _FEW and len(hangul) > 0.9 * len(foreign)
        case "big5":  # Most of its 5,401 common characters.
            return _is_common(foreign, "big5", (0xA4, 0xC6), 0.8)
        case _:  # Many of the 3,755 common characters of GB 2312.
            return _is_common(foreign, "gb2312", (0xB0, 0xD7), 0.3)


def _share(characters: Sequence[str], frequent: Set[str]) -> float:
    return sum(mark in frequent for mark in characters) / max(len(characters), 1)


def _is_common(
    foreign: Sequence[str], encoding: str, common: tuple[int, int], share: float
) -> bool:
    """Whether that share begins with these bytes, and nearly all are in the encoding."""
    codes = [mark.encode(encoding, "replace") for mark in foreign]
    frequent = {
        mark
        for mark, code in zip(foreign, codes, strict=True)
        if len(code) == 2 and common[0] <= code[0] <= common[1]
    }
    count = sum(mark in frequent for mark in foreign)
    in_set = sum(code[0] > 0x7F for code in codes)
    # The second byte of an accent that is taken for a first byte is the letter behind it.
    letters = sum(code[1:].isalpha() for code in codes)
    return (
        len(frequent) >= _FEW
        and count > share * len(codes)
        and in_set > 0.9 * len(codes)
        and letters <= 0.6 * len(codes)
    )
