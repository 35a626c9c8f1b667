"""Molecules as records of an SD file."""

from collections.abc import Mapping

from rdkit import Chem
from rdkit.Chem import rdDepictor

from molvae.chem.molecule import Molecule


def sdf_record(smiles: str, fields: Mapping[str, str]) -> str:
    """One record: the molecule drawn in two dimensions, and a data field per entry of `fields`.

    Raises:
        MoleculeError: RDKit does not accept the SMILES.
    """
    mol = Chem.Mol(Molecule.parse(smiles).mol)
    rdDepictor.Compute2DCoords(mol)
    for name, value in fields.items():
        mol.SetProp(name, value)
    return str(Chem.SDWriter.GetText(mol))
