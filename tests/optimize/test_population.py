import math

import numpy as np
import pytest

from molvae.chem.clean_molecules import with_features
from molvae.chem.molecule import Molecule
from molvae.optimize.combined.population import Population, scale_scores

ALKANES = ["C" * n for n in range(3, 33)]


def draft(smiles):
    return with_features(Molecule.parse(smiles))


def filled(scores):
    population = Population()
    for smiles, score in zip(ALKANES, scores, strict=False):
        population.add(draft(smiles), float(score))
    return population


def test_a_molecule_is_one_of_the_ten_best_when_it_beats_the_tenth():
    population = filled(range(10))
    assert population.top_threshold() == 0.0
    assert not population.add(draft("CCO"), 0.0)
    assert not population.add(draft("CCN"), math.nan)
    assert population.add(draft("CCS"), 0.5)
    assert population.top_threshold() == 0.5
    assert population.best(3) == ["C" * 12, "C" * 11, "C" * 10]


def test_a_parent_is_looked_at_more_widely_after_a_success_and_more_narrowly_after_a_failure():
    population = filled([1.0])
    population.add(draft("CCO"), 2.0, parent="CCC")
    assert population.scale("CCC") == pytest.approx(1.5)
    population.add(draft("CCN"), 0.5, parent="CCC")
    assert population.scale("CCC") == pytest.approx(1.35)
    for n in range(40):
        population.add(draft(f"{'C' * n}CF"), 0.0, parent="CCC")
    assert population.scale("CCC") == 0.5
    assert population.scale("CCO") == 1.0


def test_parents_are_mostly_good_ones():
    population = filled([*range(29), math.nan])
    drawn = population.sample_parents(3_000, np.random.default_rng(0))
    counts = {smiles: drawn.count(smiles) for smiles in ALKANES}
    # The share is log-uniform from 1/1,000 to 1: below 1/29 with chance (3 - log10(29)) / 3.
    best = "C" * 31
    assert counts[best] / 3_000 > (3 - math.log10(29)) / 3
    assert 0 < counts["CCC"] < 60
    assert counts["C" * 32] == 0


def test_scores_are_scaled_between_the_lowest_twentieth_and_the_best():
    scores = np.array([-100.0, *range(19), math.nan, 20.0])
    scaled = scale_scores(scores)
    low = np.quantile(scores[~np.isnan(scores)], 0.05)
    assert scaled[0] == scaled[20] == 0.0
    assert scaled[-1] == 1.0
    assert scaled[10] == pytest.approx((9.0 - low) / (20.0 - low))
    assert scale_scores(np.array([2.0, 2.0, math.nan])).tolist() == [0.5, 0.5, 0.0]
    assert scale_scores(np.array([math.nan])).tolist() == [0.0]


def test_the_surrogate_knows_the_best_of_many():
    population = filled(range(30))
    process = population.surrogate(10, np.random.default_rng(0))
    expected = process.predict([draft(smiles).features for smiles in ALKANES])
    known = expected.deviation < 0.011
    assert known.sum() >= 10
    assert known[-5:].all()


def test_a_population_is_what_its_values_tell():
    population = filled([0.1, math.nan, 0.3])
    population.add(draft("CCO"), 0.5, parent="CCC")
    again = Population.from_json(population.to_json(), population.molecules)
    assert again.to_json()["smiles"] == population.to_json()["smiles"]
    assert again.scale("CCC") == population.scale("CCC")
    assert again.top_threshold() == population.top_threshold()
    assert "CCO" in again
    assert again.score_of("CCCC") is None


def test_other_scores_make_others_the_best():
    population = filled([*range(12)])
    first, second, *_ = [one.smiles for one in population.molecules]
    population.rescore({first: 20.0, second: 2.5})
    assert population.best(1) == [first]
    assert population.score_of(second) == 2.5
    assert population.top_threshold() == 3.0


def test_it_has_stalled_when_the_ten_best_hardly_rise():
    population = filled([*range(12), *[0.0] * 4])
    assert population.has_stalled(4)
    assert not population.has_stalled(6)
    # Between the lowest twentieth and the best lie some 10; a fiftieth of that is 0.2.
    population.add(draft("CCO"), 3.0)
    assert population.has_stalled(4)
    population.add(draft("CCS"), 4.5)
    assert not population.has_stalled(4)
    assert not population.has_stalled(18)


def test_without_any_score_or_any_difference_it_has_stalled_too():
    assert filled([math.nan] * 6).has_stalled(4)
    assert filled([0.5] * 20).has_stalled(4)


def test_it_begins_anew_and_then_looks_at_all():
    population = filled(range(15))
    population.add(draft("CCO"), 0.0, parent="CCC")
    population.restart()
    assert (population.size, len(population), population.best(3)) == (0, 16, [])
    assert population.scale("CCC") == 1.0
    assert not population.has_stalled(4)
    assert "CCC" in population
    for smiles, score in (("CCF", 1.0), ("CCCl", 3.0), ("CCBr", math.nan), ("CCI", 2.0)):
        assert population.add(draft(smiles), score) is not math.isnan(score)
    assert population.best(3) == ["CCCl", "CCI", "CCF"]
    assert set(population.sample_parents(50, np.random.default_rng(0))) == {"CCCl", "CCI", "CCF"}
    process = population.surrogate(100, np.random.default_rng(0))
    expected = process.predict([draft("CCCl").features, draft("C" * 17).features])
    assert expected.mean[0] == pytest.approx(1.0, abs=0.01)
    assert expected.deviation[1] > 0.5
    population.restart()
    assert population.size == 20
    assert population.best(2) == ["C" * 17, "C" * 16]
