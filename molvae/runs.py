"""RunDirectory: the names of a run's files, and a record of how the run was made."""

import platform
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from molvae.errors import RunError
from molvae.files import is_draft, remove_drafts, write_json

_LOCK = ".lock"
_RECORDED_PACKAGES = ("molvae", "torch", "rdkit", "selfies", "numpy", "pandas", "cmaes")


@dataclass(frozen=True)
class RunDirectory:
    """The folder that one training or one search writes to."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> "RunDirectory":
        """A new, empty run directory.

        Raises:
            RunError: something other than an empty folder has that name.
        """
        # Apart from a lock, and the drafts that a killed process left.
        is_new = not path.exists() or (
            path.is_dir() and all(is_draft(f) or f.name == _LOCK for f in path.iterdir())
        )
        if not is_new:
            raise RunError(
                f"{str(path)!r} exists already; continue it with `resume`, or choose another folder"
            )
        path.mkdir(parents=True, exist_ok=True)
        return cls(path)

    @classmethod
    def existing(cls, path: Path) -> "RunDirectory":
        """The run directory of an earlier run.

        Raises:
            RunError: there is none of that name.
        """
        run = cls(path)
        if not run.settings.is_file():
            raise RunError(f"{str(path)!r} holds no run to resume; start a new run")
        return run

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from working on the run; the lock ends with this process at latest.

        Unfinished files that a killed process left in the run are removed.

        Raises:
            RunError: another process works on the run.
        """
        lock = FileLock(self.path / _LOCK)
        try:
            lock.acquire(timeout=0)
            remove_drafts(self.path)
        except Timeout:
            raise RunError(
                f"another process works on {str(self.path)!r}; wait until it has ended, or stop it"
            ) from None
        except (OSError, NotImplementedError):
            # The file system has no locks, or is read-only, which the first writer reports.
            pass
        try:
            yield
        finally:
            lock.release()

    @property
    def settings(self) -> Path:
        """All settings of the run, as JSON."""
        return self.path / "settings.json"

    @property
    def provenance(self) -> Path:
        """Provenance of the run: command, versions, machine, date."""
        return self.path / "provenance.json"

    @property
    def molecules(self) -> Path:
        """The molecules of a training that was given a DataFrame, Series or list of them."""
        return self.path / "molecules.csv"

    @property
    def refused_rows(self) -> Path:
        """Rows of the input that were refused, each with the reason."""
        return self.path / "refused.csv"

    @property
    def progress(self) -> Path:
        """One JSON object per validation of a training."""
        return self.path / "progress.jsonl"

    @property
    def tensorboard(self) -> Path:
        """Folder of tensorboard event files."""
        return self.path / "tensorboard"

    @property
    def checkpoint(self) -> Path:
        """Weights, optimizer moments and progress, from which a training is resumed."""
        return self.path / "checkpoint.safetensors"

    @property
    def best_model(self) -> Path:
        """Model folder with the best validation so far."""
        return self.path / "model"

    @property
    def last_model(self) -> Path:
        """Model folder with the weights at the end of the run."""
        return self.path / "last_model"

    @property
    def journal(self) -> Path:
        """SQLite file with every molecule that a search scored."""
        return self.path / "journal.sqlite"

    @property
    def candidates(self) -> Path:
        """The scored molecules of a search, best first."""
        return self.path / "candidates.csv"

    @property
    def front(self) -> Path:
        """The candidates that no other candidate beats in all goals."""
        return self.path / "front.csv"

    @property
    def failures(self) -> Path:
        """Molecules that an external scorer gave no number for, each with the reason."""
        return self.path / "failures.csv"

    @property
    def summary(self) -> Path:
        """Outcome of the run, as JSON."""
        return self.path / "summary.json"

    @property
    def report(self) -> Path:
        """HTML page that describes the run."""
        return self.path / "report.html"

    def record_provenance(self, seed: int, command: list[str] | None = None) -> None:
        """Write the provenance file."""
        write_json(self.provenance, provenance(seed, command))


def provenance(seed: int, command: list[str] | None = None) -> dict[str, Any]:
    """All that reproducing a result needs: command, seed, versions, machine and date."""
    program = Path(*sys.argv[:1])
    is_molvae = program.name in ("molvae", "molvae.exe")
    if is_molvae or program.parts[-2:] == ("molvae", "__main__.py"):
        typed = ["molvae", *sys.argv[1:]]
    else:
        typed = ["python", *sys.argv]
    return {
        "command": shlex.join(command or typed),
        "seed": seed,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": processor_name(),
        "packages": {name: package_version(name) for name in _RECORDED_PACKAGES},
    }


def processor_name() -> str:
    """Name of the processor, or its architecture where the system has no name for it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


# Any: JSON values.
def write_record(path: Path, record: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Write the record of a benchmark as JSON with its provenance; returns both together."""
    written = {**record, "provenance": provenance(seed)}
    write_json(path, written)
    return written


def package_version(package: str) -> str | None:
    """Version of an installed package; None when the package is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
