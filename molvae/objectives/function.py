"""Measure: a Python function that the user wrote."""

import importlib
import re
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import JsonValue, field_validator

from molvae.chem.molecule import Molecule
from molvae.errors import ConfigError
from molvae.files import sha256
from molvae.objectives.desirability import AnyCurve
from molvae.objectives.measure import Failed, Readings, describe_error, readings_of
from molvae.settings import Settings

# Any: the return values of an external function are checked before they are used.
_Function = Callable[[list[str]], Any]


class FunctionMeasure(Settings):
    """Values of a Python function that takes a list of SMILES and returns a number for each.

    The function runs in this process, without a time limit: use a `program` for code that may hang
    or crash. If it raises an error for a batch, it is called for each molecule separately. Its
    prints go to stderr, because stdout is for results.
    """

    kind: Literal["python"] = "python"
    function: str
    """Name such as module:function; the module is installed or lies beside the objective file."""
    folder: Path | None = None
    """Folder of the module; by default that of the objective file."""

    @field_validator("function")
    @classmethod
    def _names_module_and_function(cls, function: str) -> str:
        if re.fullmatch(r"[\w.]+:\w+", function):
            return function
        if re.fullmatch(r"\w+(\.\w+)+", function):
            module, _, name = function.rpartition(".")
            raise ValueError(f"write module:function, here {module}:{name}")
        raise ValueError("write module:function, such as assay:predict")

    def label(self) -> str:
        return self.function.partition(":")[2]

    def usual_curve(self) -> AnyCurve | None:
        return None

    def identity(self) -> JsonValue:
        settings = self.model_dump(mode="json", include={"kind", "function"})
        return {**settings, "sha256": _import(self.function, self.folder)[1]}

    def within(self, folder: Path) -> "FunctionMeasure":
        module_folder = folder / self.folder if self.folder else folder
        return self.model_copy(update={"folder": module_folder.absolute()})

    def action(self) -> str:
        return (
            f"runs the Python function {self.function} (module looked for in {self.folder or '.'})"
        )

    def check(self) -> None:
        _import(self.function, self.folder)

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        function, _ = _import(self.function, self.folder)
        smiles = [molecule.smiles for molecule in molecules]
        together = _answers(function, smiles)
        if isinstance(together, Failed):
            alone = [_answers(function, [text]) for text in smiles]
            return readings_of([got if isinstance(got, Failed) else got[0] for got in alone])
        return readings_of(together)


def _answers(function: _Function, smiles: list[str]) -> list[object] | Failed:
    try:
        with _stdout_to_stderr():
            given = function(list(smiles))
            # A text would give a character for each molecule, and bytes a number.
            answers: list[object] = [given] if isinstance(given, str | bytes) else list(given)
    except KeyboardInterrupt:
        raise
    # An external function may raise anything: the molecule has no score, but the search continues.
    except BaseException as error:  # noqa: BLE001
        return Failed(describe_error(error))
    if len(answers) != len(smiles):
        return Failed(f"gave {len(answers)} numbers for {len(smiles)} molecules")
    return answers


def _stdout_to_stderr() -> AbstractContextManager[object]:
    """A block in which prints go to stderr.

    Only in the main thread: threads share one stdout, and would restore it in any order.
    """
    if threading.current_thread() is threading.main_thread():
        return redirect_stdout(sys.stderr)
    return nullcontext()


@lru_cache(maxsize=16)
def _import(name: str, folder: Path | None) -> tuple[_Function, str | None]:
    """The function and the SHA-256 of its module's file; imported modules are not included.

    Raises:
        ConfigError: the module cannot be imported, is not the one in the folder, or has no such
            function.
    """
    module_name, _, function_name = name.partition(":")
    # At the end, so that it hides no other module; never removed, since it may import others later.
    if folder and str(folder) not in sys.path:
        sys.path.append(str(folder))
    try:
        with _stdout_to_stderr():
            module = importlib.import_module(module_name)
    except KeyboardInterrupt:
        raise
    # Importing a module may raise anything.
    except BaseException as error:  # noqa: BLE001
        raise ConfigError(f"{name!r} cannot be imported: {describe_error(error)}") from None
    file = getattr(module, "__file__", None)
    _check_not_hidden(module_name, file, folder)
    function = getattr(module, function_name, None)
    if not callable(function):
        raise ConfigError(f"{name!r}: the module {module_name} has no function {function_name!r}")
    checked: _Function = function
    try:
        return checked, sha256(Path(file)) if file else None
    except OSError:
        return checked, None


def _check_not_hidden(module: str, file: str | None, folder: Path | None) -> None:
    """Check that another module of the same name does not hide the one in the folder.

    Raises:
        ConfigError: another module hides it.
    """
    top = module.partition(".")[0]
    if folder is None or not ((folder / f"{top}.py").is_file() or (folder / top).is_dir()):
        return
    if file is None or not Path(file).resolve().is_relative_to(folder.resolve()):
        raise ConfigError(
            f"the module {module!r} in {str(folder)!r} is hidden by another of that name, "
            f"{file or 'built in'}; rename it"
        )
