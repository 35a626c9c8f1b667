"""One GRU layer, one direction, over sequences of one length.

On a GPU this is PyTorch's own `nn.GRU`. On a processor PyTorch runs that as some dozen small tensor
operations a position, and adds up the gradient of the weights position by position; the function
here does the same arithmetic in place and with one matrix product for the whole sequence.
"""

# Any: the context of an autograd function has no type of its own.
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

_tanh_backward = torch.ops.aten.tanh_backward.grad_input
_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input


class Recurrence(nn.Module):
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
        if inputs.device.type != "cpu":
            states: Tensor = self.gru(inputs, state.to(inputs.dtype)[None])[0]
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
        candidate = torch.tanh(gates[:, 2 * size :] + reset * hidden[:, 2 * size :])
        return torch.lerp(candidate, state, update)


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
        # The gates overwrite their own pre-activations: memory traffic, not arithmetic, is dear.
        gates = torch.addmm(bias_input, inputs.flatten(0, 1), weight_input.t())
        gates = gates.view(positions, molecules, 3 * size)
        states = start.new_empty(positions + 1, molecules, size)
        states[0] = start
        hidden_candidate = start.new_empty(positions, molecules, size)
        hidden = start.new_empty(molecules, 3 * size)
        # tanh is four times slower in bfloat16 than in float32.
        wide = start.new_empty(molecules, size, dtype=torch.promote_types(start.dtype, torch.float))
        transposed = weight_hidden.t()
        for t in range(positions):
            sigmoids, candidate = gates[t, :, : 2 * size], gates[t, :, 2 * size :]
            torch.addmm(bias_hidden, states[t], transposed, out=hidden)
            sigmoids.add_(hidden[:, : 2 * size]).sigmoid_()
            hidden_candidate[t] = hidden[:, 2 * size :]
            wide.copy_(candidate.addcmul_(sigmoids[:, :size], hidden_candidate[t])).tanh_()
            candidate.copy_(wide)
            torch.lerp(candidate, states[t], sigmoids[:, size:], out=states[t + 1])
        ctx.save_for_backward(inputs, states, gates, hidden_candidate, weight_input, weight_hidden)
        return states[1:]

    @staticmethod
    # Any: see the import.
    def backward(ctx: Any, grad_states: Tensor) -> tuple[Tensor, ...]:
        inputs, states, gates, hidden_candidate, weight_input, weight_hidden = ctx.saved_tensors
        positions, _, size = hidden_candidate.shape
        grad_gates = torch.empty_like(gates)
        grad_hidden_candidate = torch.empty_like(hidden_candidate)
        grad_hidden = torch.empty_like(gates[0])
        grad = torch.zeros_like(states[0])
        kept = torch.empty_like(grad)
        for t in reversed(range(positions)):
            sigmoids, candidate = gates[t, :, : 2 * size], gates[t, :, 2 * size :]
            reset, update = sigmoids[:, :size], sigmoids[:, size:]
            grad_sigmoids, grad_candidate = (
                grad_gates[t, :, : 2 * size],
                grad_gates[t, :, 2 * size :],
            )
            grad.add_(grad_states[t])
            torch.sub(states[t], candidate, out=grad_sigmoids[:, size:]).mul_(grad)
            torch.mul(grad, update, out=kept)
            torch.sub(grad, kept, out=grad_candidate)
            _tanh_backward(grad_candidate, candidate, grad_input=grad_candidate)
            torch.mul(grad_candidate, hidden_candidate[t], out=grad_sigmoids[:, :size])
            _sigmoid_backward(grad_sigmoids, sigmoids, grad_input=grad_sigmoids)
            torch.mul(grad_candidate, reset, out=grad_hidden_candidate[t])
            grad_hidden[:, : 2 * size] = grad_sigmoids
            grad_hidden[:, 2 * size :] = grad_hidden_candidate[t]
            torch.addmm(kept, grad_hidden, weight_hidden, out=grad)
        return _Unrolled._sums(
            inputs, states, grad_gates, grad_hidden_candidate, grad, weight_input
        )

    @staticmethod
    def _sums(
        inputs: Tensor,
        states: Tensor,
        grad_gates: Tensor,
        grad_hidden_candidate: Tensor,
        grad: Tensor,
        weight_input: Tensor,
    ) -> tuple[Tensor, ...]:
        """The gradients that gather over all positions, in the order of `forward`'s arguments."""
        size = grad.shape[1]
        gates, candidate = grad_gates.flatten(0, 1), grad_hidden_candidate.flatten(0, 1)
        before = states[:-1].flatten(0, 1)
        bias = gates.sum(0)
        return (
            (gates @ weight_input).view_as(inputs),
            grad,
            gates.t() @ inputs.flatten(0, 1),
            torch.cat([gates[:, : 2 * size].t() @ before, candidate.t() @ before]),
            bias,
            torch.cat([bias[: 2 * size], candidate.sum(0)]),
        )
