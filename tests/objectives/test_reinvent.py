"""Scoring files of REINVENT 4 become objectives with the same values and curves."""

import json
import tomllib

import numpy as np
import pytest

from molvae.chem.molecule import Molecule
from molvae.errors import ConfigError
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.desirability import parse_curve
from molvae.objectives.reinvent import import_reinvent
from molvae.objectives.reinvent_transforms import import_transform

MOLECULES = [Molecule.parse(s) for s in ("CC(=O)Oc1ccccc1C(=O)O", "CCO", "COOC", "c1ccccc1CCN")]
X = np.linspace(-20, 700, 1441)


def component(kind, **endpoint):
    return {kind: {"endpoint": [endpoint]}}


def read(tmp_path, *components, **scoring):
    path = tmp_path / "reinvent.json"
    path.write_text(json.dumps({"scoring": {"component": components, **scoring}}))
    return import_reinvent(path)


def config(imported):
    return ObjectiveConfig.parse_tables(tomllib.loads(imported.text))


def curve(**transform):
    return parse_curve(import_transform(transform).table)


def logistic_in_decades(x, slope):
    return 1 / (1 + 10 ** np.clip(-slope * x, -300, 300))


# The formulas of REINVENT 4 (Loeffler et al. 2024), reinvent/scoring/transforms.
@pytest.mark.parametrize("k", [0.2, 0.5, 2])
def test_sigmoids_are_the_same(k):
    expected = logistic_in_decades(X - 350, 10 * k / 300)
    np.testing.assert_allclose(
        curve(type="sigmoid", low=200, high=500, k=k)(X), expected, atol=1e-6
    )
    falling = curve(type="Reverse_Sigmoid", low=200, high=500, k=k)
    np.testing.assert_allclose(falling(X), 1 - expected, atol=1e-6)


def test_double_sigmoids_are_the_same():
    transform = {"low": 200, "high": 500, "coef_div": 500.0, "coef_si": 20.0, "coef_se": 20.0}
    rising = logistic_in_decades(X - 200, 20 / 500)
    falling = 1 - logistic_in_decades(X - 500, 20 / 500)
    expected = np.where(X < 350, rising, falling)
    np.testing.assert_allclose(curve(type="double_sigmoid", **transform)(X), expected, atol=1e-5)


def test_steps_are_the_same():
    x = np.array([0.9, 1.0, 2.0, 3.0, 3.1])
    np.testing.assert_array_equal(curve(type="step", low=1, high=3)(x), [0, 1, 1, 1, 0])
    np.testing.assert_array_equal(curve(type="right_step", high=2)(x), [0, 0, 1, 1, 1])
    np.testing.assert_array_equal(curve(type="left_step", low=2)(x), [1, 1, 1, 0, 0])


@pytest.mark.parametrize(
    "transform",
    [
        {"type": "exponential_decay", "k": 1},
        {"type": "value_mapping", "mapping": {}},
        {"type": "sigmoid", "low": 1, "high": 2},
        {"type": "sigmoid", "low": 1, "high": 2, "k": 0},
        {"type": "double_sigmoid", "low": 2, "high": 1},
        {},
    ],
)
def test_transforms_without_an_equivalent_are_refused(transform):
    with pytest.raises(ConfigError):
        import_transform(transform)


def test_a_scoring_file_becomes_an_objective(tmp_path):
    path = tmp_path / "scoring.toml"
    path.write_text(
        """
run_type = "scoring"
[scoring]
type = "geometric_mean"
[[scoring.component]]
[scoring.component.custom_alerts]
[[scoring.component.custom_alerts.endpoint]]
name = "Alerts"
params.smarts = ["[#8][#8]", "[*;r{8-17}]"]
[[scoring.component]]
[scoring.component.QED]
[[scoring.component.QED.endpoint]]
name = "QED, mean"
weight = 0.5
[[scoring.component]]
[scoring.component.MolecularWeight]
[[scoring.component.MolecularWeight.endpoint]]
name = "MW"
transform.type = "double_sigmoid"
transform.high = 500.0
transform.low = 200.0
transform.coef_div = 500.0
transform.coef_si = 20.0
transform.coef_se = 20.0
[[scoring.component]]
[scoring.component.pmi]
[[scoring.component.pmi.endpoint]]
params.property = "npr1"
"""
    )
    imported = import_reinvent(path)
    assert [line.split()[0] for line in imported.missing] == ["pmi"]
    assert "# Not imported: pmi" in imported.text
    objective = ConfiguredObjective(config(imported))
    scores = objective.score(MOLECULES)
    assert [component.label for component in objective.config.component] == ["QED mean", "MW"]
    aspirin, _, peroxide, _ = scores.total
    weight = 1 / (1 + 10 ** (-(180.159 - 200) * 20 / 500))
    assert aspirin == pytest.approx(
        (scores.values["QED mean"][0] ** 0.5 * weight) ** (1 / 1.5), 1e-4
    )
    assert np.isnan(peroxide)


