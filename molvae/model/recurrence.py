"""One GRU layer, one direction, over sequences of one length.

On a GPU this is PyTorch's own `nn.GRU`. On a processor PyTorch runs that as some dozen small tensor
operations a position, and adds up the gradient of the weights position by position; the function
here does the same arithmetic in place and with one matrix product for the whole sequence.
"""

from collections.abc import Sequence

# Any: the context of an autograd function has no type of its own.
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

_tanh_backward = torch.ops.aten.tanh_backward.grad_input
_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input


class GRULayer(nn.Module):
    """A GRU layer (Cho et al. 2014, in the variant of `nn.GRU`, whose weights it holds)."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.gru = nn.GRU(input_size, hidden_size)

    def forward(
        self,
        inputs: Float[Tensor, "position molecule input"],
        state: Float[Tensor, "molecule hidden"],
    ) -> Float[Tensor, "position molecule hidden"]:
        """The state after each position, from the state before the first."""
        device = inputs.device.type
        if device != "cpu":
            # cuDNN has gradients in training mode alone; there is no dropout that would change.
            self.gru.train(torch.is_grad_enabled())
            kept = self.weights[0].dtype
            # Autocast would take cuDNN to float16, whatever it is told, and sums leave its range.
            with torch.autocast(device, enabled=False):
                states: Tensor = self.gru(inputs.to(kept), state.to(kept)[None])[0]
            return states
        dtype = _working_dtype(inputs)
        outputs: Tensor = _Unrolled.apply(  # type: ignore[no-untyped-call]
            inputs.to(dtype), state.to(dtype), *(weight.to(dtype) for weight in self.weights)
        )
        return outputs

    @property
    def weights(self) -> list[Tensor]:
        """Of the inputs and of the state, and the bias of each; gates in rows, reset first."""
        return [*self.gru.all_weights[0]]

    def project(self, inputs: Float[Tensor, "*row input"]) -> Float[Tensor, "*row gates"]:
        """What the inputs add to the three gates (reset, update, candidate), the bias included."""
        weight, _, bias, _ = self.weights
        return linear_as_weights(inputs, weight, bias)

    def step(
        self, gates: Float[Tensor, "molecule gates"], state: Float[Tensor, "molecule hidden"]
    ) -> Float[Tensor, "molecule hidden"]:
        """The state after one more position, whose inputs `project` has seen. Without gradient.

        It keeps its type, whatever that of the weights is.
        """
        _, weight, _, bias = self.weights
        hidden = linear_as_weights(state, weight, bias)
        size = state.shape[1]
        reset, update = torch.sigmoid(gates[:, : 2 * size] + hidden[:, : 2 * size]).chunk(2, 1)
        candidate = gates[:, 2 * size :] + reset * hidden[:, 2 * size :]
        return torch.lerp(_tanh_(candidate), state, update)

    def last_states(
        self,
        gates: Float[Tensor, "id gates"],
        ids: Int[Tensor, "position molecule"],
        going: Sequence[int],
    ) -> Float[Tensor, "molecule hidden"]:
        """The state of each molecule after its last id. Without gradient.

        Args:
            gates: what each id adds, see `project`.
            ids: the longest molecule first.
            going: molecules that have an id at each position: the others cost nothing there.
        """
        state = gates.new_zeros(ids.shape[1], self.gru.hidden_size)
        for row, n in zip(ids, going, strict=True):
            state[:n] = self.step(gates[row[:n]], state[:n])
        return state


def linear_as_weights(
    inputs: Float[Tensor, "*row input"], weight: Float[Tensor, "output input"], bias: Tensor | None
) -> Float[Tensor, "*row output"]:
    """The linear map with its product in the type of the weights, and its result in the inputs'."""
    return nn.functional.linear(inputs.to(weight.dtype), weight, bias).to(inputs.dtype)


def _working_dtype(inputs: Tensor) -> torch.dtype:
    device = inputs.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else inputs.dtype


