"""The grammar of SELFIES accepts what needs no repair, and nothing else."""

import random
from itertools import chain

import pytest

from molvae.chem.grammar import SelfiesGrammar
from molvae.chem.molecule import Molecule
from molvae.chem.notation import Selfies, is_unrepaired, robust_alphabet, to_selfies

SMILES = [
    "CC(=O)Nc1ccc(O)cc1",
    "CN1CCC[C@H]1c1cccnc1",
    "O=C(O)c1ccccc1OC(C)=O",
    "C1CC2CCC1C2",
    "CC(C)(C)OC(=O)N1CCC(N(C)S(=O)(=O)c2ccc(C#N)cc2)CC1",
    "C[N+](C)(C)CC([O-])=O",
    "F/C=C/Cl",
    "O=S(=O)(c1ccc(-n2nc(C(F)(F)F)cc2-c2ccc(C)cc2)cc1)N",
]
END = 0
ROWS = [to_selfies(Molecule.parse(smiles)) for smiles in SMILES]
SYMBOLS = sorted({*chain.from_iterable(ROWS), *robust_alphabet()})
GRAMMAR = SelfiesGrammar([(), *((symbol,) for symbol in SYMBOLS)], END)


def is_accepted(selfies: Selfies) -> bool:
    rows = GRAMMAR.begin(1)
    tokens = [SYMBOLS.index(symbol) + 1 for symbol in selfies]
    return all(rows.accept(0, token) for token in [*tokens, END])


@pytest.mark.parametrize("selfies", ROWS)
def test_accepts_what_molecules_are_written_as(selfies: Selfies) -> None:
    assert is_accepted(selfies)


def test_agrees_with_the_repairs_of_damaged_molecules() -> None:
    source = random.Random(0)
    outcomes = []
    for _ in range(4_000):
        symbols = list(source.choice(ROWS))
        for _ in range(source.randint(1, 3)):
            position = source.randrange(len(symbols))
            symbols[position : position + source.randint(0, 2)] = source.choices(
                SYMBOLS, k=source.randint(0, 2)
            )
            symbols = symbols or ["[C]"]
        outcomes.append(not is_unrepaired(symbols))
        assert is_accepted(tuple(symbols)) != outcomes[-1], "".join(symbols)
    assert 0.1 < sum(outcomes) / len(outcomes) < 0.95


def test_random_rows_never_get_stuck_and_need_no_repair() -> None:
    source = random.Random(1)
    tokens = range(1, len(SYMBOLS) + 1)
    for _ in range(100):
        rows, symbols = GRAMMAR.begin(1), []
        while len(symbols) < 60:
            token = next(
                token
                for token in [*source.sample(tokens, len(tokens)), END]
                if rows.accept(0, token)
            )
            if token == END:
                break
            symbols.append(SYMBOLS[token - 1])
        while not rows.accept(0, END):
            token = next(token for token in tokens if rows.accept(0, token))
            symbols.append(SYMBOLS[token - 1])
        assert is_unrepaired(symbols), "".join(symbols)


def test_a_token_of_several_symbols_is_accepted_whole_or_not_at_all() -> None:
    grammar = SelfiesGrammar([(), ("[C]", "[=O]"), ("[F]", "[F]"), ("[C]",)], END)
    rows = grammar.begin(1)
    assert rows.accept(0, 3)
    assert not rows.accept(0, 2)
    assert rows.accept(0, 1)
    assert rows.accept(0, END)


def test_a_released_row_accepts_anything() -> None:
    rows = GRAMMAR.begin(2)
    assert not rows.accept(0, END)
    rows.release(0)
    assert rows.accept(0, END)
    assert not rows.accept(1, END)
