"""The guide explains the messages of errors, and the reasons of refusals."""

import ast
import re
from pathlib import Path

import molvae
from molvae.chem.refusal import Refusal
from molvae.guides import guide_text, guides

PACKAGE = Path(molvae.__file__).parent
LEAST_SHARE = 0.4
"""Share of the messages with a phrase of the guide; it was 0.46 when this was measured."""


def messages():
    """The constant text of each message that the package raises as an error of its own."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                parts = [word for word in ast.walk(node.exc) if isinstance(word, ast.Constant)]
                text = " ".join(word.value for word in parts if isinstance(word.value, str))
                name = ast.unparse(node.exc.func)
                if name == "MissingExtraError":
                    yield "is not installed"
                elif name.endswith("Error") and text:
                    yield text


def phrases():
    """The first column of the table of messages; flags as settings, which the source names."""
    _, _, section = guide_text("faq").partition("## Messages")
    rows = re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)
    return [row.removeprefix("--").replace("-", "_") if row[0] == "-" else row for row in rows]


def test_each_phrase_of_the_guide_is_in_a_message():
    texts = list(messages())
    assert len(phrases()) > 40
    assert [phrase for phrase in phrases() if not any(phrase in text for text in texts)] == []


def test_the_share_of_messages_that_the_guide_explains():
    texts = list(messages())
    explained = [text for text in texts if any(phrase in text for phrase in phrases())]
    assert len(texts) > 300
    assert len(explained) / len(texts) >= LEAST_SHARE


def test_every_reason_of_a_refusal_is_explained():
    text = "\n".join(map(guide_text, guides()))
    assert [reason.value for reason in Refusal if reason.value not in text] == []
