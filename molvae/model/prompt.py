"""Prompts: beginnings of sequences that a decoder continues."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from molvae.special_ids import PAD


@dataclass(frozen=True)
class Prompts:
    """A beginning for each sequence, and the tokens that may follow it.

    Where tokens are merged, the last token of a beginning may be written as another token that
    contains more symbols; otherwise a decoder could never continue with the symbols that the
    vocabulary would have merged with it.
    """

    ids: Int[Tensor, "molecule position"]
    """Tokens of each beginning without the last token, then PAD."""
    lengths: Int[Tensor, " molecule"]
    """Number of those tokens."""
    last_ids: Int[Tensor, " molecule"]
    """The last token of each beginning."""
    allowed: Bool[Tensor, "molecule id"]
    """Tokens that may stand for the last token: itself, and those that begin with its symbols."""
    following: Bool[Tensor, " id"]
    """Tokens that may follow the last token if nothing else stands for it."""

    @classmethod
    def build(
        cls,
        rows: Sequence[Sequence[int]],
        longer: Sequence[Sequence[int]],
        following: Sequence[int],
        n_ids: int,
        device: torch.device,
    ) -> "Prompts":
        """Prompts from the ids of each beginning, at least one per row.

        Args:
            rows: ids of each beginning.
            longer: for each row, the ids that may stand for its last token.
            following: ids that may follow a beginning.
            n_ids: number of ids of the vocabulary.
            device: device of the decoder.
        """
        lengths = torch.tensor([len(row) - 1 for row in rows])
        ids = torch.full((len(rows), int(lengths.max())), PAD)
        allowed = torch.zeros(len(rows), n_ids, dtype=torch.bool)
        for index, row in enumerate(rows):
            ids[index, : len(row) - 1] = torch.tensor(row[:-1], dtype=torch.long)
            allowed[index, list(longer[index])] = True
        after = torch.zeros(n_ids, dtype=torch.bool)
        after[list(following)] = True
        last_ids = torch.tensor([row[-1] for row in rows])
        tensors = (ids, lengths, last_ids, allowed, after)
        return cls(*(tensor.to(device) for tensor in tensors))

    def allowed_at(
        self,
        position: int,
        rows: Int[Tensor, " molecule"],
        previous: Int[Tensor, " molecule"],
    ) -> Bool[Tensor, "molecule id"] | None:
        """Tokens that these rows may have at a position; None where nothing is restricted.

        Args:
            position: position from 0.
            rows: indices of the sequences.
            previous: the token of each at the position before.
        """
        lengths = self.lengths[rows]
        if position > int(lengths.max()) + 1:
            return None
        mask = torch.ones_like(self.allowed[rows])
        is_last = lengths == position
        mask[is_last] = self.allowed[rows[is_last]]
        adds_nothing = (lengths == position - 1) & (previous == self.last_ids[rows])
        mask[adds_nothing] = self.following
        if position < self.ids.shape[1]:
            is_forced = position < lengths
            forced = torch.nn.functional.one_hot(self.ids[rows, position], mask.shape[1]).bool()
            mask = torch.where(is_forced[:, None], forced, mask)
        return mask
