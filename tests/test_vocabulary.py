"""Symbols to ids and back, and nothing lost between."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molvae.chem.molecule import Molecule
from molvae.chem.notation import from_selfies, robust_alphabet, to_selfies
from molvae.errors import ModelError, MoleculeError
from molvae.special_ids import END, PAD, START
from molvae.vocabulary import Vocabulary

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
    extended = ROBUST.with_symbols(["[Zz]", "[13C]", "[C]"])
    assert extended.symbols == (*ROBUST.symbols, "[13C]", "[Zz]")
    assert extended.encode(ROBUST.symbols) == ROBUST.encode(ROBUST.symbols)
    assert ROBUST.with_symbols(["[C]"]) is ROBUST


def test_json_keeps_it_whole():
    vocabulary = ROBUST.with_symbols([".", "[13C]"])
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


MERGING = [
    ("[C]", "[C]", "[=Branch1]", "[C]", "[=O]", "[O]"),
    ("[C]", "[C]", "[C]", "[=Branch1]", "[C]", "[=O]", "[N]"),
    ("[C]", "[=C]", "[C]", "[=C]", "[C]", "[=C]", "[Ring1]", "[=Branch1]"),
] * 3


class TestMerges:
    def test_merged_tokens_shorten_molecules_and_decode_exactly(self):
        plain = Vocabulary.from_symbols({symbol for row in MERGING for symbol in row})
        merged = plain.with_merges(10, MERGING)
        for row in MERGING:
            assert merged.decode(merged.encode(row)) == row
            assert len(merged.encode(row)) < len(plain.encode(row))

    def test_every_symbol_stays_a_token(self):
        plain = Vocabulary.from_symbols({symbol for row in MERGING for symbol in row})
        merged = plain.with_merges(10, MERGING)
        assert merged.symbols == plain.symbols
        for symbol in plain.symbols:
            assert merged.decode(merged.encode([symbol])) == (symbol,)

    def test_the_most_frequent_pair_is_merged_first(self):
        # Counted by hand: [C][=C] stands three times in each of three molecules.
        merged = Vocabulary.from_symbols([]).with_merges(1, MERGING)
        assert merged.merges == (("[C]", "[=C]"),)

    def test_a_batch_is_encoded_as_its_molecules_are(self):
        merged = Vocabulary.from_symbols([]).with_merges(10, MERGING)
        assert merged.encode_batch(MERGING) == [merged.encode(row) for row in MERGING]

    def test_json_keeps_the_ids(self):
        merged = Vocabulary.from_symbols([]).with_merges(10, MERGING)
        read = Vocabulary.from_json(json.loads(json.dumps(merged.to_json())))
        assert read == merged
        assert read.encode(MERGING[0]) == merged.encode(MERGING[0])

    def test_new_symbols_come_after_merges_and_change_no_id(self):
        merged = Vocabulary.from_symbols([]).with_merges(10, MERGING)
        longer = merged.with_symbols(["[Xx]"])
        assert longer.encode(MERGING[0]) == merged.encode(MERGING[0])
        assert longer.decode(longer.encode([*MERGING[0], "[Xx]"])) == (*MERGING[0], "[Xx]")

    def test_an_unknown_symbol_is_refused(self):
        merged = Vocabulary.from_symbols([]).with_merges(10, MERGING)
        with pytest.raises(MoleculeError, match="Xx"):
            merged.encode(["[C]", "[Xx]"])

    @pytest.mark.parametrize("merges", [[["[C]"]], ["[C]"], [["[C]", "[Nope]"]], 3])
    def test_damaged_merges_are_refused(self, merges):
        merged = Vocabulary.from_symbols([]).with_merges(2, MERGING).to_json()
        with pytest.raises(ModelError, match="merges"):
            Vocabulary.from_json({**merged, "merges": merges})
