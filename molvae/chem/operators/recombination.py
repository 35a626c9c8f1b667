"""Crossover: a piece of each of two molecules, joined into a third."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import combinations

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import Atom, BondType, Mol, QueryAtom, RWMol, rdqueries

from molvae.chem.molecule import Molecule
from molvae.chem.reading import read_plain
from molvae.errors import MoleculeError

# Of the tries, as Jensen has it; of the children a quarter, because few pieces of rings fit.
RING_CUT_SHARE = 0.5
# A ring made of two cut ones is drawn from these: those of five and six are what chemists buy.
JOINED_RING_SIZES = (5, 5, 6, 6, 6, 7)
RING_SIZES = range(3, 9)
"""Of a sound molecule."""
BOND_TYPES = (BondType.ZERO, BondType.SINGLE, BondType.DOUBLE, BondType.TRIPLE)
"""By order."""

# Drug-like parents have a child after one try or two.
_TRIES = 12
_CARBON = 6
_FUSED = 2
_MARKS = re.compile(r"[@/\\]|\[[0-9]")
# Pairs without carbon that chemists make on purpose. There is no O-O, no S-S, no N-F.
_HETERO_PAIRS = frozenset({(5, 8), (7, 7), (7, 8), (7, 15), (7, 16), (8, 14), (8, 15), (8, 16)})
_HETERO_DOUBLE_PAIRS = frozenset({(7, 7), (7, 16), (8, 15), (8, 16)})

_Bond = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Parent:
    """A molecule made ready to be cut and edited; equal molecules make equal parents.

    Without stereochemistry and isotopes, in Kekulé form, hydrogens implicit wherever they can be.
    """

    smiles: str
    """Canonical and flat."""
    graph: Mol = field(compare=False, repr=False)
    numbers: tuple[int, ...]
    """Atomic number by atom; the next two are by atom too."""
    hydrogens: tuple[int, ...]
    neighbors: tuple[tuple[int, ...], ...]
    orders: Mapping[_Bond, int]
    """Of the Kekulé bonds, each named by its atoms, the lower first."""
    rings: tuple[tuple[int, ...], ...]
    aromatic: frozenset[int]
    """Atoms, as are the next three."""
    charged: frozenset[int]
    frozen: frozenset[int]
    """The charged, and those at the other end of their multiple bonds, as the O of nitro."""
    hosts: tuple[int, ...]
    """Neutral, with a hydrogen to spare."""
    cuts: frozenset[_Bond]
    """Bonds that can go: none between charges, no multiple one of a charged atom."""
    chain_cuts: tuple[_Bond, ...]
    """Those of them that are single and in no ring."""
    ring_cuts: tuple[_Bond, ...]
    """Those that are single and in a ring; none of aromatic rings."""

    def order(self, first: int, second: int) -> int:
        """Of the Kekulé bond between two atoms."""
        return self.orders[bond(first, second)]

    def reached(self, start: int, cut: Iterable[_Bond]) -> frozenset[int]:
        """Atoms that hang together with one when some bonds are cut."""
        closed, found, waiting = set(cut), {start}, [start]
        while waiting:
            atom = waiting.pop()
            for other in self.neighbors[atom]:
                if other not in found and bond(atom, other) not in closed:
                    found.add(other)
                    waiting.append(other)
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some atoms of a parent, and where they were cut off."""

    atoms: frozenset[int]
    ends: tuple[tuple[int, int], ...]
    """Atoms that lost a bond, each with that bond's order."""


def crossover(
    first: Molecule,
    second: Molecule,
    generator: np.random.Generator,
    max_heavy_atoms: int = 60,
) -> Molecule | None:
    """A flat molecule of a piece of each, unlike both; None when some tries found none.

    In the manner of the graph-based genetic algorithm of Jensen 2019: each parent is cut at an
    acyclic single bond, or at two bonds of a ring, which the piece of the other then closes.
    """
    one, other = parent_of(first), parent_of(second)
    if one is None or other is None:
        return None
    for _ in range(_TRIES):
        # Drawn even where there is no ring: what is drawn later then never depends on it.
        cut = _ring_pieces if generator.random() < RING_CUT_SHARE else _chain_pieces
        pieces = cut(one, other, generator)
        if pieces is None or sum(len(piece.atoms) for piece in pieces) > max_heavy_atoms:
            continue
        child = offspring(_joined(one, pieces[0], other, pieces[1]), max_heavy_atoms)
        if child is not None and child.smiles not in (one.smiles, other.smiles):
            return child
    return None


def parent_of(molecule: Molecule) -> Parent | None:
    """The molecule made ready; None when it has quadruple or dative bonds, or no stable SMILES."""
    # By text: the order of the atoms is then the same whatever the molecule was read from.
    return _parent(molecule.smiles)


