from rdkit import Chem

from molvae.chem.sdf import sdf_record


def test_records_are_read_again_as_the_same_molecules_with_their_fields():
    smiles = ["C[C@H](N)C(=O)O", "O=C([O-])c1ccccc1", "C/C=C/C"]
    text = "".join(sdf_record(one, {"smiles": one, "qed": "0.5"}) for one in smiles)
    supplier = Chem.SDMolSupplier()
    supplier.SetData(text)
    read = list(supplier)
    assert [Chem.MolToSmiles(mol) for mol in read] == smiles
    assert [mol.GetProp("smiles") for mol in read] == smiles
    assert {mol.GetProp("qed") for mol in read} == {"0.5"}


def test_atoms_are_drawn_apart():
    mol = Chem.MolFromMolBlock(sdf_record("c1ccccc1", {}))
    places = {tuple(place) for place in mol.GetConformer().GetPositions().round(2).tolist()}
    assert len(places) == 6
