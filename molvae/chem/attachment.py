"""Scaffold: a structure with marked attachment points, completed through SELFIES prefixes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import Mol, RWMol

from molvae.chem.notation import (
    Selfies,
    is_single_bonded,
    selfies_to_smiles,
    smiles_to_selfies,
)
from molvae.chem.refusal import Refusal, none_if_refused
from molvae.chem.smiles_order import end_with
from molvae.errors import ConfigError, MoleculeError

Structure = Mol
"""A molecule whose atoms carry the numbers of the scaffold's atoms; methyl groups with isotope
labels stand at the attachment points that are open."""

_KEPT, _OPEN = "_molvae_kept", "_molvae_open"
"""Atom properties: number of a scaffold atom; label of a methyl group that caps an attachment."""
_FIRST_ISOTOPE = 100
"""Isotope label of the methyl groups, to which the label of the attachment point is added."""
_CAP = re.compile(r"\[([/\\]?)1\d\dCH3\]")
"""Symbol of such a methyl group, and the direction of its bond."""
_DIRECTED_RING = re.compile(r"[/\\\\]%?\d")
"""Mark of a double bond's stereochemistry at a ring closure, which a new order may turn around."""
_TRIES = 40
"""Most atom orders that are tried for each spelling."""
_MOST_ATTACHMENTS = 6


@dataclass(frozen=True)
class Prefix:
    """SELFIES of a structure up to an attachment point, where a substituent continues it."""

    selfies: Selfies
    """Symbols as the model reads them, with methyl groups at further attachment points."""
    labeled: Selfies
    """The symbols with labels on these methyl groups, which keep stereocenters apart from them."""
    structure: Structure
    order: tuple[int, ...]
    """Atoms of the structure in the order of the symbols."""
    direction: str
    """Mark of a double bond's stereochemistry that the next symbol has to carry, or ""."""


@dataclass(frozen=True)
class Tail:
    """SELFIES of a fragment from its attachment point."""

    selfies: Selfies
    structure: Structure
    order: tuple[int, ...]
    """Atoms of the structure in the order of the symbols."""


@dataclass(frozen=True)
class Scaffold:
    """A structure with attachment points, or two fragments with one attachment point each.

    >>> Scaffold.parse("[*:1]c1ccccc1").labels
    (1,)
    """

    smiles: str
    """Canonical SMILES, with attachment points `[*:1]`, `[*:2]` and so on."""
    fragments: tuple[Structure, ...]
    labels: tuple[int, ...]
    """Labels of the attachment points, sorted; for two fragments in the order of these."""
    labels_of: dict[int, tuple[int, ...]]
    """Labels of the attachment points of each atom, by the number of the atom."""

    @classmethod
    def parse(cls, text: str) -> "Scaffold":
        """The scaffold of a SMILES with attachment points written as `[*:1]` or `*`.

        Raises:
            ConfigError: RDKit does not accept the SMILES; it has no attachment point or too many;
                an attachment point has another bond than a single bond to an atom; there are more
                than two fragments, or two of which one has no or several attachment points.
        """
        mol = _read(text)
        if mol is None or mol.GetNumAtoms() == 0:
            raise ConfigError(
                f"expected a SMILES with attachment points, such as '[*:1]c1ccccc1'; got {text!r}"
            )
        labels = _label_attachments(mol, text)
        fragments = Chem.GetMolFrags(mol, asMols=True)
        _check_fragments([_dummies(fragment) for fragment in fragments], text)
        labels_of: dict[int, tuple[int, ...]] = {}
        for atom in _dummies(mol):
            (neighbor,) = atom.GetNeighbors()
            number = neighbor.GetIntProp(_KEPT)
            labels_of[number] = (*labels_of.get(number, ()), atom.GetAtomMapNum())
        return cls(_canonical(mol), tuple(map(_cap, fragments)), labels, labels_of)

    @property
    def is_link(self) -> bool:
        """Whether there are two fragments to be linked."""
        return len(self.fragments) == 2

    def parts_of(self, mol: Structure) -> dict[str, str] | None:
        """SMILES of the substituents or of the linker, from their first attachment point.

        Substituents are named `r1`, `r2` and so on after their attachment points. None if an
        attachment point is open, or the molecule does not keep the scaffold: the atoms of the
        scaffold, cut out of the molecule at the attachment points, must have the canonical SMILES
        of the scaffold, stereochemistry included.
        """
        bonds = [bond for bond in mol.GetBonds() if _is_kept(bond.GetBeginAtom())
                 != _is_kept(bond.GetEndAtom())]  # fmt: skip
        is_open = any(_label(atom) is not None for atom in mol.GetAtoms())
        if is_open or len(bonds) != len(self.labels):
            return None
        inner = [
            (begin if _is_kept(begin) else end).GetIntProp(_KEPT)
            for begin, end in ((bond.GetBeginAtom(), bond.GetEndAtom()) for bond in bonds)
        ]
        for labels in self._labelings(inner):
            parts = self._cut(mol, [bond.GetIdx() for bond in bonds], labels)
            if parts is not None:
                return parts
        return None

    def _labelings(self, numbers: Sequence[int]) -> list[tuple[int, ...]]:
        """Assignments of labels to bonds that end at these atoms of the scaffold."""
        return [
            labels
            for labels in permutations(self.labels)
            if all(
                label in self.labels_of.get(number, ())
                for label, number in zip(labels, numbers, strict=True)
            )
        ]

    def _cut(self, mol: Mol, bonds: list[int], labels: tuple[int, ...]) -> dict[str, str] | None:
        pieces = Chem.FragmentOnBonds(mol, bonds, dummyLabels=[(label, label) for label in labels])
        for atom in pieces.GetAtoms():
            if atom.GetAtomicNum() == 0:
                atom.SetAtomMapNum(atom.GetIsotope())
                atom.SetIsotope(0)
        fragments = Chem.GetMolFrags(pieces, asMols=True, sanitizeFrags=False)
        kept = [piece for piece in fragments if any(map(_is_kept, piece.GetAtoms()))]
        if ".".join(sorted(map(_canonical, kept))) != self.smiles:
            return None
        return self._name_parts([piece for piece in fragments if piece not in kept])

    def _name_parts(self, pieces: Sequence[Mol]) -> dict[str, str] | None:
        """SMILES by name; None where two attachment points have a substituent in common."""
        parts: dict[str, str] = {}
        for piece in pieces:
            labels = sorted(atom.GetAtomMapNum() for atom in _dummies(piece))
            if len(labels) != (2 if self.is_link else 1):
                return None
            mol = _read(Chem.MolToSmiles(piece))
            if mol is None:
                return None
            name = "linker" if self.is_link else f"r{labels[0]}"
            first = min(_dummies(mol), key=lambda atom: int(atom.GetAtomMapNum()))
            parts[name] = str(Chem.MolToSmiles(mol, rootedAtAtom=first.GetIdx()))
        return parts


