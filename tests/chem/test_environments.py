"""Atom environments that real molecules hardly have."""

import subprocess
import sys
from pathlib import Path

import pytest
from rdkit.Chem import rdFingerprintGenerator

from molvae.chem.alerts import alerts
from molvae.chem.catalogues import Catalogue
from molvae.chem.environments import (
    EnvironmentTable,
    detailed_environments,
    detailed_reference_table,
    environment_hash,
    environments,
    rare_detailed_environments,
    rare_environments,
    reference_table,
)
from molvae.chem.molecule import Molecule

ROOT = Path(__file__).parents[2]

# Members of the families that an unguarded search ends in, each with a sound molecule beside it.
UNSTABLE = {
    "N-O single bond": ("CN(C)OC", "CCNOCC", "CN1CCCO1", "CON1CCCCC1", "c1ccc(N(C)OC)cc1"),
    "O-O single bond": ("COOC", "CCOO", "C1COO1", "C1CCOOC1", "CC(=O)OOC"),
    "aminal": ("CNCNC", "CN(C)CN(C)C", "C1CCN(CN2CCCC2)C1", "CC(NC)N(C)C"),
    "N-C-O": ("COCN(C)C", "CCOCNC", "OCN1CCCC1", "CC(O)N(C)C"),
    "N-N acyclic": ("CN(C)N(C)C", "CNNC", "CCN(C)NC"),
    "N-amino azole": ("Nn1cccn1", "CNn1cccn1", "CN(C)n1cccc1"),
    "carbamic acid": ("CN(C)C(=O)O", "CCNC(=O)O", "O=C(O)N1CCCC1", "COC(=O)O"),
    "three- and four-membered rings with N-O": ("CC1ON1C", "CN1OC1C", "C1CON1", "CN1CON1"),
    "other small rings": ("C1OO1", "C1NN1", "N1CO1", "C1=CC1", "C1CN=N1", "CN1CO1"),
    "halogen on nitrogen, oxygen or a carbon beside them": ("CNCl", "CN(C)F", "COCl", "CC(Cl)N",
                                                            "CC(F)O", "CC(Cl)OC"),
    "acyl and sulfonyl halides": ("CC(=O)Cl", "CC(=O)F", "CS(=O)(=O)Cl", "CN(C)C(=O)Cl"),
    "acyclic imides and N-acyl carbamates": ("CC(=O)NC(C)=O", "CC(=O)N(C)C(C)=O", "CC(=O)NC(=O)OC",
                                             "O=C(NC(=O)c1ccccc1)C1CC1"),
    "cumulenes and reactive multiple bonds": ("CC=C=O", "C=C=CC", "CN=C=NC", "CN=C=O", "CC#CO",
                                              "CC#CN", "COC#N"),
    "geminal diols, hemiacetals, enols": ("CC(O)O", "CCC(O)OC", "C=C(C)O", "CC(N)=CC"),
    "sulfenyl compounds and polysulfides": ("CSOC", "CSN(C)C", "CSSSC", "CSCl"),
    "hydrides and phosphines": ("CPC", "C[SiH3]", "CB(C)C"),
}  # fmt: skip
SOUND = (
    "CC(=O)Nc1ccc(O)cc1", "CC(=O)Oc1ccccc1C(=O)O", "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "CC(C)Cc1ccc(C(C)C(=O)O)cc1", "CON=C(C)c1ccccc1", "CC(=O)NO", "CC(=O)NNC(C)=O",
    "Nc1ccc(S(N)(=O)=O)cc1", "C[N+](=O)[O-]", "C1COCCN1", "COC(=O)N(C)C", "C1OCc2ccccc21",
    "O=C1CCCC(=O)N1", "O=C(NC(=O)c1ccccc1)Nc1ccccc1", "CC(=O)NS(C)(=O)=O", "CC(=O)N1CCOC1=O",
    "OCC1OC(n2cnc3c(N)ncnc32)C(O)C1O", "FC(F)(F)Oc1ccccc1", "CN1CCN(C)CC1", "CCOC(C)=O",
)  # fmt: skip


@pytest.mark.parametrize("family", UNSTABLE)
def test_unstable_chemistry_is_caught(family):
    for smiles in UNSTABLE[family]:
        molecule = Molecule.parse(smiles)
        caught = alerts(molecule, Catalogue.REACTIVE) or rare_environments(molecule)
        assert caught, smiles


