import csv
from pathlib import Path

import numpy as np
import pytest
from rdkit.Chem import MolFromSmiles, rdFingerprintGenerator
from rdkit.DataStructs import TanimotoSimilarity

from molvae.chem.clean_molecules import with_features
from molvae.chem.molecule import Molecule
from molvae.optimize.combined.surrogate import TanimotoProcess, believing_picks, tanimoto_table

SAMPLE = Path(__file__).parents[2] / "data" / "moses_sample.csv"
NOISE = 1e-4


def read_smiles():
    with SAMPLE.open(encoding="utf-8") as stream:
        return [row["smiles"] for row in csv.DictReader(stream)][:90]


SMILES = read_smiles()
FEATURES = [with_features(Molecule.parse(one)).features for one in SMILES]
SCORES = np.random.default_rng(0).random(len(SMILES))


def rdkit_kernel():
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=3)
    prints = [generator.GetSparseCountFingerprint(MolFromSmiles(one)) for one in SMILES]
    return np.array([[TanimotoSimilarity(a, b) for b in prints] for a in prints])


KERNEL = rdkit_kernel()


def test_the_kernel_is_rdkits_tanimoto_of_counts():
    np.testing.assert_allclose(tanimoto_table(FEATURES), KERNEL, atol=1e-12)


def test_expectations_are_those_of_the_textbook():
    # Rasmussen & Williams 2006, equations 2.25 and 2.26, by a plain inverse.
    known, asked = slice(0, 60), slice(60, 90)
    inverse = np.linalg.inv(KERNEL[known, known] + NOISE * np.eye(60))
    across = KERNEL[asked, known]
    mean = across @ inverse @ SCORES[known]
    covariance = KERNEL[asked, asked] - across @ inverse @ across.T
    process = TanimotoProcess(FEATURES[known], SCORES[known])
    alone = process.predict(FEATURES[asked])
    jointly = process.predict(FEATURES[asked], jointly=True)
    np.testing.assert_allclose(alone.mean, mean, atol=1e-9)
    np.testing.assert_allclose(alone.deviation, np.sqrt(np.diagonal(covariance)), atol=1e-7)
    np.testing.assert_allclose(jointly.covariance, covariance, atol=1e-9)
    np.testing.assert_allclose(jointly.deviation, alone.deviation, atol=1e-7)
    np.testing.assert_allclose(alone.upper_bound(0.5), mean + 0.5 * alone.deviation, atol=1e-9)


def test_what_is_known_is_expected_surely_and_what_is_foreign_is_not():
    process = TanimotoProcess(FEATURES[:60], SCORES[:60])
    known = process.predict(FEATURES[:60])
    np.testing.assert_allclose(known.mean, SCORES[:60], atol=0.01)
    assert known.deviation.max() < 0.011
    foreign = process.predict([with_features(Molecule.parse("[Si](C)(C)(C)[Si](C)(C)C")).features])
    assert foreign.deviation[0] > 0.9
    assert abs(foreign.mean[0]) < 0.3


def test_a_pick_makes_its_like_less_promising():
    # Two copies of one molecule and another: the second pick is the other one.
    process = TanimotoProcess(FEATURES[:60], SCORES[:60])
    asked = [FEATURES[70], FEATURES[70], FEATURES[80]]
    picked = believing_picks(process.predict(asked, jointly=True), 10.0, 2)
    assert sorted({0, 1} & set(picked.tolist())) in ([0], [1])
    assert 2 in picked


def test_picks_follow_a_process_that_is_told_its_own_expectations():
    known, asked = list(range(60)), list(range(60, 90))
    process = TanimotoProcess([FEATURES[i] for i in known], SCORES[:60])
    picked = believing_picks(process.predict([FEATURES[i] for i in asked], jointly=True), 0.7, 5)
    scores, features = SCORES[:60].tolist(), [FEATURES[i] for i in known]
    left, slow = list(asked), []
    for _ in range(5):
        told = TanimotoProcess(features, np.array(scores))
        expected = told.predict([FEATURES[i] for i in left])
        best = int(expected.upper_bound(0.7).argmax())
        slow.append(left[best] - 60)
        scores.append(float(expected.mean[best]))
        features.append(FEATURES[left.pop(best)])
    assert picked.tolist() == slow


def test_picking_needs_the_covariance():
    process = TanimotoProcess(FEATURES[:10], SCORES[:10])
    with pytest.raises(ValueError, match="covariance"):
        believing_picks(process.predict(FEATURES[10:20]), 1.0, 3)
