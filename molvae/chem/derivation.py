"""Whether SELFIES symbols mean what they say, or decoding would have to repair them.

Any SELFIES string decodes to some molecule because the decoder silently lowers bonds, skips
symbols and leaves rings out where the grammar or the valences ask for it. Here the grammar of
selfies 2.x (Krenn et al. 2020; Lo et al. 2023) is followed only as far as nothing is repaired.
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
    """What decoding does to symbols that cannot be taken as they are written."""

    UNUSED_SYMBOLS = "symbols left unused"
    """They follow an atom without a free valence, or make an atom that has none."""
    LOWERED_BOND = "bond order lowered"
    """Of an atom or a ring, for want of valence; or the bond of an atom with nothing before it."""
    DROPPED_BRANCH = "branch left out"
    """No valence or no atom to start it at, or no atom in it."""
    BRANCH_LENGTH = "branch of another length"
    """The symbols end before the branch does, or what begins in it ends beyond it."""
    INDEX = "index symbols missing or misread"
    """The symbols end before the index does, or one of it is no digit and counts as 0."""
    DROPPED_RING = "ring left out"
    """No atom before it, or no valence where it would close."""
    MOVED_RING = "ring closed elsewhere"
    """It reaches back beyond the first atom, which is taken instead."""
    MERGED_RING = "ring merged with a bond"
    """Its atoms have a bond already, the order of which is raised."""


def first_repair(symbols: Iterable[str]) -> Repair | None:
    """The first repair met while reading, rings last; None when there is none.

    The constraint table must have been installed in selfies, and be the same at all times.

    Raises:
        MoleculeError: the symbols spell no atom, or one of them is unknown and stands before
            anything that is repaired.
    """
    derivation = _Derivation()
    real = (symbol for symbol in symbols if symbol != "[nop]")
    for is_dot, fragment in groupby(real, lambda symbol: symbol == "."):
        if not is_dot and (found := derivation.read(tuple(map(_role, fragment)))):
            return found
    if not derivation.capacities:
        raise MoleculeError(Refusal.INVALID, "the symbols spell no atom")
    return derivation.close_rings()


@dataclass(frozen=True, slots=True)
class _Atom:
    order: int
    is_bare: bool
    """Whether the symbol names no bond."""
    capacity: int


@dataclass(frozen=True, slots=True)
class _Branch:
    order: int
    digits: int


@dataclass(frozen=True, slots=True)
class _Ring:
    order: int
    digits: int


class _Stop:
    """The end of a chain."""


@dataclass(frozen=True, slots=True)
class _Role:
    """What a symbol means by itself; all parts are None when selfies does not know it."""

    symbol: str
    part: _Atom | _Branch | _Ring | _Stop | None
    digit: int | None
    """Its value within an index."""


@dataclass(slots=True)
class _Chain:
    """Where symbols are being added: the main chain of a fragment, or a branch of it."""

    end: int
    """Position after its last symbol."""
    valence: int | None
    """Free bonds of the last atom as the grammar counts them; None before the first atom."""
    last: int
    """The last atom."""
    atoms_before: int = -1
    """Atoms that were there when it began."""


@dataclass(slots=True)
class _Derivation:
    """The graph that symbols spell, as far as it has been read."""

    capacities: list[int] = field(default_factory=list)
    used: list[int] = field(default_factory=list)
    """Bonds of each atom, by order."""
    bonds: set[tuple[int, int]] = field(default_factory=set)
    rings: list[tuple[int, int, int]] = field(default_factory=list)
    """First atom, last atom, order."""

    def read(self, roles: Sequence[_Role]) -> Repair | None:
        """Add a fragment."""
        chains = [_Chain(len(roles), None, -1)]
        place = 0
        while place < len(roles):
            if chains[-1].valence == 0:
                return Repair.UNUSED_SYMBOLS
            outcome = self._take(roles, place, chains)
            if isinstance(outcome, Repair):
                return outcome
            place = outcome
            if found := self._end_chains(chains, place):
                return found
        return None

    def _take(self, roles: Sequence[_Role], place: int, chains: list[_Chain]) -> int | Repair:
        """Use the symbol at a place and its index; the place after them."""
        part, chain = roles[place].part, chains[-1]
        match part:
            case _Atom():
                return self._add_atom(part, chain) or place + 1
            case _Branch() | _Ring():
                return self._take_indexed(part, roles, place + 1, chains)
            case _Stop():
                # Before the first atom the decoder goes on.
                chain.valence = None if chain.valence is None else 0
                return place + 1
        detail = f"invalid symbol {roles[place].symbol!r}"
        raise MoleculeError(Refusal.INVALID, detail)

    def _take_indexed(
        self, part: _Branch | _Ring, roles: Sequence[_Role], place: int, chains: list[_Chain]
    ) -> int | Repair:
        """The same for a symbol whose index begins at the place."""
        chain = chains[-1]
        is_branch = isinstance(part, _Branch)
        if (chain.valence or 0) < (2 if is_branch else 1):
            return Repair.DROPPED_BRANCH if is_branch else Repair.DROPPED_RING
        index = _index(roles, place, part.digits, chain.end)
        if isinstance(index, Repair):
            return index
        after = place + part.digits
        if isinstance(part, _Branch):
            return self._open_branch(part, after + index + 1, chains) or after
        return self._note_ring(part, index + 1, chain) or after

    def _add_atom(self, atom: _Atom, chain: _Chain) -> Repair | None:
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

    def _open_branch(self, branch: _Branch, end: int, chains: list[_Chain]) -> Repair | None:
        chain = chains[-1]
        if end > chain.end:
            return Repair.BRANCH_LENGTH
        valence = chain.valence or 0
        # The branch's own order is only leave for the bond of its first atom.
        given = min(valence - 1, branch.order)
        chain.valence = valence - given
        chains.append(_Chain(end, given, chain.last, len(self.capacities)))
        return None

    def _note_ring(self, ring: _Ring, distance: int, chain: _Chain) -> Repair | None:
        valence = chain.valence or 0
        if ring.order > valence:
            return Repair.LOWERED_BOND
        if distance > chain.last:
            return Repair.MOVED_RING
        self.rings.append((chain.last - distance, chain.last, ring.order))
        chain.valence = valence - ring.order
        return None

    def _end_chains(self, chains: list[_Chain], place: int) -> Repair | None:
        while len(chains) > 1 and chains[-1].end == place:
            if chains.pop().atoms_before == len(self.capacities):
                return Repair.DROPPED_BRANCH
        return None

    def close_rings(self) -> Repair | None:
        """Add the rings, which decoding does when all atoms are there."""
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


def _index(roles: Sequence[_Role], place: int, digits: int, end: int) -> int | Repair:
    """The number that the digits spell, of which the first counts most."""
    value = 0
    for role in roles[place : place + digits]:
        if role.digit is None:
            return Repair.INDEX
        value = value * len(INDEX_CODE) + role.digit
    if place + digits > end:
        return Repair.INDEX if end == len(roles) else Repair.BRANCH_LENGTH
    return value


@cache
def _role(symbol: str) -> _Role:
    return _Role(symbol, _part(symbol), INDEX_CODE.get(symbol))


def _part(symbol: str) -> _Atom | _Branch | _Ring | _Stop | None:
    """The tests are those of the decoder, in its order."""
    kind = symbol[-4:-2]
    if kind == "ch":
        found = process_branch_symbol(symbol)
        return found and _Branch(found[0], found[1])
    if kind == "ng":
        found = process_ring_symbol(symbol)
        return found and _Ring(found[0], found[1])
    if "eps" in symbol:
        return _Stop()
    found = process_atom_symbol(symbol)
    if found is None:
        return None
    (order, _), atom = found
    return _Atom(order, symbol[1] not in "=#/\\-", atom.bonding_capacity)
