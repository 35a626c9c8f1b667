"""Mutation: one small edit of a molecule's graph."""

from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import cache
from itertools import accumulate
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from rdkit import Chem
from rdkit.Chem import Atom, BondType, Mol, RWMol

from molvae.chem.molecule import Molecule
from molvae.chem.operators.recombination import (
    BOND_TYPES,
    RING_SIZES,
    Parent,
    bond,
    may_be_bonded,
    offspring,
    parent_of,
)


class Edit(StrEnum):
    """The kinds of edits."""

    APPEND_ATOM = "append-atom"
    """In place of a hydrogen, or of two or three."""
    INSERT_ATOM = "insert-atom"
    """Into a single bond; not into one of an aromatic ring."""
    DELETE_ATOM = "delete-atom"
    """The end of a chain, or one between two others, which are then bonded to each other."""
    CHANGE_ELEMENT = "change-element"
    """Of an atom whose bonds the new element can have."""
    CHANGE_BOND = "change-bond"
    """One order up or down; not in an aromatic ring."""
    CLOSE_RING = "close-ring"
    """A new bond between two atoms that no ring joins yet."""
    OPEN_RING = "open-ring"
    """A single bond of a ring less; not of an aromatic one."""
    APPEND_GROUP = "append-group"
    """A small ring or group in place of a hydrogen."""
    MOVE_SUBSTITUENT = "move-substituent"
    """To another atom of the same ring."""


# Edits that leave the rings alone are drawn most: rings made or broken at random are seldom easy
# to make, and one such step in ten is enough to reach any ring.
EDIT_WEIGHTS: Mapping[Edit, float] = MappingProxyType(
    {
        Edit.APPEND_ATOM: 0.12,
        Edit.INSERT_ATOM: 0.12,
        Edit.DELETE_ATOM: 0.17,
        Edit.CHANGE_ELEMENT: 0.17,
        Edit.CHANGE_BOND: 0.06,
        Edit.CLOSE_RING: 0.06,
        Edit.OPEN_RING: 0.04,
        Edit.APPEND_GROUP: 0.16,
        Edit.MOVE_SUBSTITUENT: 0.10,
    }
)
# By atomic number: near the square roots of the shares in the sample of MOSES (C 0.72, N 0.14,
# O 0.10, S 0.017, F 0.014, Cl 0.005), so that the rare ones are tried too; P and I are in no
# sample but in some targets.
ELEMENT_WEIGHTS: Mapping[int, float] = MappingProxyType(
    {6: 0.44, 7: 0.20, 8: 0.17, 16: 0.06, 9: 0.06, 17: 0.04, 35: 0.015, 15: 0.01, 53: 0.005}
)
# Most new bonds of drug-like molecules are single: their other atom has hydrogens to spare.
ORDER_WEIGHTS: Mapping[int, float] = MappingProxyType({1: 0.80, 2: 0.17, 3: 0.03})
# Rings of five and six are most of those in drugs; the others exist and have to be reachable.
RING_SIZE_WEIGHTS: Mapping[int, float] = MappingProxyType(
    {3: 0.06, 4: 0.05, 5: 0.38, 6: 0.43, 7: 0.06, 8: 0.02}
)
# Bound by the first atom. The usual decorations of medicinal chemistry, small ones more often
# because a molecule soon is too large; methyl and fluorine alone come with the atoms too.
GROUP_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "C": 0.08, "F": 0.06, "Cl": 0.05, "O": 0.07, "N": 0.07, "OC": 0.08, "C#N": 0.06,
        "C(F)(F)F": 0.06, "C(=O)O": 0.05, "C(=O)N": 0.06, "C(C)=O": 0.03, "NC(C)=O": 0.03,
        "N(C)C": 0.04, "C(C)C": 0.03, "C(C)(C)C": 0.02, "S(C)(=O)=O": 0.03, "S(N)(=O)=O": 0.03,
        "OC(F)(F)F": 0.01, "C#C": 0.01, "P(=O)(O)O": 0.005, "C1CC1": 0.03, "c1ccccc1": 0.08,
        "c1ccccn1": 0.02, "c1cccnc1": 0.02, "c1ccncc1": 0.02, "c1cccs1": 0.01, "c1cnn(C)c1": 0.01,
        "N1CCCC1": 0.01, "N1CCCCC1": 0.01, "N1CCNCC1": 0.02, "N1CCOCC1": 0.02, "C1CCCCC1": 0.01,
    }
)  # fmt: skip

# Bonds that a neutral atom appended, inserted or changed to can have.
_VALENCES = {6: 4, 7: 3, 8: 2, 9: 1, 15: 3, 16: 2, 17: 1, 35: 1, 53: 1}
# Neighbors of an atom inside a chain.
_BETWEEN = 2
_TRIES = 20
_LINKING_ELEMENT_WEIGHTS = {
    number: weight for number, weight in ELEMENT_WEIGHTS.items() if _VALENCES[number] > 1
}

