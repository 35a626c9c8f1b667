"""Alerts by name, and the filters of MOSES."""

import csv
from itertools import islice
from pathlib import Path

import pytest

from molvae.chem.alerts import alerts, passes_moses_filters
from molvae.chem.catalogues import Catalogue
from molvae.chem.molecule import Molecule

SAMPLE = Path(__file__).parents[2] / "data" / "moses_sample.csv"


@pytest.mark.parametrize(
    ("smiles", "catalogue", "name"),
    [
        # The number in a name of PAINS is the count of hits in Baell & Holloway 2010.
        ("O=C1CSC(=S)N1c1ccccc1", Catalogue.PAINS, "rhod_sat_A(33)"),
        ("Oc1ccc(N=Nc2ccccc2)cc1", Catalogue.PAINS, "azo_A(324)"),
        ("CC(=O)Cl", Catalogue.BRENK, "acid_halide"),
        ("CSSC", Catalogue.BRENK, "disulphide"),
        ("CSSC", Catalogue.NIH, "disulfide_acyclic"),
        ("CC(=O)Cl", Catalogue.NIH, "carbonyl_halide"),
        # By hand from the table of MOSES.
        ("O=Cc1ccccc1", Catalogue.MCF, "MCF7"),
        ("ClCc1ccccc1", Catalogue.MCF, "MCF4"),
        ("C1CO1", Catalogue.MCF, "MCF5"),
        ("C1CN1", Catalogue.MCF, "MCF9"),
        ("CSSC", Catalogue.MCF, "MCF16"),
        ("BrCC(Br)CBr", Catalogue.MCF, "MCF20"),
    ],
)
def test_an_alert_is_found_by_name(smiles, catalogue, name):
    assert name in alerts(Molecule.parse(smiles), catalogue)


@pytest.mark.parametrize("catalogue", list(Catalogue))
def test_a_clean_molecule_has_no_alerts(catalogue):
    assert alerts(Molecule.parse("CCO"), catalogue) == ()


def test_several_alerts_come_in_the_order_of_the_table():
    azobenzene = Molecule.parse("Oc1ccc(N=Nc2ccccc2)cc1")
    assert alerts(azobenzene, Catalogue.MCF) == ("MCF10", "MCF11")


@pytest.mark.parametrize(
    "smiles",
    [
        "C1CCCCCCC1",  # a ring of eight
        "C[N+](C)(C)C",  # a charge
        "C[Si](C)(C)C",  # an element that is not allowed
        "O=Cc1ccccc1",  # MCF
        "O=C1CSC(=S)N1c1ccccc1",  # PAINS
    ],
)
def test_each_filter_of_moses_stops_a_molecule(smiles):
    assert not passes_moses_filters(Molecule.parse(smiles))


@pytest.mark.parametrize(
    "smiles",
    [
        "C1CCCCCC1",
        "N[C@@H](C)C(=O)O",
        "C",
        # molsets 0.3.1 lets it pass; the PAINS that RDKit has mended since do not.
        "Cc1csc(=NS(=O)(=O)c2ccc(C#N)cc2)[nH]1",
    ],
)
def test_what_molsets_lets_pass_passes(smiles):
    assert passes_moses_filters(Molecule.parse(smiles))


def test_the_molecules_of_moses_were_chosen_with_these_filters():
    with SAMPLE.open(encoding="utf-8") as stream:
        molecules = [Molecule.parse(row["smiles"]) for row in islice(csv.DictReader(stream), 40)]
    assert all(map(passes_moses_filters, molecules))
