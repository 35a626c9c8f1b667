"""Adam (Kingma & Ba 2015) without the class of torch.

The first `torch.optim.Adam` of a process imports torch's compiler, which takes four seconds of a
search; torch's function for the same updates does not.
"""

from collections.abc import Iterable

import torch
from torch.nn import Parameter
from torch.optim.adam import adam


class Adam:
    """The updates of `torch.optim.Adam` with its defaults, to the last bit."""

    def __init__(self, parameters: Iterable[Parameter], learning_rate: float) -> None:
        self._parameters = list(parameters)
        self._learning_rate = learning_rate
        self._moments = [
            (torch.zeros_like(parameter), torch.zeros_like(parameter), torch.tensor(0.0))
            for parameter in self._parameters
        ]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Update the parameters that have a gradient."""
        rows = [
            (parameter, parameter.grad, *moments)
            for parameter, moments in zip(self._parameters, self._moments, strict=True)
            if parameter.grad is not None
        ]
        parameters, gradients, means, squares, steps = map(list, zip(*rows, strict=True))
        adam(
            parameters,
            gradients,
            means,
            squares,
            [],
            steps,
            foreach=False,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=self._learning_rate,
            weight_decay=0.0,
            eps=1e-8,
            maximize=False,
        )