def spell_prefixes(
    structure: Structure, label: int, n: int, generator: np.random.Generator
) -> list[Prefix]:
    """Up to `n` distinct spellings of a structure that end at an open attachment point."""
    caps = [atom for atom in structure.GetAtoms() if _label(atom) == label]
    if len(caps) != 1 or caps[0].GetDegree() != 1:
        return []
    cap = caps[0].GetIdx()
    distances = Chem.GetDistanceMatrix(structure)[cap]
    prefixes: dict[Selfies, Prefix] = {}
    for _ in range(_TRIES * n):
        # Atoms far from the attachment point come first.
        noise = generator.random(len(distances))
        order = [int(index) for index in np.lexsort((noise, -distances))]
        prefix = _prefix(structure, order, int(generator.integers(len(order) - 1)))
        if prefix is not None:
            prefixes.setdefault(prefix.selfies, prefix)
        if len(prefixes) == n:
            break
    return list(prefixes.values())


def spell_tail(structure: Structure, label: int) -> Tail | None:
    """The SELFIES of a fragment from its open attachment point; None if it has none."""
    (cap,) = (atom.GetIdx() for atom in structure.GetAtoms() if _label(atom) == label)
    labeled = smiles_to_selfies(Chem.MolToSmiles(structure, rootedAtAtom=cap))
    order = _output_order(structure)
    if labeled is None or order[0] != cap:
        return None
    return Tail(labeled[1:], structure, order[1:])


def extend(
    prefix: Prefix, symbols: Selfies, tail: Tail | None = None
) -> tuple[Selfies, Structure] | None:
    """A structure with a substituent at its attachment point, or with a linker and a tail.

    Args:
        prefix: beginning of the SELFIES.
        symbols: continuation.
        tail: end of the SELFIES, after a linker.

    Returns:
        The SELFIES as a model writes them, and the structure that they decode to, whose atoms
        carry the numbers of the scaffold's atoms. None if there is no such molecule.
    """
    if prefix.direction:
        if not symbols or not is_single_bonded(symbols[0]):
            return None
        symbols = (f"[{prefix.direction}{symbols[0][1:]}", *symbols[1:])
    end = tail.selfies if tail is not None else ()
    smiles = none_if_refused(selfies_to_smiles, (*prefix.labeled, *symbols, *end))
    mol = None if smiles is None else _read(smiles)
    ends = 0 if tail is None else len(tail.order)
    if mol is None or mol.GetNumAtoms() <= len(prefix.order) + ends:
        return None
    _copy_marks(prefix, mol, 0)
    if tail is not None:
        _copy_marks(tail, mol, mol.GetNumAtoms() - ends)
    return (*prefix.selfies, *symbols, *end), mol


def heavy_atoms_in(smiles: str) -> int:
    """Number of heavy atoms of a part, without its attachment points."""
    mol = Chem.MolFromSmiles(smiles)
    return sum(atom.GetAtomicNum() > 1 for atom in mol.GetAtoms())


