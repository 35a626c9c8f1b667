"""TokenDecoder: a GRU that writes tokens, given a context vector or none."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from molvae.model.network_config import ContextInput
from molvae.model.recurrence import GRULayer, linear_as_weights
from molvae.special_ids import PAD, START


class TokenDecoder(nn.Module):
    """p(tokens | context), one token after the other.

    The context sets the hidden state before the first token. With `context_input="every"` it is
    also an input at every position. With a context of size 0 this is a plain language model,
    p(tokens).
    """

    def __init__(
        self,
        n_ids: int,
        embedding_size: int,
        hidden_size: int,
        layers: int,
        context_size: int = 0,
        context_input: ContextInput = "first",
    ) -> None:
        super().__init__()
        self.context_size = context_size
        self.hidden_size = hidden_size
        self._input_size = context_size if context_input == "every" else 0
        self.embedding = nn.Embedding(n_ids, embedding_size)
        inputs = [embedding_size + self._input_size, *[hidden_size] * (layers - 1)]
        self.layers = nn.ModuleList(GRULayer(n, hidden_size) for n in inputs)
        self.to_state = nn.Linear(context_size, layers * hidden_size) if context_size else None
        self.to_logits = nn.Linear(hidden_size, n_ids)

    def empty_context(self, n: int) -> Float[Tensor, "molecule context"]:
        """A context of size 0 for `n` molecules."""
        return self.to_logits.weight.new_empty(n, 0, dtype=torch.get_default_dtype())

    def nll(
        self,
        ids: Int[Tensor, "molecule position"],
        lengths: Int[Tensor, " molecule"],
        context: Float[Tensor, "molecule context"],
        word_dropout_mask: Bool[Tensor, "molecule position"] | None = None,
    ) -> Float[Tensor, " molecule"]:
        """-log p(tokens and END | context) of each row, in nats.

        Args:
            ids: rows of tokens, END and PAD.
            lengths: ids of each row without PAD, END included.
            context: one vector per molecule.
            word_dropout_mask: true where the previous token is hidden from the decoder
                (Bowman et al. 2016).
        """
        return self.token_nll(ids, lengths, context, word_dropout_mask).sum(0)

    def token_nll(
        self,
        ids: Int[Tensor, "molecule position"],
        lengths: Int[Tensor, " molecule"],
        context: Float[Tensor, "molecule context"],
        word_dropout_mask: Bool[Tensor, "molecule position"] | None = None,
    ) -> Float[Tensor, "longest molecule"]:
        """-log p(token | tokens before it, context) at each position, in nats; 0 for PAD.

        The arguments are those of `nll`.
        """
        # Each token depends on those before it alone, so PAD at the end changes nothing before.
        target = ids[:, : int(lengths.max())].t()
        inputs = F.pad(target[:-1], (0, 0, 1, 0), value=START)
        if word_dropout_mask is not None:
            inputs = inputs.masked_fill(word_dropout_mask[:, : len(target)].t(), PAD)
        logits = self._teacher_forced(inputs, context)
        nll = F.cross_entropy(logits, target.flatten(), reduction="none", ignore_index=PAD)
        return nll.view(len(target), -1)

    def nll_and_margin(
        self,
        ids: Int[Tensor, "molecule position"],
        lengths: Int[Tensor, " molecule"],
        context: Float[Tensor, "molecule context"],
    ) -> tuple[Float[Tensor, " molecule"], Float[Tensor, " molecule"]]:
        """-log p(tokens and END | context) of each row, in nats, and its margin.

        The margin is the smallest difference, over the positions of a row, between the logit of
        its token and the largest logit of the other tokens. Greedy decoding gives the row exactly
        where the margin is positive. The arguments are those of `nll`.
        """
        target = ids[:, : int(lengths.max())].t()
        logits = self._teacher_forced(F.pad(target[:-1], (0, 0, 1, 0), value=START), context)
        flat = target.flatten()
        nll = F.cross_entropy(logits, flat, reduction="none", ignore_index=PAD)
        writable = logits.detach().clone()
        writable[:, [PAD, START]] = -torch.inf
        (best, second), leader = (values.t() for values in writable.topk(2, dim=1))
        own = writable.gather(1, flat[:, None])[:, 0]
        margin = own - torch.where(leader[0] == flat, second, best)
        margin = margin.masked_fill(flat == PAD, torch.inf)
        return nll.view(len(target), -1).sum(0), margin.view(len(target), -1).amin(0)

    def start(
        self, context: Float[Tensor, "molecule context"]
    ) -> Float[Tensor, "layer molecule hidden"]:
        """The hidden state before the first token."""
        if self.to_state is None:
            return context.new_zeros(len(self.layers), len(context), self.hidden_size)
        states = torch.tanh(linear_as_weights(context, self.to_state.weight, self.to_state.bias))
        return states.view(len(context), len(self.layers), self.hidden_size).transpose(0, 1)

    def token_gates(self) -> Float[Tensor, "id gates"]:
        """The contribution of each token to the gates of the first layer."""
        weight, _, bias, _ = self._first.weights
        return F.linear(self.embedding.weight, weight[:, : self.embedding.embedding_dim], bias)

    def context_gates(
        self, context: Float[Tensor, "molecule context"]
    ) -> Float[Tensor, "molecule gates"]:
        """The contribution of the context to the gates of the first layer, at each position."""
        weight = self._first.weights[0]
        if not self._input_size:
            # Not as a product over no numbers: that aborts on Apple GPUs (pytorch/pytorch#190050).
            return context.new_zeros(len(context), len(weight))
        return linear_as_weights(context, weight[:, self.embedding.embedding_dim :], None)

    def step(
        self,
        gates: Float[Tensor, "molecule gates"],
        states: Float[Tensor, "layer molecule hidden"],
    ) -> tuple[Float[Tensor, "molecule id"], Float[Tensor, "layer molecule hidden"]]:
        """Logits of the next token and the new hidden states, from the first layer's gates."""
        new: list[Tensor] = []
        for layer, state in zip(self.layers, states, strict=True):
            gru: GRULayer = layer  # type: ignore[assignment]
            new.append(gru.step(gru.project(new[-1]) if new else gates, state))
        logits = linear_as_weights(new[-1], self.to_logits.weight, self.to_logits.bias)
        return logits, torch.stack(new)

    @property
    def _first(self) -> GRULayer:
        layer: GRULayer = self.layers[0]  # type: ignore[assignment]
        return layer

    def _teacher_forced(
        self, ids: Int[Tensor, "position molecule"], context: Float[Tensor, "molecule context"]
    ) -> Float[Tensor, "row id"]:
        """Logits at every position of all rows, position by position."""
        inputs = self.embedding(ids)
        if self._input_size:
            inputs = torch.cat([inputs, context.expand(len(ids), -1, -1)], dim=2)
        for layer, start in zip(self.layers, self.start(context), strict=True):
            inputs = layer(inputs, start)
        logits: Tensor = self.to_logits(inputs.flatten(0, 1))
        return logits.float()
