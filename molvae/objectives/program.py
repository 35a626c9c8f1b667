"""Measure: an external program that reads SMILES and writes a number for each."""

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

from pydantic import Field, JsonValue, NonNegativeInt, PositiveFloat, PositiveInt

from molvae.chem.molecule import Molecule
from molvae.errors import ConfigError
from molvae.files import sha256
from molvae.objectives.desirability import AnyCurve
from molvae.objectives.measure import Failed, Readings, readings_of
from molvae.objectives.running import Ended, Limits, run_program
from molvae.settings import Settings

_BYTES_PER_MOLECULE = 10_000
"""More output than this for each molecule is no answer."""


class ProgramMeasure(Settings):
    """What a program writes for each SMILES that it reads, a line each, on stdin.

    A run that crashes, hangs or answers with too few or too many numbers is started again with
    parts of its molecules until those are found that it cannot take; they are reported and have
    no value. The same holds for a NaN and for a line that is no number.
    """

    kind: Literal["program"] = "program"
    command: tuple[str, ...] = Field(min_length=1)
    """The program and its arguments; no shell reads them."""
    output: Literal["lines", "json"] = "lines"
    """One number a line, or a JSON list of numbers, null for none."""
    key: str | None = None
    """Where the list stands in a JSON object, such as payload.score."""
    timeout_seconds: PositiveFloat = 60.0
    """For one start of the program, however many molecules it is given."""
    at_once: PositiveInt = 100
    """Molecules that one start of the program is given at most."""
    restarts: NonNegativeInt = 30
    """Failed starts after which the rest of such a batch is given up."""
    folder: Path | None = None
    """Where the program is started; without it in the folder of the objective file."""

    def label(self) -> str:
        return "program"

    def usual_curve(self) -> AnyCurve | None:
        return None

    def identity(self) -> JsonValue:
        told = self.model_dump(mode="json", include={"kind", "command", "output", "key"})
        return {**told, "sha256": self._script()}

    def _script(self) -> str | None:
        """Hash of the script beside the objective file: one that was changed gives other scores.

        It is the program itself, or the first thing that a program from elsewhere is given.
        """
        words = [word for word in self.command if not word.startswith("-")][:2]
        for word in words:
            if not Path(word).is_absolute():
                # Too long for a name, or not to be read: no script.
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
        program = self.command[0]
        # As the operating system looks for it: by a path from the folder, or by name alone.
        if "/" in program:
            program = str((self.folder or Path()) / program)
        if shutil.which(program) is None:
            raise ConfigError(f"there is no program {self.command[0]!r} that could be started")

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        smiles = [molecule.smiles for molecule in molecules]
        parts = (smiles[i : i + self.at_once] for i in range(0, len(smiles), self.at_once))
        return readings_of(list(chain.from_iterable(map(self._answers, parts))))

    def _answers(self, smiles: Sequence[str]) -> list[object]:
        """One answer each, after as many starts as that takes and `restarts` allows."""
        found: dict[int, object] = {}
        failures: list[str] = []
        waiting = [range(len(smiles))]
        while waiting:
            places = waiting.pop()
            if len(failures) > self.restarts:
                reason = f"not asked: {len(failures)} starts had failed, the last {failures[-1]}"
                found.update(dict.fromkeys(places, Failed(reason)))
                continue
            answer = self._one_start([smiles[place] for place in places])
            if not isinstance(answer, _Unusable):
                found.update(zip(places, answer, strict=True))
                continue
            failures.append(answer.reason)
            if len(places) == 1:
                found[places[0]] = Failed(answer.reason)
            else:
                waiting += reversed(_parts(places, answer.seen))
        return [found[place] for place in range(len(smiles))]

    def _one_start(self, smiles: Sequence[str]) -> "list[object] | _Unusable":
        limits = Limits(self.timeout_seconds, _BYTES_PER_MOLECULE * len(smiles))
        text = "".join(f"{one}\n" for one in smiles)
        ended = run_program(self.command, text, self.folder, limits)
        if self.output == "json":
            return self._from_json(ended, len(smiles))
        lines: list[object] = list(ended.output.splitlines())
        while len(lines) > len(smiles) and not str(lines[-1]).strip():
            lines.pop()
        if ended.problem:
            return _Unusable(f"the program {ended.problem}", len(lines))
        return _counted(lines, len(smiles), "lines")

    def _from_json(self, ended: Ended, expected: int) -> "list[object] | _Unusable":
        if ended.problem:
            return _Unusable(f"the program {ended.problem}")
        try:
            value = json.loads(ended.output)
            for part in self.key.split(".") if self.key else ():
                value = value[part]
        except (ValueError, RecursionError):
            return _Unusable(f"the program wrote no JSON: {ended.output[:60]!r}")
        except (KeyError, TypeError):
            return _Unusable(f"there is no {self.key!r} in the program's JSON")
        if not isinstance(value, list):
            return _Unusable(f"the program wrote no list: {str(value)[:60]!r}")
        return _counted(value, expected, "numbers")


@dataclass(frozen=True, slots=True)
class _Unusable:
    """A start that cannot be trusted in anything."""

    reason: str
    seen: int = 0
    """Lines that had come; the next molecule is the likeliest to blame."""


def _counted(answers: list[object], expected: int, what: str) -> list[object] | _Unusable:
    if len(answers) == expected:
        return answers
    return _Unusable(f"the program wrote {len(answers)} {what} for {expected} molecules")


def _parts(places: range, seen: int) -> list[range]:
    """Smaller portions: round the one that is suspected, else two halves."""
    if 0 < seen < len(places):
        parts = [places[:seen], places[seen : seen + 1], places[seen + 1 :]]
        return [part for part in parts if part]
    half = len(places) // 2
    return [places[:half], places[half:]]
