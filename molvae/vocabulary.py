"""Vocabulary: SELFIES symbols and merges of them, as the ids that the network reads and writes.

Merges are byte pairs (Sennrich et al. 2016) with a SELFIES symbol in the place of a byte: the most
frequent pair of neighboring tokens becomes a token of its own, again and again. Each symbol stays
a token, so every molecule can be encoded.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

# Any: JSON values are of any kind, and tokenizers has no types.
from typing import Any

from molvae.chem.grammar import SelfiesGrammar
from molvae.chem.notation import Selfies, robust_alphabet
from molvae.chem.refusal import Refusal
from molvae.errors import ModelError, MoleculeError
from molvae.special_ids import END, FIRST_TOKEN, PAD, START

_KIND = "molvae vocabulary"
_FIRST_CHARACTER = 0xF0000
"""First code point of a private plane, where each symbol has a character for `tokenizers`."""

_MAX_TOKENS = 65_536
"""Merges need a character for each symbol, of which a private plane has this many."""
_SYMBOL = re.compile(r"\[[^\[\]\s]{1,100}\]|\.")
_TOKEN = re.compile(r"(\[[^\[\]\s]{1,100}\])+|\.")
_LISTED = 5

Merge = tuple[str, str]
"""Two neighboring tokens that are merged, each as SELFIES."""


@dataclass(frozen=True)
class Vocabulary:
    """Tokens in the order of their ids; the first has id 3, after padding, start and end.

    Args:
        tokens: SELFIES of each token; one symbol, or several where it is merged.
        merges: pairs of tokens, in the order in which they are merged.
    """

    tokens: tuple[str, ...]
    merges: tuple[Merge, ...] = ()

    @classmethod
    def from_symbols(cls, symbols: Iterable[str]) -> "Vocabulary":
        """The given symbols and the robust SELFIES alphabet, in alphabetical order."""
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
        tokens = _read_tokens(value.get("tokens", value.get("symbols")))
        merges = _read_merges(value.get("merges", []), set(tokens))
        merged = {left + right for left, right in merges}
        if any(token not in merged and not _SYMBOL.fullmatch(token) for token in tokens):
            raise ModelError("the vocabulary holds tokens of several symbols that no merge makes")
        return cls(tokens, merges)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, which `from_json` reads."""
        if not self.merges:
            return {"kind": _KIND, "symbols": list(self.tokens)}
        return {"kind": _KIND, "tokens": list(self.tokens), "merges": [*map(list, self.merges)]}

    def __len__(self) -> int:
        """Number of ids: the tokens, padding, start and end."""
        return len(self.tokens) + FIRST_TOKEN

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._ids

    def knows(self, selfies: Iterable[str]) -> bool:
        """Whether all symbols of a SELFIES are in the vocabulary."""
        return all(symbol in self._ids for symbol in selfies)

    @cached_property
    def symbols(self) -> Selfies:
        """The tokens that are a single symbol, in the order of their ids."""
        merged = {left + right for left, right in self.merges}
        return tuple(token for token in self.tokens if token not in merged)

    def encode(self, selfies: Iterable[str]) -> list[int]:
        """Ids of the symbols of a molecule, without start and end; merged where merges apply.

        Raises:
            MoleculeError: the vocabulary lacks a symbol.
        """
        if self.merges:
            return self.encode_batch([tuple(selfies)])[0]
        ids = self._ids
        try:
            return [ids[symbol] for symbol in selfies]
        except KeyError as error:
            raise self._unknown(error.args[0]) from None

    def encode_batch(self, rows: Sequence[Selfies]) -> list[list[int]]:
        """The ids of several molecules; merges are applied in parallel.

        Raises:
            MoleculeError: the vocabulary lacks a symbol.
        """
        if not self.merges:
            return [self.encode(row) for row in rows]
        characters = self._characters
        try:
            texts = ["".join([characters[symbol] for symbol in row]) for row in rows]
        except KeyError as error:
            raise self._unknown(error.args[0]) from None
        return self.encode_texts(texts)

    def encode_texts(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of several molecules, given with the character of each symbol (`character`)."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts)]

    def character(self, symbol: str) -> str:
        """The character that stands for a symbol in `encode_texts`."""
        return self._characters[symbol]

    def decode(self, ids: Iterable[int]) -> Selfies:
        """Symbols up to the end; padding and start are skipped.

        Raises:
            ModelError: an id outside the vocabulary.
        """
        symbols: list[str] = []
        for index in ids:
            if index == END:
                break
            if index in (PAD, START):
                continue
            if not FIRST_TOKEN <= index < len(self):
                raise ModelError(f"id {index} is outside the vocabulary of {len(self)} ids")
            symbols += self._symbols_of[index - FIRST_TOKEN]
        return tuple(symbols)

    def extensions(self, index: int, may_follow: Callable[[str], bool]) -> list[int]:
        """The id itself, and ids of merged tokens that continue its symbols.

        Args:
            index: id of a token.
            may_follow: whether a symbol may be the first of the continuation.
        """
        symbols = self._symbols_of[index - FIRST_TOKEN]
        size = len(symbols)
        return [
            longer
            for longer, token in enumerate(self._symbols_of, start=FIRST_TOKEN)
            if token[:size] == symbols and (len(token) == size or may_follow(token[size]))
        ]

    def beginning_with(self, accept: Callable[[str], bool]) -> list[int]:
        """Ids of the tokens whose first symbol is accepted."""
        return [
            index
            for index, token in enumerate(self._symbols_of, start=FIRST_TOKEN)
            if accept(token[0])
        ]

    @property
    def symbols_by_id(self) -> list[Selfies]:
        """The symbols of each id; none for padding, start and end."""
        return [*[()] * FIRST_TOKEN, *self._symbols_of]

    @cached_property
    def grammar(self) -> SelfiesGrammar:
        """The tokens that may follow others without a repair by SELFIES."""
        return SelfiesGrammar(self.symbols_by_id, END)

    def with_symbols(self, symbols: Iterable[str]) -> "Vocabulary":
        """This vocabulary with the symbols it lacks added at its end; its ids stay as they are."""
        new = sorted(set(symbols) - set(self.tokens))
        return type(self)((*self.tokens, *new), self.merges) if new else self

    def with_merges(self, n: int, rows: Iterable[Selfies]) -> "Vocabulary":
        """This vocabulary of symbols with up to `n` merges, learned from molecules.

        Args:
            n: merges to add; fewer are made where too few pairs occur twice.
            rows: the molecules to count pairs in.
        """
        # Imported here: commands that learn no merges need not wait for it.
        import json

        from tokenizers import Tokenizer, models, trainers

        characters = self._characters
        tokenizer = Tokenizer(models.BPE())
        trainer = trainers.BpeTrainer(
            vocab_size=len(self.tokens) + n,
            min_frequency=2,
            show_progress=False,
            initial_alphabet=[characters[symbol] for symbol in self.tokens],
        )
        texts = ("".join([characters[symbol] for symbol in row]) for row in rows)
        tokenizer.train_from_iterator(texts, trainer)
        selfies = {character: symbol for symbol, character in characters.items()}
        # Only its JSON lists the merges.
        learned = json.loads(tokenizer.to_str())["model"]["merges"]
        merges = tuple(
            ("".join(map(selfies.__getitem__, left)), "".join(map(selfies.__getitem__, right)))
            for left, right in learned
        )
        # Two pairs may spell one token, as [C][C] + [C] and [C] + [C][C] do.
        merged = dict.fromkeys(left + right for left, right in merges)
        return type(self)((*self.tokens, *merged), merges)

    def _unknown(self, symbol: str) -> MoleculeError:
        if symbol == ".":
            return MoleculeError(Refusal.MIXTURE, "give a single molecule")
        detail = f"{symbol!r} is not in the vocabulary of {len(self.symbols)} symbols"
        return MoleculeError(Refusal.UNKNOWN_SYMBOL, detail)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {token: index for index, token in enumerate(self.tokens, start=FIRST_TOKEN)}

    @cached_property
    def _characters(self) -> dict[str, str]:
        return {symbol: chr(_FIRST_CHARACTER + index) for index, symbol in enumerate(self.symbols)}

    @cached_property
    def _symbols_of(self) -> list[Selfies]:
        return [_split(token) for token in self.tokens]

    # Any: tokenizers has no types.
    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer, models

        characters = self._characters

        def text(token: str) -> str:
            return "".join(characters[symbol] for symbol in _split(token))

        ids = {text(token): index for token, index in self._ids.items()}
        merges = [(text(left), text(right)) for left, right in self.merges]
        return Tokenizer(models.BPE(vocab=ids, merges=merges))


# Any: JSON values are of any kind.
def _read_tokens(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(
        isinstance(value, str) and _TOKEN.fullmatch(value) for value in values
    ):
        raise ModelError("the vocabulary's 'symbols' are not a list of SELFIES symbols")
    if duplicates := sorted(token for token, n in Counter(values).items() if n > 1):
        listed = ", ".join(duplicates[:_LISTED])
        raise ModelError(f"the vocabulary holds {len(duplicates):,} symbols twice: {listed}")
    if len(values) > _MAX_TOKENS:
        raise ModelError(f"the vocabulary has {len(values):,} tokens, more than {_MAX_TOKENS:,}")
    return tuple(values)


# Any: JSON values are of any kind.
def _read_merges(values: Any, tokens: set[str]) -> tuple[Merge, ...]:
    # Before anything that looks at each of them: the list is from a stranger.
    if isinstance(values, list) and len(values) > _MAX_TOKENS:
        raise ModelError(f"the vocabulary has {len(values):,} merges, more than {_MAX_TOKENS:,}")
    is_list = isinstance(values, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(side, str) for side in pair)
        for pair in values
    )
    if not is_list:
        raise ModelError("the vocabulary's 'merges' are not a list of pairs of tokens")
    known = all({left, right, left + right} <= tokens for left, right in values)
    if not known:
        raise ModelError("the vocabulary's 'merges' name tokens that it does not hold")
    merges = tuple((left, right) for left, right in values)
    if len(set(merges)) < len(merges):
        raise ModelError("the vocabulary's 'merges' name a pair of tokens twice")
    return merges


def _split(token: str) -> Selfies:
    """The symbols of a token."""
    if token == ".":
        return (token,)
    return tuple(f"{symbol}]" for symbol in token.split("]")[:-1])
