"""Similarities by blocks are those that RDKit finds pair by pair."""

import math

import numpy as np
import pytest
from rdkit import DataStructs
from rdkit.Chem import AllChem, MolFromSmiles

from molvae.metrics.description import fingerprint_chunk
from molvae.metrics.similarity import internal_diversity, nearest_similarities, tanimoto_matrix

DRUGS = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "CC(=O)Nc1ccc(O)cc1",
    "CC(C)Cc1ccc(C(C)C(=O)O)cc1",
    "CN1C=NC2=C1C(=O)N(C)C(=O)N2C",
    "CN1CCC[C@H]1c1cccnc1",
]
OTHERS = ["CC(C)Cc1ccc(cc1)C(C)C(=O)N", "Cn1cnc2c1c(=O)[nH]c(=O)n2C", "CCO"]


def rdkit_similarities(queries, others):
    generator = AllChem.GetMorganGenerator(radius=2, fpSize=1024)
    ours, theirs = (
        [generator.GetFingerprint(MolFromSmiles(one)) for one in some] for some in (queries, others)
    )
    return np.array([DataStructs.BulkTanimotoSimilarity(one, theirs) for one in ours])


@pytest.mark.parametrize("copies", [1, 500])
def test_the_nearest_is_the_one_that_rdkit_finds(copies):
    # With 500 copies the sets take several blocks.
    queries = fingerprint_chunk(DRUGS).bits.repeat(copies, axis=0)
    others = fingerprint_chunk(OTHERS).bits.repeat(copies, axis=0)
    expected = rdkit_similarities(DRUGS, OTHERS).max(1).repeat(copies)
    assert nearest_similarities(queries, others) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("copies", [1, 500])
def test_diversities_are_the_means_over_all_pairs(copies):
    bits = fingerprint_chunk(DRUGS).bits.repeat(copies, axis=0)
    similar = rdkit_similarities(DRUGS, DRUGS)
    plain = 1 - similar.mean()
    quadratic = 1 - np.sqrt((similar**2).mean(1)).mean()
    assert internal_diversity(bits) == pytest.approx((plain, quadratic), abs=1e-6)


def test_two_empty_fingerprints_are_alike_as_in_moses():
    rows = np.array([[0, 0], [1, 0]], dtype=np.float32)
    assert tanimoto_matrix(rows, rows).tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_nothing_is_near_to_nothing():
    some, none = fingerprint_chunk(DRUGS).bits, fingerprint_chunk([]).bits
    assert nearest_similarities(some, none).tolist() == [0.0] * len(DRUGS)
    assert nearest_similarities(none, some).tolist() == []
    assert all(map(math.isnan, internal_diversity(none)))
