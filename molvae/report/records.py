"""The files of a run that a report shows, checked when read: they may have been changed."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    model_validator,
)

from molvae.diagnosis.held_out import HeldOut
from molvae.errors import FileError
from molvae.files import read_json, read_json_lines

AnyRecord = TypeVar("AnyRecord", bound="Record")


class Record(BaseModel):
    """Contents of a file that the report uses; other keys are ignored."""

    model_config = ConfigDict(frozen=True)


class Provenance(Record):
    """How the run was made."""

    # Other keys are shown as they are.
    model_config = ConfigDict(frozen=True, extra="allow")

    packages: Mapping[str, str | None]


class TrainingSummary(Record):
    """Result of a training."""

    stop: str
    updates: int
    minutes: float
    training_molecules: int
    best: HeldOut


class ProgressLine(Record):
    """A validation, with the losses of the updates before it."""

    step: int
    learning_rate: float
    training_reconstruction: float | None = None
    """None (here and below): there is no such loss, as when only the prior is trained."""
    training_kl: float | None = None
    training_language: float | None = None
    validation: HeldOut

    # Any: a line may hold anything.
    @model_validator(mode="before")
    @classmethod
    def _with_figures(cls, line: Any) -> Any:
        """In the file the figures of the validation are not a table of their own."""
        return {**line, "validation": line} if isinstance(line, Mapping) else line


class Lead(Record):
    """The molecule that a search started from."""

    smiles: str
    score: float | None
    violation: str | None = Field(validation_alias=AliasChoices("violation", "objection"))
    improvement: float | None
    similarity: float | None


class FrontSummary(Record):
    """Summary of the Pareto front of a search."""

    molecules: int


class SearchSummary(Record):
    """Result of a search."""

    stop: str
    advice: str
    calls: int
    proposed: int
    undecodable: int
    repeats: int
    rejected: Mapping[str, int] = Field(validation_alias=AliasChoices("rejected", "refused"))
    lead: Lead | None
    front: FrontSummary | None


class MetricsRecord(Record):
    """Result of an evaluation."""

    metrics: Mapping[str, float | None]
    """None (here and below): the samples are too few."""
    repairs: Mapping[str, float] = {}
    control: Mapping[str, float | None] = {}
    counts: Mapping[str, int] = {}
    notes: tuple[str, ...] = ()


class VerdictRecord(Record):
    """A verdict of a diagnosis."""

    item: str
    word: str
    is_sound: bool
    reason: str


class DiagnosisRecord(Record):
    """Result of a diagnosis."""

    molecules: int
    held_out: HeldOut
    verdicts: tuple[VerdictRecord, ...]
    notes: tuple[str, ...] = ()


class FigureRecord(Record):
    """A figure of a benchmark of a latent space, with its control."""

    name: str
    value: float | None
    control: float | None
    """Value of the same measure for something known; None: there is no control."""
    control_name: str
    basis: int
    """Number of molecules or latent vectors behind the value."""


class BenchmarkRecord(Record):
    """Result of a benchmark of a latent space."""

    figures: tuple[FigureRecord, ...]
    notes: tuple[str, ...] = ()


def read_record(kind: type[AnyRecord], path: Path) -> AnyRecord:
    """The contents of a JSON file.

    Raises:
        FileError: the file is not readable, or holds something else.
    """
    return _check(kind, read_json(path), repr(str(path)))


def read_progress(path: Path) -> list[ProgressLine]:
    """The validations of a training in their order.

    Raises:
        FileError: the file is not readable, or a line of it holds something else.
    """
    return [
        _check(ProgressLine, line, f"line {number} of {str(path)!r}")
        for number, line in enumerate(read_json_lines(path), 1)
    ]


def read_settings(path: Path) -> dict[str, JsonValue]:
    """All settings of a run.

    Raises:
        FileError: the file is not readable, or holds something else.
    """
    settings = read_json(path)
    if not isinstance(settings, dict):
        raise FileError(f"{str(path)!r} does not hold the settings of a run; restore the file")
    return settings


def read_refused(path: Path) -> tuple[Sequence[str], list[dict[str, str]]]:
    """Column names and rows of the list of refused rows.

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


# Any: a file may hold anything.
def _check(kind: type[AnyRecord], value: Any, file: str) -> AnyRecord:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise _foreign(file, f"{key}: {first['msg']}".removeprefix(": ")) from None


def _foreign(file: str, problem: str) -> FileError:
    return FileError(
        f"{file} does not hold what molvae writes there ({problem}); restore or delete it"
    )