@pytest.mark.parametrize("smiles", SOUND)
def test_sound_chemistry_passes(smiles):
    molecule = Molecule.parse(smiles)
    assert alerts(molecule, Catalogue.REACTIVE) == ()
    assert rare_environments(molecule) == ()


def test_an_environment_is_an_atom_with_its_bonds_and_neighbors():
    assert list(environments(Molecule.parse("C1CN1").mol)) == [
        "C,H2,ring 3-@C-@N",
        "C,H2,ring 3-@C-@N",
        "N,H1,ring 3-@C-@C",
    ]
    assert list(environments(Molecule.parse("C[N+](=O)[O-]").mol)) == [
        "C,H3-N+1",
        "N+1-C-O-1=O",
        "O=N+1",
        "O-1-N+1",
    ]


def test_environments_do_not_depend_on_how_a_molecule_is_written():
    first, second = (Molecule.parse(text).mol for text in ("CC1ON1C", "N1(C)OC1C"))
    assert sorted(environments(first)) == sorted(environments(second))


def test_a_rate_is_a_share_of_the_counted_molecules():
    table = EnvironmentTable(200, {environment_hash("O,H2"): 50})
    assert table.rate("O,H2") == 0.25
    assert table.rate("O,H1-C") == 0.0
    assert reference_table().rate("C,H3-C") > 0.1


def test_a_higher_rate_calls_more_environments_rare():
    molecule = Molecule.parse("CNOC")
    assert rare_environments(molecule, 0.0) == ()
    assert set(rare_environments(molecule, 0.01)) == {"N,H1-C-O", "O-C-N"}


def test_detailed_environments_tell_neighbors_apart():
    assert sorted(detailed_environments(Molecule.parse("C1CN1").mol)) == [
        "C H2 D2 R(-C H2 D2 R)(-N H1 D2 R)",
        "C H2 D2 R(-C H2 D2 R)(-N H1 D2 R)",
        "N H1 D2 R(-C H2 D2 R)(-C H2 D2 R)",
    ]
    ethyl, isopropyl = (Molecule.parse(text).mol for text in ("CCO", "CC(C)O"))
    oxygen = [[*detailed_environments(mol)][-1] for mol in (ethyl, isopropyl)]
    assert oxygen[0] != oxygen[1]
    assert [*environments(ethyl)][-1] == [*environments(isopropyl)][-1]


@pytest.mark.parametrize(
    "smiles",
    ["CC(=O)Nc1ccc(O)cc1", "C[C@H](N)C(=O)O", "C[N+](=O)[O-]", "C1CC1C#N", "NC1C2CC3CC(C2)CC1C3"],
)
def test_detailed_environments_are_those_of_ecfp2(smiles):
    mol = Molecule.parse(smiles).mol
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=1)
    output = rdFingerprintGenerator.AdditionalOutput()
    output.AllocateAtomToBits()
    generator.GetSparseFingerprint(mol, additionalOutput=output)
    # Of each atom the feature of radius 1; atoms without one have no neighbors.
    features = [bits[-1] for bits in output.GetAtomToBits()]
    names = [*detailed_environments(mol)]
    assert len(set(zip(features, names, strict=True))) == len(set(names)) == len(set(features))


def test_detailed_environments_are_counted_over_chembl():
    table = detailed_reference_table()
    assert table.molecules > 500_000
    assert table.rate("C H3 D1(-C H0 D3 R)") > 0.1
    assert rare_detailed_environments(Molecule.parse("CC(=O)Nc1ccc(O)cc1")) == ()
    assert rare_detailed_environments(Molecule.parse("FC1OC(F)N1"))


def test_the_script_counts_each_environment_once_per_molecule(tmp_path):
    smiles, out = tmp_path / "few.smi", tmp_path / "table.csv"
    smiles.write_text("CC first\nCCC\nCC\nrubbish\n")
    script = ROOT / "scripts" / "count_environments.py"
    subprocess.run([sys.executable, script, smiles, "--out", out], check=True, cwd=ROOT)
    counts = dict(line.split(",") for line in out.read_text().splitlines()[1:])
    assert out.read_text().splitlines()[0] == "3 molecules"
    assert [int(count) for count in counts.values()] == [3]
    assert int(next(iter(counts)), 36) == environment_hash("C,H3-C")
