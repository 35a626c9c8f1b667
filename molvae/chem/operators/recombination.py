"""Crossover: a molecule joined from fragments of two others."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import Atom, BondType, Mol, RWMol, rdqueries

from molvae.chem.molecule import Molecule
from molvae.chem.reading import read_plain
from molvae.chem.refusal import none_if_refused

# Fraction of the attempts, as in Jensen 2019. It is a quarter of the children: few pieces fit.
RING_CUT_SHARE = 0.5
# Sizes of a ring joined from two pieces; most purchasable rings have five or six atoms.
JOINED_RING_SIZES = (5, 5, 6, 6, 6, 7)
RING_SIZES = range(3, 9)
"""Allowed ring sizes of a child."""
BOND_TYPES = (BondType.ZERO, BondType.SINGLE, BondType.DOUBLE, BondType.TRIPLE)
"""Bond types, indexed by bond order."""

# Drug-like parents have a child after one or two attempts.
_TRIES = 12
_CARBON = 6
_FUSED = 2
_MARKS = re.compile(r"[@/\\]|\[[0-9]")
# Bonds without carbon that occur in stable compounds; O-O, S-S and N-F do not.
_HETERO_PAIRS = frozenset({(5, 8), (7, 7), (7, 8), (7, 15), (7, 16), (8, 14), (8, 15), (8, 16)})
_HETERO_DOUBLE_PAIRS = frozenset({(7, 7), (7, 16), (8, 15), (8, 16)})

_RADICAL = rdqueries.NumRadicalElectronsGreaterQueryAtom(0)
# Linear atoms in rings, and hydrogen on hypervalent atoms.
_UNSOUND = Chem.MolFromSmarts("[^1R,#15!H0!v3,#16!H0!v2,#17!H0!v1,#34!H0!v2,#35!H0!v1,#53!H0!v1]")
# Strained double bonds.
_STRAINED = Chem.MolFromSmarts("*1=,:**1")

_Bond = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Parent:
    """A molecule prepared for cutting and editing; equal molecules give equal parents.

    It has no stereochemistry or isotopes, Kekulé bonds, and implicit hydrogens if possible.
    """

    smiles: str
    """Canonical SMILES without stereochemistry."""
    graph: Mol = field(compare=False, repr=False)
    numbers: tuple[int, ...]
    """Atomic number per atom."""
    hydrogens: tuple[int, ...]
    """Number of hydrogens per atom."""
    neighbors: tuple[tuple[int, ...], ...]
    """Sorted neighbors per atom."""
    orders: Mapping[_Bond, int]
    """Kekulé bond orders, keyed by the pair of atoms, lower index first."""
    rings: tuple[tuple[int, ...], ...]
    aromatic: frozenset[int]
    """Aromatic atoms."""
    charged: frozenset[int]
    """Charged atoms."""
    frozen: frozenset[int]
    """Charged atoms and atoms multiply bonded to them, such as the =O of a nitro group."""
    hosts: tuple[int, ...]
    """Neutral atoms with a hydrogen."""
    cuts: frozenset[_Bond]
    """Bonds that may be cut: not between charges, and no multiple bonds of charged atoms."""
    chain_cuts: tuple[_Bond, ...]
    """Acyclic single bonds that may be cut."""
    ring_cuts: tuple[_Bond, ...]
    """Single bonds of rings that may be cut, without aromatic rings."""

    def order(self, first: int, second: int) -> int:
        """Order of the Kekulé bond between two atoms."""
        return self.orders[bond(first, second)]

    def component(self, start: int, cut: Iterable[_Bond]) -> frozenset[int]:
        """Atoms that remain connected to `start` when bonds are cut."""
        closed, atoms, waiting = set(cut), {start}, [start]
        while waiting:
            atom = waiting.pop()
            for neighbor in self.neighbors[atom]:
                if neighbor not in atoms and bond(atom, neighbor) not in closed:
                    atoms.add(neighbor)
                    waiting.append(neighbor)
        return frozenset(atoms)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A fragment of a parent."""

    atoms: frozenset[int]
    ends: tuple[tuple[int, int], ...]
    """Atoms that lost a bond, with the order of that bond."""


