"""Denoising: the likeliest SELFIES that a damaged one can have come from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from tqdm import tqdm

from molvae.chem.notation import Selfies, is_unrepaired, smiles_or_none
from molvae.denoising_config import DenoiseConfig
from molvae.model.token_decoder import TokenDecoder
from molvae.molecule_vae import MoleculeVAE
from molvae.special_ids import END, FIRST_TOKEN, START
from molvae.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Denoised:
    """A SELFIES with its likely errors removed."""

    selfies: Selfies
    smiles: str | None
    """Canonical SMILES; None if the symbols form no molecule."""
    changed: int
    """Number of symbols that differ from the damaged SELFIES."""


def denoise(
    model: MoleculeVAE,
    selfies_rows: Sequence[Selfies],
    config: DenoiseConfig | None = None,
    *,
    progress: bool = False,
) -> list[Denoised]:
    """The likeliest original of each SELFIES in which symbols may have been replaced.

    The original maximizes p(original) p(damaged | original). The first is the probability under the
    language model of the learned prior; in the second, each symbol is replaced by a random one
    at the error rate. Originals that SELFIES would have to repair come last. The best are kept from
    symbol to symbol (beam search), so that the result may not be the very best.

    Args:
        model: model with a learned prior.
        selfies_rows: damaged SELFIES; they may hold symbols that the model does not know.
        config: expected errors and extent of the search; None takes the defaults.
        progress: whether to show a bar.

    Raises:
        ModelError: the model has no learned prior.
    """
    config = config or DenoiseConfig()
    decoder, context = model.network.unconditional_decoder(1)
    tokens = _Tokens(model.vocabulary)
    originals = []
    for damaged in tqdm(selfies_rows, unit=" molecules", disable=not progress):
        channel = tokens.log_probabilities(damaged, config.error_rate).to(context.device)
        paths = _search(decoder, context, channel, tokens.by_size, config.beam)
        candidates = [model.vocabulary.decode(path) for path in paths] or [damaged]
        # The first candidate that decodes without a repair, else the first.
        chosen = next(filter(is_unrepaired, candidates), candidates[0])
        changed = sum(a != b for a, b in zip(chosen, damaged, strict=True))
        originals.append(Denoised(chosen, smiles_or_none(chosen), changed))
    return originals


class _Tokens:
    """The symbols of each token, as numbers."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.codes = {symbol: code for code, symbol in enumerate(vocabulary.symbols)}
        self.sizes = np.array([len(row) for row in vocabulary.symbols_by_id])
        self.symbols = np.full((len(vocabulary), self.sizes.max()), -1)
        for index, row in enumerate(vocabulary.symbols_by_id):
            self.symbols[index, : len(row)] = [self.codes[symbol] for symbol in row]
        self.by_size = {
            size: torch.from_numpy(np.flatnonzero(self.sizes == size))
            for size in np.unique(self.sizes[FIRST_TOKEN:]).tolist()
        }
        """Ids of the tokens of each number of symbols."""

    def log_probabilities(
        self, damaged: Selfies, error_rate: float
    ) -> Float[Tensor, "position id"]:
        """Log p(damaged symbols from a position on | a token that stands there).

        Tokens that reach beyond the end have no meaning there.
        """
        codes = np.array([self.codes.get(symbol, -2) for symbol in damaged], dtype=np.int64)
        n, longest = len(codes), self.symbols.shape[1]
        padded = np.concatenate([codes, np.full(longest, -2)])
        wrong = np.zeros((n, len(self.symbols)))
        for offset in range(longest):
            has_symbol = offset < self.sizes
            differs = padded[offset : offset + n, None] != self.symbols[:, offset]
            wrong += differs & has_symbol
        per_error = math.log(error_rate / max(len(self.codes) - 1, 1))
        right = (self.sizes - wrong) * math.log1p(-error_rate)
        return torch.from_numpy(right + wrong * per_error).float()


@dataclass(frozen=True)
class _Beginnings:
    """Beginnings of originals that all end at the same symbol."""

    scores: Float[Tensor, " beginning"]
    states: Float[Tensor, "layer beginning hidden"]
    last: Int[Tensor, " beginning"]
    paths: list[tuple[int, ...]]

    def best(self, n: int) -> "_Beginnings":
        """The `n` of the highest scores, the best first."""
        chosen = self.scores.argsort(descending=True, stable=True)[:n]
        paths = [self.paths[index] for index in chosen.tolist()]
        return _Beginnings(self.scores[chosen], self.states[:, chosen], self.last[chosen], paths)


@torch.inference_mode()
def _search(
    decoder: TokenDecoder,
    context: Float[Tensor, "1 context"],
    channel: Float[Tensor, "position id"],
    by_size: dict[int, Tensor],
    beam: int,
) -> list[tuple[int, ...]]:
    """Tokens of the likeliest originals, the best first."""
    n = len(channel)
    token_gates, constant = decoder.token_gates(), decoder.context_gates(context)
    waiting: list[list[_Beginnings]] = [[] for _ in range(n + 1)]
    start = torch.full((1,), START, device=context.device)
    waiting[0] = [_Beginnings(context.new_zeros(1), decoder.start(context), start, [()])]
    for position in range(n):
        if not waiting[position]:
            continue
        kept = _join(waiting[position]).best(beam)
        logits, states = decoder.step(token_gates[kept.last] + constant, kept.states)
        totals = kept.scores[:, None] + logits.float().log_softmax(1) + channel[position]
        for size, ids in by_size.items():
            if position + size > n:
                continue
            values, index = totals[:, ids].flatten().topk(min(beam, len(kept.paths) * len(ids)))
            rows, tokens = index // len(ids), ids.to(index.device)[index % len(ids)]
            paths = [
                (*kept.paths[row], token)
                for row, token in zip(rows.tolist(), tokens.tolist(), strict=True)
            ]
            waiting[position + size].append(_Beginnings(values, states[:, rows], tokens, paths))
    if not waiting[n]:
        return []
    kept = _join(waiting[n]).best(beam)
    logits, _ = decoder.step(token_gates[kept.last] + constant, kept.states)
    scores = kept.scores + logits.float().log_softmax(1)[:, END]
    return [kept.paths[index] for index in scores.argsort(descending=True, stable=True).tolist()]


def _join(groups: Sequence[_Beginnings]) -> _Beginnings:
    return _Beginnings(
        torch.cat([group.scores for group in groups]),
        torch.cat([group.states for group in groups], dim=1),
        torch.cat([group.last for group in groups]),
        [path for group in groups for path in group.paths],
    )
