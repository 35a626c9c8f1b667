"""Components, constraints and names in an objective, with all that a molecule comes to."""

import math

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import Descriptors

from molvae.chem.molecule import Molecule
from molvae.errors import ConfigError
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective

SMILES = ["CCO", "c1ccccc1C(=O)NC", "O=C1C=CC(=O)C=C1", "CCCCCCCCCCCCCCCC"]
MOLECULES = [Molecule.parse(smiles) for smiles in SMILES]
PHENYL = {"kind": "smarts", "smarts": "c1ccccc1"}
LIKE_ETHANOL = {"kind": "similarity", "smiles": "OCC"}


def config(*components, **settings):
    return ObjectiveConfig.parse_tables({"name": "x", "component": components, **settings})


def scored(*components, **settings):
    return ConfiguredObjective(config(*components, **settings)).score(MOLECULES)


def test_values_between_0_and_1_are_their_own_desirability():
    scores = scored(LIKE_ETHANOL, PHENYL, aggregation="arithmetic")
    similar = scores.values["similarity"]
    np.testing.assert_array_equal(scores.desirabilities["similarity"], similar)
    np.testing.assert_array_equal(scores.values["smarts"], [0, 1, 0, 0])
    np.testing.assert_allclose(scores.total, (similar + scores.values["smarts"]) / 2)


def test_alerts_without_a_curve_must_be_none():
    scores = scored({"kind": "alerts", "catalogue": "pains"})
    np.testing.assert_array_equal(scores.values["pains_alerts"], [0, 0, 1, 0])
    np.testing.assert_array_equal(scores.total, [1, 1, 0, 1])


def test_two_components_of_a_kind_go_by_their_names():
    scores = scored(
        {**LIKE_ETHANOL, "name": "near"},
        {
            **LIKE_ETHANOL,
            "name": "not too near",
            "desirability": {"kind": "linear", "low": 1, "high": 0},
        },
        {"property": "logp", "name": "light", "desirability": {"kind": "step", "high": 2}},
        {"property": "logp", "name": "heavy", "desirability": {"kind": "step", "low": 2}},
        aggregation="arithmetic",
    )
    assert list(scores.values) == ["near", "not too near", "light", "heavy"]
    # Each pair adds up to 1.
    np.testing.assert_allclose(scores.total, 0.5)


def test_weights_count():
    scores = scored({**PHENYL, "weight": 3}, LIKE_ETHANOL, aggregation="arithmetic")
    assert scores.total[0] == pytest.approx(1 / 4)


@pytest.mark.parametrize(
    ("constraint", "allowed"),
    [
        (PHENYL, [False, True, False, False]),
        ({**PHENYL, "wanted": "absent"}, [True, False, True, True]),
        ({**PHENYL, "high": 0}, [True, False, True, True]),
        ({**LIKE_ETHANOL, "low": 0.5}, [True, False, False, False]),
        ({**LIKE_ETHANOL, "high": 0.5}, [False, True, True, True]),
        ({"kind": "alerts", "catalogue": "pains"}, [True, True, False, True]),
        ({"kind": "alerts", "catalogue": "pains", "high": 1}, [True, True, True, True]),
        ({"kind": "formula", "formula": "C2H6O"}, [True, False, False, False]),
        ({"property": "heavy_atoms", "low": 4, "high": 12}, [False, True, True, False]),
    ],
)
def test_a_molecule_that_breaks_a_constraint_has_no_score_but_its_values(constraint, allowed):
    scores = scored({"property": "qed"}, constraint=[{**constraint, "name": "limit"}])
    np.testing.assert_array_equal(~np.isnan(scores.total), allowed)
    assert list(scores.values) == ["qed", "limit"]
    assert not np.isnan(scores.values["qed"]).any()


def test_conditions_and_constraints_go_together():
    scores = scored(
        {"property": "qed"},
        where="heavy_atoms > 3",
        constraint=[PHENYL, {"property": "heavy_atoms", "high": 20}],
    )
    assert list(scores.values) == ["qed", "heavy_atoms", "smarts"]
    assert np.isnan(scores.total).tolist() == [True, False, True, True]


def test_a_component_may_be_measured_once_for_a_constraint_of_its_name():
    scores = scored(LIKE_ETHANOL, constraint=[{**LIKE_ETHANOL, "high": 0.9}])
    assert list(scores.values) == ["similarity"]
    assert math.isnan(scores.total[0])


