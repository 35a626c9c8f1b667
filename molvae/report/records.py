"""What a report tells of a run's files, checked as it is read: a file may have been altered."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError, model_validator

from molvae.errors import FileError
from molvae.files import read_json, read_json_lines
from molvae.training.diagnostics import Validation

AnyRecord = TypeVar("AnyRecord", bound="Record")


class Record(BaseModel):
    """What is told of a file; whatever else stands in it is passed over."""

    model_config = ConfigDict(frozen=True)


class Provenance(Record):
    """Who made the run."""

    # What else stands there is told as it is.
    model_config = ConfigDict(frozen=True, extra="allow")

    packages: Mapping[str, str | None]


class TrainingSummary(Record):
    """What a training came to."""

    stop: str
    updates: int
    minutes: float
    training_molecules: int
    best: Validation


class ProgressLine(Record):
    """A validation of a training, and where it stood."""

    step: int
    learning_rate: float
    training_reconstruction: float | None = None
    """None, here and below: no such loss, as where the prior alone was trained."""
    training_kl: float | None = None
    training_language: float | None = None
    validation: Validation

    # Any: a line may be anything.
    @model_validator(mode="before")
    @classmethod
    def _with_figures(cls, line: Any) -> Any:
        """The figures stand among the rest."""
        return {**line, "validation": line} if isinstance(line, Mapping) else line


class Lead(Record):
    """The molecule that a search began with."""

    smiles: str
    score: float | None
    objection: str | None
    improvement: float | None
    similarity: float | None


class FrontSummary(Record):
    """What no other molecule of a search beats."""

    molecules: int


class SearchSummary(Record):
    """What a search came to."""

    stop: str
    advice: str
    calls: int
    proposed: int
    undecodable: int
    repeats: int
    refused: Mapping[str, int]
    lead: Lead | None
    front: FrontSummary | None


def read_record(kind: type[AnyRecord], path: Path) -> AnyRecord:
    """What a JSON file tells.

    Raises:
        FileError: it is not readable, or holds something else.
    """
    return _checked(kind, read_json(path), repr(str(path)))


def read_progress(path: Path) -> list[ProgressLine]:
    """The validations of a training, in their order.

    Raises:
        FileError: the file is not readable, or a line of it holds something else.
    """
    return [
        _checked(ProgressLine, line, f"line {number} of {str(path)!r}")
        for number, line in enumerate(read_json_lines(path), 1)
    ]


def read_settings(path: Path) -> dict[str, JsonValue]:
    """All settings of a run.

    Raises:
        FileError: the file is not readable, or holds something else.
    """
    settings = read_json(path)
    if not isinstance(settings, dict):
        raise FileError(f"{str(path)!r} does not hold the settings of a run; bring it back")
    return settings


def read_refused(path: Path) -> tuple[Sequence[str], list[dict[str, str]]]:
    """The names of the columns, and the refused rows by them.

    Raises:
        FileError: the file is not readable, or holds something else.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, restval="")
            columns, rows = reader.fieldnames or (), list(reader)
    except (ValueError, csv.Error) as error:
        raise _foreign(repr(str(path)), str(error)) from None
    if "reason" not in columns:
        raise _foreign(repr(str(path)), "no column 'reason'")
    return columns, rows


# Any: what was read may be anything.
def _checked(kind: type[AnyRecord], value: Any, place: str) -> AnyRecord:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise _foreign(place, f"{where}: {first['msg']}".removeprefix(": ")) from None


def _foreign(place: str, problem: str) -> FileError:
    told = f"does not hold what molvae writes there ({problem})"
    return FileError(f"{place} {told}; bring it back, or delete it")
