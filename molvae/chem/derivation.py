"""Repairs that decoding makes to SELFIES symbols.

Every SELFIES string decodes to a molecule because the decoder silently lowers bond orders, skips
symbols and drops rings where the grammar or the valences require it. This module follows the
grammar of selfies 2.x (Krenn et al. 2020; Lo et al. 2023) up to the first repair.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from itertools import groupby

from selfies.constants import INDEX_CODE
from selfies.grammar_rules import process_atom_symbol, process_branch_symbol, process_ring_symbol

from molvae.chem.refusal import Refusal
from molvae.errors import MoleculeError


class Repair(StrEnum):
    """Repair of symbols that cannot be decoded as written."""

    UNUSED_SYMBOLS = "symbols left unused"
    """Symbols after an atom without a free valence, or an atom that cannot be bonded."""
    LOWERED_BOND = "bond order lowered"
    """Bond order above the free valence, or bond of the first atom."""
    DROPPED_BRANCH = "branch left out"
    """Branch without an atom or free valence to start from, or without atoms."""
    BRANCH_LENGTH = "branch of another length"
    """Branch that extends beyond the last symbol, or ends within an inner branch or index."""
    INDEX = "index symbols missing or misread"
    """Index that is cut off at the end, or with a symbol that is not a digit and counts as 0."""
    DROPPED_RING = "ring left out"
    """Ring closure without a preceding atom, or without a free valence at either end."""
    MOVED_RING = "ring closed elsewhere"
    """Ring closure that reaches beyond the first atom and is moved to it."""
    MERGED_RING = "ring merged with a bond"
    """Ring closure between bonded atoms; the order of their bond is raised."""


def first_repair(symbols: Iterable[str]) -> Repair | None:
    """First repair made in decoding; ring closures come last. None if there is none.

    The constraint table must be installed in selfies and never change.

    Raises:
        MoleculeError: the symbols decode to no atom, or an unknown symbol comes before any repair.
    """
    derivation = _Derivation()
    real = (symbol for symbol in symbols if symbol != "[nop]")
    for is_dot, fragment in groupby(real, lambda symbol: symbol == "."):
        if not is_dot and (first := derivation.read(tuple(map(Role.of, fragment)))):
            return first
    if not derivation.capacities:
        raise MoleculeError(Refusal.INVALID, "the symbols decode to no atom")
    return derivation.close_rings()


@dataclass(frozen=True, slots=True)
class Atom:
    """An atom with the bond before it."""

    order: int
    is_bare: bool
    """Whether the symbol has no bond prefix."""
    capacity: int
    """Sum of bond orders that the atom can have."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch, whose length in symbols the next `digits` symbols give."""

    order: int
    digits: int


@dataclass(frozen=True, slots=True)
class Ring:
    """A ring closure, whose distance in atoms the next `digits` symbols give."""

    order: int
    digits: int


class Stop:
    """Symbol that ends a chain."""


@dataclass(frozen=True, slots=True)
class Role:
    """Meaning of a symbol by itself; `element` is None if selfies does not know the symbol."""

    symbol: str
    element: Atom | Branch | Ring | Stop | None
    digit: int | None
    """Value of the symbol within an index; None if it is not a digit."""

    @staticmethod
    @cache
    def of(symbol: str) -> "Role":
        """The role of a symbol."""
        return Role(symbol, _element(symbol), INDEX_CODE.get(symbol))


@dataclass(slots=True)
class _Chain:
    """Main chain of a fragment, or a branch, to which symbols are added."""

    end: int
    """Position after the last symbol of the chain."""
    valence: int | None
    """Free valence of the last atom as the grammar counts it; None before the first atom."""
    last: int
    """Index of the last atom."""
    atoms_before: int = -1
    """Number of atoms when the chain began."""


