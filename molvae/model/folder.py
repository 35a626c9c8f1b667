"""A saved model on disk: two JSON files and safetensors. Loading runs nothing that they hold."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from molvae.errors import ModelError
from molvae.files import write_bytes, write_json

FORMAT = 2
"""Raised only when an older model can no longer be read."""
_KIND = "molvae model"
_MODEL, _VOCABULARY, _WEIGHTS = "model.json", "vocabulary.json", "weights.safetensors"


@dataclass(frozen=True)
class SavedModel:
    """What a model folder holds."""

    # Any: JSON values are of any kind; whoever knows their meaning checks them.
    description: dict[str, Any]
    vocabulary: Any
    weights: Mapping[str, Tensor]


def write_model(folder: Path, saved: SavedModel) -> None:
    """Replace the model in a folder, or make it; what else lies in the folder stays there.

    Raises:
        FileError: it could not be written; an earlier model of that name is still there.
        ModelError: the name is taken by something that is no model folder.
    """
    # Through a link, and under a name where "." has none.
    folder = folder.resolve()
    if folder.is_file() or (not (folder / _MODEL).is_file() and any(folder.glob("*"))):
        raise ModelError(f"{str(folder)!r} exists and is no model folder; choose another name")
    draft = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        write_bytes(draft / _WEIGHTS, safetensors.torch.save(dict(saved.weights)))
        write_json(draft / _VOCABULARY, saved.vocabulary)
        checksums = {name: _sha256((draft / name).read_bytes()) for name in (_VOCABULARY, _WEIGHTS)}
        head = {"kind": _KIND, "format": FORMAT, "sha256": checksums}
        write_json(draft / _MODEL, {**head, **saved.description})
        _swap(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_model(folder: Path) -> SavedModel:
    """The model in a folder, every byte of it checked.

    Raises:
        ModelError: the folder or a file is missing, damaged, foreign, or of a newer format.
    """
    if not folder.is_dir():
        raise ModelError(f"no model folder {str(folder)!r}; give a folder that `molvae train` made")
    description = _json(folder / _MODEL, _bytes(folder / _MODEL))
    if not isinstance(description, dict) or description.get("kind") != _KIND:
        raise ModelError(f"{str(folder / _MODEL)!r} does not describe a molvae model")
    if description.get("format") != FORMAT:
        raise ModelError(
            f"{str(folder)!r} has format {description.get('format')!r}, this molvae reads "
            f"{FORMAT}; upgrade molvae, or save the model again with this version"
        )
    checksums = description.get("sha256")
    contents = {name: _bytes(folder / name) for name in (_VOCABULARY, _WEIGHTS)}
    for name, content in contents.items():
        if not isinstance(checksums, dict) or checksums.get(name) != _sha256(content):
            raise ModelError(
                f"{str(folder / name)!r} is not the file that {_MODEL} describes (damaged, cut "
                "short or exchanged); copy the folder again"
            )
    return SavedModel(
        description=description,
        vocabulary=_json(folder / _VOCABULARY, contents[_VOCABULARY]),
        weights=_tensors(folder / _WEIGHTS, contents[_WEIGHTS]),
    )


def load_weights(network: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Give the network these weights, each of which must be there in the right shape.

    Raises:
        ModelError: a tensor is missing, left over, or of another shape; all are named.
    """
    wanted = network.state_dict()
    problems = [f"{name} is missing" for name in wanted.keys() - weights.keys()]
    problems += [f"{name} is not part of this network" for name in weights.keys() - wanted.keys()]
    problems += [
        f"{name} has shape {list(weights[name].shape)}, expected {list(wanted[name].shape)}"
        for name in wanted.keys() & weights.keys()
        if weights[name].shape != wanted[name].shape
    ]
    if problems:
        raise ModelError(f"the weights of {source} do not fit: {'; '.join(sorted(problems))}")
    network.load_state_dict({name: weights[name].to(torch.float32) for name in wanted})


def _swap(draft: Path, folder: Path) -> None:
    """Put the draft in the folder's place; two renames, so that no mixed folder is ever seen."""
    old = folder.with_name(f".{folder.name}.old")
    # There is one if an earlier swap was cut off, before its second rename or after it.
    if old.is_dir() and not folder.exists():
        old.rename(folder)
    _empty(old, folder)
    if folder.exists():
        folder.rename(old)
    draft.rename(folder)
    _empty(old, folder)


def _empty(old: Path, folder: Path) -> None:
    """Take what does not belong to the model over from its former folder, which is then gone."""
    for other in old.iterdir() if old.is_dir() else ():
        target = folder / other.name
        if other.name not in (_MODEL, _VOCABULARY, _WEIGHTS) and not target.exists():
            other.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"cannot read {str(path)!r} of the model ({error.strerror}); copy the folder again"
        ) from None


def _json(path: Path, content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise ModelError(f"{str(path)!r} is not JSON; it is damaged or foreign") from None


def _tensors(path: Path, content: bytes) -> Mapping[str, Tensor]:
    try:
        return safetensors.torch.load(content)
    except SafetensorError as error:
        raise ModelError(f"{str(path)!r} is not a safetensors file: {error}") from None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