def test_a_geometric_mean_of_different_kinds_by_another_way():
    polar = {"kind": "gaussian", "mu": 30, "sigma": 20}
    count = {"kind": "linear", "low": 0, "high": 4}
    scores = scored(
        {"property": "tpsa", "weight": 2, "desirability": polar},
        {"kind": "smarts", "smarts": "O", "wanted": "count", "desirability": count},
    )
    for row, smiles in enumerate(SMILES):
        mol = Chem.MolFromSmiles(smiles)
        bell = math.exp(-(((Descriptors.TPSA(mol) - 30) / 20) ** 2) / 2)
        oxygens = smiles.count("O") / 4
        assert scores.total[row] == pytest.approx((bell**2 * oxygens) ** (1 / 3))


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"component": [PHENYL, PHENYL]}, "smarts occurs more than once"),
        ({"component": [PHENYL | {"name": "a\x1b[2Jb"}]}, "name = "),
        ({"component": [{"kind": "smart", "smarts": "C"}]}, "unknown kind 'smart'; did you mean"),
        ({"component": [{"kind": "smarts", "smart": "C"}]}, "unknown setting 'smart'; did you"),
        ({"component": [{**PHENYL, "wieght": 2}]}, "unknown setting 'wieght'; did you mean 'we"),
        ({"component": [{**PHENYL, "wanted": "count"}, LIKE_ETHANOL]}, "no desirability for sma"),
        ({"component": [{**PHENYL, "name": "score"}]}, "'score' is a reserved column name"),
        ({"component": [{**PHENYL, "name": "a\nb"}]}, "name = "),
        (
            {"component": [{**PHENYL, "name": "qed"}], "where": "qed > 0"},
            "name 'qed' is used twice",
        ),
        ({"component": [PHENYL], "constraint": [{"kind": "smarts", "smarts": "N"}]}, "used twice"),
        ({"component": [PHENYL], "constraint": ["x"]}, "constraint 1: expected a table"),
        ({"component": [PHENYL], "constraint": 3}, r"at least one \[\[constraint\]\]"),
        ({"component": [PHENYL], "constraint": [{"property": "qed"}]}, "give low, high or both"),
        (
            {"component": [PHENYL], "constraint": [{**LIKE_ETHANOL, "low": 1, "high": 0}]},
            "low must not be greater than high",
        ),
        ({"component": [PHENYL], "constraint": [{**LIKE_ETHANOL, "weight": 1}]}, "'weight'"),
        ({"component": [PHENYL], "constraint": [LIKE_ETHANOL]}, "give low, high or both"),
        (
            {"component": [PHENYL], "constraint": [{**PHENYL, "wanted": "count"}]},
            "give low, high or both",
        ),
        (
            {"component": [{**LIKE_ETHANOL, "smiles": "C", "fingerprint": "atom_pairs"}]},
            "has no atom_pairs features",
        ),
        ({"component": [{**PHENYL, "weight": float("inf")}]}, "weight"),
        ({"component": [{**PHENYL, "name": "similarity_to_lead"}]}, "is a reserved column name"),
        (
            {"component": [{**PHENYL, "name": "a"}, {**LIKE_ETHANOL, "name": "a_desirability"}]},
            "a_desirability is the name of a desirability column",
        ),
        (
            {
                "component": [{**LIKE_ETHANOL, "name": "a"}],
                "constraint": [{**PHENYL, "name": "a_desirability"}],
            },
            "a_desirability is the name of a desirability column",
        ),
        (
            {
                "component": [
                    {
                        "property": "logp",
                        "desirability": {"kind": "gaussian", "mu": 1, "sigma": float("inf")},
                    }
                ]
            },
            "sigma",
        ),
    ],
)
def test_a_mistake_is_named(tables, message):
    with pytest.raises(ConfigError, match=message):
        ObjectiveConfig.parse_tables({"name": "x", **tables})


def test_settings_survive_their_own_json():
    wanted = config(LIKE_ETHANOL, {**PHENYL, "name": "ring"}, constraint=[{**PHENYL, "high": 0}])
    assert ObjectiveConfig.parse_tables(wanted.model_dump(mode="json")) == wanted
    parts = {"component": wanted.component, "constraint": wanted.constraint}
    assert ObjectiveConfig.parse_tables({"name": "x", **parts}) == wanted


# Whoever makes a Molecule by hand can get its text wrong; the rest of the batch has its scores.
def test_a_text_that_is_no_molecule_has_no_value():
    odd = [Molecule("C1CC", MOLECULES[0].mol), MOLECULES[0]]
    scores = ConfiguredObjective(config(LIKE_ETHANOL)).score(odd)
    assert math.isnan(scores.total[0])
    assert scores.total[1] == 1


def test_descriptions_tell_objectives_apart():
    described = [
        ConfiguredObjective(one).description
        for one in (
            config(LIKE_ETHANOL),
            config({**LIKE_ETHANOL, "fingerprint": "ecfp6"}),
            config(LIKE_ETHANOL, constraint=[PHENYL]),
        )
    ]
    assert all(described.count(one) == 1 for one in described)