@dataclass(slots=True)
class _Derivation:
    """The molecular graph of the symbols read so far."""

    capacities: list[int] = field(default_factory=list)
    used: list[int] = field(default_factory=list)
    """Sum of bond orders per atom."""
    bonds: set[tuple[int, int]] = field(default_factory=set)
    rings: list[tuple[int, int, int]] = field(default_factory=list)
    """First atom, last atom, order."""

    def read(self, roles: Sequence[Role]) -> Repair | None:
        """Add a fragment."""
        chains = [_Chain(len(roles), None, -1)]
        position = 0
        while position < len(roles):
            if chains[-1].valence == 0:
                return Repair.UNUSED_SYMBOLS
            outcome = self._take(roles, position, chains)
            if isinstance(outcome, Repair):
                return outcome
            position = outcome
            while len(chains) > 1 and chains[-1].end == position:
                if chains.pop().atoms_before == len(self.capacities):
                    return Repair.DROPPED_BRANCH
        return None

    def _take(self, roles: Sequence[Role], position: int, chains: list[_Chain]) -> int | Repair:
        """Use the symbol at a position, with its index; returns the position after them."""
        element, chain = roles[position].element, chains[-1]
        match element:
            case Atom():
                return self._add_atom(element, chain) or position + 1
            case Branch() | Ring():
                return self._take_indexed(element, roles, position + 1, chains)
            case Stop():
                # Before the first atom the decoder ignores the symbol.
                chain.valence = None if chain.valence is None else 0
                return position + 1
        detail = f"invalid symbol {roles[position].symbol!r}"
        raise MoleculeError(Refusal.INVALID, detail)

    def _take_indexed(
        self, element: Branch | Ring, roles: Sequence[Role], position: int, chains: list[_Chain]
    ) -> int | Repair:
        """Use a branch or ring symbol whose index begins at a position."""
        chain = chains[-1]
        is_branch = isinstance(element, Branch)
        if (chain.valence or 0) < (2 if is_branch else 1):
            return Repair.DROPPED_BRANCH if is_branch else Repair.DROPPED_RING
        index = _index(roles, position, element.digits, chain.end)
        if isinstance(index, Repair):
            return index
        after = position + element.digits
        if isinstance(element, Branch):
            return self._open_branch(element, after + index + 1, chains) or after
        return self._note_ring(element, index + 1, chain) or after

    def _add_atom(self, atom: Atom, chain: _Chain) -> Repair | None:
        number = len(self.capacities)
        if chain.valence is None:
            if not atom.is_bare:
                return Repair.LOWERED_BOND
            bond = 0
        else:
            if atom.capacity == 0:
                return Repair.UNUSED_SYMBOLS
            if atom.order > min(chain.valence, atom.capacity):
                return Repair.LOWERED_BOND
            bond = atom.order
            self.used[chain.last] += bond
            self.bonds.add((chain.last, number))
        self.capacities.append(atom.capacity)
        self.used.append(bond)
        chain.valence, chain.last = atom.capacity - bond, number
        return None

    def _open_branch(self, branch: Branch, end: int, chains: list[_Chain]) -> Repair | None:
        chain = chains[-1]
        if end > chain.end:
            return Repair.BRANCH_LENGTH
        valence = chain.valence or 0
        # The order of the branch only limits the bond of its first atom.
        given = min(valence - 1, branch.order)
        chain.valence = valence - given
        chains.append(_Chain(end, given, chain.last, len(self.capacities)))
        return None

    def _note_ring(self, ring: Ring, distance: int, chain: _Chain) -> Repair | None:
        valence = chain.valence or 0
        if ring.order > valence:
            return Repair.LOWERED_BOND
        if distance > chain.last:
            return Repair.MOVED_RING
        self.rings.append((chain.last - distance, chain.last, ring.order))
        chain.valence = valence - ring.order
        return None

    def close_rings(self) -> Repair | None:
        """Add the ring closures, which decoding does after all atoms."""
        for first, last, order in self.rings:
            free = min(
                self.capacities[first] - self.used[first], self.capacities[last] - self.used[last]
            )
            if free <= 0:
                return Repair.DROPPED_RING
            if (first, last) in self.bonds:
                return Repair.MERGED_RING
            if free < order:
                return Repair.LOWERED_BOND
            self.bonds.add((first, last))
            self.used[first] += order
            self.used[last] += order
        return None


def _index(roles: Sequence[Role], position: int, digits: int, end: int) -> int | Repair:
    """Value of the digits, most significant first."""
    value = 0
    for role in roles[position : position + digits]:
        if role.digit is None:
            return Repair.INDEX
        value = value * len(INDEX_CODE) + role.digit
    if position + digits > end:
        return Repair.INDEX if end == len(roles) else Repair.BRANCH_LENGTH
    return value


def _element(symbol: str) -> Atom | Branch | Ring | Stop | None:
    """Grammar element of a symbol, tested in the same order as in the decoder."""
    kind = symbol[-4:-2]
    if kind == "ch":
        branch = process_branch_symbol(symbol)
        return branch and Branch(branch[0], branch[1])
    if kind == "ng":
        ring = process_ring_symbol(symbol)
        return ring and Ring(ring[0], ring[1])
    if "eps" in symbol:
        return Stop()
    processed = process_atom_symbol(symbol)
    if processed is None:
        return None
    (order, _), atom = processed
    return Atom(order, symbol[1] not in "=#/\\-", atom.bonding_capacity)
