"""What can go wrong for a user, as one tree. Imports nothing of molvae.

MolvaeError
├── ConfigError        a flag, a settings file or an argument
├── DataError          a file of molecules that cannot be read or holds nothing of use
├── MoleculeError      a text or a spelling that is no acceptable molecule
├── ModelError         a saved model that is damaged, foreign, or does not fit
├── RunError           a run directory that is in the way, or cannot be resumed
├── TrainingError      training that cannot go on
├── ObjectiveError     an objective that cannot be evaluated
├── WorkerError        a worker process that died
├── FileError          a file that could not be written or brought here whole
└── MissingExtraError  an optional dependency that is not installed

Each message is one line that says what was expected, what came and what to do.
"""


class MolvaeError(Exception):
    """Anything that the user can put right; the command line prints it and ends with status 1."""


class ConfigError(MolvaeError):
    """A setting is unknown, out of bounds, or does not go with another."""


class DataError(MolvaeError):
    """A file of molecules cannot be read, or holds nothing of use."""


class MoleculeError(MolvaeError):
    """No acceptable molecule; `reason` is a short fixed phrase under which refusals are counted."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["MoleculeError"], tuple[str, str]]:
        # Exceptions cross process borders by their arguments, which here are not the message.
        return (type(self), (self.reason, self.detail))


class ModelError(MolvaeError):
    """A saved model is damaged, foreign, or does not fit what it is used with."""


class RunError(MolvaeError):
    """A run directory is in the way, or cannot be resumed."""


class TrainingError(MolvaeError):
    """Training cannot go on."""


class ObjectiveError(MolvaeError):
    """An objective cannot be evaluated."""


class WorkerError(MolvaeError):
    """A worker process died, most often for want of memory."""


class FileError(MolvaeError):
    """A file could not be written, or brought here, whole."""


class MissingExtraError(MolvaeError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed; run: pip install 'molvae[{extra}]'")
        self.package = package
        self.extra = extra

    def __reduce__(self) -> tuple[type["MissingExtraError"], tuple[str, str]]:
        return (type(self), (self.package, self.extra))
