"""Normalization of charge-separated forms, and neutralization by adding or removing protons."""

from functools import cache

from rdkit import Chem, rdBase
from rdkit.Chem import Mol
from rdkit.Chem.MolStandardize import rdMolStandardize

# RDKit's own transforms write sulfoxides as [S+][O-]; ChEMBL, ZINC and the shipped models have
# S=O. RDKit does not cover ylides, nor the other resonance forms of azides, diazo compounds and
# iso(thio)cyanates. Oxides of iodine keep their charges: SELFIES cannot express I=O.
_FORMS = """\
Hypervalent S, Se, Te\t[S,Se,Te;+1;X3,X4:1]-[O,S,Se,N;-1:2]>>[*+0:1]=[*+0:2]
Hypervalent P, As\t[P,As;+1;X4:1]-[O,S,Se,N;-1:2]>>[*+0:1]=[*+0:2]
Doubly charged S, Se, Te\t[S,Se,Te;+2;X4:1](-[O;-1:2])-[O;-1:3]>>[*+0:1](=[*+0:2])=[*+0:3]
Ylide\t[C;-1;X3:1]-[$([P;+1;X4]),$([S;+1;X3,X4]):2]>>[*+0:1]=[*+0:2]
Iso(thio)cyanate\t[N;+1;X2:1]#[C;X2:2]-[O,S;-1:3]>>[*+0:1]=[*+0:2]=[*+0:3]
Azide\t[N;-1;X2:1]-[N;+1;X2:2]#[N;+0;X1:3]>>[*+0:1]=[*+1:2]=[*-1:3]
Diazo\t[C;-1;X3:1]-[N;+1;X2:2]#[N;+0;X1:3]>>[*+0:1]=[*+1:2]=[*-1:3]
"""


_CHARGE = Chem.MolFromSmarts("[!+0]")
_NITRO = Chem.MolFromSmarts("[N+](=O)[O-]")
# Only protons: by default RDKit would also take a hydride from a borohydride.
_UNCHARGER = rdMolStandardize.Uncharger(canonicalOrder=True, force=False, protonationOnly=True)


def normalize_charges(mol: Mol) -> Mol:
    """The molecule in the toolkit's standard charge form; the same object if nothing changes.

    RDKit's `Normalizer` chooses the form, except that S=O, P=O and the like stay double bonds.
    """
    # Most charges are those of nitro groups, and the transforms are slow.
    charged = len(mol.GetSubstructMatches(_CHARGE))
    if charged == 2 * len(mol.GetSubstructMatches(_NITRO)):
        return mol
    before = Chem.MolToSmiles(mol)
    with rdBase.BlockLogs():
        normalized = mol
        for normalizer in _normalizers():
            normalized = normalizer.normalize(normalized)
    return mol if Chem.MolToSmiles(normalized) == before else normalized


def neutralize(mol: Mol) -> Mol:
    """The molecule with protons added or removed to neutralize charges.

    The same object if no charge can be removed: quaternary nitrogen, borohydrides, carbocations and
    zwitterions without mobile protons stay charged.
    """
    if not mol.HasSubstructMatch(_CHARGE):
        return mol
    with rdBase.BlockLogs():
        uncharged = _UNCHARGER.uncharge(mol)
        is_readable = Chem.MolFromSmiles(Chem.MolToSmiles(uncharged)) is not None
    # A protonated cyclopentadienide, for example, is no longer an aromatic ring.
    return uncharged if is_readable and _moves_protons_only(mol, uncharged) else mol


def _moves_protons_only(before: Mol, after: Mol) -> bool:
    """Whether the charges changed, and each atom gained as many hydrogens as charges."""
    moved = [
        (new.GetFormalCharge() - old.GetFormalCharge(), new.GetTotalNumHs() - old.GetTotalNumHs())
        for old, new in zip(before.GetAtoms(), after.GetAtoms(), strict=True)
    ]
    return any(charge for charge, _ in moved) and all(
        charge == hydrogens for charge, hydrogens in moved
    )


# Cached, and created at first use only, as reading RDKit's transforms takes 36 ms.
@cache
def _normalizers() -> tuple[rdMolStandardize.Normalizer, ...]:
    """RDKit's normalizer, and the one that writes double bonds as the toolkit does."""
    parameters = rdMolStandardize.CleanupParameters()
    return (
        rdMolStandardize.Normalizer(),
        rdMolStandardize.NormalizerFromData(_FORMS, parameters),
    )
