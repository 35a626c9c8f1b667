"""Three-dimensional structures of molecules for docking programs, and the poses that they find."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64
from rdkit import Chem, rdBase
from rdkit.Chem import Mol, rdDistGeom, rdForceFieldHelpers
from rdkit.Geometry import Point3D

from molvae.chem.charges import neutralize
from molvae.chem.molecule import Molecule
from molvae.errors import MoleculeError

Coordinates = Float64[np.ndarray, "site 3"]

_ATTEMPTS_PER_ATOM = 10
_FORCE_FIELD_ITERATIONS = 1000
_SAME_ATOM = 0.01
"""Distance in Å below which atoms of two files are the same; the files have three decimals."""


@dataclass(frozen=True, slots=True)
class Conformer:
    """A molecule with explicit hydrogens and 3D coordinates."""

    mol: Mol

    def mol_block(self) -> str:
        """The conformer as text of a MOL file."""
        return str(Chem.MolToMolBlock(self.mol))

    def sdf_record(
        self,
        ligand: Coordinates,
        pose: Coordinates,
        fields: Mapping[str, str],
    ) -> str:
        """SD record of a pose, with hydrogens added to its heavy atoms.

        Args:
            ligand: coordinates of the atoms that were docked, some or all of this conformer's.
            pose: coordinates of the same atoms after docking.
            fields: data fields of the record.

        Raises:
            MoleculeError: a docked atom is not of this conformer, or a heavy atom is missing.
        """
        posed = Mol(self.mol)
        conformer = posed.GetConformer()
        # The atom with the coordinates of each atom of the ligand.
        distances = np.linalg.norm(ligand[:, None] - conformer.GetPositions()[None], axis=2)
        if ligand.size == 0 or distances.min(axis=1).max() > _SAME_ATOM:
            raise MoleculeError("unreadable pose", "the atoms of the ligand have moved")
        indices: list[int] = distances.argmin(axis=1).tolist()
        heavy = {a.GetIdx() for a in posed.GetAtoms() if a.GetAtomicNum() > 1}
        if missing := heavy - set(indices):
            raise MoleculeError("unreadable pose", f"{len(missing)} heavy atoms were not docked")
        for index, (x, y, z) in zip(indices, pose.tolist(), strict=True):
            conformer.SetAtomPosition(index, Point3D(x, y, z))
        posed = Chem.AddHs(Chem.RemoveHs(posed), addCoords=True)
        for name, value in fields.items():
            posed.SetProp(name, value)
        return str(Chem.SDWriter.GetText(posed))


def neutral_smiles(molecule: Molecule) -> str:
    """SMILES of the molecule without the charges that protons can remove.

    Raises:
        MoleculeError: it has several fragments or radicals, which docking programs do not accept.
    """
    if len(Chem.GetMolFrags(molecule.mol)) > 1:
        raise MoleculeError("several fragments", "dock one of them")
    if molecule.has_radicals:
        raise MoleculeError("radical", "docking needs a closed shell")
    return str(Chem.MolToSmiles(neutralize(molecule.mol)))


def embed(smiles: str, seed: int, timeout_seconds: float) -> Conformer:
    """A conformer by distance geometry (ETKDG), relaxed by the force field MMFF94 or UFF.

    The same SMILES and seed give the same conformer.

    Raises:
        MoleculeError: the SMILES cannot be read, or no conformer was found in time.
    """
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
        if mol is None:
            raise MoleculeError("embedding failed", f"{smiles!r} cannot be read")
        mol = Chem.AddHs(mol)
        # Version 1 of ETKDG, as in dockstring, so that its scores can be compared.
        # Any: RDKit's stubs give the attributes a wrong type.
        parameters: Any = rdDistGeom.ETKDG()
        parameters.randomSeed = seed
        parameters.maxIterations = _ATTEMPTS_PER_ATOM * mol.GetNumAtoms()
        parameters.timeout = max(1, int(timeout_seconds))
        if rdDistGeom.EmbedMolecule(mol, parameters) < 0:
            raise MoleculeError("embedding failed", "no 3D structure was found")
        # Molecules for which no force field has parameters stay as they are.
        if rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
            rdForceFieldHelpers.MMFFOptimizeMolecule(mol, maxIters=_FORCE_FIELD_ITERATIONS)
        elif rdForceFieldHelpers.UFFHasAllMoleculeParams(mol):
            rdForceFieldHelpers.UFFOptimizeMolecule(mol, maxIters=_FORCE_FIELD_ITERATIONS)
        Chem.AssignStereochemistryFrom3D(mol)
    return Conformer(mol)
