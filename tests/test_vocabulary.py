"""Symbols to ids and back, and nothing lost between."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molvae.chem.molecule import Molecule
from molvae.chem.notation import from_selfies, robust_alphabet, to_selfies
from molvae.errors import ModelError, MoleculeError
from molvae.vocabulary import END, PAD, START, Vocabulary

ROBUST = Vocabulary.from_symbols([])


def test_ids_do_not_depend_on_the_order_of_the_data():
    assert Vocabulary.from_symbols(["[13C]", "."]) == Vocabulary.from_symbols([".", "[13C]", "."])


def test_the_robust_alphabet_is_always_there():
    assert ROBUST.symbols == robust_alphabet()
    assert set(robust_alphabet()) < set(Vocabulary.from_symbols(["[13C]"]).symbols)


def test_three_ids_stand_for_no_symbol():
    assert (PAD, START, END) == (0, 1, 2)
    assert len(ROBUST) == len(robust_alphabet()) + 3
    assert min(ROBUST.encode(robust_alphabet())) == 3
    assert max(ROBUST.encode(robust_alphabet())) == len(ROBUST) - 1


@given(st.lists(st.sampled_from(robust_alphabet())))
def test_encode_then_decode_is_the_same(symbols):
    assert ROBUST.decode(ROBUST.encode(symbols)) == tuple(symbols)


def test_a_molecule_survives_the_way_to_ids_and_back():
    molecule = Molecule.parse("C[C@H](N)C(=O)OC/C=C/c1cc[nH]c1")
    vocabulary = Vocabulary.from_symbols(to_selfies(molecule))
    assert from_selfies(vocabulary.decode(vocabulary.encode(to_selfies(molecule)))) == molecule


def test_decoding_ends_at_the_end_and_passes_over_padding_and_start():
    carbon = ROBUST.encode(["[C]"])[0]
    assert ROBUST.decode([START, PAD, carbon, carbon, END, carbon, PAD]) == ("[C]", "[C]")
    assert ROBUST.decode([]) == ()


@pytest.mark.parametrize("index", [-1, 10_000])
def test_an_id_beyond_the_vocabulary_is_refused(index):
    with pytest.raises(ModelError, match=str(index)):
        ROBUST.decode([index])


def test_an_unknown_symbol_is_named():
    assert "[13C]" not in ROBUST
    with pytest.raises(MoleculeError, match=r"\[13C\]") as refused:
        ROBUST.encode(["[C]", "[13C]"])
    assert refused.value.reason == "unknown symbol"


def test_an_extended_vocabulary_keeps_its_ids():
    extended = ROBUST.extended(["[Zz]", "[13C]", "[C]"])
    assert extended.symbols == (*ROBUST.symbols, "[13C]", "[Zz]")
    assert extended.encode(ROBUST.symbols) == ROBUST.encode(ROBUST.symbols)
    assert ROBUST.extended(["[C]"]) is ROBUST


def test_json_keeps_it_whole():
    vocabulary = ROBUST.extended([".", "[13C]"])
    assert Vocabulary.from_json(json.loads(json.dumps(vocabulary.to_json()))) == vocabulary


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"kind": "something else", "symbols": ["[C]"]},
        {**ROBUST.to_json(), "symbols": "[C]"},
        {**ROBUST.to_json(), "symbols": ["[C]", 3]},
        {**ROBUST.to_json(), "symbols": ["[C]", "C"]},
        {**ROBUST.to_json(), "symbols": ["[C]", "[N]", "[C]"]},
        {"kind": ROBUST.to_json()["kind"]},
    ],
)
def test_foreign_json_is_refused(value):
    with pytest.raises(ModelError):
        Vocabulary.from_json(value)


def test_symbols_that_stand_twice_are_named():
    with pytest.raises(ModelError, match=r"\[C\]"):
        Vocabulary.from_json({**ROBUST.to_json(), "symbols": ["[C]", "[N]", "[C]"]})
