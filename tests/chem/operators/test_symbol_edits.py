"""Edits of spellings change as many symbols as they say, and splices keep what they join."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from molvae.chem.notation import from_selfies, robust_alphabet
from molvae.chem.operators.symbol_edits import edit_symbols, splice

SYMBOLS = st.lists(st.sampled_from(["[C]", "[N]", "[=O]", "[Ring1]"]), max_size=12).map(tuple)
SEEDS = st.integers(0, 2**32 - 1)
NEW = ("[F]", "[Br]")


def edited(selfies, seed, symbols=NEW):
    return edit_symbols(selfies, np.random.default_rng(seed), symbols)


@settings(deadline=None)
@given(SYMBOLS, SEEDS)
def test_at_most_three_symbols_come_and_three_go(selfies, seed):
    found = edited(selfies, seed)
    assert abs(len(found) - len(selfies)) <= 3
    assert (Counter(found) - Counter(selfies)).total() <= 3
    assert (Counter(selfies) - Counter(found)).total() <= 3
    assert set(found) <= {*selfies, *NEW}


@settings(deadline=None)
@given(SYMBOLS, SEEDS)
def test_one_seed_gives_one_edit_and_leaves_the_spelling_alone(selfies, seed):
    before = tuple(selfies)
    assert edited(selfies, seed) == edited(selfies, seed)
    assert selfies == before


@settings(deadline=None)
@given(SYMBOLS.filter(bool), SEEDS)
def test_a_spelling_is_never_edited_away(selfies, seed):
    assert edited(selfies, seed)


def test_all_single_edits_of_two_symbols_are_made():
    found = {edited(("[C]", "[N]"), seed, ["[F]"]) for seed in range(500)}
    by_hand = {
        "[F][C][N]", "[C][F][N]", "[C][N][F]",
        "[F][N]", "[C][F]",
        "[C]", "[N]",
        "[N][C]",
    }  # fmt: skip
    assert by_hand <= {"".join(selfies) for selfies in found}


def test_each_place_is_edited_as_often_as_any_other():
    selfies = tuple("abcdefgh")
    replaced: Counter[int] = Counter()
    deleted: Counter[str] = Counter()
    for seed in range(8000):
        found = edited(selfies, seed, ["x"])
        changed = [place for place in range(8) if found[place : place + 1] == ("x",)]
        if len(found) == 8 and len(changed) == 1 and len(set(found)) == 8:
            replaced[changed[0]] += 1
        # Deleted by itself: what is left stands as it stood.
        if len(found) == 7 and list(found) == sorted(set(selfies).intersection(found)):
            deleted.update(set(selfies).difference(found))
    # Within four standard deviations of a count.
    for counts, keys in ((replaced, range(8)), (deleted, selfies)):
        mean = counts.total() / 8
        assert all(abs(counts[key] - mean) < 4 * mean**0.5 for key in keys)


def test_an_edit_of_nothing_inserts():
    assert {len(edited((), seed)) for seed in range(50)} <= {1, 2, 3}


@settings(deadline=None)
@given(SYMBOLS, SEEDS)
def test_edited_symbols_spell_a_molecule(selfies, seed):
    assert from_selfies(("[C]", *edited(selfies, seed, robust_alphabet()))).smiles


@settings(deadline=None)
@given(SYMBOLS.filter(bool), SYMBOLS.filter(bool), SEEDS)
def test_a_splice_is_a_start_of_one_and_an_end_of_the_other(first, second, seed):
    found = splice(first, second, np.random.default_rng(seed))
    assert any(
        found == first[:stop] + second[start:]
        for stop in range(1, len(first) + 1)
        for start in range(len(second))
    )


def test_the_two_cuts_of_a_splice_are_independent():
    found = {splice(("a", "b"), ("c", "d"), np.random.default_rng(seed)) for seed in range(100)}
    assert {"".join(selfies) for selfies in found} == {"acd", "ad", "abcd", "abd"}


def test_splicing_nothing_leaves_the_other():
    generator = np.random.default_rng(0)
    assert splice((), ("a",), generator) == ("a",)
    assert splice(("a",), (), generator) == ("a",)
