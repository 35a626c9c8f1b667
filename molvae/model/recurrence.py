"""GRULayer: a GRU layer that reads sequences of equal length in one direction.

On a GPU it runs `nn.GRU` of PyTorch. On a CPU `nn.GRU` takes about a dozen small tensor operations
per position, and adds the gradient of the weights position by position. The autograd function here
does the same arithmetic in place, with a single matrix product for the whole sequence where no
hidden state is needed.
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
        """The hidden state after each position, given the state before the first position."""
        device = inputs.device.type
        if device != "cpu":
            # cuDNN computes gradients in training mode only. There is no dropout, so the mode
            # changes nothing else.
            self.gru.train(torch.is_grad_enabled())
            dtype = self.weights[0].dtype
            # Autocast would run cuDNN in float16, whatever dtype is set, and sums overflow there.
            with torch.autocast(device, enabled=False):
                states: Tensor = self.gru(inputs.to(dtype), state.to(dtype)[None])[0]
            return states
        is_autocast = torch.is_autocast_enabled(device)
        working = torch.get_autocast_dtype(device) if is_autocast else inputs.dtype
        outputs: Tensor = UnrolledGRU.apply(  # type: ignore[no-untyped-call]
            inputs.to(working),
            state.to(working),
            *(weight.to(working) for weight in self.weights),
        )
        return outputs

    @property
    def weights(self) -> list[Tensor]:
        """Input and hidden weights, then biases; rows are the gates reset, update, candidate."""
        return [*self.gru.all_weights[0]]

    def project(self, inputs: Float[Tensor, "*row input"]) -> Float[Tensor, "*row gates"]:
        """The contribution of the inputs to the gates (reset, update, candidate), with the bias."""
        weight, _, bias, _ = self.weights
        return linear_as_weights(inputs, weight, bias)

    def step(
        self, gates: Float[Tensor, "molecule gates"], state: Float[Tensor, "molecule hidden"]
    ) -> Float[Tensor, "molecule hidden"]:
        """The hidden state after another position, without gradient.

        Args:
            gates: contribution of the inputs at that position, see `project`.
            state: hidden state before that position; the result has its dtype.
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
        active: Sequence[int],
    ) -> Float[Tensor, "molecule hidden"]:
        """The hidden state of each molecule after its last id, without gradient.

        Args:
            gates: contribution of each id of the vocabulary to the gates, see `project`.
            ids: ids of the molecules, the longest molecule first.
            active: number of molecules that have an id at each position; no time is spent on the
                others there.
        """
        state = gates.new_zeros(ids.shape[1], self.gru.hidden_size)
        for row, n in zip(ids, active, strict=True):
            state[:n] = self.step(gates[row[:n]], state[:n])
        return state


def linear_as_weights(
    inputs: Float[Tensor, "*row input"], weight: Float[Tensor, "output input"], bias: Tensor | None
) -> Float[Tensor, "*row output"]:
    """`nn.functional.linear`, computed in the dtype of the weights and cast to the inputs'."""
    return nn.functional.linear(inputs.to(weight.dtype), weight, bias).to(inputs.dtype)