_Choice = TypeVar("_Choice")
_EditFunction = Callable[[Parent, np.random.Generator], RWMol | None]


def mutate(
    molecule: Molecule,
    generator: np.random.Generator,
    max_heavy_atoms: int = 60,
    edits: Sequence[Edit] = tuple(Edit),
) -> Molecule | None:
    """A flat molecule one edit away, unlike the first; None when some tries found none.

    Charges stay as they are, and so do the atoms that need them.
    """
    parent = parent_of(molecule)
    if parent is None:
        return None
    weights = {edit: EDIT_WEIGHTS[edit] for edit in edits}
    for _ in range(_TRIES):
        graph = _EDITS[_drawn(weights, generator)](parent, generator)
        child = None if graph is None else offspring(graph, max_heavy_atoms)
        if child is not None and child.smiles != parent.smiles:
            return child
    return None


def _append_atom(parent: Parent, generator: np.random.Generator) -> RWMol | None:
    host = _host(parent, generator)
    if host is None:
        return None
    number, order = _drawn(ELEMENT_WEIGHTS, generator), _drawn(ORDER_WEIGHTS, generator)
    order = min(order, parent.hydrogens[host], _VALENCES[number])
    if not may_be_bonded(parent.numbers[host], number, order):
        return None
    graph = RWMol(parent.graph)
    graph.AddBond(host, graph.AddAtom(Atom(number)), BOND_TYPES[order])
    return graph


def _append_group(parent: Parent, generator: np.random.Generator) -> RWMol | None:
    host = _host(parent, generator)
    group = _group(_drawn(GROUP_WEIGHTS, generator))
    if host is None:
        return None
    if not may_be_bonded(parent.numbers[host], group.GetAtomWithIdx(0).GetAtomicNum()):
        return None
    graph = RWMol(parent.graph)
    graph.InsertMol(group)
    graph.AddBond(host, len(parent.numbers), BondType.SINGLE)
    return graph


def _insert_atom(parent: Parent, generator: np.random.Generator) -> RWMol | None:
    pair = _one_of(parent.chain_cuts + parent.ring_cuts, generator)
    number = _drawn(_LINKING_ELEMENT_WEIGHTS, generator)
    if pair is None:
        return None
    if not all(may_be_bonded(parent.numbers[atom], number) for atom in pair):
        return None
    graph = RWMol(parent.graph)
    graph.RemoveBond(*pair)
    middle = graph.AddAtom(Atom(number))
    for atom in pair:
        graph.AddBond(atom, middle, BondType.SINGLE)
    return graph


def _delete_atom(parent: Parent, generator: np.random.Generator) -> RWMol | None:
    atom = _one_of([atom for atom in _changeable(parent) if _is_in_chain(parent, atom)], generator)
    if atom is None:
        return None
    graph = RWMol(parent.graph)
    if len(parent.neighbors[atom]) == _BETWEEN:
        first, second = parent.neighbors[atom]
        graph.AddBond(first, second, BondType.SINGLE)
    graph.RemoveAtom(atom)
    return graph


def _is_in_chain(parent: Parent, atom: int) -> bool:
    """Whether the atom is an end, or between two others that may be bonded in its stead."""
    neighbors = parent.neighbors[atom]
    if len(neighbors) < _BETWEEN:
        # A charge may need its bonds, as that of nitro does.
        return parent.charged.isdisjoint(neighbors)
    if len(neighbors) > _BETWEEN or atom in parent.aromatic or bond(*neighbors) in parent.orders:
        return False
    first, second = neighbors
    return may_be_bonded(parent.numbers[first], parent.numbers[second])


def _change_element(parent: Parent, generator: np.random.Generator) -> RWMol | None:
    atom = _one_of(_changeable(parent), generator)
    if atom is None:
        return None
    number = _drawn(ELEMENT_WEIGHTS, generator)
    bonds = [(other, parent.order(atom, other)) for other in parent.neighbors[atom]]
    if number == parent.numbers[atom] or sum(order for _, order in bonds) > _VALENCES[number]:
        return None
    if not all(may_be_bonded(parent.numbers[other], number, order) for other, order in bonds):
        return None
    graph = RWMol(parent.graph)
    graph.ReplaceAtom(atom, Atom(number))
    return graph


