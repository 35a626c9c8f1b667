"""A saved model on disk: two JSON files and safetensors. Loading runs no code from them."""

import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from molvae.errors import FileError, ModelError
from molvae.files import write_bytes, write_json
from molvae.model.weights import Shapes, check_header, read_tensors

FORMAT = 3
_READABLE = (2, 3)
"""Raised only when an older model can no longer be read."""
_KIND = "molvae model"
_MODEL, _VOCABULARY, _WEIGHTS = "model.json", "vocabulary.json", "weights.safetensors"
MODEL_FILES = (_MODEL, _VOCABULARY, _WEIGHTS)
"""Files of a model folder; any others in it do not belong to the model."""
_DIGESTS = "sha256"
_MIB = 1 << 20
_MAX_BYTES = {_MODEL: _MIB // 4, _VOCABULARY: 4 * _MIB, _WEIGHTS: 2048 * _MIB}
"""Larger files are refused unread; a model of 100 million weights takes 400 MB."""
_MAX_DEPTH = 50
"""Levels of nested JSON; a card has about five."""
_LOCK_SECONDS = 60.0
_POLL_SECONDS = 0.05
_READ_ATTEMPTS = 5


@dataclass(frozen=True)
class SavedModel:
    """The content of a model folder."""

    # Any: JSON values are of any kind; whoever knows their meaning checks them.
    description: dict[str, Any]
    vocabulary: Any
    weights: Mapping[str, Tensor]


# Any: JSON values.
ShapesNeeded = Callable[[dict[str, Any], Any], Shapes]
"""Shapes of the weights that the content of model.json and of vocabulary.json asks for."""


def write_model(folder: Path, saved: SavedModel) -> None:
    """Write a model to a folder, replacing a model that is there; other files in it are kept.

    Processes that save to the same folder take turns. The former model is removed only after the
    new one is in its place.

    Raises:
        FileError: it could not be written; the former model is unchanged.
        ModelError: the name belongs to something that is not a model folder.
    """
    # Through a link, and under a name where "." has none.
    folder = folder.resolve()
    with _exclusive(folder):
        _recover(folder)
        if folder.is_file() or (not (folder / _MODEL).is_file() and any(folder.glob("*"))):
            raise ModelError(
                f"{str(folder)!r} exists and is not a model folder; choose another name"
            )
        draft = _beside(folder, "part")
        try:
            write_bytes(draft / _WEIGHTS, safetensors.torch.save(dict(saved.weights)))
            write_json(draft / _VOCABULARY, saved.vocabulary)
            files = (_VOCABULARY, _WEIGHTS)
            digests = {name: _sha256((draft / name).read_bytes()) for name in files}
            model = {"kind": _KIND, "format": FORMAT, _DIGESTS: digests, **saved.description}
            digests[_MODEL] = _description_digest(model)
            write_json(draft / _MODEL, model)
            _replace(folder, draft)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def read_model(folder: Path, shapes_needed: ShapesNeeded | None = None) -> SavedModel:
    """The model in a folder, with the digest of each file checked.

    Args:
        folder: the folder.
        shapes_needed: the weights that the model needs, compared with those that the folder has
            before any is read; None compares none.

    Raises:
        ModelError: the folder or a file is missing, damaged, foreign, or of a newer format.
    """
    for _ in range(_READ_ATTEMPTS):
        identity = _identity(folder)
        try:
            return _read_files(folder, shapes_needed)
        except ModelError:
            # Another process may have replaced the folder between two of its files.
            if _identity(folder) == identity:
                raise
    return _read_files(folder, shapes_needed)


def _read_files(folder: Path, shapes_needed: ShapesNeeded | None) -> SavedModel:
    if not folder.is_dir():
        _recover(folder)
    if not folder.is_dir():
        raise ModelError(f"no model folder {str(folder)!r}; give a folder that `molvae train` made")
    for name in _MAX_BYTES:
        _check_file(folder / name)
    description = _json(folder / _MODEL, _bytes(folder / _MODEL))
    if not isinstance(description, dict) or description.get("kind") != _KIND:
        raise ModelError(f"{str(folder / _MODEL)!r} does not describe a molvae model")
    if description.get("format") not in _READABLE:
        raise ModelError(
            f"{str(folder)!r} has format {description.get('format')!r}, this molvae reads "
            f"{' and '.join(map(str, _READABLE))}; upgrade molvae, or save the model again "
            "with this version"
        )
    digests = _read_digests(folder, description)
    vocabulary = _json(folder / _VOCABULARY, _checked_bytes(folder / _VOCABULARY, digests))
    needed = shapes_needed(description, vocabulary) if shapes_needed else None
    check_header(folder / _WEIGHTS, needed)
    weights = read_tensors(folder / _WEIGHTS, _checked_bytes(folder / _WEIGHTS, digests))
    return SavedModel(description, vocabulary, weights)


def _check_file(path: Path) -> None:
    """Refuse what must not be opened: a pipe never ends, a device may be endless.

    Raises:
        ModelError: the path is missing, not a regular file, or larger than any model's.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from None
    if not stat.S_ISREG(status.st_mode):
        raise ModelError(f"{str(path)!r} is not a regular file; copy the folder again")
    if status.st_size > _MAX_BYTES[path.name]:
        raise ModelError(
            f"{str(path)!r} has {status.st_size / _MIB:,.2f} MiB, and a model's may have "
            f"{_MAX_BYTES[path.name] / _MIB:,g}; it is foreign"
        )


# Any: JSON values.
def _read_digests(folder: Path, description: dict[str, Any]) -> dict[str, Any]:
    """The digests in the description, after that of the description itself was checked."""
    digests = description.get(_DIGESTS)
    if not isinstance(digests, dict) or not digests.keys() <= _MAX_BYTES.keys():
        raise ModelError(f"{str(folder / _MODEL)!r} holds no digests of the files; it is damaged")
    # Models saved by earlier versions have no digest of the description itself.
    if _MODEL in digests and digests[_MODEL] != _description_digest(description):
        raise ModelError(
            f"{str(folder / _MODEL)!r} was changed after it was written (its digest differs); "
            "copy the folder again"
        )
    return digests


def _checked_bytes(path: Path, digests: Mapping[str, Any]) -> bytes:
    """The content of a file whose digest is known."""
    content = _bytes(path)
    if digests.get(path.name) != _sha256(content):
        raise ModelError(
            f"{str(path)!r} is not the file that {_MODEL} describes (damaged, cut "
            "short or exchanged); copy the folder again"
        )
    return content


# Any: JSON values.
def _description_digest(description: Mapping[str, Any]) -> str:
    """SHA-256 of the description as canonical JSON, without the digest itself."""
    digests = {name: digest for name, digest in description[_DIGESTS].items() if name != _MODEL}
    values = {**description, _DIGESTS: digests}
    return _sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode())


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """A lock on the folder's parent, where the file system has locks; it leaves no file behind.

    Raises:
        FileError: another process has held it for a minute, or the parent cannot be created.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    descriptor = _lock(folder)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _lock(folder: Path) -> int | None:
    try:
        import fcntl

        descriptor = os.open(folder.parent, os.O_RDONLY)
    except (ImportError, OSError):
        return None
    deadline = time.monotonic() + _LOCK_SECONDS
    while time.monotonic() < deadline:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_POLL_SECONDS)
        except OSError:
            break
        else:
            return descriptor
    os.close(descriptor)
    if time.monotonic() < deadline:
        return None
    raise FileError(f"another process is saving {str(folder)!r}; try again when it has ended")


