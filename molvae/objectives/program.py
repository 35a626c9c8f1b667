"""Measure: an external program that reads SMILES and writes a number for each."""

import json
import shlex
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import Field, JsonValue, NonNegativeInt, PositiveFloat, PositiveInt

from molvae.chem.molecule import Molecule
from molvae.errors import ConfigError
from molvae.files import sha256
from molvae.objectives.desirability import AnyCurve
from molvae.objectives.isolation import FailedBatch, read_in_batches
from molvae.objectives.measure import Readings
from molvae.objectives.running import Ended, Limits, find_program, run_program
from molvae.settings import Settings

_BYTES_PER_MOLECULE = 10_000
"""Maximum output per molecule; a program that writes more is stopped."""


class ProgramMeasure(Settings):
    """Numbers that a program writes, one per line, for the SMILES on its stdin.

    A program that crashes, hangs or writes too few or too many numbers is started again with fewer
    molecules, until the failing ones are identified. These are reported and have no value, and
    neither have molecules for which the program writes NaN or a line that is not a number.

    Processes that the program started end with it; a server that later runs need must be started
    by hand. On Linux this holds in any session, and if molvae is killed; elsewhere only for
    processes in the program's own session, and not if molvae is killed.
    """

    kind: Literal["program"] = "program"
    command: tuple[str, ...] = Field(min_length=1)
    """The program and its arguments; no shell interprets them."""
    output: Literal["lines", "json"] = "lines"
    """`lines`: one number per line; `json`: a list of numbers, with null for no value."""
    key: str | None = None
    """Key of the list in a JSON object, such as payload.score."""
    timeout_seconds: PositiveFloat = 60.0
    """Time limit for one run of the program, in seconds."""
    at_once: PositiveInt = 100
    """Maximum number of molecules per run of the program."""
    restarts: NonNegativeInt = 30
    """Maximum number of restarts; after that, the rest of the batch has no value."""
    folder: Path | None = None
    """Working directory of the program; by default the folder of the objective file."""

    def label(self) -> str:
        return "program"

    def usual_curve(self) -> AnyCurve | None:
        return None

    def identity(self) -> JsonValue:
        settings = self.model_dump(mode="json", include={"kind", "command", "output", "key"})
        return {**settings, "sha256": self._script_digest()}

    def action(self) -> str:
        return f"runs the program {shlex.join(self.command)} (in {self.folder or '.'})"

    def _script_digest(self) -> str | None:
        """SHA-256 of the script beside the objective file, because its content affects the scores.

        The script is the program itself or its first argument.
        """
        words = [word for word in self.command if not word.startswith("-")][:2]
        for word in words:
            if not Path(word).is_absolute():
                # Too long for a file name, or not readable: not a script.
                with suppress(OSError):
                    return sha256((self.folder or Path()) / word)
        return None

    def within(self, folder: Path) -> "ProgramMeasure":
        started_in = folder / self.folder if self.folder else folder
        return self.model_copy(update={"folder": started_in.absolute()})

    def check(self) -> None:
        if self.folder is not None and not self.folder.is_dir():
            raise ConfigError(
                f"there is no folder {str(self.folder)!r} to start the program in; check the path"
            )
        find_program(self.command[0], self.folder)

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        # A failed program is restarted up to `restarts` times.
        return read_in_batches(molecules, self._start, self.at_once, self.restarts)

    def _start(self, smiles: Sequence[str]) -> list[object] | FailedBatch:
        limits = Limits(self.timeout_seconds, _BYTES_PER_MOLECULE * len(smiles))
        text = "".join(f"{line}\n" for line in smiles)
        ended = run_program(self.command, text, self.folder, limits)
        if self.output == "json":
            return self._read_json(ended, len(smiles))
        lines: list[object] = list(ended.output.splitlines())
        while len(lines) > len(smiles) and not str(lines[-1]).strip():
            lines.pop()
        if ended.problem:
            return FailedBatch(f"the program {ended.problem}", len(lines))
        return _check_count(lines, len(smiles), "lines")

    def _read_json(self, ended: Ended, expected: int) -> list[object] | FailedBatch:
        if ended.problem:
            return FailedBatch(f"the program {ended.problem}")
        try:
            value = json.loads(ended.output)
            for key in self.key.split(".") if self.key else ():
                value = value[key]
        except (ValueError, RecursionError):
            return FailedBatch(f"the program wrote no JSON: {ended.output[:60]!r}")
        except (KeyError, TypeError):
            return FailedBatch(f"there is no {self.key!r} in the program's JSON")
        if not isinstance(value, list):
            return FailedBatch(f"the program wrote no list: {str(value)[:60]!r}")
        return _check_count(value, expected, "numbers")


def _check_count(answers: list[object], expected: int, unit: str) -> list[object] | FailedBatch:
    if len(answers) == expected:
        return answers
    return FailedBatch(f"the program wrote {len(answers)} {unit} for {expected} molecules")
