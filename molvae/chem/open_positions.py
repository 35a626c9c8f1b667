"""Attachment points at the hydrogens of a structure."""

import numpy as np
from rdkit import Chem, rdBase

from molvae.errors import ConfigError


def has_attachment_points(smiles: str) -> bool:
    """Whether a SMILES has an atom `*`, such as `[*:1]`."""
    return "*" in smiles


def open_positions(smiles: str) -> list[int]:
    """Index of the atom of each hydrogen that an attachment point can replace.

    Charged atoms and atoms with stereochemistry are left out, as a substituent may change them.

    Raises:
        ConfigError: RDKit does not accept the SMILES.
    """
    with rdBase.BlockLogs():
        mol: Chem.Mol | None = Chem.MolFromSmiles(smiles)
    if mol is None or mol.GetNumAtoms() == 0:
        raise ConfigError(f"`scaffold`: expected a SMILES, such as 'c1ccccc1'; got {smiles!r}")
    positions = []
    for atom in mol.GetAtoms():
        has_stereo = atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED or any(
            bond.GetStereo() != Chem.BondStereo.STEREONONE for bond in atom.GetBonds()
        )
        if not (has_stereo or atom.GetFormalCharge() or atom.GetNumRadicalElectrons()):
            positions += [atom.GetIdx()] * atom.GetTotalNumHs()
    return positions


def open_at_random(smiles: str, n: int, generator: np.random.Generator) -> str:
    """The canonical SMILES with attachment points in place of `n` random hydrogens.

    There are fewer attachment points if the structure has not as many hydrogens.

    Raises:
        ConfigError: RDKit does not accept the SMILES, or it has no hydrogen to replace.
    """
    positions = open_positions(smiles)
    if not positions:
        raise ConfigError(f"`scaffold`: {smiles!r} has no hydrogen that could be replaced")
    mol = Chem.RWMol(Chem.MolFromSmiles(smiles))
    for position in generator.permutation(positions)[:n].tolist():
        atom = mol.GetAtomWithIdx(position)
        atom.SetNumExplicitHs(max(0, atom.GetNumExplicitHs() - 1))
        mol.AddBond(position, mol.AddAtom(Chem.Atom(0)), Chem.BondType.SINGLE)
    Chem.SanitizeMol(mol)
    # Numbered by rank, so that equivalent choices have the same SMILES.
    dummies = [atom for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0]
    ranks = list(Chem.CanonicalRankAtoms(mol))
    for number, dummy in enumerate(sorted(dummies, key=lambda a: ranks[a.GetIdx()]), start=1):
        dummy.SetAtomMapNum(number)
    return str(Chem.MolToSmiles(mol))
