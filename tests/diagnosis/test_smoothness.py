from math import isnan, sqrt

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator
from rdkit.DataStructs import TanimotoSimilarity

from molvae.diagnosis.config import DiagnoseConfig
from molvae.diagnosis.posteriors import Posteriors
from molvae.diagnosis.smoothness import (
    STEPS,
    compare_pairs,
    measure_smoothness,
    near_pairs,
    random_pairs,
    take_steps,
)


def posteriors(model, n, deviation):
    shape = (n, model.latent_size)
    return Posteriors(np.zeros(shape, np.float32), np.full(shape, deviation, np.float32))


def generator():
    return np.random.default_rng(5)


def test_a_model_that_always_writes_one_molecule_stays_where_it_starts(fluorine):
    starts, steps = take_steps(fluorine, posteriors(fluorine, 2, 0.1), 5, generator())
    assert starts == 2
    assert [(step.kind, step.length) for step in steps] == list(STEPS)
    for step in steps:
        assert (step.latents, step.valid, step.same, step.similarity) == (10, 1.0, 1.0, 1.0)
        assert step.distinct == 1 / 10


def test_steps_are_as_long_as_they_say(fluorine):
    _, steps = take_steps(fluorine, posteriors(fluorine, 30, 0.1), 4, generator())
    for step in steps:
        scale = 0.1 if step.kind == "posterior" else 1.0
        # Mean length of a normal vector in 6 dimensions: sqrt(2) Gamma(3.5) / Gamma(3) = 2.3499.
        assert step.distance == pytest.approx(step.length * scale * 2.3499, rel=0.08)


def test_a_model_that_writes_nothing_has_no_place_to_start(writer):
    mute = writer({"end": 1.0})
    # The grammar would make it write an atom.
    mute.network.grammar = None
    starts, steps = take_steps(mute, posteriors(mute, 3, 0.1), 2, generator())
    assert starts == 0
    assert all(step.latents == 0 and isnan(step.similarity) for step in steps)


def test_steps_start_at_what_the_code_itself_decodes_to(tiny_model):
    few = Posteriors.encode(tiny_model, [("[C]", "[C]", "[O]"), ("[N]", "[C]")])
    pointlike = Posteriors(few.mean, np.full_like(few.deviation, 1e-9))
    _, steps = take_steps(tiny_model, pointlike, 1, generator())
    for step in steps[:5]:
        assert (step.same, step.similarity) == (1.0, 1.0)
    assert steps[-1].same < 1.0


def test_random_pairs_are_of_two_molecules_and_reach_all(fluorine):
    pairs = random_pairs(4, 1_000, generator())
    assert pairs.shape == (1_000, 2)
    assert {tuple(pair) for pair in pairs.tolist()} == {
        (a, b) for a in range(4) for b in range(4) if a != b
    }


def test_near_pairs_are_nearest_neighbors_each_pair_once():
    line = np.array([[0.0], [1.0], [3.0], [30.0], [31.0]], np.float32)
    assert near_pairs(line, 1).tolist() == [[0, 1], [1, 2], [3, 4]]
    assert len(near_pairs(line, 9)) == 10


def test_pairs_are_compared_by_distance_and_tanimoto():
    smiles = ["CCO", "CCN", "CCCCCCCC", "c1ccccc1"]
    latents = np.array([[0, 0], [3, 4], [6, 8], [60, 80]], np.float32)
    pairs = np.array([[0, 1], [0, 2], [0, 3]])
    found = compare_pairs(latents, smiles, pairs)
    ecfp4 = rdFingerprintGenerator.GetMorganGenerator(radius=2).GetSparseCountFingerprint
    prints = [ecfp4(Chem.MolFromSmiles(one)) for one in smiles]
    expected = [TanimotoSimilarity(prints[0], other) for other in prints[1:]]
    assert (found.pairs, found.distance) == (3, pytest.approx((5 + 10 + 100) / 3))
    assert found.similarity == pytest.approx(np.mean(expected))
    assert expected == sorted(expected, reverse=True)
    assert found.spearman == pytest.approx(-1.0)


def test_the_settings_decide_how_much_is_measured(fluorine):
    smiles = ["C" * n for n in range(1, 9)]
    config = DiagnoseConfig(starts=3, directions=2, pairs=40, neighbors=2)
    space = posteriors(fluorine, 8, 0.1)
    found = measure_smoothness(fluorine, space, smiles, config, generator())
    assert (found.starts, found.steps[0].latents, found.random_pairs.pairs) == (3, 6, 40)
    assert 8 <= found.near_pairs.pairs <= 16
    assert found.step("posterior", 1.0).distance == pytest.approx(0.1 * sqrt(5.5), rel=0.4)
