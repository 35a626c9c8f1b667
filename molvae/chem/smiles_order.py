"""Rewriting a SMILES so that an atom comes last."""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

_TOKEN = re.compile(
    r"\[[^\]]*\]|Br|Cl|[BCNOPSFIbcnops*]|[-=#$:/\\]?(?:%\d\d|\d)|[-=#$:/\\](?=[^%\d])|[().]"
)
_RING = re.compile(r"([-=#$:/\\]?)%?(\d+)")
_ATOM = re.compile(r"\[.*\]|[A-Za-z*]+")


def end_with(smiles: str, atom: int) -> tuple[str, tuple[int, ...]] | None:
    """A SMILES of the same molecule that ends with an atom, and the order of its atoms.

    Branches are exchanged with what follows them: `C(B)D` becomes `C(D)B`, which turns the
    chirality mark of `C` around.

    Args:
        smiles: SMILES of a molecule in one piece.
        atom: index of an atom that ends a chain, in the order of the SMILES.

    Returns:
        The SMILES, and the index in `smiles` of each of its atoms; None if the atom ends no chain,
        or the molecule has dative bonds or more than 99 rings. The direction marks of double bonds
        at ring closures may not survive: compare canonical SMILES where they matter.

    >>> end_with("C1CC(O)C1", 3)
    ('C1CC(C1)O', (0, 1, 2, 4, 3))
    """
    texts = _TOKEN.findall(smiles)
    tokens = _number_rings(texts)
    # A dative bond, for instance, is no token.
    if tokens is None or "".join(texts) != smiles:
        return None
    atoms = [index for index, token in enumerate(tokens) if _ATOM.fullmatch(token)]
    indices = dict(zip(atoms, range(len(atoms)), strict=True))
    order = list(range(len(tokens)))
    last = atoms[atom]
    while (position := order.index(last)) < len(order) - 1:
        if tokens[order[position + 1]] != ")":
            return None
        order = _exchange(tokens, order, position + 1)
    text = "".join(tokens[index] for index in order)
    return text, tuple(indices[index] for index in order if index in indices)


def _exchange(tokens: list[str], order: list[int], close: int) -> list[int]:
    """Move the branch that ends at `close` behind everything that follows at its level."""
    texts = [tokens[index] for index in order]
    begin = next(_level_before(texts, close + 1))
    ends = list(_branch_ends(texts, close + 1))
    chain = ends[-1] if ends else close + 1
    # The branch or the molecule ends where more parentheses close than open.
    depths = accumulate((text == "(") - (text == ")") for text in texts[chain:])
    stop = next((index for index, depth in enumerate(depths, chain) if depth < 0), len(texts))
    if len(ends) % 2 == 0:
        center = next(
            index for index in _level_before(texts, begin) if _ATOM.fullmatch(texts[index])
        )
        atom = tokens[order[center]]
        inverse = atom.replace("@@", "@") if "@@" in atom else atom.replace("@", "@@")
        tokens[order[center]] = inverse
    branch = order[begin + 1 : close]
    parentheses = order[begin], order[close]
    moved = [parentheses[0], *order[chain:stop], parentheses[1], *branch]
    return [*order[:begin], *order[close + 1 : chain], *moved, *order[stop:]]


def _level_before(texts: Sequence[str], stop: int) -> Iterator[int]:
    """Positions before `stop` that are outside of branches, or open one; the nearest first."""
    depth = 0
    for index in range(stop - 1, -1, -1):
        depth += (texts[index] == ")") - (texts[index] == "(")
        if depth == 0:
            yield index


def _branch_ends(texts: Sequence[str], start: int) -> Iterator[int]:
    """Positions after each of the branches that follow one another from `start`."""
    depth = 0
    for index in range(start, len(texts)):
        depth += (texts[index] == "(") - (texts[index] == ")")
        if depth < 0 or (depth == 0 and texts[index] != ")"):
            return
        if depth == 0:
            yield index + 1


def _number_rings(tokens: Sequence[str]) -> list[str] | None:
    """The tokens with a number of its own for each ring; None if there are more than 99."""
    numbered: list[str] = []
    is_open: dict[str, int] = {}
    rings = 0
    for token in tokens:
        match = _RING.fullmatch(token)
        if match is None:
            numbered.append(token)
            continue
        bond, label = match.groups()
        number = is_open.pop(label, None)
        if number is None:
            rings += 1
            number = is_open[label] = rings
        numbered.append(f"{bond}{number}" if number < 10 else f"{bond}%{number}")
    return numbered if rings <= 99 else None
