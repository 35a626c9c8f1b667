"""The measures of scripts/study_beta.py and scripts/study_labels.py."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from molvae.model_card import ModelCard

SCRIPTS = Path(__file__).parents[1] / "scripts"
BETA, LABELS = (runpy.run_path(str(SCRIPTS / f"study_{name}.py")) for name in ("beta", "labels"))


def test_a_property_along_a_dimension_is_lost_to_the_axes_by_a_rotation():
    generator = np.random.default_rng(0)
    z = generator.standard_normal((500, 16))
    y = np.stack([2.0 * z[:, 3] + 1.0, -z[:, 7]], axis=1)
    rotation = BETA["random_rotation"](16, generator)
    assert BETA["best_dimension_r2"](z, y, 400) == pytest.approx([1.0, 1.0])
    assert BETA["best_dimension_r2"](z @ rotation, y, 400).max() < 0.9
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(16), atol=1e-12)


def test_the_dimension_is_chosen_without_the_molecules_that_it_is_measured_on():
    generator = np.random.default_rng(1)
    z, y = generator.standard_normal((400, 64)), generator.standard_normal((400, 3))
    assert BETA["best_dimension_r2"](z, y, 200).max() < 0.06
    assert BETA["correlations"](z[200:], y[200:]).max() > 0.02


def test_errors_and_intervals_are_those_of_normal_errors():
    generator = np.random.default_rng(2)
    values = generator.standard_normal((20_000, 2)) * (3.0, 0.1)
    labels = LABELS["Labels"]((), {}, values, 0)
    predicted = values + generator.standard_normal(values.shape) * (1.5, 0.02)
    assert labels.errors(predicted) == {
        "logp": pytest.approx(0.5, rel=0.05),
        "qed": pytest.approx(0.2, rel=0.05),
    }
    model = SimpleNamespace(card=ModelCard(property_errors={"logp": 1.5, "qed": 0.01}))
    within = LABELS["calibration"](labels, predicted, model)["within"]
    for level, shares in within.items():
        assert shares["logp"] == pytest.approx(float(level), abs=0.02)
        assert shares["qed"] < float(level) - 0.1