def offspring(graph: RWMol, max_heavy_atoms: int) -> Molecule | None:
    """The molecule of an edited graph, whose SMILES reads back as itself; None if it is unsound.

    Sound is one fragment that RDKit accepts, without radicals and hydrogen on hypervalent atoms,
    with rings of three to eight atoms, of which none is linear, no bridgehead has a double or
    aromatic bond, and no three have a double bond.
    """
    if not 0 < graph.GetNumAtoms() <= max_heavy_atoms:
        return None
    with rdBase.BlockLogs():
        if Chem.SanitizeMol(graph, catchErrors=True) != Chem.SanitizeFlags.SANITIZE_NONE:
            return None
        if not _is_sound(graph):
            return None
        smiles = Chem.MolToSmiles(graph)
    return None if "." in smiles else _settled(smiles)


def may_be_bonded(first: int, second: int, order: int = 1) -> bool:
    """Whether chemists make such bonds between two elements, given by atomic number."""
    if _CARBON in (first, second):
        return True
    return bond(first, second) in (_HETERO_PAIRS if order == 1 else _HETERO_DOUBLE_PAIRS)


def bond(first: int, second: int) -> _Bond:
    """The name of the bond between two atoms."""
    return (first, second) if first < second else (second, first)


@lru_cache(maxsize=4096)
def _parent(smiles: str) -> Parent | None:
    """Searches come back to the same few parents, and to read one takes as long as to cut it."""
    flat = _flat(smiles)
    if flat is None:
        return None
    mol = Mol(flat.mol)
    # Before the Kekulé form, which knows no aromatic atoms.
    aromatic = frozenset(atom.GetIdx() for atom in mol.GetAromaticAtoms())
    Chem.Kekulize(mol, clearAromaticFlags=True)
    atoms, bonds = list(mol.GetAtoms()), list(mol.GetBonds())
    if any(one.GetBondType() not in BOND_TYPES for one in bonds):
        return None
    for atom in atoms:
        _make_hydrogens_implicit(atom)
    orders = {
        bond(one.GetBeginAtomIdx(), one.GetEndAtomIdx()): BOND_TYPES.index(one.GetBondType())
        for one in bonds
    }
    charged = frozenset(atom.GetIdx() for atom in atoms if atom.GetFormalCharge())
    hydrogens = tuple(atom.GetTotalNumHs() for atom in atoms)
    rings = tuple(tuple(ring) for ring in mol.GetRingInfo().AtomRings())
    in_rings = {bond(ring[i - 1], ring[i]) for ring in rings for i in range(len(ring))}
    single = [pair for pair, order in orders.items() if order == 1 and not charged.issuperset(pair)]
    multiple = [pair for pair, order in orders.items() if order > 1]
    frozen = charged.union(*(pair for pair in multiple if not charged.isdisjoint(pair)))
    return Parent(
        smiles=flat.smiles,
        graph=mol,
        numbers=tuple(atom.GetAtomicNum() for atom in atoms),
        hydrogens=hydrogens,
        neighbors=tuple(
            tuple(sorted(other.GetIdx() for other in atom.GetNeighbors())) for atom in atoms
        ),
        orders=orders,
        rings=rings,
        aromatic=aromatic,
        charged=charged,
        frozen=frozen,
        hosts=tuple(i for i, count in enumerate(hydrogens) if count and i not in charged),
        cuts=frozenset(single + [pair for pair in multiple if frozen.isdisjoint(pair)]),
        chain_cuts=tuple(pair for pair in single if pair not in in_rings),
        ring_cuts=tuple(p for p in single if p in in_rings and not aromatic.issuperset(p)),
    )


def _flat(smiles: str) -> Molecule | None:
    """Without stereochemistry and isotopes."""
    if _MARKS.search(smiles):
        mol = read_plain(smiles)
        Chem.RemoveStereochemistry(mol)
        for atom in mol.GetAtoms():
            atom.SetIsotope(0)
        smiles = Chem.MolToSmiles(mol)
    return _settled(smiles)


def _settled(smiles: str) -> Molecule | None:
    """What a SMILES reads as, provided that its canonical SMILES reads as itself.

    A changed graph may be written otherwise than what is read from that writing.
    """
    for _ in range(2):
        try:
            molecule = Molecule.parse(smiles)
        except MoleculeError:
            return None
        if molecule.smiles == smiles:
            return molecule
        smiles = molecule.smiles
    return None


def _make_hydrogens_implicit(atom: Atom) -> None:
    """So that an atom that gains or loses a bond gets the hydrogens that it then needs."""
    count = atom.GetTotalNumHs()
    if not atom.GetNoImplicit():
        return
    atom.SetNoImplicit(False)
    atom.SetNumExplicitHs(0)
    atom.UpdatePropertyCache(strict=False)
    # As [PH5], which has more than RDKit would give it.
    if atom.GetTotalNumHs() != count:
        atom.SetNoImplicit(True)
        atom.SetNumExplicitHs(count)


def _chain_pieces(
    first: Parent, second: Parent, generator: np.random.Generator
) -> tuple[_Piece, _Piece] | None:
    one, other = _chain_piece(first, generator), _chain_piece(second, generator)
    return (one, other) if one and other and _fit(first, one, second, other) else None


