import pytest
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator
from rdkit.DataStructs import TanimotoSimilarity

from molvae.chem.molecule import Molecule
from molvae.errors import DataError
from molvae.report.comparison import Reference, property_histograms

FILE = ["CCO", "CC(=O)Nc1ccc(O)cc1", "c1ccccc1", "not a molecule", "CCCCCCCC"]
QUERIES = ["CCCO", "CC(=O)Nc1ccc(OC)cc1", "Cc1ccccc1"]


@pytest.fixture
def reference(tmp_path):
    path = tmp_path / "known.smi"
    path.write_text("\n".join(FILE) + "\n")
    return Reference(path)


def test_the_nearest_molecule_is_the_most_similar_by_morgan_bits(reference):
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    mols = {smiles: Chem.MolFromSmiles(smiles) for smiles in (*QUERIES, *FILE[:3], FILE[4])}
    prints = {smiles: generator.GetFingerprint(mol) for smiles, mol in mols.items()}
    neighbors = reference.nearest(list(map(Molecule.parse, QUERIES)))
    assert neighbors.size == 4
    for query, neighbor, value in zip(
        QUERIES, neighbors.molecules, neighbors.similarities, strict=True
    ):
        known = {
            smiles: TanimotoSimilarity(prints[query], prints[smiles])
            for smiles in prints
            if smiles not in QUERIES
        }
        assert neighbor.smiles == max(known, key=known.get)
        assert value == pytest.approx(known[neighbor.smiles], abs=1e-6)


def test_a_file_without_a_molecule_is_refused(tmp_path):
    path = tmp_path / "none.csv"
    path.write_text("smiles\nnothing\n")
    with pytest.raises(DataError, match=r"none\.csv"):
        Reference(path).nearest([Molecule.parse("CCO")])
    with pytest.raises(DataError, match=r"none\.csv"):
        Reference(path).sample()


def test_a_sample_is_spread_over_the_whole_file(tmp_path):
    path = tmp_path / "chains.smi"
    path.write_text("".join(f"{'C' * n}\n" for n in range(1, 20)))
    sample = Reference(path).sample(10)
    assert [len(molecule.smiles) for molecule in sample] == list(range(1, 20, 2))


def test_histograms_count_molecules_of_the_whole_set():
    light, heavy = Molecule.parse("C"), Molecule.parse("CCCCCCCCCC")
    # Of the first 2,000 most are light.
    pictures = property_histograms({"set": [light] * 1_200 + [heavy] * 2_799})
    assert any("Median weight: set 142." in picture.about for picture in pictures)


def test_histograms_have_a_median_for_each_group():
    groups = {"new": [Molecule.parse("CCO")], "known": [Molecule.parse("c1ccccc1")], "none": []}
    pictures = property_histograms(groups)
    abouts = [picture.about for picture in pictures]
    assert "Median weight: new 46.1, known 78.1." in abouts
    assert property_histograms({"none": []}) == ()
