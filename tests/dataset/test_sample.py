import csv
from pathlib import Path

import pytest

from molvae.chem.molecule import Molecule
from molvae.chem.properties import property_values
from molvae.files import sha256

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def rows():
    with (DATA / "moses_sample.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_sample_is_the_one_that_the_readme_describes(rows):
    readme = (DATA / "README.md").read_text()
    assert f"| {len(rows):,} | `{sha256(DATA / 'moses_sample.csv')}` |" in readme


def test_the_sample_holds_20_000_distinct_molecules(rows):
    assert len({row["smiles"] for row in rows}) == len(rows) == 20_000


def test_the_properties_of_the_sample_are_those_of_its_molecules(rows):
    for row in rows[::1_000]:
        values = property_values(Molecule.parse(row["smiles"]), ("logp", "qed"))
        assert values["logp"] == pytest.approx(float(row["logp"]), abs=2e-4)
        assert values["qed"] == pytest.approx(float(row["qed"]), abs=2e-4)
