"""The objective files that ship with the source rank molecules as their comments say."""

import math
from pathlib import Path

import numpy as np
import pytest

from molvae.chem.molecule import Molecule
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.docking import DockingMeasure

FOLDER = Path(__file__).parents[2] / "data" / "objectives"
PHENETHYLAMINE = "NCCc1ccccc1"
DIAZEPAM = "CN1C(=O)CN=C(c2ccccc2)c2cc(Cl)ccc21"
ERLOTINIB = "COCCOc1cc2c(Nc3cccc(C#C)c3)ncnc2cc1OCCOC"
GEFITINIB = "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1"
FLURBIPROFEN = "CC(C(=O)O)c1ccc(-c2ccccc2)c(F)c1"
KETOPROFEN = "CC(C(=O)O)c1cccc(C(=O)c2ccccc2)c1"
DESLORATADINE = "Clc1ccc2c(c1)CCc1cccnc1C2=C1CCNCC1"
HYDROXYLATED = "CCOC(=O)N1CCC(=C2c3ccc(O)cc3CC(O)c3cccnc32)CC1"
HALOPERIDOL = "O=C(CCCN1CCC(O)(c2ccc(Cl)cc2)CC1)c1ccc(F)cc1"
PHENOL_FOR_CHLORIDE = "O=C(CCCN1CCC(O)(c2ccc(O)cc2)CC1)c1ccc(F)cc1"
HEXADECANE = "CCCCCCCCCCCCCCCC"
PARACETAMOL = "CC(=O)Nc1ccc(O)cc1"
BENZOQUINONE = "O=C1C=CC(=O)C=C1"
PYRAZOLE_ANILIDE = "COCCOc1ccc(-c2cc(Nc3cccc(Cl)c3)ncn2)cc1OC"

RANKS = {
    "alert_free": ("CC(C)NCC(O)c1ccccc1", None, BENZOQUINONE),
    "around_a_lead": (KETOPROFEN, FLURBIPROFEN, PARACETAMOL),
    "cns": (DIAZEPAM, GEFITINIB, HEXADECANE),
    "druglike_lead": (DIAZEPAM, HEXADECANE, BENZOQUINONE),
    "fragment": (PHENETHYLAMINE, None, HEXADECANE),
    "kinase_like": (GEFITINIB, DIAZEPAM, HEXADECANE),
    "less_lipophilic": (HYDROXYLATED, DESLORATADINE, HEXADECANE),
    "novel_scaffold": (PYRAZOLE_ANILIDE, PARACETAMOL, ERLOTINIB),
    "soluble": (PARACETAMOL, GEFITINIB, HEXADECANE),
    "two_goals": (PHENOL_FOR_CHLORIDE, HALOPERIDOL, HEXADECANE),
}
"""Three molecules for each file, best first; None where two are enough to show its purpose."""
WITH_EXTRA = "kit_docking"
"""The file that needs the extra dock."""


def test_each_file_is_tested_and_begins_with_what_it_is_for():
    files = sorted(FOLDER.glob("*.toml"))
    assert [file.stem for file in files] == sorted([*RANKS, WITH_EXTRA])
    assert len(files) == 11
    assert all(file.read_text(encoding="utf-8").startswith("# ") for file in files)


@pytest.mark.parametrize("name", sorted(RANKS))
def test_molecules_are_ranked_as_the_file_says(name):
    objective = ConfiguredObjective.load(FOLDER / f"{name}.toml")
    smiles = [text for text in RANKS[name] if text is not None]
    scores = objective.score([Molecule.parse(text) for text in (*smiles, PARACETAMOL)])
    ranked = [0.0 if math.isnan(score) else score for score in scores.total[: len(smiles)]]
    assert 0 < ranked[0] <= 1
    assert ranked == sorted(ranked, reverse=True), dict(zip(smiles, scores.total, strict=False))
    assert len(set(ranked)) == len(ranked) or min(ranked) == 0


def test_the_docking_file_is_for_kit_and_prefers_low_energies():
    config = ObjectiveConfig.load(FOLDER / f"{WITH_EXTRA}.toml")
    (component,) = config.component
    assert isinstance(component.measure, DockingMeasure)
    assert component.measure.target == "KIT"
    low, high = component.curve(np.array([-12.0, -6.0]))
    assert low > 0.9 > 0.1 > high
    assert config.where == "qed >= 0.5"
