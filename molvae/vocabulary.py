"""Symbol to id and back."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from molvae.chem.notation import Selfies, robust_alphabet
from molvae.chem.refusal import Refusal
from molvae.errors import ModelError, MoleculeError

PAD, START, END = 0, 1, 2
_SPECIAL = 3
_KIND = "molvae vocabulary"


@dataclass(frozen=True)
class Vocabulary:
    """Symbols in the order of their ids; the first has id 3, after padding, start and end."""

    symbols: Selfies

    @classmethod
    def from_symbols(cls, symbols: Iterable[str]) -> "Vocabulary":
        """The given symbols and the robust SELFIES alphabet, sorted: their order tells nothing."""
        return cls(tuple(sorted({*symbols, *robust_alphabet()})))

    # Any: JSON values are of any kind.
    @classmethod
    def from_json(cls, value: Any) -> "Vocabulary":
        """The vocabulary that `to_json` wrote.

        Raises:
            ModelError: it is something else.
        """
        if not isinstance(value, dict) or value.get("kind") != _KIND:
            raise ModelError(f"expected a vocabulary with 'kind': {_KIND!r}; the file is foreign")
        symbols = value.get("symbols")
        if not isinstance(symbols, list) or not all(map(_is_symbol, symbols)):
            raise ModelError("the vocabulary's 'symbols' are not a list of SELFIES symbols")
        if len(set(symbols)) != len(symbols):
            twice = sorted(symbol for symbol, count in Counter(symbols).items() if count > 1)
            raise ModelError(f"the vocabulary holds symbols twice: {', '.join(twice)}")
        return cls(tuple(symbols))

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return {"kind": _KIND, "symbols": list(self.symbols)}

    def __len__(self) -> int:
        """Ids there are: the symbols, padding, start and end."""
        return len(self.symbols) + _SPECIAL

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._ids

    def encode(self, selfies: Iterable[str]) -> list[int]:
        """Ids of the symbols, without start and end.

        Raises:
            MoleculeError: a symbol that the vocabulary does not hold.
        """
        ids = self._ids
        try:
            return [ids[symbol] for symbol in selfies]
        except KeyError as error:
            if error.args[0] == ".":
                raise MoleculeError(Refusal.MIXTURE, "give the one that is meant") from None
            detail = f"{error.args[0]!r} is not in the vocabulary of {len(self.symbols)} symbols"
            raise MoleculeError(Refusal.UNKNOWN_SYMBOL, detail) from None

    def decode(self, ids: Iterable[int]) -> Selfies:
        """Symbols up to the end; padding and start are passed over.

        Raises:
            ModelError: an id that stands for nothing.
        """
        symbols = []
        for index in ids:
            if index == END:
                break
            if index in (PAD, START):
                continue
            if not _SPECIAL <= index < len(self):
                raise ModelError(f"id {index} is outside the vocabulary of {len(self)} ids")
            symbols.append(self.symbols[index - _SPECIAL])
        return tuple(symbols)

    def extended(self, symbols: Iterable[str]) -> "Vocabulary":
        """With the symbols it lacks, sorted, after its own, whose ids stay as they are."""
        new = sorted(set(symbols) - set(self.symbols))
        return type(self)((*self.symbols, *new)) if new else self

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {symbol: index for index, symbol in enumerate(self.symbols, start=_SPECIAL)}


# Any: JSON values are of any kind.
def _is_symbol(value: Any) -> bool:
    return isinstance(value, str) and (value == "." or (value[:1], value[-1:]) == ("[", "]"))
