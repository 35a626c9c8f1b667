import torch
from torch.nn import Parameter

from molvae.optimize.combined.adam import Adam


def test_updates_are_those_of_torch():
    generator = torch.Generator().manual_seed(0)
    ours = [Parameter(torch.randn(size, generator=generator)) for size in ((3, 2), (4,), (1,))]
    theirs = [Parameter(parameter.detach().clone()) for parameter in ours]
    adam, reference = Adam(ours, 5e-4), torch.optim.Adam(theirs, 5e-4)
    for _ in range(5):
        adam.zero_grad()
        # The last parameter has no gradient.
        for mine, parameter in zip(ours[:2], theirs, strict=False):
            mine.grad = torch.randn(mine.shape, generator=generator)
            parameter.grad = mine.grad.clone()
        adam.step()
        reference.step()
    assert all(torch.equal(*pair) for pair in zip(ours, theirs, strict=True))
    adam.zero_grad()
    assert all(parameter.grad is None for parameter in ours)
