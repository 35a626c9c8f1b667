import math

import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator
from rdkit.SimDivFilters.rdSimDivPickers import MaxMinPicker

from molvae.errors import ConfigError
from molvae.optimize.diversity import diverse_top
from molvae.optimize.result import Candidate

SMILES = (
    "CCCCCCO",
    "CCCCCO",
    "c1ccccc1C(=O)O",
    "c1ccccc1C(=O)N",
    "CCN(CC)CC",
    "C1CCNCC1",
    "CC(=O)Oc1ccccc1C(=O)O",
    "Clc1ccncc1",
    "CS(=O)(=O)C",
    "FC(F)(F)c1ccccc1",
)


def candidate(smiles, score, call):
    return Candidate(smiles, score, {}, {}, call, 1)


CANDIDATES = [
    candidate(Chem.CanonSmiles(smiles), 1 - place / 100, place + 1)
    for place, smiles in enumerate(SMILES)
]


def similarity(a, b):
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2)
    vectors = [generator.GetSparseCountFingerprint(Chem.MolFromSmiles(one)) for one in (a, b)]
    return DataStructs.TanimotoSimilarity(*vectors)


def test_maxmin_picks_as_rdkit_does():
    smiles = [one.smiles for one in CANDIDATES]

    def distance(a, b):
        return 1 - similarity(smiles[a], smiles[b])

    expected = MaxMinPicker().LazyPick(distance, len(smiles), 5, firstPicks=[0])
    picks = diverse_top(CANDIDATES, 5, among=10)
    assert [one.smiles for one in picks] == [smiles[place] for place in expected]


def test_maxmin_looks_at_the_best_only():
    picks = diverse_top(CANDIDATES[::-1], 3, among=3)
    assert {one.call for one in picks} == {1, 2, 3}
    assert picks[0].call == 1


def test_of_equally_far_molecules_the_better_is_picked():
    # No two of these share an environment of atoms.
    far = [candidate(smiles, score, 1) for smiles, score in (("S", 3.0), ("N", 2.0), ("O", 2.5))]
    assert [one.smiles for one in diverse_top(far, 3, among=3)] == ["S", "O", "N"]


def test_under_a_threshold_all_picks_are_unlike_and_what_was_passed_over_is_like_one():
    picks = diverse_top(CANDIDATES, 10, max_similarity=0.3)
    for place, one in enumerate(picks):
        assert all(similarity(one.smiles, other.smiles) < 0.3 for other in picks[:place])
    passed = [one for one in CANDIDATES if one not in picks]
    assert passed
    for one in passed:
        better = [pick for pick in picks if pick.score > one.score]
        assert any(similarity(one.smiles, other.smiles) >= 0.3 for other in better)
    assert len(diverse_top(CANDIDATES, 2, max_similarity=0.3)) == 2


def test_mirror_images_are_alike_and_only_one_is_picked():
    pair = [candidate("C[C@H](N)O", 2.0, 1), candidate("C[C@@H](N)O", 1.0, 2)]
    assert diverse_top(pair, 2, max_similarity=1.0) == pair[:1]


def test_molecules_without_a_score_are_not_picked():
    nameless = candidate("BrBr", math.nan, 11)
    assert nameless not in diverse_top([*CANDIDATES, nameless], 20, among=20)
    assert nameless not in diverse_top([*CANDIDATES, nameless], 20, max_similarity=1.0)
    assert diverse_top([nameless], 3, among=3) == []


@pytest.mark.parametrize("ways", [{}, {"among": 5, "max_similarity": 0.5}])
def test_exactly_one_way_is_asked_for(ways):
    with pytest.raises(ConfigError, match="either"):
        diverse_top(CANDIDATES, 3, **ways)