def crossover(
    first: Molecule,
    second: Molecule,
    generator: np.random.Generator,
    max_heavy_atoms: int = 60,
) -> Molecule | None:
    """A child from a fragment of each parent, without stereochemistry; None if all attempts fail.

    As in the graph-based genetic algorithm of Jensen 2019, each parent is cut at an acyclic single
    bond, or at two bonds of a ring that the fragment of the second parent then closes.
    """
    mother, father = parent_of(first), parent_of(second)
    if mother is None or father is None:
        return None
    for _ in range(_TRIES):
        # Drawn even without rings, so that later random numbers do not depend on them.
        cut = _ring_pieces if generator.random() < RING_CUT_SHARE else _chain_pieces
        pieces = cut(mother, father, generator)
        if pieces is None or sum(len(piece.atoms) for piece in pieces) > max_heavy_atoms:
            continue
        # Atom by atom: removing atoms from copies of both parents takes three times as long.
        graph, (head, tail) = RWMol(), pieces
        added = _add(graph, mother, head.atoms), _add(graph, father, tail.atoms)
        for (atom, order), (partner, _) in zip(head.ends, tail.ends, strict=True):
            graph.AddBond(added[0][atom], added[1][partner], BOND_TYPES[order])
        child = offspring(graph, max_heavy_atoms)
        if child is not None and child.smiles not in (mother.smiles, father.smiles):
            return child
    return None


def parent_of(molecule: Molecule) -> Parent | None:
    """The prepared molecule; None if it has quadruple or dative bonds, or no stable SMILES."""
    # The canonical SMILES fixes the order of the atoms, independent of the input.
    return _parent(molecule.smiles)


def offspring(graph: RWMol, max_heavy_atoms: int) -> Molecule | None:
    """The molecule of an edited graph; None if it is not stable.

    A stable molecule is a single fragment that RDKit accepts, without radicals, hydrogens on
    hypervalent atoms, rings of other than three to eight atoms, linear atoms in rings, multiple
    bonds at bridgeheads, and double bonds in three-membered rings.
    """
    if not 0 < graph.GetNumAtoms() <= max_heavy_atoms:
        return None
    with rdBase.BlockLogs():
        if Chem.SanitizeMol(graph, catchErrors=True) != Chem.SanitizeFlags.SANITIZE_NONE:
            return None
        rings = graph.GetRingInfo().AtomRings()
        is_unstable = (
            len(graph.GetAtomsMatchingQuery(_RADICAL))
            or graph.HasSubstructMatch(_UNSOUND)
            or any(len(ring) not in RING_SIZES for ring in rings)
            or graph.HasSubstructMatch(_STRAINED)
            or any(_has_flat_bridgehead(graph, *pair) for pair in combinations(rings, 2))
        )
        if is_unstable:
            return None
        smiles = Chem.MolToSmiles(graph)
    return None if "." in smiles else _stable_molecule(smiles)


def may_be_bonded(first: int, second: int, order: int = 1) -> bool:
    """Whether bonds of this order between two elements, by atomic number, occur in practice."""
    if _CARBON in (first, second):
        return True
    return bond(first, second) in (_HETERO_PAIRS if order == 1 else _HETERO_DOUBLE_PAIRS)


def bond(first: int, second: int) -> _Bond:
    """The key of the bond between two atoms."""
    return (first, second) if first < second else (second, first)


