"""Choice of the next token (greedy, temperature, top-k, top-p) and the loop over positions."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from molvae.model.decoding_config import GREEDY, DecodingConfig
from molvae.model.prompt import Prompts
from molvae.model.token_decoder import TokenDecoder
from molvae.special_ids import END, PAD, START


@runtime_checkable
class Rows(Protocol):
    """Sequences that are being written under rules."""

    def accept(self, row: int, token: int) -> bool:
        """Add a token to a row if it may follow there; whether it was added."""

    def accept_first(self, row: int, tokens: Sequence[int]) -> int | None:
        """Add the first of the tokens that may follow; returns it, or None if none may."""

    def release(self, row: int) -> None:
        """Accept any token of a row from now on."""


@runtime_checkable
class Grammar(Protocol):
    """Rules on which token may follow others."""

    def begin(self, n: int) -> Rows:
        """`n` empty sequences."""


@dataclass(frozen=True)
class Sequences:
    """Sampled sequences and their likelihood."""

    ids: Int[Tensor, "molecule position"]
    """Tokens, END, then PAD."""
    nll: Float[Tensor, " molecule"]
    """-log p of each row under the decoder itself, however its tokens were chosen, in nats."""

    def split(self, size: int) -> list["Sequences"]:
        """These rows in batches of at most `size`."""
        pairs = zip(torch.split(self.ids, size), torch.split(self.nll, size), strict=True)
        return [Sequences(ids, nll) for ids, nll in pairs]


def decode(
    decoder: TokenDecoder,
    context: Float[Tensor, "molecule context"],
    config: DecodingConfig = GREEDY,
    generator: torch.Generator | None = None,
    temperatures: Float[Tensor, " molecule"] | None = None,
    grammar: Grammar | None = None,
) -> Int[Tensor, "molecule position"]:
    """Ids that the decoder writes for each context: tokens, END, then PAD.

    Rows that have ended leave the batch, so the cost is that of the tokens written. A greedy row
    depends on its context alone, a sampled one on the generator's state too.

    Args:
        decoder: the model of tokens.
        context: one vector per row.
        config: how tokens are chosen.
        generator: source of randomness.
        temperatures: one per row, instead of that of the settings.
        grammar: rules on the next token; where it allows none, a row goes on without it.
    """
    choice = _Choice(config, generator, temperatures)
    return _generate(decoder, context, choice, config.max_symbols, grammar)


def sample(
    decoder: TokenDecoder,
    context: Float[Tensor, "molecule context"],
    config: DecodingConfig,
    generator: torch.Generator | None = None,
    prompts: Prompts | None = None,
    grammar: Grammar | None = None,
) -> Sequences:
    """The ids that `decode` returns, and their NLL under the decoder.

    Args:
        decoder: the model of tokens.
        context: one vector per row.
        config: how tokens are chosen.
        generator: source of randomness.
        prompts: beginnings of the sequences, one per row; None begins with any token.
        grammar: rules on the next token; where it allows none, a row goes on without it.
    """
    nll = context.new_zeros(len(context), dtype=torch.float32)
    choice = _Choice(config, generator)
    ids = _generate(decoder, context, choice, config.max_symbols, grammar, nll, prompts)
    return Sequences(ids, nll)


@torch.inference_mode()
def _generate(
    decoder: TokenDecoder,
    context: Float[Tensor, "molecule context"],
    choice: "_Choice",
    max_symbols: int,
    grammar: Grammar | None = None,
    nll: Float[Tensor, " molecule"] | None = None,
    prompts: Prompts | None = None,
) -> Int[Tensor, "molecule position"]:
    """The ids; the NLL of each row is added to its `nll`."""
    ids = context.new_full((len(context), max_symbols), PAD, dtype=torch.long)
    open_rows = torch.arange(len(context), device=context.device)
    states, constant = decoder.start(context), decoder.context_gates(context)
    token_gates = decoder.token_gates()
    last = torch.full_like(open_rows, START)
    written = None if grammar is None else grammar.begin(len(context))
    for position in range(max_symbols):
        logits, states = decoder.step(token_gates[last] + constant, states)
        has_ended = last == END
        # Before PAD and START are excluded: the decoder's own distribution has them too.
        total = None if nll is None else logits.float().logsumexp(1)
        allowed = None if prompts is None else prompts.allowed_at(position, open_rows, last)
        if allowed is not None:
            logits = logits.masked_fill(~allowed, -torch.inf)
        if written is None:
            chosen = choice.first(logits, open_rows)
        else:
            chosen = _obey(written, logits, open_rows, choice)
        last = torch.where(has_ended, END, chosen)
        ids[open_rows, position] = last
        if nll is not None and total is not None:
            token_nll = total - logits.gather(1, last[:, None])[:, 0].float()
            nll[open_rows] += token_nll.masked_fill(has_ended, 0.0)
        unfinished = torch.nonzero(last != END).flatten()
        if len(unfinished) == 0:
            ids = ids[:, : position + 1]
            break
        # Compacting copies the hidden state, so wait until a fair share of the rows has ended.
        if len(unfinished) < 0.9 * len(last):
            open_rows, last = open_rows[unfinished], last[unfinished]
            constant, states = constant[unfinished], states[:, unfinished]
    return ids.masked_fill((ids == END).cumsum(1) > 1, PAD)


def _obey(
    written: Rows,
    logits: Float[Tensor, "molecule id"],
    rows: Int[Tensor, " molecule"],
    choice: "_Choice",
) -> Int[Tensor, " molecule"]:
    """One id for each row, the first of the row's choices that may follow; it is added to the row.

    Args:
        written: the sequences so far.
        logits: logits of each row.
        rows: number of each row in `written`.
        choice: how ids are chosen.
    """
    chosen = choice.first(logits, rows)
    pairs = zip(rows.tolist(), chosen.tolist(), strict=True)
    refused = [index for index, (row, id_) in enumerate(pairs) if not written.accept(row, id_)]
    if not refused:
        return chosen
    ranked = choice.rank(logits[refused], rows[refused])
    for index, row, ids in zip(refused, rows[refused].tolist(), ranked.tolist(), strict=True):
        accepted = written.accept_first(row, [*takewhile(lambda id_: id_ != PAD, ids)])
        if accepted is None:
            written.release(row)
        else:
            chosen[index] = accepted
    return chosen


@dataclass(frozen=True)
class _Choice:
    """How ids are chosen, see `next_ids` and `ranked_ids`."""

    config: DecodingConfig
    generator: torch.Generator | None
    temperatures: Float[Tensor, " all_molecules"] | None = None

    def first(
        self, logits: Float[Tensor, "molecule id"], rows: Int[Tensor, " molecule"]
    ) -> Int[Tensor, " molecule"]:
        """One id for each of the rows with these numbers."""
        return next_ids(logits, self.config, self.generator, self._of(rows))

    def rank(
        self, logits: Float[Tensor, "molecule id"], rows: Int[Tensor, " molecule"]
    ) -> Int[Tensor, "molecule id"]:
        """All ids for each of the rows with these numbers, the first choice first."""
        return ranked_ids(logits, self.config, self.generator, self._of(rows))

    def _of(self, rows: Int[Tensor, " molecule"]) -> Float[Tensor, " molecule"] | None:
        return None if self.temperatures is None else self.temperatures[rows]


def next_ids(
    logits: Float[Tensor, "molecule id"],
    config: DecodingConfig,
    generator: torch.Generator | None,
    temperatures: Float[Tensor, " molecule"] | None = None,
) -> Int[Tensor, " molecule"]:
    """One id for each row; PAD and START are never chosen."""
    logits = logits.float()
    logits[:, :END] = -torch.inf
    if temperatures is None:
        if config.is_greedy:
            return logits.argmax(1)
        return _sample_ids(logits / config.temperature, config, generator)
    is_cold = temperatures == 0.0
    warm = logits / temperatures.masked_fill(is_cold, 1.0)[:, None]
    return torch.where(is_cold, logits.argmax(1), _sample_ids(warm, config, generator))


def ranked_ids(
    logits: Float[Tensor, "molecule id"],
    config: DecodingConfig,
    generator: torch.Generator | None,
    temperatures: Float[Tensor, " molecule"] | None = None,
) -> Int[Tensor, "molecule id"]:
    """The order in which each row chooses ids, if those chosen before are refused.

    Sampled ids are drawn without replacement, by perturbing the logits with Gumbel noise (Vieira
    2014; Kool et al. 2019). Ids outside top-k and top-p come last, and PAD stands in the place of
    ids whose probability is 0.
    """
    logits = logits.float()
    logits[:, :END] = -torch.inf
    if temperatures is None:
        temperatures = logits.new_full((len(logits),), config.temperature)
    is_cold = ((temperatures == 0.0) | config.is_greedy)[:, None]
    warm = logits / temperatures[:, None].masked_fill(is_cold, 1.0)
    uniform = torch.rand(warm.shape, generator=generator, device=warm.device)
    noise = -(-uniform.clamp(1e-20, 1.0 - 1e-7).log()).log()
    is_outside = _filter_logits(warm, config) == -torch.inf
    keys = torch.where(is_cold, logits, warm + noise - 1e6 * (is_outside & ~is_cold))
    ordered, ids = keys.sort(dim=1, descending=True)
    return ids.masked_fill(ordered == -torch.inf, PAD)


def _sample_ids(
    logits: Float[Tensor, "molecule id"],
    config: DecodingConfig,
    generator: torch.Generator | None,
) -> Int[Tensor, " molecule"]:
    # Inverse transform sampling takes one number a row, `torch.multinomial` one for each token.
    # The number is above 0, so that a token of probability 0 is never chosen.
    cumulative = torch.softmax(_filter_logits(logits, config), dim=1).cumsum(1)
    quantile = 1.0 - torch.rand(len(logits), 1, generator=generator, device=logits.device)
    return (cumulative < quantile * cumulative[:, -1:]).sum(1)


def _filter_logits(
    logits: Float[Tensor, "molecule id"], config: DecodingConfig
) -> Float[Tensor, "molecule id"]:
    """Logits with those outside top-k and top-p at minus infinity."""
    if 0 < config.top_k < logits.shape[1]:
        least = logits.topk(config.top_k, dim=1).values[:, -1:]
        logits = logits.masked_fill(logits < least, -torch.inf)
    if config.top_p < 1.0:
        ordered, order = logits.sort(dim=1, descending=True)
        probabilities = torch.softmax(ordered, dim=1)
        # The likeliest token always stays: the sum before it is 0.
        beyond = probabilities.cumsum(1) - probabilities >= config.top_p
        logits = logits.masked_fill(beyond.scatter(1, order, beyond), -torch.inf)
    return logits
