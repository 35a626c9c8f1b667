"""Windows of sequences rewritten by a model of tokens, with everything around them kept.

A window that replaces, inserts or deletes a single token is an edit. A single pass over the given
sequences provides the hidden state before each of their tokens, so that a rewritten sequence is
read from its window on only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from molvae.model.token_decoder import TokenDecoder
from molvae.special_ids import END, PAD, START


@dataclass(frozen=True)
class Windows:
    """Places of sequences at which tokens are removed and others are written."""

    rows: Int[Tensor, " window"]
    """Index of the sequence."""
    starts: Int[Tensor, " window"]
    """Position of the first token that is removed, or before which tokens are inserted."""
    removed: Int[Tensor, " window"]
    """Number of tokens that are removed."""
    written: Int[Tensor, " window"]
    """Number of tokens that are written."""

    def at(self, index: Int[Tensor, " choice"]) -> "Windows":
        """The windows in these rows."""
        columns = (self.rows, self.starts, self.removed, self.written)
        return Windows(*(column[index] for column in columns))


@dataclass(frozen=True)
class _Prefixes:
    """Results of a model of tokens at each position of sequences."""

    log_probabilities: Float[Tensor, "position sequence id"]
    """Log-probabilities of the token at each position, given the tokens before it."""
    states: Float[Tensor, "position layer sequence hidden"]
    """Hidden state that predicts the token at each position."""
    nll: Float[Tensor, "position sequence"]
    """-log p of the tokens before each position."""


class WindowSampler:
    """Rewrites windows of sequences, and judges the results by their likelihood.

    Args:
        decoder: model of tokens.
        sequences: ids of the tokens of each sequence, without END.
        context: one vector per sequence.
    """

    @torch.inference_mode()
    def __init__(
        self,
        decoder: TokenDecoder,
        sequences: Sequence[Sequence[int]],
        context: Float[Tensor, "sequence context"],
    ) -> None:
        lengths = [len(sequence) + 1 for sequence in sequences]
        ids = torch.full((len(sequences), max(lengths)), PAD)
        for row, sequence in enumerate(sequences):
            ids[row, : lengths[row]] = torch.tensor([*sequence, END])
        self._decoder = decoder
        self._sequences = sequences
        self._ids = ids.to(context.device)
        self._token_gates = decoder.token_gates()
        self._constant = decoder.context_gates(context)
        self._prefixes = self._read(decoder.start(context))

    @torch.inference_mode()
    def sample(self, windows: Windows, generator: torch.Generator) -> list[list[int]]:
        """Tokens of each sequence with its window rewritten, without END.

        New tokens are sampled from the model, given the tokens before them. The first token that is
        written differs from the first that is removed.

        Args:
            windows: what is rewritten, in any order.
            generator: source of randomness.
        """
        written = self._sample_tokens(windows, generator).tolist()
        columns = (windows.rows, windows.starts, windows.removed, windows.written)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return [
            [
                *self._sequences[row][:start],
                *tokens[:n],
                *self._sequences[row][start + removed :],
            ]
            for tokens, (row, start, removed, n) in zip(written, rows, strict=True)
        ]

    @torch.inference_mode()
    def nll(self, windows: Windows, rewritten: Sequence[Sequence[int]]) -> Float[Tensor, " window"]:
        """-log p of each whole sequence with its window rewritten, and of its END, in nats."""
        device = self._ids.device
        tails = [
            [*row[start:], END]
            for row, start in zip(rewritten, windows.starts.tolist(), strict=True)
        ]
        lengths = torch.tensor([len(tail) for tail in tails])
        order = lengths.argsort(descending=True, stable=True)
        table = torch.full((len(tails), int(lengths.max())), PAD)
        for row, index in enumerate(order.tolist()):
            table[row, : len(tails[index])] = torch.tensor(tails[index])
        # Rows that have ended leave the batch: the longest are first.
        active = (lengths[:, None] > torch.arange(1, table.shape[1])).sum(0).tolist()
        order, table = order.to(device), table.to(device)
        rows, starts, prefixes = windows.rows[order], windows.starts[order], self._prefixes
        nll = prefixes.nll[starts, rows] - prefixes.log_probabilities[starts, rows, table[:, 0]]
        states = prefixes.states[starts, :, rows].transpose(0, 1)
        for position, n in enumerate(active):
            gates = self._token_gates[table[:n, position]] + self._constant[rows[:n]]
            logits, states = self._decoder.step(gates, states[:, :n])
            logits = logits.float()
            target = logits.gather(1, table[:n, position + 1, None])[:, 0]
            nll[:n] += logits.logsumexp(1) - target
        return torch.empty_like(nll).scatter_(0, order, nll)

    def _read(self, states: Float[Tensor, "layer sequence hidden"]) -> _Prefixes:
        last = torch.full_like(self._ids[:, 0], START)
        log_probabilities, hidden = [], []
        for tokens in self._ids.t():
            logits, states = self._decoder.step(self._token_gates[last] + self._constant, states)
            log_probabilities.append(logits.float().log_softmax(1))
            hidden.append(states)
            last = tokens
        stacked = torch.stack(log_probabilities)
        token_nll = -stacked.gather(2, self._ids.t()[:, :, None])[:, :, 0]
        return _Prefixes(stacked, torch.stack(hidden), token_nll.cumsum(0) - token_nll)

    def _sample_tokens(
        self, windows: Windows, generator: torch.Generator
    ) -> Int[Tensor, "window token"]:
        """Tokens for each window; those beyond its number mean nothing."""
        rows, starts = windows.rows, windows.starts
        logits = self._prefixes.log_probabilities[starts, rows].clone()
        # Where nothing is removed, any token is new.
        current = torch.where(windows.removed > 0, self._ids[rows, starts], PAD)
        logits.scatter_(1, current[:, None], -torch.inf)
        states = self._prefixes.states[starts, :, rows].transpose(0, 1)
        constant = self._constant[rows]
        tokens: list[Tensor] = []
        for _ in range(int(windows.written.max())):
            if tokens:
                gates = self._token_gates[tokens[-1]] + constant
                logits, states = self._decoder.step(gates, states)
            logits[:, : END + 1] = -torch.inf
            weights = torch.softmax(logits.float(), dim=1)
            tokens.append(torch.multinomial(weights, 1, generator=generator)[:, 0])
        return torch.stack(tokens, dim=1) if tokens else self._ids.new_empty(len(rows), 0)
