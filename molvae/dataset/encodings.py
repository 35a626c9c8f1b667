"""Encodings of text files, recognized by their bytes.

Files that are not Unicode are mostly Windows-1252 (Western Europe). Japanese, Chinese, Korean and
Russian files are recognized by characters that Western text does not have.
"""

import codecs
import re
from collections.abc import Sequence

WINDOWS_1252 = "molvae.windows-1252"
"""Error handler that reads bytes as Windows-1252 where they are not UTF-8."""

_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_UNDEFINED_BYTES = frozenset(b"\x81\x8d\x8f\x90\x9d")
"""Bytes that stand for nothing in Windows-1252."""
_KANA = re.compile("[\u3041-\u30fa]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_CYRILLIC_WORD = re.compile(rb"[\xe0-\xff]{4}")
_LEGACY = "cp932", "euc_jp", "euc_kr", "gb18030", "cp1251"
"""Encodings that are tried, in this order."""
_FEW = 3
"""Different characters without which Chinese and Korean are not recognized."""
# What Western text does not have: a symbol within a word, and three letters with accents in a row.
_MISREAD = re.compile(
    "[\x81-\x9f]|(?<=[^\\W\\d_])[^\x00-\x7f\\w\u2019\u2018\u2013\u2014\xad\xb7\xb0](?=[^\\W\\d_])"
    "|[^\x00-\x7f]{3}"
)


def find_encoding(sample: bytes) -> str:
    """The encoding of the text that begins with these bytes; UTF-8 if it is none of the others.

    Text that is neither Unicode nor recognized is to be read as UTF-8 with the handler
    `WINDOWS_1252`.
    """
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if sample.startswith(mark):
            return encoding
    # UTF-16 without a mark: in text with much ASCII many of every other byte are zero.
    halves = {"utf-16-le": (sample[1::2], sample[::2]), "utf-16-be": (sample[::2], sample[1::2])}
    for encoding, (zeros, others) in halves.items():
        is_zero = zeros.count(0) > 0.4 * len(zeros) and others.count(0) < 0.05 * len(others)
        if len(zeros) < 2 or not is_zero:
            continue
        # Binary files have characters of two zeros, and text has none.
        if "\0" not in sample.decode(encoding, "ignore"):
            return encoding
    if b"\x1b$B" in sample or b"\x1b$@" in sample:
        return "iso2022_jp"
    return "utf-8" if _is_mostly_utf8(sample) else _legacy_encoding(sample)


def encoding_note(sample: bytes) -> str:
    """A note on the encoding of the text; empty if nothing had to be assumed."""
    encoding = find_encoding(sample)
    if encoding.startswith("utf"):
        if encoding != "utf-8" or _is_mostly_utf8(sample):
            return ""
        if not _MISREAD.search(sample.decode("utf-8", WINDOWS_1252)):
            return ""
        encoding = "windows-1252"
    return (
        f"the text is not UTF-8 and was read as {encoding}; if names look wrong, save the file as "
        "UTF-8"
    )


def _is_mostly_utf8(sample: bytes) -> bool:
    """Whether most characters beyond ASCII are UTF-8."""
    text = sample.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    foreign = sum(not character.isascii() for character in text)
    return foreign >= 2 * wrong


def _legacy_encoding(sample: bytes) -> str:
    # The last line may be cut within a character.
    whole = sample[: sample.rfind(b"\n") + 1] or sample
    for encoding in _LEGACY:
        try:
            foreign = [mark for mark in whole.decode(encoding) if not mark.isascii()]
        except UnicodeDecodeError:
            continue
        if _is_typical(encoding, whole, foreign):
            return encoding
    return "utf-8"


def _is_typical(encoding: str, sample: bytes, foreign: Sequence[str]) -> bool:
    """Whether the characters are those of a language that is written in the encoding."""
    match encoding:
        case "cp932" | "euc_jp":
            has_kana = any(map(_KANA.match, foreign))
            return has_kana or (encoding == "cp932" and not _UNDEFINED_BYTES.isdisjoint(sample))
        case "euc_kr":
            hangul = list(filter(_HANGUL.match, foreign))
            return len(set(hangul)) >= _FEW and len(hangul) > 0.9 * len(foreign)
        case "cp1251":
            return _CYRILLIC_WORD.search(sample) is not None and bool(foreign)
        case _:
            return _is_chinese(foreign)


def _is_chinese(foreign: Sequence[str]) -> bool:
    """Whether nearly all characters are in GB 2312, and many of its 3,755 common ones."""
    leads = [mark.encode("gb2312", "replace")[0] for mark in foreign]
    common = {mark for mark, lead in zip(foreign, leads, strict=True) if 0xB0 <= lead <= 0xD7}
    is_frequent = sum(0xB0 <= lead <= 0xD7 for lead in leads) > 0.3 * len(leads)
    is_in_set = sum(lead > 0x7F for lead in leads) > 0.9 * len(leads)
    return len(common) >= _FEW and is_frequent and is_in_set


def _decode_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError) or error.encoding != "utf-8":
        raise error
    wrong = error.object[error.start : error.end]
    try:
        return wrong.decode("windows-1252"), error.end
    except UnicodeDecodeError:  # `_UNDEFINED_BYTES`.
        return wrong.decode("latin-1"), error.end


codecs.register_error(WINDOWS_1252, _decode_windows_1252)
