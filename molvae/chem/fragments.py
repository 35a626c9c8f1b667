"""Molecules in parts: pieces between breakable bonds, and ring systems with what links them."""

from rdkit import Chem
from rdkit.Chem.rdmolops import FragmentOnBRICSBonds
from rdkit.Chem.Scaffolds.MurckoScaffold import GetScaffoldForMol

from molvae.chem.molecule import Molecule

_FEWEST_RINGS = 2


def brics_fragments(molecule: Molecule) -> tuple[str, ...]:
    """SMILES of the pieces that are left when all BRICS bonds are cut (Degen et al. 2008).

    Cut ends are numbered dummy atoms; a molecule without such a bond is its only piece. As the
    metric Frag of MOSES counts them (molsets 0.3.1, `fragmenter`).
    """
    return tuple(str(Chem.MolToSmiles(FragmentOnBRICSBonds(molecule.mol))).split("."))


def moses_scaffold(molecule: Molecule) -> str | None:
    """SMILES of the Bemis-Murcko scaffold, stereochemistry kept; None with fewer than two rings.

    As the metric Scaf of MOSES counts them (molsets 0.3.1, `compute_scaffold`).
    """
    try:
        scaffold = GetScaffoldForMol(molecule.mol)  # type: ignore[no-untyped-call]
    # What RDKit raises where the rest is no molecule.
    except (ValueError, RuntimeError):
        return None
    if scaffold.GetRingInfo().NumRings() < _FEWEST_RINGS:
        return None
    return str(Chem.MolToSmiles(scaffold))