def _beside(folder: Path, ending: str) -> Path:
    return folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.{ending}")


def _leftovers(folder: Path, ending: str) -> list[Path]:
    """Drafts ("part") or former models ("old") of a folder that killed processes left beside it."""
    name = re.compile(rf"\.{re.escape(folder.name)}(\.[0-9a-f]{{8}})?\.{ending}")
    try:
        return [path for path in folder.parent.iterdir() if name.fullmatch(path.name)]
    except OSError:
        return []


def _recover(folder: Path) -> None:
    """Finish what a process that was killed while saving left half done."""
    former = _leftovers(folder, "old")
    if not folder.exists() and former:
        # Killed between the two renames: nothing but the former model is there.
        newest = max(former, key=lambda path: path.stat().st_mtime)
        former.remove(newest)
        with suppress(OSError):
            newest.rename(folder)
    if folder.is_dir():
        for path in former:
            _discard(path, folder)


def _replace(folder: Path, draft: Path) -> None:
    """Put the draft in the folder's place by renaming, so that no mixed folder is ever seen.

    Raises:
        FileError: it could not be done; the former model is in its place again.
    """
    former = _beside(folder, "old")
    try:
        if folder.exists():
            folder.rename(former)
        draft.rename(folder)
    except OSError as error:
        with suppress(OSError):
            former.rename(folder)
        raise _unwritable(folder, error) from error
    _discard(former, folder)
    for path in _leftovers(folder, "part"):
        shutil.rmtree(path, ignore_errors=True)


def _discard(former: Path, folder: Path) -> None:
    """Move all but the model from its former folder to the present one, and remove the former."""
    for path in former.iterdir() if former.is_dir() else ():
        target = folder / path.name
        if path.name not in _MAX_BYTES and not target.exists():
            with suppress(OSError):
                path.rename(target)
    shutil.rmtree(former, ignore_errors=True)


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = (folder / _MODEL).stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> ModelError:
    return ModelError(
        f"cannot read {str(path)!r} of the model ({error.strerror}); copy the folder again"
    )


def _unwritable(folder: Path, error: OSError) -> FileError:
    return FileError(
        f"could not write {str(folder)!r}: {error.strerror or error}; "
        "free some space or choose another place"
    )


# Any: JSON values.
def _json(path: Path, content: bytes) -> Any:
    try:
        value = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ModelError(f"{str(path)!r} is not JSON; it is damaged or foreign") from None
    if _is_deeper(value, _MAX_DEPTH):
        raise ModelError(f"{str(path)!r} is nested too deeply; it is foreign")
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


# Any: JSON values.
def _is_deeper(value: Any, levels: int) -> bool:
    """Whether a JSON value has more than `levels` levels of lists and objects."""
    # Level by level: a recursive function would be called for each of a million values.
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(levels):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
    return bool(level)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