def test_similarity_and_counts(tmp_path):
    sigmoid = {"type": "sigmoid", "low": 0, "high": 2, "k": 0.5}
    reference = {"smiles": ["OCC"], "radius": 3, "use_counts": True, "use_features": False}
    imported = read(
        tmp_path,
        component("TanimotoDistance", params=reference),
        component("GroupCount", params={"smarts": "[OX2H]"}, transform=sigmoid),
        component("NumHeteroAtoms", transform=sigmoid),
        component("numsp2", transform=sigmoid),
        type="arithmetic_mean",
    )
    values = ConfiguredObjective(config(imported)).score(MOLECULES).values
    assert values["TanimotoDistance"][1] == 1.0
    np.testing.assert_array_equal(values["GroupCount"], [1, 1, 0, 0])
    np.testing.assert_array_equal(values["NumHeteroAtoms"], [4, 1, 2, 1])
    # RDKit counts the conjugated oxygens of acids and esters as sp2 too.
    assert values["numsp2"][1] == 0
    assert values["numsp2"][3] == 6


# REINVENT: the score times 0.5 for each penalty whose pattern is absent.
def test_penalties_rank_as_in_reinvent(tmp_path):
    imported = read(
        tmp_path,
        component("QED", weight=2.0),
        component("MatchingSubstructure", params={"smarts": ["c1ccccc1", "[NX3]"]}),
        type="geometric_mean",
    )
    scores = ConfiguredObjective(config(imported)).score(MOLECULES)
    penalty = np.array([1, 0.5, 0.5, 1])
    np.testing.assert_allclose(scores.total, np.sqrt(scores.values["QED"] * penalty))
    assert len(imported.notes) == 1


def test_programs_servers_and_chemprop_models_stay_what_they_are(tmp_path):
    transform = {"type": "step", "low": 0, "high": 1}
    server = {
        "server_url": "http://localhost",
        "server_port": 8080,
        "server_endpoint": "predict",
        "predictor_id": "ki",
        "predictor_version": "1",
    }
    program = {"executable": "dock", "args": "-q 'a b'", "property": "score"}
    imported = read(
        tmp_path,
        component("ExternalProcess", params=program, transform=transform),
        component("REST", params=server, transform=transform),
        component("ChemProp2", params={"model_path": "m.pt"}, transform=transform),
    )
    dock, rest, chemprop = (item.measure for item in config(imported).component)
    assert dock.command == ("dock", "-q", "a b")
    assert dock.key == "payload.score"
    assert rest.url == "http://localhost:8080/predict"
    assert rest.payload == "reinvent"
    assert str(chemprop.path) == "m.pt"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (component("Maize", params={}), "equivalent"),
        (component("SlogP"), "no transform"),
        (component("QED", weight=0), "weight"),
        (component("TanimotoSimilarity", params={"smiles": ["C", "O"]}), "reference"),
        (component("TanimotoSimilarity", params={"smiles": ["C("]}), "C("),
        (component("GroupCount", params={"smarts": "(("}, transform={"type": "step"}), "(("),
        (component("TPSA", params={"includeSandP": True}), "sulfur"),
        (component("RDKitDescriptors", params={"descriptor": "Kappa1"}), "kappa1"),
    ],
)
def test_a_component_that_cannot_be_imported_is_listed_and_the_others_stay(tmp_path, bad, reason):
    imported = read(tmp_path, component("QED"), bad)
    (line,) = imported.missing
    assert reason in line
    assert len(config(imported).component) == 1


def test_the_last_stage_is_imported(tmp_path):
    stages = [
        {"scoring": {"type": "geometric_mean", "component": [component(kind)]}}
        for kind in ("Csp3", "QED")
    ]
    path = tmp_path / "staged.json"
    path.write_text(json.dumps({"stage": stages}))
    imported = import_reinvent(path)
    assert config(imported).component[0].label == "QED"
    assert any("2 stages" in note for note in imported.notes)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("{", "JSON"),
        ("[]", "no table"),
        ("{}", "no scoring components"),
        ('{"scoring": {"filename": "other.toml"}}', "other.toml"),
        ('{"scoring": {"component": [{"QED": {}}]}}', "endpoint"),
        ('{"scoring": {"type": "max", "component": [{"QED": {"endpoint": [{}]}}]}}', "max"),
        ('{"component": [{"Maize": {"endpoint": [{}]}}]}', "Maize"),
    ],
)
def test_files_that_cannot_be_imported(tmp_path, content, match):
    path = tmp_path / "file.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match=match):
        import_reinvent(path)
