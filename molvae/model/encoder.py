"""Encoding of rows of ids by GRU layers in both directions."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from molvae.model.recurrence import GRULayer


def summarize(
    embedding: nn.Embedding,
    forwards: Sequence[GRULayer],
    backwards: Sequence[GRULayer],
    ids: Int[Tensor, "position molecule"],
    lengths: Int[Tensor, " molecule"],
) -> Float[Tensor, "molecule summary"]:
    """Last states of both directions of the last layer, before PAD.

    Args:
        embedding: vectors of the ids.
        forwards: layers that read from the first id on.
        backwards: layers that read from the last id before PAD on.
        ids: columns of tokens, END and PAD.
        lengths: ids of each column, END included.
    """
    # On a GPU whole padded sequences are faster than position after position.
    is_plain = ids.device.type == "cpu" and len(forwards) == 1
    if is_plain and not torch.is_grad_enabled():
        return _summarize_stepwise(embedding, forwards[0], backwards[0], ids, lengths)
    inputs = embedding(ids)
    reverse = _Reversal(len(ids), lengths)
    ahead = back = inputs
    for forward, backward in zip(forwards, backwards, strict=True):
        start = inputs.new_zeros(ids.shape[1], forward.gru.hidden_size)
        ahead = forward(inputs, start)
        back = backward(reverse(inputs), start)
        inputs = torch.cat([ahead, reverse(back)], dim=2)
    molecules = torch.arange(ids.shape[1], device=ids.device)
    return torch.cat([ahead[lengths - 1, molecules], back[lengths - 1, molecules]], dim=1)


def _summarize_stepwise(
    embedding: nn.Embedding,
    forward: GRULayer,
    backward: GRULayer,
    ids: Int[Tensor, "position molecule"],
    lengths: Int[Tensor, " molecule"],
) -> Float[Tensor, "molecule summary"]:
    """`summarize` for one layer, without gradient or time spent on PAD."""
    order = lengths.argsort(descending=True)
    lengths, ids = lengths[order], ids[:, order]
    active = (lengths > torch.arange(len(ids))[:, None]).sum(1).tolist()
    reverse = ids.gather(0, _reversal_order(len(ids), lengths))
    states = [
        layer.last_states(layer.project(embedding.weight), rows, active)
        for layer, rows in ((forward, ids), (backward, reverse))
    ]
    return torch.cat(states, dim=1)[order.argsort()]


class _Reversal:
    """Reverses each row of a padded batch, whose padding stays at the end."""

    def __init__(self, positions: int, lengths: Int[Tensor, " molecule"]) -> None:
        self._is_whole = bool((lengths == positions).all())
        self._order = _reversal_order(positions, lengths)

    def __call__(
        self, rows: Float[Tensor, "position molecule feature"]
    ) -> Float[Tensor, "position molecule feature"]:
        # Without padding that is a flip, which is faster.
        if self._is_whole:
            return rows.flip(0)
        return rows.gather(0, self._order[:, :, None].expand_as(rows))


def _reversal_order(
    positions: int, lengths: Int[Tensor, " molecule"]
) -> Int[Tensor, "position molecule"]:
    """Original position of each element of a reversed row; padding keeps its position."""
    index = torch.arange(positions, device=lengths.device)[:, None]
    return torch.where(index < lengths, lengths - 1 - index, index)
