"""Next-symbol choice (greedy, temperature, top-k, top-p) and the loop over positions."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from molvae.model.decoding_config import GREEDY, DecodingConfig
from molvae.model.symbol_decoder import SymbolDecoder
from molvae.special_ids import END, PAD, START


@dataclass(frozen=True)
class Sequences:
    """What a decoder wrote."""

    ids: Int[Tensor, "molecule position"]
    """Symbols, END, then PAD."""
    nll: Float[Tensor, " molecule"]
    """-log p of each row under the decoder itself, however its symbols were chosen, in nats."""

    def parts(self, size: int) -> list["Sequences"]:
        """The rows, not many at a time."""
        halves = zip(torch.split(self.ids, size), torch.split(self.nll, size), strict=True)
        return [Sequences(ids, nll) for ids, nll in halves]


def decode(
    decoder: SymbolDecoder,
    context: Float[Tensor, "molecule context"],
    config: DecodingConfig = GREEDY,
    generator: torch.Generator | None = None,
    temperatures: Float[Tensor, " molecule"] | None = None,
) -> Int[Tensor, "molecule position"]:
    """Ids that the decoder writes for each context: symbols, END, then PAD.

    Rows that have ended leave the batch, so the cost is that of the symbols written. Row by row
    the choice depends on the context alone when greedy, and on the generator's state otherwise.

    Args:
        decoder: what writes.
        context: what each row is written from.
        config: how symbols are chosen.
        generator: what they are drawn with.
        temperatures: one for each row, in the place of that of the settings.
    """
    return _written(decoder, context, config, generator, temperatures)


def write(
    decoder: SymbolDecoder,
    context: Float[Tensor, "molecule context"],
    config: DecodingConfig,
    generator: torch.Generator | None = None,
) -> Sequences:
    """The same ids as those of `decode`, and how likely the decoder takes them to be."""
    nll = context.new_zeros(len(context), dtype=torch.float32)
    return Sequences(_written(decoder, context, config, generator, nll=nll), nll)


@torch.inference_mode()
def _written(
    decoder: SymbolDecoder,
    context: Float[Tensor, "molecule context"],
    config: DecodingConfig,
    generator: torch.Generator | None,
    temperatures: Float[Tensor, " molecule"] | None = None,
    nll: Float[Tensor, " molecule"] | None = None,
) -> Int[Tensor, "molecule position"]:
    """The ids; what was surprising about each row is added to its `nll`."""
    ids = context.new_full((len(context), config.max_symbols), PAD, dtype=torch.long)
    open_rows = torch.arange(len(context), device=context.device)
    states, constant = decoder.start(context), decoder.context_gates(context)
    symbols = decoder.symbol_gates()
    last = torch.full_like(open_rows, START)
    for position in range(config.max_symbols):
        logits, states = decoder.step(symbols[last] + constant, states)
        has_ended = last == END
        # Before what is never chosen is taken out: the decoder's own distribution has it too.
        total = None if nll is None else logits.float().logsumexp(1)
        last = torch.where(has_ended, END, next_ids(logits, config, generator, temperatures))
        ids[open_rows, position] = last
        if nll is not None and total is not None:
            here = total - logits.gather(1, last[:, None])[:, 0].float()
            nll[open_rows] += here.masked_fill(has_ended, 0.0)
        going = torch.nonzero(last != END).flatten()
        if len(going) == 0:
            ids = ids[:, : position + 1]
            break
        # Compacting copies the state, so wait until a fair share of the rows has ended.
        if len(going) < 0.9 * len(last):
            open_rows, last, constant = open_rows[going], last[going], constant[going]
            states = states[:, going]
            temperatures = None if temperatures is None else temperatures[going]
    return ids.masked_fill((ids == END).cumsum(1) > 1, PAD)


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
        if config.greedy:
            return logits.argmax(1)
        return _drawn(logits / config.temperature, config, generator)
    is_cold = temperatures == 0.0
    drawn = _drawn(logits / temperatures.masked_fill(is_cold, 1.0)[:, None], config, generator)
    return torch.where(is_cold, logits.argmax(1), drawn)


def _drawn(
    logits: Float[Tensor, "molecule id"],
    config: DecodingConfig,
    generator: torch.Generator | None,
) -> Int[Tensor, " molecule"]:
    # The cumulative distribution, inverted: one number a row, where `torch.multinomial` draws one
    # for each symbol. It is above 0, so what has no probability is never met.
    reached = torch.softmax(_kept(logits, config), dim=1).cumsum(1)
    share = 1.0 - torch.rand(len(logits), 1, generator=generator, device=logits.device)
    return (reached < share * reached[:, -1:]).sum(1)


def _kept(
    logits: Float[Tensor, "molecule id"], config: DecodingConfig
) -> Float[Tensor, "molecule id"]:
    """Logits with those outside top-k and top-p at minus infinity."""
    if 0 < config.top_k < logits.shape[1]:
        least = logits.topk(config.top_k, dim=1).values[:, -1:]
        logits = logits.masked_fill(logits < least, -torch.inf)
    if config.top_p < 1.0:
        ordered, order = logits.sort(dim=1, descending=True)
        shares = torch.softmax(ordered, dim=1)
        # The likeliest symbol always stays: the sum before it is 0.
        beyond = shares.cumsum(1) - shares >= config.top_p
        logits = logits.masked_fill(beyond.scatter(1, order, beyond), -torch.inf)
    return logits
