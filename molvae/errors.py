"""The errors that users can mend, as one tree. Imports nothing of molvae.

MolvaeError
├── ConfigError        a flag, a settings file or an argument is wrong
├── DataError          a file of molecules cannot be read, or holds nothing useful
├── MoleculeError      a text or SELFIES is not an acceptable molecule
├── ModelError         a saved model is damaged, of another kind, or does not fit
├── RunError           a run directory exists already, or cannot be resumed
├── TrainingError      training cannot continue
├── ObjectiveError     an objective cannot be evaluated
├── WorkerError        a worker process died
├── FileError          a file could not be written or downloaded whole
└── MissingExtraError  an optional dependency is not installed

A message is one line: what was expected, what came, what to do. It names a setting or an argument
of a function between backquotes, as in `batch_size`, `constraints.min_similarity` or
`strict=False`; the command line shows these as flags. Nothing else in a message is a single word
in backquotes.
"""

from importlib.metadata import PackageNotFoundError, requires
from shlex import quote

_SHOWN = 200
"""Characters of a line that `first_line` shows."""


class MolvaeError(Exception):
    """An error that the user can mend; the command line prints it in one line."""


class ConfigError(MolvaeError):
    """A setting is unknown or out of bounds, or does not go with another."""


class DataError(MolvaeError):
    """A file of molecules cannot be read, or holds nothing useful."""


class MoleculeError(MolvaeError):
    """A text is not an acceptable molecule; refusals are counted by `reason`, a short phrase."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["MoleculeError"], tuple[str, str]]:
        # Exceptions cross process borders by their arguments, which here are not the message.
        return (type(self), (self.reason, self.detail))


class ModelError(MolvaeError):
    """A saved model is damaged, of another kind, or does not fit what it is used with."""


class RunError(MolvaeError):
    """A run directory exists already, or cannot be resumed."""


class TrainingError(MolvaeError):
    """Training cannot continue."""


class ObjectiveError(MolvaeError):
    """An objective cannot be evaluated."""


class WorkerError(MolvaeError):
    """A worker process died, most often for lack of memory."""


class FileError(MolvaeError):
    """A file could not be written or downloaded whole."""


class MissingExtraError(MolvaeError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        # `pip install molvae[extra]` would look for molvae itself on PyPI, which may not have it.
        packages = " ".join(quote(requirement) for requirement in _requirements(package, extra))
        super().__init__(f"{package} is not installed; run: pip install {packages}")
        self.package = package
        self.extra = extra

    def __reduce__(self) -> tuple[type["MissingExtraError"], tuple[str, str]]:
        return (type(self), (self.package, self.extra))


def first_line(error: BaseException) -> str:
    """The first line of an error's text, at most 200 characters; its class if there is no text."""
    try:
        lines = str(error).splitlines()
    # The error may be one of external code, whose text may raise anything.
    except Exception:  # noqa: BLE001
        lines = []
    return next((line.strip() for line in lines if line.strip()), type(error).__name__)[:_SHOWN]


def _requirements(package: str, extra: str) -> list[str]:
    """Packages of the extra by the metadata of molvae; `package` alone if there is none."""
    try:
        stated = requires("molvae") or []
    except PackageNotFoundError:
        stated = []
    pairs = (requirement.partition(";") for requirement in stated)
    markers = (f"extra == '{extra}'", f'extra == "{extra}"')
    return [name.strip() for name, _, marker in pairs if marker.strip() in markers] or [package]