def _prefix(structure: Structure, order: list[int], root: int) -> Prefix | None:
    shuffled = Chem.RenumberAtoms(structure, order)
    smiles = Chem.MolToSmiles(shuffled, canonical=False, rootedAtAtom=root)
    written = _output_order(shuffled)
    # The cap is the atom that is numbered last.
    ending = end_with(smiles, written.index(len(order) - 1))
    if ending is None or _DIRECTED_RING.search(smiles):
        return None
    smiles, positions = ending
    written = tuple(written[position] for position in positions)
    labeled = smiles_to_selfies(smiles)
    cap = _CAP.fullmatch(labeled[-1]) if labeled else None
    if labeled is None or cap is None:
        return None
    selfies = tuple(_CAP.sub(r"[\1C]", symbol) for symbol in labeled[:-1])
    return Prefix(selfies, labeled[:-1], shuffled, written[:-1], direction=cap[1])


def _output_order(mol: Mol) -> tuple[int, ...]:
    """Atoms in the order of the SMILES that was written last."""
    order = mol.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"]
    return tuple(int(index) for index in order)


def _label_attachments(mol: Mol, text: str) -> tuple[int, ...]:
    """Number the scaffold's atoms, and give each attachment point a label of its own."""
    dummies = _dummies(mol)
    if not dummies:
        raise ConfigError(
            f"{text!r} has no attachment point; mark where atoms may be added, as in "
            "'[*:1]c1ccccc1'"
        )
    if len(dummies) > _MOST_ATTACHMENTS:
        raise ConfigError(
            f"{text!r} has {len(dummies)} attachment points; {_MOST_ATTACHMENTS} are allowed"
        )
    for atom in dummies:
        bonds = atom.GetBonds()
        is_single = [bond.GetBondType() == Chem.BondType.SINGLE for bond in bonds] == [True]
        if not is_single or atom.GetNeighbors()[0].GetAtomicNum() == 0:
            raise ConfigError(
                f"{text!r}: an attachment point needs a single bond to an atom of the scaffold, "
                "and no other bond"
            )
    written = [atom.GetAtomMapNum() for atom in dummies if atom.GetAtomMapNum()]
    if len(set(written)) < len(written):
        raise ConfigError(f"{text!r} has two attachment points of one number; number them apart")
    return _number_atoms(mol, written)


def _number_atoms(mol: Mol, written: Sequence[int]) -> tuple[int, ...]:
    """Number all atoms, and the attachment points that have no number; the labels."""
    dummies = _dummies(mol)
    free = iter(label for label in range(1, 1 + 2 * len(dummies)) if label not in written)
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum():
            atom.SetAtomMapNum(0)
            atom.SetIntProp(_KEPT, atom.GetIdx())
        elif not atom.GetAtomMapNum():
            atom.SetAtomMapNum(next(free))
    labels = [atom.GetAtomMapNum() for atom in dummies]
    is_link = len(Chem.GetMolFrags(mol)) == 2
    return tuple(labels if is_link else sorted(labels))


def _check_fragments(dummies: Sequence[Sequence[Chem.Atom]], text: str) -> None:
    counts = [len(atoms) for atoms in dummies]
    if len(counts) == 1 or counts == [1, 1]:
        return
    raise ConfigError(
        f"{text!r} has {len(counts)} fragments with {counts} attachment points; expected a "
        "scaffold, or two fragments with one attachment point each"
    )


def _cap(fragment: Mol) -> Mol:
    """A copy with labeled methyl groups in place of the attachment points."""
    mol = RWMol(fragment)
    for atom in _dummies(mol):
        atom.SetIntProp(_OPEN, atom.GetAtomMapNum())
        atom.SetIsotope(_FIRST_ISOTOPE + atom.GetAtomMapNum())
        atom.SetAtomMapNum(0)
        atom.SetAtomicNum(6)
        atom.SetNoImplicit(False)
    try:
        Chem.SanitizeMol(mol)
    except Chem.MolSanitizeException as error:
        raise MoleculeError(Refusal.INVALID, str(error)) from None
    return mol.GetMol()


def _canonical(mol: Mol) -> str:
    """Canonical SMILES of a structure with attachment points, its fragments sorted."""
    smiles = Chem.MolToSmiles(mol)
    parsed = _read(smiles)
    if parsed is None:
        return smiles
    return ".".join(sorted(Chem.MolToSmiles(parsed).split(".")))


def _read(smiles: str) -> Mol | None:
    with rdBase.BlockLogs():
        return Chem.MolFromSmiles(smiles)


def _dummies(mol: Mol) -> list[Chem.Atom]:
    return [atom for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0]


def _is_kept(atom: Chem.Atom) -> bool:
    return bool(atom.HasProp(_KEPT))


def _label(atom: Chem.Atom) -> int | None:
    return atom.GetIntProp(_OPEN) if atom.HasProp(_OPEN) else None


def _copy_marks(source: Prefix | Tail, target: Mol, start: int) -> None:
    """Mark the atoms of a molecule, from an index on, as those of a structure are marked."""
    for index, number in enumerate(source.order, start=start):
        atom = source.structure.GetAtomWithIdx(number)
        for name in (_KEPT, _OPEN):
            if atom.HasProp(name):
                target.GetAtomWithIdx(index).SetIntProp(name, atom.GetIntProp(name))