class _Unrolled(torch.autograd.Function):
    """h' = n + z (h - n), with r, z = sigmoid(W x + U h), n = tanh(W x + b + r (U h + c))."""

    @staticmethod
    # Any: see the import.
    def forward(
        ctx: Any,
        inputs: Tensor,
        start: Tensor,
        weight_input: Tensor,
        weight_hidden: Tensor,
        bias_input: Tensor,
        bias_hidden: Tensor,
    ) -> Tensor:
        positions, molecules, _ = inputs.shape
        size = start.shape[1]
        row, ends = inputs.flatten(0, 1), [2 * size, size]
        # The gates overwrite their own pre-activations: memory traffic, not arithmetic, is dear.
        weights, biases = torch.split(weight_input, ends), torch.split(bias_input, ends)
        added = torch.split(bias_hidden, ends)
        sigmoids = torch.addmm(biases[0] + added[0], row, weights[0].t())
        sigmoids = sigmoids.view(positions, molecules, 2 * size)
        candidate = torch.addmm(biases[1], row, weights[1].t()).view(positions, molecules, size)
        states = start.new_empty(positions + 1, molecules, size)
        states[0] = start
        hidden_candidate = torch.empty_like(candidate)
        wide = start.new_empty(molecules, size, dtype=torch.promote_types(start.dtype, torch.float))
        to_sigmoids, to_candidate = (weight.t() for weight in torch.split(weight_hidden, ends))
        for t in range(positions):
            sigmoids[t].addmm_(states[t], to_sigmoids).sigmoid_()
            reset, update = sigmoids[t].chunk(2, 1)
            torch.addmm(added[1], states[t], to_candidate, out=hidden_candidate[t])
            wide.copy_(candidate[t].addcmul_(reset, hidden_candidate[t]))
            candidate[t].copy_(wide.tanh_() if wide.dtype == start.dtype else _tanh_(wide))
            torch.lerp(candidate[t], states[t], update, out=states[t + 1])
        ctx.save_for_backward(
            inputs, states, sigmoids, candidate, hidden_candidate, weight_input, weight_hidden
        )
        return states[1:]

    @staticmethod
    # Any: see the import.
    def backward(ctx: Any, grad_states: Tensor) -> tuple[Tensor, ...]:
        inputs, states, *gates, hidden_candidate, weight_input, weight_hidden = ctx.saved_tensors
        sigmoids, candidate = gates
        positions, molecules, size = candidate.shape
        grads = [torch.empty_like(one) for one in (sigmoids, candidate, candidate)]
        grad_sigmoids, grad_candidate, grad_hidden_candidate = grads
        grad_hidden = states.new_empty(molecules, 3 * size)
        grad = torch.zeros_like(states[0])
        kept = torch.empty_like(grad)
        for t in reversed(range(positions)):
            reset, update = sigmoids[t].chunk(2, 1)
            grad_reset, grad_update = grad_sigmoids[t].chunk(2, 1)
            grad.add_(grad_states[t])
            torch.sub(states[t], candidate[t], out=grad_update).mul_(grad)
            torch.mul(grad, update, out=kept)
            torch.sub(grad, kept, out=grad_candidate[t])
            _tanh_backward(grad_candidate[t], candidate[t], grad_input=grad_candidate[t])
            torch.mul(grad_candidate[t], hidden_candidate[t], out=grad_reset)
            _sigmoid_backward(grad_sigmoids[t], sigmoids[t], grad_input=grad_sigmoids[t])
            torch.mul(grad_candidate[t], reset, out=grad_hidden_candidate[t])
            grad_hidden[:, : 2 * size] = grad_sigmoids[t]
            grad_hidden[:, 2 * size :] = grad_hidden_candidate[t]
            torch.addmm(kept, grad_hidden, weight_hidden, out=grad)
        return _Unrolled._sums(inputs, states, grads, grad, weight_input)

    @staticmethod
    def _sums(
        inputs: Tensor, states: Tensor, grads: list[Tensor], grad: Tensor, weight_input: Tensor
    ) -> tuple[Tensor, ...]:
        """The gradients that gather over all positions, in the order of `forward`'s arguments."""
        sigmoids, candidate, hidden_candidate = (one.flatten(0, 1) for one in grads)
        ends = [sigmoids.shape[1], candidate.shape[1]]
        of_sigmoids, of_candidate = torch.split(weight_input, ends)
        row, before = inputs.flatten(0, 1), states[:-1].flatten(0, 1)
        bias = sigmoids.sum(0)
        return (
            (sigmoids @ of_sigmoids).addmm_(candidate, of_candidate).view_as(inputs),
            grad,
            torch.cat([sigmoids.t() @ row, candidate.t() @ row]),
            torch.cat([sigmoids.t() @ before, hidden_candidate.t() @ before]),
            torch.cat([bias, candidate.sum(0)]),
            torch.cat([bias, hidden_candidate.sum(0)]),
        )


def _tanh_(wide: Tensor) -> Tensor:
    """The tanh, in place, by way of the sigmoid: it takes a third of the time.

    It errs by 2e-7 at most. Near 0 that is much of the value, so gradients of float32 do without.
    """
    return wide.mul_(2.0).sigmoid_().mul_(2.0).sub_(1.0)
