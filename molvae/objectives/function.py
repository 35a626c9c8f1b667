"""Measure: a Python function of the user's own."""

import importlib
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, JsonValue

from molvae.chem.molecule import Molecule
from molvae.errors import ConfigError
from molvae.files import sha256
from molvae.objectives.desirability import AnyCurve
from molvae.objectives.measure import Failed, Readings, readings_of
from molvae.settings import Settings

# Any: what somebody else's function returns is looked at before it is believed.
_Function = Callable[[list[str]], Any]


class FunctionMeasure(Settings):
    """What a Python function gives for SMILES: a list of texts in, as many numbers out.

    The function runs inside this program, without a limit of time: code that may hang or crash
    belongs into a `program`. Where it raises, it is asked for each molecule by itself. What it
    prints goes to stderr: stdout is for the results.
    """

    kind: Literal["python"] = "python"
    function: str = Field(pattern=r"^[\w.]+:\w+$")
    """module:function; the module is one that is installed, or beside the objective file."""
    folder: Path | None = None
    """Where the module is looked for; without it in the folder of the objective file."""

    def label(self) -> str:
        return self.function.partition(":")[2]

    def usual_curve(self) -> AnyCurve | None:
        return None

    def identity(self) -> JsonValue:
        told = self.model_dump(mode="json", include={"kind", "function"})
        return {**told, "sha256": _imported(self.function, self.folder)[1]}

    def within(self, folder: Path) -> "FunctionMeasure":
        found_in = folder / self.folder if self.folder else folder
        return self.model_copy(update={"folder": found_in.absolute()})

    def check(self) -> None:
        _imported(self.function, self.folder)

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        function, _ = _imported(self.function, self.folder)
        smiles = [molecule.smiles for molecule in molecules]
        together = _answers(function, smiles)
        if isinstance(together, Failed):
            alone = [_answers(function, [one]) for one in smiles]
            return readings_of([one if isinstance(one, Failed) else one[0] for one in alone])
        return readings_of(together)


def _answers(function: _Function, smiles: list[str]) -> list[object] | Failed:
    try:
        with _printing_aside():
            answers: list[object] = list(function(list(smiles)))
    # Any mistake at all in somebody else's function costs its molecule, not the search.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        return Failed(f"{type(error).__name__}: {str(error)[:200]}")
    if len(answers) != len(smiles):
        return Failed(f"gave {len(answers)} numbers for {len(smiles)} molecules")
    return answers


def _printing_aside() -> AbstractContextManager[object]:
    """A block whose words go to stderr, for stdout is for the results.

    In the main thread alone: all share one stdout, and would give it back in any order.
    """
    if threading.current_thread() is threading.main_thread():
        return redirect_stdout(sys.stderr)
    return nullcontext()


@lru_cache(maxsize=16)
def _imported(name: str, folder: Path | None) -> tuple[_Function, str | None]:
    """The function itself, and a hash of its module's file; what that imports goes unseen.

    Raises:
        ConfigError: the module cannot be imported, is another than the one in the folder, or has
            no such function.
    """
    module_name, _, function_name = name.partition(":")
    # Last and for good: the module may import its neighbors late, and shall replace no other.
    if folder and str(folder) not in sys.path:
        sys.path.append(str(folder))
    try:
        with _printing_aside():
            module = importlib.import_module(module_name)
    # A module may raise anything while it is imported.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        raise ConfigError(f"{name!r} cannot be imported: {type(error).__name__}: {error}") from None
    file = getattr(module, "__file__", None)
    _check_place(module_name, file, folder)
    function = getattr(module, function_name, None)
    if not callable(function):
        raise ConfigError(f"{name!r}: the module {module_name} has no function {function_name!r}")
    found: _Function = function
    try:
        return found, sha256(Path(file)) if file else None
    except OSError:
        return found, None


def _check_place(module: str, file: str | None, folder: Path | None) -> None:
    """See that a module that lies in the folder is not hidden by another of its name.

    Raises:
        ConfigError: it is.
    """
    top = module.partition(".")[0]
    if folder is None or not ((folder / f"{top}.py").is_file() or (folder / top).is_dir()):
        return
    if file is None or not Path(file).resolve().is_relative_to(folder.resolve()):
        raise ConfigError(
            f"the module {module!r} in {str(folder)!r} is hidden by another of that name, "
            f"{file or 'built in'}; rename it"
        )
