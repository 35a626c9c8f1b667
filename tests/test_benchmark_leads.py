"""The control, the checks and the table of scripts/benchmark_leads.py."""

import gzip
import runpy
from pathlib import Path

import pytest
from rdkit import Chem

from molvae.chem.molecule import Molecule
from molvae.errors import RunError
from molvae.files import write_json

SCRIPTS = Path(__file__).parents[1] / "scripts"
SCRIPT = runpy.run_path(str(SCRIPTS / "benchmark_leads.py"))
with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(SCRIPTS))
    TABLES = runpy.run_path(str(SCRIPTS / "lead_tables.py"))
LEAD = Molecule.parse("CC(C)Cc1ccc(cc1)C(C)C(=O)O")


def row_of(**changes):
    """The row of a lead as the search leaves it."""
    return {
        "lead": LEAD.smiles,
        "qed": 0.82,
        "cpu_seconds": 1.0,
        "cpu_seconds_to_first_round": 0.5,
        "control": {"best": 0.8, "mean_of_top": 0.7},
        **changes,
    }


def table_of(rows, figures, reference):
    settings = {
        "model": "chembl",
        "file": "drugs.smi",
        "calls": 200,
        "min_similarity": 0.5,
        "reference": {"molecules": reference.molecules},
    }
    record = {
        "settings": settings,
        "figures": {**figures, "rare_share_of_file": 0.0},
        "leads": rows,
        "provenance": {"command": "python scripts/benchmark_leads.py"},
    }
    return TABLES["leads"]({"leads": record})


@pytest.fixture
def reference(tmp_path):
    path = tmp_path / "reference.smi.gz"
    with gzip.open(path, "wt") as stream:
        stream.write(f"{LEAD.smiles} ibuprofen\n\nCCC(C)c1ccc(C)cc1\nno molecule\n")
    return SCRIPT["ReferenceEnvironments"].of(path, tmp_path / "kept.json")


def test_environments_that_the_reference_lacks_are_rare(reference, tmp_path):
    assert reference.molecules == 2
    assert not reference.rare(LEAD.mol)
    assert reference.rare(Chem.MolFromSmiles("CC(C)Cc1ccc(cc1)C(C)C(=S)O"))
    # The kept counts are read, and not the file.
    kept = SCRIPT["ReferenceEnvironments"].of(tmp_path / "missing.smi", tmp_path / "kept.json")
    assert not kept.rare(LEAD.mol)


def test_a_proposal_is_checked_without_the_search(reference):
    def proposal(smiles):
        return SCRIPT["check"](LEAD.mol, smiles, reference)

    assert proposal(LEAD.smiles)["similarity"] == 1.0
    assert proposal(LEAD.smiles)["has_only_scaffold"]
    larger = proposal("CC(C)Cc1ccc(cc1)C(C2CC2)C(=O)O")
    assert (larger["has_scaffold"], larger["has_only_scaffold"]) == (True, False)
    assert larger["is_newly_rare"]
    assert not proposal("CC(C)CC1CCC(CC1)C(C)C(=O)O")["has_scaffold"]


def test_random_edits_meet_the_constraints_of_the_search():
    figures = SCRIPT["control"](LEAD, SCRIPT["search_settings"](LEAD, 5, 0))
    assert figures["molecules"] == 5
    assert 0 < figures["mean_of_top"] <= figures["best"] < 1
    assert figures == SCRIPT["control"](LEAD, SCRIPT["search_settings"](LEAD, 5, 0))


def test_a_lead_without_proposals_keeps_its_own_qed(reference):
    row = row_of(qed=0.4, best=[], control={"best": None, "mean_of_top": None})
    figures = SCRIPT["figures_of"]([SCRIPT["describe"](row, reference)])
    assert (figures["best"], figures["control_best"], figures["improved"]) == (0.4, 0.4, 0)
    assert figures["rare_share"] is None
    assert "| - | - |" in table_of([SCRIPT["describe"](row, reference)], figures, reference)


def test_the_table_has_a_row_for_each_lead(reference):
    proposals = [
        {"smiles": smiles, "source": "graph"}
        for smiles in ("CCC(C)c1ccc(C(C)C(=O)O)cc1", "CC(C)Cc1ccc(cc1)C(C2CC2)C(=O)O")
    ]
    row = SCRIPT["describe"](row_of(best=proposals), reference)
    text = table_of([row], SCRIPT["figures_of"]([row]), reference)
    last = text.partition(f"| `{LEAD.smiles}` |")[2].partition("\n")[0]
    assert "| same | 1 of 2 |" in last
    assert "| 0.800 |" in last


def test_leads_of_other_settings_are_not_continued(tmp_path):
    path = tmp_path / "leads.json"
    write_json(path, {"settings": {"calls": 10}, "leads": []})
    with pytest.raises(RunError, match="--work"):
        SCRIPT["saved_rows"](path, {"calls": 20})
