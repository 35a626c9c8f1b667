import csv
import gzip
import math
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import QED, Crippen

from molvae.chem.molecule import Molecule
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.objective import Objective

SMILES = ["CCO", "c1ccccc1C(=O)NC", "CC(C)Cc1ccc(cc1)C(C)C(=O)O", "CCCCCCCCCCCCCCCC"]
MOLECULES = [Molecule.parse(smiles) for smiles in SMILES]


def objective(**settings):
    return ConfiguredObjective(ObjectiveConfig.parse_tables({"name": "test", **settings}))


def two_components(**settings):
    curves = (
        {"property": "qed", "weight": 3, "desirability": {"kind": "linear", "low": 0, "high": 1}},
        {"property": "logp", "desirability": {"kind": "max_gaussian", "mu": 4, "sigma": 1}},
    )
    return objective(component=list(curves), **settings)


def test_it_is_an_objective():
    assert isinstance(two_components(), Objective)


def test_a_raw_property_is_the_score():
    scores = objective(component=[{"property": "qed"}]).score(MOLECULES)
    np.testing.assert_allclose(scores.total, [QED.qed(Chem.MolFromSmiles(s)) for s in SMILES])
    assert scores.desirabilities == {}


def test_desirabilities_are_averaged_by_weight():
    scores = two_components().score(MOLECULES)
    for row, smiles in enumerate(SMILES):
        mol = Chem.MolFromSmiles(smiles)
        qed, logp = QED.qed(mol), Crippen.MolLogP(mol)
        welcome = math.exp(-((min(logp, 4) - 4) ** 2) / 2)
        assert scores.values["qed"][row] == pytest.approx(qed)
        assert scores.values["logp"][row] == pytest.approx(logp)
        assert scores.desirabilities["logp"][row] == pytest.approx(welcome)
        assert scores.total[row] == pytest.approx((qed**3 * welcome) ** 0.25)


def test_a_molecule_that_breaks_the_conditions_has_no_score_but_its_values():
    scores = two_components(where="heavy_atoms <= 15").score(MOLECULES)
    assert np.isnan(scores.total).tolist() == [False, False, False, True]
    assert scores.values["heavy_atoms"].tolist() == [3, 10, 15, 16]
    assert scores.values["qed"][3] == pytest.approx(QED.qed(Chem.MolFromSmiles(SMILES[3])))


def test_columns_are_components_then_what_the_conditions_need():
    chosen = two_components(where="heavy_atoms <= 15 and qed > 0")
    assert chosen.columns == ("qed", "logp", "heavy_atoms")


def test_no_molecules_have_no_scores():
    assert two_components(where="rings > 0").score([]).total.shape == (0,)


def test_a_score_does_not_depend_on_how_the_molecule_was_written():
    written = ["OC(=O)C(C)c1ccc(CC(C)C)cc1", "c1cc(CC(C)C)ccc1C(C(O)=O)C"]
    chosen = two_components()
    here, there = (chosen.score([Molecule.parse(text)]).total[0] for text in written)
    assert here == there


@pytest.mark.slow
def test_many_molecules_score_alike_in_one_process_and_in_two():
    table = Path(__file__).parents[2] / "data" / "moses_sample.csv"
    opened = gzip.open if table.suffix == ".gz" else open
    with opened(table, "rt") as stream:
        rows = list(csv.DictReader(stream))[:2500]
    molecules = [Molecule.parse(row["smiles"]) for row in rows]
    config = ObjectiveConfig.parse_tables({"name": "x", "component": [{"property": "logp"}]})
    alone, shared = (ConfiguredObjective(config, workers).score(molecules) for workers in (1, 2))
    assert alone.total.tolist() == shared.total.tolist()
    assert shared.total[:20] == pytest.approx([float(row["logp"]) for row in rows[:20]], abs=1e-4)


def test_descriptions_tell_objectives_apart():
    assert two_components().description == two_components().description
    assert two_components().description != two_components(where="rings > 0").description
