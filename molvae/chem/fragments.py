"""BRICS fragments and Bemis-Murcko scaffolds of molecules, as MOSES counts them."""

from rdkit import Chem
from rdkit.Chem.rdmolops import FragmentOnBRICSBonds
from rdkit.Chem.Scaffolds.MurckoScaffold import GetScaffoldForMol

from molvae.chem.molecule import Molecule

_FEWEST_RINGS = 2


def brics_fragments(molecule: Molecule) -> tuple[str, ...]:
    """SMILES of the fragments after cutting all BRICS bonds (Degen et al. 2008).

    Cut ends are numbered dummy atoms; a molecule without BRICS bonds is its only fragment. Equal
    to the fragments of the MOSES metric Frag (molsets 0.3.1, `fragmenter`).
    """
    return tuple(str(Chem.MolToSmiles(FragmentOnBRICSBonds(molecule.mol))).split("."))


def moses_scaffold(molecule: Molecule) -> str | None:
    """SMILES of the Bemis-Murcko scaffold with stereochemistry; None with fewer than two rings.

    Equal to the scaffold of the MOSES metric Scaf (molsets 0.3.1, `compute_scaffold`).
    """
    try:
        scaffold = GetScaffoldForMol(molecule.mol)  # type: ignore[no-untyped-call]
    # RDKit raises these if the scaffold is not a valid molecule.
    except (ValueError, RuntimeError):
        return None
    if scaffold.GetRingInfo().NumRings() < _FEWEST_RINGS:
        return None
    return str(Chem.MolToSmiles(scaffold))
