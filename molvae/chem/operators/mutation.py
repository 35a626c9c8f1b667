"""Mutation: a small random edit of a molecular graph."""

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
    """Kind of edit."""

    APPEND_ATOM = "append-atom"
    """New atom replacing one to three hydrogens."""
    INSERT_ATOM = "insert-atom"
    """New atom in a single bond outside aromatic rings."""
    DELETE_ATOM = "delete-atom"
    """Removal of a terminal atom, or of an atom between two atoms, which are then bonded."""
    CHANGE_ELEMENT = "change-element"
    """New element with sufficient valence for the bonds of an atom."""
    CHANGE_BOND = "change-bond"
    """Bond order raised or lowered by one outside aromatic rings."""
    CLOSE_RING = "close-ring"
    """New bond between two atoms that do not share a ring."""
    OPEN_RING = "open-ring"
    """Removal of a single bond of a ring that is not aromatic."""
    APPEND_GROUP = "append-group"
    """Small ring or functional group replacing a hydrogen."""
    MOVE_SUBSTITUENT = "move-substituent"
    """Substituent moved to another atom of its ring."""


# Edits that keep the rings dominate: rings closed or opened at random are seldom synthesizable, and
# one such step in ten is enough to reach any ring.
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
# By atomic number: close to the square roots of the frequencies in MOSES (C 0.72, N 0.14,
# O 0.10, S 0.017, F 0.014, Cl 0.005), so that rare elements are tried too; P and I are
# absent from the sample but present in some targets.
ELEMENT_WEIGHTS: Mapping[int, float] = MappingProxyType(
    {6: 0.44, 7: 0.20, 8: 0.17, 16: 0.06, 9: 0.06, 17: 0.04, 35: 0.015, 15: 0.01, 53: 0.005}
)
# Most bonds of drug-like molecules are single.
ORDER_WEIGHTS: Mapping[int, float] = MappingProxyType({1: 0.80, 2: 0.17, 3: 0.03})
# Most rings in drugs have five or six atoms; the other sizes exist and must be reachable.
RING_SIZE_WEIGHTS: Mapping[int, float] = MappingProxyType(
    {3: 0.06, 4: 0.05, 5: 0.38, 6: 0.43, 7: 0.06, 8: 0.02}
)
# Attached by the first atom. Common substituents of medicinal chemistry; the small ones are more
# frequent because molecules soon become too large. Methyl and fluorine also come as single atoms.
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

# Valence of a neutral atom that is appended, inserted or changed to.
_VALENCES = {6: 4, 7: 3, 8: 2, 9: 1, 15: 3, 16: 2, 17: 1, 35: 1, 53: 1}
# Number of neighbors of an atom inside a chain.
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
    """The molecule after a random edit, without stereochemistry; None if all attempts fail.

    Charged atoms are never edited, nor are atoms multiply bonded to them.
    """
    parent = parent_of(molecule)
    if parent is None:
        return None
    weights = {edit: EDIT_WEIGHTS[edit] for edit in edits}
    for _ in range(_TRIES):
        graph = _EDITS[_random_key(weights, generator)](parent, generator)
        child = None if graph is None else offspring(graph, max_heavy_atoms)
        if child is not None and child.smiles != parent.smiles:
            return child
    return None


def _append_atom(parent: Parent, generator: np.random.Generator) -> RWMol | None:
    host = _host(parent, generator)
    if host is None:
        return None
    number, order = (
        _random_key(ELEMENT_WEIGHTS, generator),
        _random_key(ORDER_WEIGHTS, generator),
    )
    order = min(order, parent.hydrogens[host], _VALENCES[number])
    if not may_be_bonded(parent.numbers[host], number, order):
        return None
    graph = RWMol(parent.graph)
    graph.AddBond(host, graph.AddAtom(Atom(number)), BOND_TYPES[order])
    return graph


def _append_group(parent: Parent, generator: np.random.Generator) -> RWMol | None:
    host = _host(parent, generator)
    group = _group(_random_key(GROUP_WEIGHTS, generator))
    if host is None:
        return None
    if not may_be_bonded(parent.numbers[host], group.GetAtomWithIdx(0).GetAtomicNum()):
        return None
    graph = RWMol(parent.graph)
    graph.InsertMol(group)
    graph.AddBond(host, len(parent.numbers), BondType.SINGLE)
    return graph


def _insert_atom(parent: Parent, generator: np.random.Generator) -> RWMol | None:
    pair = _choice(parent.chain_cuts + parent.ring_cuts, generator)
    number = _random_key(_LINKING_ELEMENT_WEIGHTS, generator)
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
    atom = _choice([atom for atom in _changeable(parent) if _is_in_chain(parent, atom)], generator)
    if atom is None:
        return None
    graph = RWMol(parent.graph)
    if len(parent.neighbors[atom]) == _BETWEEN:
        first, second = parent.neighbors[atom]
        graph.AddBond(first, second, BondType.SINGLE)
    graph.RemoveAtom(atom)
    return graph


