from math import nan

import numpy as np
import pytest

from molvae.chem.molecule import Molecule
from molvae.optimize.constraints import Violation
from molvae.optimize.constraints_config import ConstraintsConfig
from molvae.optimize.evaluation import Evaluation
from molvae.optimize.scaffolds import ScaffoldFilter

# By scaffold three are benzene and one is pyridine; the last has none.
TOLUENE, PHENOL, ANILINE, PYRIDINE, ETHANOL = (
    Molecule.parse(text) for text in ("Cc1ccccc1", "Oc1ccccc1", "Nc1ccccc1", "Cc1ccncc1", "CCO")
)


def filter_of(*earlier, **settings):
    candidates = [
        Evaluation(one.smiles, score, {}, {}, call, 1)
        for call, (one, score) in enumerate(earlier, start=1)
    ]
    return ScaffoldFilter(ConstraintsConfig.parse(settings), candidates)


def names(molecules):
    return [molecule and molecule.smiles for molecule in molecules]


def heard(scaffolds, molecules, scores):
    return str(
        scaffolds.visible_scores(names(molecules), np.array(scores, dtype=np.float64)).tolist()
    )


def test_a_scaffold_is_full_once_its_bucket_is():
    scaffolds = filter_of(scaffold_bucket=2)
    assert scaffolds.violations(names([PHENOL])) == [None]
    scaffolds.visible_scores(names([TOLUENE, ETHANOL]), np.array([1.0, 1.0]))
    assert scaffolds.violations(names([PHENOL])) == [None]
    scaffolds.visible_scores(names([PHENOL]), np.array([1.0]))
    expected = [Violation.SCAFFOLD_FULL, None, None]
    assert scaffolds.violations(names([ANILINE, PYRIDINE, ETHANOL])) == expected


def test_what_overfills_a_bucket_has_no_score_for_the_method():
    scaffolds = filter_of(scaffold_bucket=2)
    molecules = [TOLUENE, None, PHENOL, ANILINE, PYRIDINE]
    assert heard(scaffolds, molecules, [1, nan, 2, 3, 4]) == "[1.0, nan, 2.0, nan, 4.0]"


def test_only_new_molecules_above_the_threshold_fill_the_bucket():
    scaffolds = filter_of(scaffold_bucket=2, scaffold_threshold=0.5)
    molecules = [TOLUENE, TOLUENE, PHENOL, ANILINE]
    assert heard(scaffolds, molecules, [0.9, 0.9, 0.5, nan]) == "[0.9, 0.9, 0.5, nan]"
    assert scaffolds.violations(names([ANILINE])) == [None]


def test_molecules_without_a_ring_share_a_bucket():
    scaffolds = filter_of((ETHANOL, 1.0), scaffold_bucket=1)
    assert scaffolds.violations(names([Molecule.parse("CCN")])) == [Violation.SCAFFOLD_FULL]


def test_repeats_have_their_score_unless_they_are_hidden():
    for hide, expected in ((False, "[1.0, 1.0, 2.0]"), (True, "[nan, nan, 2.0]")):
        scaffolds = filter_of((TOLUENE, 1.0), hide_repeats=hide)
        assert heard(scaffolds, [TOLUENE, TOLUENE, PHENOL], [1, 1, 2]) == expected
    scaffolds = filter_of(hide_repeats=True)
    assert heard(scaffolds, [TOLUENE, TOLUENE], [1, 1]) == "[1.0, nan]"


@pytest.mark.parametrize("threshold", [None, 0.5])
def test_a_filter_made_from_earlier_molecules_is_as_one_that_met_them(threshold):
    settings = {"scaffold_bucket": 2, "scaffold_threshold": threshold, "hide_repeats": True}
    round_ = [(TOLUENE, 0.9), (PHENOL, 0.1), (ETHANOL, nan), (ANILINE, 0.8)]
    met = filter_of(**settings)
    met.visible_scores(names([one for one, _ in round_]), np.array([row[1] for row in round_]))
    remade = filter_of(*round_, **settings)
    after = [PHENOL, PYRIDINE, Molecule.parse("Fc1ccccc1")]
    assert met.violations(names(after)) == remade.violations(names(after))
    assert heard(met, after, [0.1, 0.7, 0.6]) == heard(remade, after, [0.1, 0.7, 0.6])


def test_without_settings_nothing_is_changed():
    scaffolds = filter_of((TOLUENE, 1.0))
    assert scaffolds.violations(names([TOLUENE, PHENOL])) == [None, None]
    assert heard(scaffolds, [TOLUENE, None, PHENOL], [1, nan, 2]) == "[1.0, nan, 2.0]"
