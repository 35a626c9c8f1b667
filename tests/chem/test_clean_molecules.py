import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from molvae.chem.clean_molecules import (
    clean_children,
    clean_selfies,
    clean_smiles,
    counted_features,
    with_features,
)
from molvae.chem.molecule import Molecule
from molvae.chem.notation import to_selfies
from molvae.chem.similarity import FingerprintKind, fingerprint, tanimoto
from molvae.chem.standardize_config import StandardizeConfig

FLAT = StandardizeConfig(keep_stereo=False, max_heavy_atoms=60, min_heavy_atoms=3)
SAMPLE = Path(__file__).parents[2] / "data" / "moses_sample.csv"


@pytest.fixture(scope="module")
def smiles():
    with SAMPLE.open(encoding="utf-8") as stream:
        return [row["smiles"] for row in csv.DictReader(stream)][:60]


def test_shared_features_give_the_tanimoto_of_the_counts(smiles):
    molecules = [Molecule.parse(one) for one in smiles]
    prints = [fingerprint(one, FingerprintKind.ECFP6) for one in molecules]
    sets = [set(counted_features(one).tolist()) for one in molecules]
    for place in range(1, len(smiles)):
        shared = len(sets[0] & sets[place]) / len(sets[0] | sets[place])
        # RDKit's own Tanimoto of sparse counts.
        assert shared == pytest.approx(tanimoto(prints[0], prints[place]), abs=1e-12)


def test_refused_texts_give_none_and_the_rest_are_cleaned(smiles):
    dirty = ["C[C@H](N)C(=O)O", "[NH3+]CC", "CC.O", "not a molecule", "", "CC", "[2H]C(C)C"]
    found = [one and one.smiles for one in clean_smiles(dirty, FLAT)]
    assert found == ["CC(N)C(=O)O", "CCN", None, None, None, None, None]


def test_selfies_and_smiles_give_the_same_clean_molecules(smiles):
    selfies_rows = [to_selfies(Molecule.parse(one)) for one in smiles]
    by_selfies, by_smiles = clean_selfies(selfies_rows, FLAT), clean_smiles(smiles, FLAT)
    for one, other in zip(by_selfies, by_smiles, strict=True):
        assert one is not None
        assert one.smiles == other.smiles
        np.testing.assert_array_equal(one.features, other.features)
        np.testing.assert_array_equal(
            with_features(Molecule.parse(one.smiles)).features, one.features
        )


def test_children_are_new_molecules_and_repeatable(smiles):
    pairs = [*pairwise(smiles), *zip(smiles, smiles, strict=True)]
    found = clean_children(pairs, 3, FLAT)
    again = clean_children(pairs, 3, FLAT)
    assert [one and one.smiles for one in found] == [one and one.smiles for one in again]
    children = [one.smiles for one in found if one]
    assert len(children) > 0.8 * len(pairs)
    assert len(set(children) - set(smiles)) > 0.8 * len(children)
    other = clean_children(pairs, 4, FLAT)
    assert [one and one.smiles for one in found] != [one and one.smiles for one in other]