def _is_in_chain(parent: Parent, atom: int) -> bool:
    """Whether the atom is terminal, or between two atoms that may be bonded to each other."""
    neighbors = parent.neighbors[atom]
    if len(neighbors) < _BETWEEN:
        # A charge may depend on its bonds, as in a nitro group.
        return parent.charged.isdisjoint(neighbors)
    if len(neighbors) > _BETWEEN or atom in parent.aromatic or bond(*neighbors) in parent.orders:
        return False
    first, second = neighbors
    return may_be_bonded(parent.numbers[first], parent.numbers[second])


def _change_element(parent: Parent, generator: np.random.Generator) -> RWMol | None:
    atom = _choice(_changeable(parent), generator)
    if atom is None:
        return None
    number = _random_key(ELEMENT_WEIGHTS, generator)
    bonds = [(end, parent.order(atom, end)) for end in parent.neighbors[atom]]
    if number == parent.numbers[atom] or sum(order for _, order in bonds) > _VALENCES[number]:
        return None
    if not all(may_be_bonded(parent.numbers[end], number, order) for end, order in bonds):
        return None
    graph = RWMol(parent.graph)
    graph.ReplaceAtom(atom, Atom(number))
    return graph


def _change_bond(parent: Parent, generator: np.random.Generator) -> RWMol | None:
    changes = []
    for pair, order in parent.orders.items():
        if parent.aromatic.issuperset(pair) or parent.frozen.intersection(pair):
            continue
        if order > 1:
            changes.append((pair, order - 1))
        first, second = (parent.numbers[atom] for atom in pair)
        has_hydrogens = all(parent.hydrogens[atom] for atom in pair)
        is_allowed = order + 1 < len(BOND_TYPES) and may_be_bonded(first, second, order + 1)
        if has_hydrogens and is_allowed:
            changes.append((pair, order + 1))
    change = _choice(changes, generator)
    if change is None:
        return None
    (first, second), order = change
    graph = RWMol(parent.graph)
    graph.GetBondBetweenAtoms(first, second).SetBondType(BOND_TYPES[order])
    return graph


def _close_ring(parent: Parent, generator: np.random.Generator) -> RWMol | None:
    start = _host(parent, generator)
    if start is None:
        return None
    ends = _ends_by_ring_size(parent, start)
    if not ends:
        return None
    size = _random_key({size: RING_SIZE_WEIGHTS[size] for size in ends}, generator)
    end = ends[size][int(generator.integers(len(ends[size])))]
    graph = RWMol(parent.graph)
    graph.AddBond(start, end, BondType.SINGLE)
    return graph


def _ends_by_ring_size(parent: Parent, start: int) -> dict[int, list[int]]:
    """Atoms that may be bonded to `start`, by size of the smallest ring that the bond closes."""
    depths, waiting = {start: 1}, [start]
    # Breadth-first search: the list grows while it is iterated.
    for atom in waiting:
        for neighbor in parent.neighbors[atom]:
            if neighbor not in depths and depths[atom] < RING_SIZES[-1]:
                depths[neighbor] = depths[atom] + 1
                waiting.append(neighbor)
    in_same_ring = {atom for ring in parent.rings if start in ring for atom in ring}
    ends: dict[int, list[int]] = {}
    for atom in waiting:
        allowed = atom in parent.hosts and atom not in in_same_ring and depths[atom] in RING_SIZES
        if allowed and may_be_bonded(parent.numbers[start], parent.numbers[atom]):
            ends.setdefault(depths[atom], []).append(atom)
    return ends


def _open_ring(parent: Parent, generator: np.random.Generator) -> RWMol | None:
    pair = _choice(parent.ring_cuts, generator)
    if pair is None:
        return None
    graph = RWMol(parent.graph)
    graph.RemoveBond(*pair)
    return graph


def _move_substituent(parent: Parent, generator: np.random.Generator) -> RWMol | None:
    ring = _choice(parent.rings, generator)
    if ring is None:
        return None
    cuts = [
        (atom, end) for pair in parent.chain_cuts for atom, end in (pair, pair[::-1])
        if atom in ring
    ]  # fmt: skip
    cut, target = (
        _choice(cuts, generator),
        _choice([atom for atom in ring if atom in parent.hosts], generator),
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
    """A random atom with a hydrogen that can be replaced."""
    return _choice(parent.hosts, generator)


def _changeable(parent: Parent) -> list[int]:
    return [atom for atom in range(len(parent.numbers)) if atom not in parent.frozen]


def _choice(choices: Sequence[_Choice], generator: np.random.Generator) -> _Choice | None:
    return choices[int(generator.integers(len(choices)))] if choices else None


def _random_key(weights: Mapping[_Choice, float], generator: np.random.Generator) -> _Choice:
    """A random key with probability proportional to its weight; ten times faster than NumPy."""
    sums = list(accumulate(weights.values()))
    return list(weights)[bisect(sums, generator.random() * sums[-1])]


@cache
def _group(smiles: str) -> Mol:
    group = Chem.MolFromSmiles(smiles)
    Chem.Kekulize(group, clearAromaticFlags=True)
    return group