def _chain_piece(parent: Parent, generator: np.random.Generator) -> _Piece | None:
    """One of the two sides of an acyclic single bond."""
    if not parent.chain_cuts:
        return None
    cut = parent.chain_cuts[generator.integers(len(parent.chain_cuts))]
    end = cut[generator.integers(2)]
    return _Piece(parent.reached(end, [cut]), ((end, 1),))


def _ring_pieces(
    first: Parent, second: Parent, generator: np.random.Generator
) -> tuple[_Piece, _Piece] | None:
    if not (first.rings and second.rings):
        return None
    ring = first.rings[generator.integers(len(first.rings))]
    other_ring = second.rings[generator.integers(len(second.rings))]
    length = int(generator.integers(1, len(ring)))
    rest = JOINED_RING_SIZES[generator.integers(len(JOINED_RING_SIZES))] - length
    if not 0 < rest < len(other_ring):
        return None
    one = _ring_piece(first, ring, length, generator)
    other = _ring_piece(second, other_ring, rest, generator)
    if one is None or other is None:
        return None
    ways = [other, _Piece(other.atoms, other.ends[::-1])]
    first_way = int(generator.integers(2))
    fitting = [way for way in ways[first_way:] + ways[:first_way] if _fit(first, one, second, way)]
    return (one, fitting[0]) if fitting else None


def _ring_piece(
    parent: Parent, ring: tuple[int, ...], length: int, generator: np.random.Generator
) -> _Piece | None:
    """So many neighbors in a ring, with all that hangs on them; None where the rest does too."""
    start = int(generator.integers(len(ring)))
    turned = ring[start:] + ring[:start]
    ends = (turned[0], turned[-1]), (turned[length - 1], turned[length])
    cuts = [bond(*pair) for pair in ends]
    atoms = parent.reached(turned[0], cuts)
    if turned[-1] in atoms or not parent.cuts.issuperset(cuts):
        return None
    return _Piece(atoms, tuple((inside, parent.order(inside, out)) for inside, out in ends))


def _fit(first: Parent, one: _Piece, second: Parent, other: _Piece) -> bool:
    """Whether the cut bonds are of like order, lest half an aromatic ring stay, and may be made."""
    return all(
        order == order_of_other
        and may_be_bonded(first.numbers[atom], second.numbers[partner], order)
        for (atom, order), (partner, order_of_other) in zip(one.ends, other.ends, strict=True)
    )


def _joined(first: Parent, one: _Piece, second: Parent, other: _Piece) -> RWMol:
    # Atom by atom: to remove what is not wanted from copies of both takes thrice as long.
    graph = RWMol()
    places, places_of_other = _add(graph, first, one.atoms), _add(graph, second, other.atoms)
    for (atom, order), (partner, _) in zip(one.ends, other.ends, strict=True):
        graph.AddBond(places[atom], places_of_other[partner], BOND_TYPES[order])
    return graph


def _add(graph: RWMol, parent: Parent, atoms: frozenset[int]) -> dict[int, int]:
    """Where in the graph each of the atoms now stands."""
    places = {atom: graph.AddAtom(parent.graph.GetAtomWithIdx(atom)) for atom in sorted(atoms)}
    for (first, second), order in parent.orders.items():
        if first in places and second in places:
            graph.AddBond(places[first], places[second], BOND_TYPES[order])
    return places


def _is_sound(mol: Mol) -> bool:
    radical, unsound, strained = _unsound_patterns()
    if len(mol.GetAtomsMatchingQuery(radical)) or mol.HasSubstructMatch(unsound):
        return False
    rings = mol.GetRingInfo().AtomRings()
    if any(len(ring) not in RING_SIZES for ring in rings) or mol.HasSubstructMatch(strained):
        return False
    return not any(_has_flat_bridgehead(mol, *pair) for pair in combinations(rings, 2))


@cache
def _unsound_patterns() -> tuple[QueryAtom, Mol, Mol]:
    """Radicals; linear atoms in rings and hydrogen on hypervalent atoms; strained double bonds."""
    return (
        rdqueries.NumRadicalElectronsGreaterQueryAtom(0),
        Chem.MolFromSmarts("[^1R,#15!H0!v3,#16!H0!v2,#17!H0!v1,#34!H0!v2,#35!H0!v1,#53!H0!v1]"),
        Chem.MolFromSmarts("*1=,:**1"),
    )


def _has_flat_bridgehead(mol: Mol, ring: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two rings share a path with a double or aromatic bond at its ends (Bredt's rule)."""
    shared = set(ring).intersection(other)
    if len(shared) <= _FUSED:
        return False
    atoms = [mol.GetAtomWithIdx(atom) for atom in shared]
    ends = (
        atom for atom in atoms if sum(n.GetIdx() in shared for n in atom.GetNeighbors()) < _FUSED
    )
    return any(one.GetBondType() != BondType.SINGLE for end in ends for one in end.GetBonds())