@lru_cache(maxsize=4096)
def _parent(smiles: str) -> Parent | None:
    """Cached: searches reuse a few parents, and parsing takes as long as cutting."""
    flat = _flat(smiles)
    if flat is None:
        return None
    mol = Mol(flat.mol)
    # Before kekulization, which clears the aromatic flags.
    aromatic = frozenset(atom.GetIdx() for atom in mol.GetAromaticAtoms())
    Chem.Kekulize(mol, clearAromaticFlags=True)
    atoms, bonds = list(mol.GetAtoms()), list(mol.GetBonds())
    if any(item.GetBondType() not in BOND_TYPES for item in bonds):
        return None
    for atom in atoms:
        _make_hydrogens_implicit(atom)
    orders = {
        bond(item.GetBeginAtomIdx(), item.GetEndAtomIdx()): BOND_TYPES.index(item.GetBondType())
        for item in bonds
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
            tuple(sorted(end.GetIdx() for end in atom.GetNeighbors())) for atom in atoms
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
    """The molecule without stereochemistry and isotopes."""
    if _MARKS.search(smiles):
        mol = read_plain(smiles)
        Chem.RemoveStereochemistry(mol)
        for atom in mol.GetAtoms():
            atom.SetIsotope(0)
        smiles = Chem.MolToSmiles(mol)
    return _stable_molecule(smiles)


def _stable_molecule(smiles: str) -> Molecule | None:
    """The molecule of a SMILES if its canonical SMILES is stable under parsing, otherwise None.

    RDKit may write an edited graph differently from the molecule parsed from its SMILES.
    """
    for _ in range(2):
        molecule = none_if_refused(Molecule.parse, smiles)
        if molecule is None or molecule.smiles == smiles:
            return molecule
        smiles = molecule.smiles
    return None


def _make_hydrogens_implicit(atom: Atom) -> None:
    """Let RDKit adjust the hydrogens of an atom that gains or loses a bond."""
    count = atom.GetTotalNumHs()
    if not atom.GetNoImplicit():
        return
    atom.SetNoImplicit(False)
    atom.SetNumExplicitHs(0)
    atom.UpdatePropertyCache(strict=False)
    # [PH5], for example, has more hydrogens than RDKit would assign.
    if atom.GetTotalNumHs() != count:
        atom.SetNoImplicit(True)
        atom.SetNumExplicitHs(count)


def _chain_pieces(
    first: Parent, second: Parent, generator: np.random.Generator
) -> tuple[_Piece, _Piece] | None:
    head, tail = _chain_piece(first, generator), _chain_piece(second, generator)
    return (head, tail) if head and tail and _fit(first, head, second, tail) else None


def _chain_piece(parent: Parent, generator: np.random.Generator) -> _Piece | None:
    """One side of a random acyclic single bond."""
    if not parent.chain_cuts:
        return None
    cut = parent.chain_cuts[generator.integers(len(parent.chain_cuts))]
    end = cut[generator.integers(2)]
    return _Piece(parent.component(end, [cut]), ((end, 1),))


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
    head = _ring_piece(first, ring, length, generator)
    tail = _ring_piece(second, other_ring, rest, generator)
    if head is None or tail is None:
        return None
    tails = [tail, _Piece(tail.atoms, tail.ends[::-1])]
    shift = int(generator.integers(2))
    fitting = [way for way in tails[shift:] + tails[:shift] if _fit(first, head, second, way)]
    return (head, fitting[0]) if fitting else None


def _ring_piece(
    parent: Parent, ring: tuple[int, ...], length: int, generator: np.random.Generator
) -> _Piece | None:
    """`length` consecutive ring atoms with their substituents, at a random position.

    None if the rest of the ring is attached to them elsewhere, or a bond may not be cut.
    """
    start = int(generator.integers(len(ring)))
    turned = ring[start:] + ring[:start]
    ends = (turned[0], turned[-1]), (turned[length - 1], turned[length])
    cuts = [bond(*pair) for pair in ends]
    atoms = parent.component(turned[0], cuts)
    if turned[-1] in atoms or not parent.cuts.issuperset(cuts):
        return None
    return _Piece(atoms, tuple((inside, parent.order(inside, out)) for inside, out in ends))


def _fit(first: Parent, head: _Piece, second: Parent, tail: _Piece) -> bool:
    """Whether the cut bonds have equal orders, to preserve aromatic rings, and may be formed."""
    return all(
        order == partner_order
        and may_be_bonded(first.numbers[atom], second.numbers[partner], order)
        for (atom, order), (partner, partner_order) in zip(head.ends, tail.ends, strict=True)
    )


def _add(graph: RWMol, parent: Parent, atoms: frozenset[int]) -> dict[int, int]:
    """Add atoms of a parent with the bonds between them; returns their new indices."""
    added = {atom: graph.AddAtom(parent.graph.GetAtomWithIdx(atom)) for atom in sorted(atoms)}
    for (first, second), order in parent.orders.items():
        if first in added and second in added:
            graph.AddBond(added[first], added[second], BOND_TYPES[order])
    return added


def _has_flat_bridgehead(mol: Mol, first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    """Whether a bridgehead of two rings has a double or aromatic bond (Bredt's rule)."""
    shared = set(first).intersection(second)
    if len(shared) <= _FUSED:
        return False
    atoms = [mol.GetAtomWithIdx(atom) for atom in shared]
    ends = (
        atom for atom in atoms if sum(n.GetIdx() in shared for n in atom.GetNeighbors()) < _FUSED
    )
    return any(item.GetBondType() != BondType.SINGLE for end in ends for item in end.GetBonds())
