"""A GPU that is not there: its tensors lie elsewhere by their own account, and mix with no others.

They are called `meta`, the one name that PyTorch gives a device anywhere, but hold numbers. Like
those of Apple's GPUs they cannot be of float64.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from unittest import mock

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from molvae.molecule_vae import MoleculeVAE

GPU = torch.device("meta")
_MOVES = ("aten._to_copy", "aten.copy_")
"""What may see tensors of both devices."""
_INDEXES = ("aten.index.", "aten.index_put")
"""Their second argument is the indices."""


@contextmanager
def pretended_gpu() -> Iterator[None]:
    """Tensors that are moved to `GPU`, or made there, behave as on a device of its own.

    AdamW's fused step and autocast know real devices alone: the one is plain here, and the other
    must not be switched on. A GRU has gradients in training mode alone, as cuDNN's.
    """
    adamw, autocast = torch.optim.AdamW, torch.autocast
    with (
        mock.patch.object(torch, "Generator", _Generator),
        mock.patch.object(torch, "tensor", _made_then_moved(torch.tensor)),
        mock.patch.object(torch, "as_tensor", _made_then_moved(torch.as_tensor)),
        mock.patch.object(
            torch.optim, "AdamW", lambda *given, **named: adamw(*given, **{**named, "fused": False})
        ),
        mock.patch.object(
            torch,
            "autocast",
            lambda _, *given, enabled: autocast("cpu", *given, enabled=_off(enabled)),
        ),
        mock.patch.object(torch.nn.GRU, "forward", _as_cudnn(torch.nn.GRU.forward)),
        _Elsewhere(),
    ):
        yield


def moved(model: MoleculeVAE) -> MoleculeVAE:
    """A copy of the model on `GPU`."""
    return MoleculeVAE(
        model.vocabulary, deepcopy(model.network).to(GPU), model.property_names, model.card
    )


class _Remote(torch.Tensor):
    """A tensor on `GPU`; its numbers lie in a hidden one."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, hidden):
        if hidden.dtype == torch.float64:
            raise TypeError("the GPU has no float64")
        with torch.inference_mode(False):
            return torch.Tensor._make_wrapper_subclass(
                cls,
                hidden.size(),
                strides=hidden.stride(),
                storage_offset=hidden.storage_offset(),
                dtype=hidden.dtype,
                device=GPU,
            )

    def __init__(self, hidden):
        self.hidden = hidden

    def tolist(self):
        return self.hidden.tolist()

    def numpy(self, *_, **__):
        raise TypeError("the numbers lie on the GPU; take .cpu() first")

    __array__ = numpy

    def __getitem__(self, places):
        # PyTorch would make a tensor of a list where no one sees it.
        if isinstance(places, tuple):
            return super().__getitem__(tuple(map(_as_indices, places)))
        return super().__getitem__(_as_indices(places))

    def __setitem__(self, places, values):
        if isinstance(places, tuple):
            super().__setitem__(tuple(map(_as_indices, places)), values)
        else:
            super().__setitem__(_as_indices(places), values)

    @classmethod
    def __torch_dispatch__(cls, operation, types, given=(), named=None):
        return _computed(operation, given, named or {})


class _Elsewhere(TorchDispatchMode):
    """Sees what is made on, or moved to, `GPU`."""

    def __torch_dispatch__(self, operation, types, given=(), named=None):
        named = named or {}
        if not types and named.get("device") is None:
            return operation(*given, **named)
        return _computed(operation, given, named)


class _Generator(torch.Generator):
    """A generator of `GPU` draws with one of the CPU."""

    def __new__(cls, device="cpu"):
        self = super().__new__(cls, "cpu")
        self.place = torch.device(device)
        return self

    def __init__(self, *_):
        pass

    @property
    def device(self):
        return self.place


def _computed(operation, given, named):
    """The result of an operation, on the device where a real one would leave it."""
    _check_apart(str(operation), given, named)
    tensors = _tensors(given, named)
    if any(one.device == GPU and not isinstance(one, _Remote) for one in tensors):
        raise RuntimeError(f"{operation}: a tensor without numbers")
    remote = {id(one.hidden): one for one in tensors if isinstance(one, _Remote)}
    goal = named.get("device")
    if str(operation).startswith("aten.copy_"):
        is_remote = isinstance(given[0], _Remote)
    else:
        is_remote = bool(remote) if goal is None else torch.device(goal) == GPU
    if goal is not None:
        named = {**named, "device": "cpu"}
    given, named = tree_map(_hidden, (given, named))
    with torch.inference_mode(False), torch.no_grad():
        found = operation(*given, **named)
    return tree_map(lambda one: _wrapped(one, remote), found) if is_remote else found


def _check_apart(name, given, named):
    """Numbers without an axis may mix, and a tensor there may be indexed from here."""
    if name.startswith(_MOVES):
        return
    if name.startswith(_INDEXES) and isinstance(given[0], _Remote):
        given = (given[0], *given[2:])
    sides = {isinstance(one, _Remote) for one in _tensors(given, named) if one.ndim}
    if len(sides) > 1:
        raise RuntimeError(f"{name}: tensors on both devices")


def _tensors(given, named):
    return [one for one in tree_leaves((given, named)) if isinstance(one, torch.Tensor)]


def _off(enabled):
    if enabled:
        raise RuntimeError("the GPU has no autocast")
    return False


def _as_indices(place):
    return torch.tensor(place) if isinstance(place, list) else place


def _hidden(value):
    return value.hidden if isinstance(value, _Remote) else value


def _wrapped(value, remote):
    if not isinstance(value, torch.Tensor):
        return value
    # What is changed in place stays the same tensor.
    return remote[id(value)] if id(value) in remote else _Remote(value)


def _as_cudnn(forward):
    def called(self, inputs, state):
        if torch.is_grad_enabled() and not self.training and inputs.device == GPU:
            raise RuntimeError("cudnn RNN backward can only be called in training mode")
        return forward(self, inputs, state)

    return called


def _made_then_moved(make):
    """As PyTorch's function, but the move is one that `_Elsewhere` sees."""

    def made(*given, device=None, **named):
        tensor = make(*given, **named)
        return tensor if device is None else tensor.to(device)

    return made
