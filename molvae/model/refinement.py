"""Refinement of latent vectors, so that they decode to the molecules that they stand for.

The encoder gives each molecule's posterior mean in a single pass, and that is not the best latent
vector for this molecule (the amortization gap, Cremer et al. 2018). A few steps along the gradient
of the decoder's likelihood find a better one close by, as in semi-amortized inference (Kim et al.
2018).
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from molvae.model.token_decoder import TokenDecoder

_MOMENTS = (0.9, 0.999)
_TINY = 1e-8


@dataclass(frozen=True)
class Refinement:
    """Settings of the refinement, chosen on molecules of ChEMBL that no model was trained on.

    data/results/refinement shows what others give.
    """

    steps: int = 40
    """Largest number of steps."""
    step_size: float = 0.1
    """Step size of Adam."""
    prior_weight: float = 0.2
    """Weight of -log N(z; 0, I), which keeps latent vectors where those of molecules are. It is the
    default of `beta` in training, so that what is minimized is the loss of the training."""


def refine(
    decoder: TokenDecoder,
    add_context: Callable[[Float[Tensor, "_ latent"]], Float[Tensor, "_ context"]],
    ids: Int[Tensor, "molecule position"],
    lengths: Int[Tensor, " molecule"],
    z: Float[Tensor, "molecule latent"],
    settings: Refinement,
) -> Float[Tensor, "molecule latent"]:
    """Latent vectors near those given, at which greedy decoding gives the ids wherever possible.

    Steps of Adam (Kingma & Ba 2015) minimize -log p(ids | z) + prior_weight |z|^2 / 2 for each row,
    until each of its ids is the likeliest at its position. A row that is decoded right from the
    start is returned as it is.

    Args:
        decoder: the model of tokens.
        add_context: the decoder's context at latent vectors.
        ids: rows of tokens, END and PAD.
        lengths: ids of each row, END included.
        z: a latent vector for each row.
        settings: number and size of the steps, and the weight of the prior.
    """
    # Without gradients of the weights a step takes two thirds of the time.
    frozen = deepcopy(decoder).requires_grad_(requires_grad=False)
    refined = z.detach().clone()
    first, second = torch.zeros_like(refined), torch.zeros_like(refined)
    rows = torch.arange(len(z), device=z.device)
    for step in range(1, settings.steps + 2):
        with torch.enable_grad():
            point = refined[rows].requires_grad_()
            nll, margin = frozen.nll_and_margin(ids[rows], lengths[rows], add_context(point))
            loss = nll + 0.5 * settings.prior_weight * point.square().sum(1)
            is_open = margin <= 0.0
            if step > settings.steps or not is_open.any():
                return refined
            (gradient,) = torch.autograd.grad(loss[is_open].sum(), point)
        rows, gradient = rows[is_open], gradient[is_open]
        first[rows] = torch.lerp(gradient, first[rows], _MOMENTS[0])
        second[rows] = torch.lerp(gradient.square(), second[rows], _MOMENTS[1])
        size = (second[rows] / (1.0 - _MOMENTS[1] ** step)).sqrt() + _TINY
        refined[rows] -= settings.step_size * first[rows] / (1.0 - _MOMENTS[0] ** step) / size
    return refined
