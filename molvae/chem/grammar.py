"""The grammar of SELFIES, applied token by token while a decoder writes.

Every SELFIES string decodes to a molecule because the decoder silently repairs what the grammar or
the valences forbid (see `molvae.chem.derivation`). A decoder that is asked for each next token
whether it would be repaired writes sequences that need no repair: grammar-constrained decoding.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, no_type_check

from selfies.constants import INDEX_CODE

from molvae.chem.derivation import Atom, Branch, Ring, Role

_BASE = len(INDEX_CODE)
_WITHOUT_BOND = ".", "[nop]"
_NEVER = 10**9
"""End of a main chain, which may have any length."""


class _Chain(NamedTuple):
    """A main chain, or a branch, to which symbols are added."""

    end: int
    """Position after the last symbol of the chain."""
    valence: int | None
    """Free valence of the last atom as the grammar counts it; None before the first atom."""
    last: int
    """Index of the last atom."""
    atoms_before: int
    """Number of atoms when the chain began."""


class _Index(NamedTuple):
    """A branch or ring symbol whose index is being read."""

    element: Branch | Ring
    left: int
    """Digits that are still missing."""
    value: int = 0


# Without run-time type checks, which the tests switch on: the methods are called for every token.
@no_type_check
@dataclass(slots=True)
class _Sentence:
    """The molecular graph of the symbols that one row has so far.

    Unlike the decoder of selfies, it reserves the valence of a ring closure at once: then a later
    bond is refused instead of the ring. A branch is refused an atom without a free valence before
    its last symbol, because no symbol could follow.
    """

    free: list[int] = field(default_factory=list)
    """Free valence of each atom, ring closures included."""
    parents: list[int] = field(default_factory=list)
    """Atom to which each atom was bonded when it was added; -1 for the first of a fragment."""
    rings: frozenset[tuple[int, int]] = frozenset()
    chains: tuple[_Chain, ...] = (_Chain(_NEVER, None, -1, 0),)
    """The main chain, and the branches that are open, the innermost last."""
    index: _Index | None = None
    position: int = 0

    @property
    def may_end(self) -> bool:
        """Whether the symbols so far are a molecule."""
        return self.index is None and len(self.chains) == 1 and self.chains[0].valence is not None

    def add(self, roles: Sequence[Role]) -> bool:
        """Add the symbols of a token if none of them would be repaired; whether they were added."""
        free, parents = self.free.copy(), self.parents.copy()
        before = self.rings, self.chains, self.index, self.position
        if all(map(self._add_symbol, roles)):
            return True
        self.free, self.parents = free, parents
        self.rings, self.chains, self.index, self.position = before
        return False

    def _add_symbol(self, role: Role) -> bool:
        if role.symbol == "[nop]":
            return True
        if role.symbol == ".":
            may_end, self.chains = self.may_end, (_Chain(_NEVER, None, -1, 0),)
            return may_end
        self.position += 1
        if self.index is not None:
            fits = role.digit is not None and self._add_digit(self.index, role.digit)
        elif self.chains[-1].valence == 0:
            return False
        elif isinstance(role.element, Atom):
            fits = self._add_atom(role.element)
        elif isinstance(role.element, Branch | Ring):
            element = role.element
            fits = self._add_digit(_Index(element, element.digits), None)
        else:
            return False
        if not fits or len(self.chains) == 1:
            return fits
        return self._close_branches() and self._can_continue()

    def _add_atom(self, atom: Atom) -> bool:
        chain, number = self.chains[-1], len(self.free)
        bond = 0
        if chain.valence is None:
            if not atom.is_bare:
                return False
        else:
            bond = atom.order
            if bond > min(chain.valence, atom.capacity, self.free[chain.last]):
                return False
            self.free[chain.last] -= bond
        self.free.append(atom.capacity - bond)
        self.parents.append(-1 if chain.valence is None else chain.last)
        self._change_chain(atom.capacity - bond, number)
        return True

    def _add_digit(self, index: _Index, digit: int | None) -> bool:
        """Read a digit, or for None begin an index; whether a branch or ring remains possible."""
        if digit is not None:
            index = _Index(index.element, index.left - 1, index.value * _BASE + digit)
        low = index.value * _BASE**index.left
        high = low + _BASE**index.left - 1
        self.index = index if index.left else None
        add = self._add_branch if isinstance(index.element, Branch) else self._add_ring
        return add(index.element.order, low + 1, high + 1, index.left)

    def _add_branch(self, order: int, shortest: int, longest: int, digits_left: int) -> bool:
        """Open a branch if its index is complete; whether one of these lengths is possible."""
        chain, begin = self.chains[-1], self.position + digits_left
        valence = chain.valence or 0
        if valence < 2 or begin + shortest > chain.end:
            return False
        # The symbols of the chain after the branch need a valence too.
        needed = 1 if chain.end == _NEVER or chain.end <= begin + longest else 2
        if self.free[chain.last] < needed:
            return False
        if not digits_left:
            # The order of the branch only limits the bond of its first atom.
            given = min(valence - 1, order)
            self._change_chain(valence - given, chain.last)
            self.chains += (_Chain(begin + shortest, given, chain.last, len(self.free)),)
        return True

    def _add_ring(self, order: int, nearest: int, furthest: int, digits_left: int) -> bool:
        """Close a ring if its index is complete; whether one of these distances is possible."""
        closures = self._closures(order, nearest, furthest, digits_left)
        if closures and not digits_left:
            chain, first = self.chains[-1], closures[0]
            self.free[first] -= order
            self.free[chain.last] -= order
            self.rings |= {(first, chain.last)}
            self._change_chain((chain.valence or 0) - order, chain.last)
        return bool(closures)

    def _closures(self, order: int, nearest: int, furthest: int, digits_left: int) -> list[int]:
        """Atoms to which a ring of this order can be closed at a distance of these."""
        chain = self.chains[-1]
        last, after = chain.last, self.position + digits_left
        kept = 1 if chain.end not in (after, _NEVER) else 0
        if after > chain.end or (chain.valence or 0) < order + kept:
            return []
        is_empty = chain.atoms_before == len(self.free)
        if self.free[last] < order + kept or (is_empty and after == chain.end):
            return []
        candidates = range(last - nearest, max(last - furthest, 0) - 1, -1)
        return [
            atom
            for atom in candidates
            if self.free[atom] >= order
            and self.parents[last] != atom
            and (atom, last) not in self.rings
        ]

    def _change_chain(self, valence: int, last: int) -> None:
        chain = self.chains[-1]
        self.chains = (*self.chains[:-1], _Chain(chain.end, valence, last, chain.atoms_before))

    def _close_branches(self) -> bool:
        """Leave the branches that end here; False if one has no atom."""
        while self.index is None and self.chains[-1].end == self.position:
            if self.chains[-1].atoms_before == len(self.free):
                return False
            self.chains = self.chains[:-1]
        return True

    def _can_continue(self) -> bool:
        """Whether every branch that needs further symbols has a free valence for them."""
        begin, atom, needed = self.position, -1, 0
        for chain in reversed(self.chains[1:]):
            needed = needed if chain.last == atom else 0
            needed += chain.end > begin
            if chain.end > begin and not (chain.valence and self.free[chain.last] >= needed):
                return False
            begin, atom = chain.end, chain.last
        return True


@no_type_check
class SelfiesRows:
    """Rows of SELFIES that are being written, and the tokens that may follow in each."""

    def __init__(self, grammar: "SelfiesGrammar", n: int) -> None:
        self._grammar = grammar
        self._sentences: list[_Sentence | None] = [_Sentence() for _ in range(n)]

    def accept(self, row: int, token: int) -> bool:
        """Add a token to a row, unless SELFIES would repair it; whether it was added."""
        sentence = self._sentences[row]
        if sentence is None:
            return True
        if token != self._grammar.end:
            return sentence.add(self._grammar.roles[token])
        if sentence.may_end:
            self.release(row)
        return sentence.may_end

    def accept_first(self, row: int, tokens: Sequence[int]) -> int | None:
        """Add the first of the tokens that is accepted; returns it, or None if none is."""
        sentence, grammar = self._sentences[row], self._grammar
        # Most tokens cannot follow an index symbol or a full atom: leave them out before any of
        # them is tried, which copies the sentence.
        if sentence is not None and sentence.index is not None:
            tokens = [token for token in tokens if grammar.begins_with_digit[token]]
        elif sentence is not None and sentence.chains[-1].valence == 0:
            tokens = [token for token in tokens if grammar.adds_no_bond[token]]
        return next((token for token in tokens if self.accept(row, token)), None)

    def release(self, row: int) -> None:
        """Accept any token of a row from now on."""
        self._sentences[row] = None


class SelfiesGrammar:
    """The grammar over the tokens of a vocabulary.

    Args:
        tokens: symbols of each token, by id; none for ids that are never written.
        end: id that ends a row.
    """

    def __init__(self, tokens: Sequence[Sequence[str]], end: int) -> None:
        self.end = end
        self.roles = [tuple(map(Role.of, symbols)) for symbols in tokens]
        self.begins_with_digit = [bool(row) and row[0].digit is not None for row in self.roles]
        """Whether each token may stand in an index."""
        self.adds_no_bond = [
            index == end or (bool(row) and row[0].symbol in _WITHOUT_BOND)
            for index, row in enumerate(self.roles)
        ]
        """Whether each token may follow an atom without a free valence."""

    def begin(self, n: int) -> SelfiesRows:
        """`n` empty rows."""
        return SelfiesRows(self, n)
