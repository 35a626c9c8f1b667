"""Charges: choosing one charge form of a substance, and moving protons until charges vanish."""

from functools import cache

from rdkit import Chem, rdBase
from rdkit.Chem import Mol
from rdkit.Chem.MolStandardize import rdMolStandardize

# RDKit's own transforms write sulfoxides as [S+][O-]; ChEMBL, ZINC and the shipped models have
# S=O. Azides and diazo compounds in their other resonance form are not covered by RDKit.
_FORMS = """\
Hypervalent S, Se, Te\t[S,Se,Te;+1;X3,X4:1]-[O,S,Se,N;-1:2]>>[*+0:1]=[*+0:2]
Hypervalent P, As\t[P,As;+1;X4:1]-[O,S,Se,N;-1:2]>>[*+0:1]=[*+0:2]
Azide\t[N;-1;X2:1]-[N;+1;X2:2]#[N;+0;X1:3]>>[*+0:1]=[*+1:2]=[*-1:3]
Diazo\t[C;-1;X3:1]-[N;+1;X2:2]#[N;+0;X1:3]>>[*+0:1]=[*+1:2]=[*-1:3]
"""


def normalize_charges(mol: Mol) -> Mol:
    """The molecule in the one charge form that the toolkit uses; the same object if it is in it.

    RDKit's `Normalizer` chooses the form, except that S=O, P=O and the like stay double bonds.
    """
    # Nitro groups are most of the charges there are, and the transforms take long.
    charged = len(mol.GetSubstructMatches(_charge()))
    if charged == 2 * len(mol.GetSubstructMatches(_nitro())):
        return mol
    before = Chem.MolToSmiles(mol)
    with rdBase.BlockLogs():
        normalized = _hypervalent().normalize(_normalizer().normalize(mol))
    return mol if Chem.MolToSmiles(normalized) == before else normalized


def neutralize(mol: Mol) -> Mol:
    """The molecule with protons added and removed so that charges vanish where they can.

    The same object where no charge can go: quaternary nitrogen, borohydrides, carbocations and
    zwitterions without mobile protons keep theirs.
    """
    if not mol.HasSubstructMatch(_charge()):
        return mol
    with rdBase.BlockLogs():
        # Only protons: by default RDKit would also take a hydride from a borohydride.
        uncharged = _uncharger().uncharge(mol)
        is_readable = Chem.MolFromSmiles(Chem.MolToSmiles(uncharged)) is not None
    # A cyclopentadienide with one hydrogen more is no aromatic ring.
    return uncharged if is_readable and _moves_protons_only(mol, uncharged) else mol


def _moves_protons_only(before: Mol, after: Mol) -> bool:
    """Whether each atom gained as many hydrogens as charges, and some atom did."""
    moved = [
        (new.GetFormalCharge() - old.GetFormalCharge(), new.GetTotalNumHs() - old.GetTotalNumHs())
        for old, new in zip(before.GetAtoms(), after.GetAtoms(), strict=True)
    ]
    return any(charge for charge, _ in moved) and all(
        charge == hydrogens for charge, hydrogens in moved
    )


# RDKit's objects are made once per process: making one costs more than using it.


@cache
def _nitro() -> Mol:
    return Chem.MolFromSmarts("[N+](=O)[O-]")


@cache
def _charge() -> Mol:
    return Chem.MolFromSmarts("[!+0]")


@cache
def _uncharger() -> rdMolStandardize.Uncharger:
    return rdMolStandardize.Uncharger(canonicalOrder=True, force=False, protonationOnly=True)


@cache
def _normalizer() -> rdMolStandardize.Normalizer:
    return rdMolStandardize.Normalizer()


@cache
def _hypervalent() -> rdMolStandardize.Normalizer:
    return rdMolStandardize.NormalizerFromData(_FORMS, rdMolStandardize.CleanupParameters())