class UnrolledGRU(torch.autograd.Function):
    """A GRU over all positions t of a batch of sequences.

    With inputs x[t], hidden states h[t], weights W of the inputs and U of the states, biases b of
    the inputs and c of the states:

        r = sigmoid(W_r x[t] + b_r + U_r h[t-1] + c_r)           reset gate
        z = sigmoid(W_z x[t] + b_z + U_z h[t-1] + c_z)           update gate
        u = U_n h[t-1] + c_n                                     state's part of the candidate
        n = tanh(W_n x[t] + b_n + r * u)                         candidate
        h[t] = (1 - z) * n + z * h[t-1]

    In the code `sigmoids` holds r and z side by side, `candidate` n, and `hidden_candidate` u.
    """

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
        row, sizes = inputs.flatten(0, 1), [2 * size, size]
        # Gates overwrite their own pre-activations: the time goes into memory traffic, not
        # arithmetic.
        weights, biases = torch.split(weight_input, sizes), torch.split(bias_input, sizes)
        hidden_biases = torch.split(bias_hidden, sizes)
        # W x + b for all positions at once; of r and z also c.
        sigmoids = torch.addmm(biases[0] + hidden_biases[0], row, weights[0].t())
        sigmoids = sigmoids.view(positions, molecules, 2 * size)
        candidate = torch.addmm(biases[1], row, weights[1].t()).view(positions, molecules, size)
        states = start.new_empty(positions + 1, molecules, size)
        states[0] = start
        hidden_candidate = torch.empty_like(candidate)
        # The candidate in float32, even where the states are in bfloat16.
        wide = start.new_empty(molecules, size, dtype=torch.promote_types(start.dtype, torch.float))
        to_sigmoids, to_candidate = (weight.t() for weight in torch.split(weight_hidden, sizes))
        for t in range(positions):
            # r, z = sigmoid(... + U h), in the memory of W x + b + c.
            sigmoids[t].addmm_(states[t], to_sigmoids).sigmoid_()
            reset, update = sigmoids[t].chunk(2, 1)
            # u = U_n h + c_n
            torch.addmm(hidden_biases[1], states[t], to_candidate, out=hidden_candidate[t])
            # n = tanh(W_n x + b_n + r * u)
            wide.copy_(candidate[t].addcmul_(reset, hidden_candidate[t]))
            candidate[t].copy_(wide.tanh_() if wide.dtype == start.dtype else _tanh_(wide))
            # h' = n + z * (h - n)
            torch.lerp(candidate[t], states[t], update, out=states[t + 1])
        ctx.save_for_backward(
            inputs, states, sigmoids, candidate, hidden_candidate, weight_input, weight_hidden
        )
        return states[1:]

    @staticmethod
    # Any: see the import.
    def backward(ctx: Any, grad_states: Tensor) -> tuple[Tensor, ...]:
        """Gradients from the last position to the first, with d for the gradient of the loss.

        From h' = (1 - z) n + z h, n = tanh(a_n), a_n = W_n x + b_n + r u, and r, z = sigmoid(a_r),
        sigmoid(a_z):

            d a_n = d h' * (1 - z) * (1 - n^2)
            d a_z = d h' * (h - n) * z * (1 - z)
            d a_r = d a_n * u * r * (1 - r)
            d u   = d a_n * r
            d h   = d h' * z + U_r^T d a_r + U_z^T d a_z + U_n^T d u
        """
        inputs, states, *gates, hidden_candidate, weight_input, weight_hidden = ctx.saved_tensors
        sigmoids, candidate = gates
        positions, molecules, size = candidate.shape
        grads = [torch.empty_like(gate) for gate in (sigmoids, candidate, candidate)]
        grad_sigmoids, grad_candidate, grad_hidden_candidate = grads
        # d a_r, d a_z and d u of a position side by side, as the product with U needs them.
        grad_hidden = states.new_empty(molecules, 3 * size)
        grad = torch.zeros_like(states[0])
        carried = torch.empty_like(grad)
        for t in reversed(range(positions)):
            reset, update = sigmoids[t].chunk(2, 1)
            grad_reset, grad_update = grad_sigmoids[t].chunk(2, 1)
            # d h': from the output at this position and from the next position.
            grad.add_(grad_states[t])
            # d z = d h' * (h - n)
            torch.sub(states[t], candidate[t], out=grad_update).mul_(grad)
            # d h' * z reaches the state before; d n = d h' * (1 - z).
            torch.mul(grad, update, out=carried)
            torch.sub(grad, carried, out=grad_candidate[t])
            # d a_n, in the memory of d n.
            _tanh_backward(grad_candidate[t], candidate[t], grad_input=grad_candidate[t])
            # d r = d a_n * u; then d a_r and d a_z, in the memory of d r and d z.
            torch.mul(grad_candidate[t], hidden_candidate[t], out=grad_reset)
            _sigmoid_backward(grad_sigmoids[t], sigmoids[t], grad_input=grad_sigmoids[t])
            # d u = d a_n * r
            torch.mul(grad_candidate[t], reset, out=grad_hidden_candidate[t])
            grad_hidden[:, : 2 * size] = grad_sigmoids[t]
            grad_hidden[:, 2 * size :] = grad_hidden_candidate[t]
            # d h = d h' * z + U^T (d a_r, d a_z, d u)
            torch.addmm(carried, grad_hidden, weight_hidden, out=grad)
        return UnrolledGRU._sum_gradients(inputs, states, grads, grad, weight_input)

    @staticmethod
    def _sum_gradients(
        inputs: Tensor, states: Tensor, grads: list[Tensor], grad: Tensor, weight_input: Tensor
    ) -> tuple[Tensor, ...]:
        """The gradients of all arguments of `forward`, in its order, summed over the positions."""
        sigmoids, candidate, hidden_candidate = (gradient.flatten(0, 1) for gradient in grads)
        sizes = [sigmoids.shape[1], candidate.shape[1]]
        weight_sigmoids, weight_candidate = torch.split(weight_input, sizes)
        row, before = inputs.flatten(0, 1), states[:-1].flatten(0, 1)
        bias = sigmoids.sum(0)
        return (
            # d x = W^T d a
            (sigmoids @ weight_sigmoids).addmm_(candidate, weight_candidate).view_as(inputs),
            grad,
            # d W = d a x^T
            torch.cat([sigmoids.t() @ row, candidate.t() @ row]),
            # d U = d a h^T for r and z, d u h^T for the candidate
            torch.cat([sigmoids.t() @ before, hidden_candidate.t() @ before]),
            # d b = d a, and d c = d a for r and z, d u for the candidate
            torch.cat([bias, candidate.sum(0)]),
            torch.cat([bias, hidden_candidate.sum(0)]),
        )


def _tanh_(wide: Tensor) -> Tensor:
    """The tanh, in place, computed by the sigmoid, which takes a third of the time.

    The error is 2e-7 at most. Near 0 that is much of the value, so it is not used in float32,
    whose gradients would suffer.
    """
    return wide.mul_(2.0).sigmoid_().mul_(2.0).sub_(1.0)
