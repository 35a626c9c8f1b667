"""Programs and receptors for docking, as the packages dockstring and openbabel-wheel install them.

dockstring's own `Target.dock` has no time limit and no choice of exhaustiveness, so only its files
are used: the receptors, their search boxes and AutoDock Vina 1.1.2. PyPI's vina 1.2.7 has Python
bindings but no program that could be stopped at a time limit, and meeko adds no protons.
"""

import re
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from molvae.errors import ConfigError, MissingExtraError
from molvae.objectives.running import Limits, find_program, run_program
from molvae.settings import suggestion

Vector = tuple[float, float, float]

_ENDING = "_target.pdbqt"
_BOX_LINE = re.compile(r"^\s*(center|size)_([xyz])\s*=\s*(\S+)", re.MULTILINE)
_START_LIMITS = Limits(seconds=30.0, output_bytes=100_000)


@dataclass(frozen=True, slots=True)
class Receptor:
    """A protein and the box in which ligands are docked."""

    path: Path
    """PDBQT file."""
    center: Vector
    """Center of the box, in Å."""
    size: Vector
    """Lengths of the box's edges, in Å."""


def target_names() -> list[str]:
    """Names of dockstring's targets.

    Raises:
        MissingExtraError: dockstring is not installed.
    """
    files = (_resources() / "targets").glob(f"*{_ENDING}")
    return sorted(file.name.removesuffix(_ENDING) for file in files)


def find_target(name: str) -> Receptor:
    """The receptor and box of a target of dockstring.

    Raises:
        ConfigError: it has no such target.
        MissingExtraError: dockstring is not installed.
    """
    names = target_names()
    if name not in names:
        raise ConfigError(
            f"dockstring has no target {name!r}{suggestion(name, names)}; it has {', '.join(names)}"
        )
    folder = _resources() / "targets"
    text = (folder / f"{name}_conf.txt").read_text(encoding="utf-8")
    box = {(edge, axis): float(number) for edge, axis, number in _BOX_LINE.findall(text)}
    center = (box["center", "x"], box["center", "y"], box["center", "z"])
    size = (box["size", "x"], box["size", "y"], box["size", "z"])
    return Receptor(folder / f"{name}{_ENDING}", center, size)


def find_vina(program: str | None, folder: Path | None) -> Path:
    """Path of Vina by its name or its path in a folder; by default dockstring's.

    Raises:
        ConfigError: there is no such program.
        MissingExtraError: dockstring is not installed.
    """
    if program is None:
        name = "vina_mac_catalina" if sys.platform == "darwin" else "vina_linux"
        return _resources() / "bin" / name
    return find_program(program, folder)


def find_obabel() -> Path:
    """Path of Open Babel's program, in the environment of this interpreter or else on the PATH.

    Raises:
        MissingExtraError: it is not installed.
    """
    beside = str(Path(sys.executable).parent)
    path = shutil.which("obabel", path=beside) or shutil.which("obabel")
    if path is None:
        raise MissingExtraError("openbabel-wheel", "dock")
    return Path(path)


def check_programs(vina: Path, obabel: Path) -> None:
    """Check that both programs run on this machine.

    Raises:
        ConfigError: the operating system cannot start a program, or it fails.
    """
    _ask(vina, "--version")
    _ask(obabel, "-V")


@cache
def openbabel_version(obabel: Path) -> str:
    """Version of Open Babel, without the date on which it was built.

    Raises:
        ConfigError: the operating system cannot start the program, or it fails.
    """
    return _ask(obabel, "-V").partition(" -- ")[0].strip()


def _ask(program: Path, flag: str) -> str:
    """Output of a program for a flag."""
    ended = run_program((str(program), flag), "", None, _START_LIMITS)
    if ended.problem:
        raise ConfigError(
            f"the program {str(program)!r} {ended.problem}; install one for this machine "
            "(conda and Debian have Open Babel and autodock-vina) and name Vina as 'vina'"
        )
    return ended.output


def _resources() -> Path:
    spec = find_spec("dockstring")
    if spec is None or spec.origin is None:
        raise MissingExtraError("dockstring", "dock")
    return Path(spec.origin).parent / "resources"