def _change_bond(parent: Parent, generator: np.random.Generator) -> RWMol | None:
    changes = [
        (pair, order + step)
        for pair, order in parent.orders.items()
        if not (parent.aromatic.issuperset(pair) or parent.frozen.intersection(pair))
        for step in (-1, 1)
        if _may_have_order(parent, pair, order + step)
    ]
    change = _one_of(changes, generator)
    if change is None:
        return None
    (first, second), order = change
    graph = RWMol(parent.graph)
    graph.GetBondBetweenAtoms(first, second).SetBondType(BOND_TYPES[order])
    return graph


def _may_have_order(parent: Parent, pair: tuple[int, int], order: int) -> bool:
    if not 1 <= order < len(BOND_TYPES):
        return False
    if order < parent.order(*pair):
        return True
    first, second = (parent.numbers[atom] for atom in pair)
    return all(parent.hydrogens[atom] for atom in pair) and may_be_bonded(first, second, order)


def _close_ring(parent: Parent, generator: np.random.Generator) -> RWMol | None:
    start = _host(parent, generator)
    if start is None:
        return None
    ends = _ends_by_ring_size(parent, start)
    if not ends:
        return None
    size = _drawn({size: RING_SIZE_WEIGHTS[size] for size in ends}, generator)
    end = ends[size][int(generator.integers(len(ends[size])))]
    graph = RWMol(parent.graph)
    graph.AddBond(start, end, BondType.SINGLE)
    return graph


def _ends_by_ring_size(parent: Parent, start: int) -> dict[int, list[int]]:
    """Atoms that may be bonded to one, by the size of the smallest ring that the bond closes."""
    depths, waiting = {start: 1}, [start]
    # Grows while it is walked along: breadth first.
    for atom in waiting:
        for other in parent.neighbors[atom]:
            if other not in depths and depths[atom] < RING_SIZES[-1]:
                depths[other] = depths[atom] + 1
                waiting.append(other)
    fellows = {atom for ring in parent.rings if start in ring for atom in ring}
    ends: dict[int, list[int]] = {}
    for atom in waiting:
        allowed = atom in parent.hosts and atom not in fellows and depths[atom] in RING_SIZES
        if allowed and may_be_bonded(parent.numbers[start], parent.numbers[atom]):
            ends.setdefault(depths[atom], []).append(atom)
    return ends


def _open_ring(parent: Parent, generator: np.random.Generator) -> RWMol | None:
    pair = _one_of(parent.ring_cuts, generator)
    if pair is None:
        return None
    graph = RWMol(parent.graph)
    graph.RemoveBond(*pair)
    return graph


def _move_substituent(parent: Parent, generator: np.random.Generator) -> RWMol | None:
    ring = _one_of(parent.rings, generator)
    if ring is None:
        return None
    cuts = [
        (atom, other) for pair in parent.chain_cuts for atom, other in (pair, pair[::-1])
        if atom in ring
    ]  # fmt: skip
    cut, target = (
        _one_of(cuts, generator),
        _one_of([atom for atom in ring if atom in parent.hosts], generator),
    )
    if cut is None or target is None or cut[0] == target:
        return None
    if not may_be_bonded(parent.numbers[target], parent.numbers[cut[1]]):
        return None
    graph = RWMol(parent.graph)
    graph.RemoveBond(*cut)
    graph.AddBond(target, cut[1], BondType.SINGLE)
    return graph


_EDITS: Mapping[Edit, _EditFunction] = MappingProxyType(
    {
        Edit.APPEND_ATOM: _append_atom,
        Edit.INSERT_ATOM: _insert_atom,
        Edit.DELETE_ATOM: _delete_atom,
        Edit.CHANGE_ELEMENT: _change_element,
        Edit.CHANGE_BOND: _change_bond,
        Edit.CLOSE_RING: _close_ring,
        Edit.OPEN_RING: _open_ring,
        Edit.APPEND_GROUP: _append_group,
        Edit.MOVE_SUBSTITUENT: _move_substituent,
    }
)


def _host(parent: Parent, generator: np.random.Generator) -> int | None:
    """An atom with a hydrogen to spare."""
    return _one_of(parent.hosts, generator)


def _changeable(parent: Parent) -> list[int]:
    return [atom for atom in range(len(parent.numbers)) if atom not in parent.frozen]


def _one_of(choices: Sequence[_Choice], generator: np.random.Generator) -> _Choice | None:
    return choices[int(generator.integers(len(choices)))] if choices else None


def _drawn(weights: Mapping[_Choice, float], generator: np.random.Generator) -> _Choice:
    """A key, as often as its weight says; numpy's own choice takes ten times as long."""
    sums = list(accumulate(weights.values()))
    return list(weights)[bisect(sums, generator.random() * sums[-1])]


@cache
def _group(smiles: str) -> Mol:
    group = Chem.MolFromSmiles(smiles)
    Chem.Kekulize(group, clearAromaticFlags=True)
    return group
