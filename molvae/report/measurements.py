"""The reports of the JSON files of `molvae evaluate`, `molvae diagnose` and `molvae benchmark`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from molvae.errors import FileError
from molvae.files import read_json
from molvae.report.page import Page, Section, Table, flat
from molvae.report.records import BenchmarkRecord, DiagnosisRecord, MetricsRecord, read_record
from molvae.report.views import latent_use_section

_METRICS = {
    "valid": "share of the samples that are molecules",
    "unique": "share of distinct molecules among the first valid samples",
    "Novelty": "share of distinct molecules that are not training molecules",
    "strict": "share of the samples whose SELFIES decodes without repair",
    "near_training": "share with a training molecule at Tanimoto similarity 0.9 or above",
    "FCD": "Fréchet ChemNet distance; lower is better",
    "SNN": "mean Tanimoto similarity to the nearest molecule of the set",
    "Frag": "cosine similarity of the counts of BRICS fragments",
    "Scaf": "cosine similarity of the counts of scaffolds",
    "IntDiv": "internal diversity: 1 minus the mean similarity within the samples",
    "IntDiv2": "internal diversity with the quadratic mean",
    "Filters": "share of the valid samples that pass the filters of MOSES",
    "logP": "Wasserstein distance of the distributions; lower is better",
    "SA": "Wasserstein distance of the distributions; lower is better",
    "QED": "Wasserstein distance of the distributions; lower is better",
    "weight": "Wasserstein distance of the distributions; lower is better",
}
"""Meaning of each metric; a name ends at `/`, before the set, or at `@`, before the number."""


def measurement_page(path: Path) -> Page:
    """The page of a JSON file of evaluate, diagnose, benchmark explore or benchmark latent.

    Raises:
        FileError: the file holds something else.
    """
    content = read_json(path)
    if isinstance(content, Mapping) and "metrics" in content:
        return _metrics_page(path, content)
    if isinstance(content, Mapping) and "verdicts" in content:
        return _diagnosis_page(path, content)
    if isinstance(content, Mapping) and "figures" in content:
        return _benchmark_page(path, content)
    raise FileError(
        f"{str(path)!r} is no result of `molvae evaluate`, `molvae diagnose`, `molvae benchmark "
        "explore` or `molvae benchmark latent`; give such a file, the folder of a run, or a file "
        "of molecules"
    )


# Any: JSON values, here and below.
def _metrics_page(path: Path, content: Mapping[str, Any]) -> Page:
    record = read_record(MetricsRecord, path)
    rows = [
        (name, _figure(value), _METRICS.get(name.partition("/")[0].partition("@")[0], ""))
        for name, value in record.metrics.items()
    ]
    sections = [Section("Metrics", table=Table(("metric", "value", "meaning"), tuple(rows)))]
    further = {"Repairs of SELFIES": record.repairs, "AddCarbon control": record.control}
    for title, figures in further.items():
        if figures:
            facts = {name: _figure(value) for name, value in figures.items()}
            sections.append(Section(title, facts=facts))
    counts = {name: f"{count:,}" for name, count in record.counts.items()}
    sections.append(Section("Molecules behind the values", facts=counts))
    about = "The metrics of MOSES (Polykovskiy et al. 2020)."
    return Page(f"Evaluation {path.name}", about, (*sections, *_origin(record.notes, content)))


def _diagnosis_page(path: Path, content: Mapping[str, Any]) -> Page:
    record = read_record(DiagnosisRecord, path)
    rows = tuple(
        (verdict.item, verdict.word, "yes" if verdict.is_sound else "no", verdict.reason)
        for verdict in record.verdicts
    )
    headings = ("item", "verdict", "can be relied on", "figures and advice")
    measured = (
        "held_out",
        "refined_reconstruction",
        "noisy_reconstruction",
        "information",
        "prior",
        "smoothness",
    )
    figures = {
        name: value for name in measured for name, value in flat(content.get(name), name).items()
    }
    figures.pop("held_out.kl_per_dimension", None)
    sections = (
        Section("Verdicts", table=Table(headings, rows)),
        latent_use_section(record.held_out.kl_per_dimension),
        Section(
            "All figures", table=Table(("figure", "value"), tuple(figures.items())), folded=True
        ),
    )
    about = f"Measured on {record.molecules:,} molecules."
    return Page(f"Diagnosis {path.name}", about, (*sections, *_origin(record.notes, content)))


def _benchmark_page(path: Path, content: Mapping[str, Any]) -> Page:
    record = read_record(BenchmarkRecord, path)
    rows = tuple(
        (row.name, _figure(row.value), _figure(row.control), row.control_name, f"{row.basis:,}")
        for row in record.figures
    )
    headings = ("measure", "value", "control", "the control is", "measured on")
    about = (
        "Each value is beside the same measure of something known; the last column is the number "
        "of molecules or latent vectors measured."
    )
    sections = (Section("Figures", table=Table(headings, rows)), *_origin(record.notes, content))
    return Page(f"Benchmark {path.name}", about, sections)


def _origin(notes: tuple[str, ...], content: Mapping[str, Any]) -> tuple[Section, ...]:
    shown = {
        key: content[key]
        for key in ("model", "data", "files", "reference", "others")
        if key in content
    }
    settings = {**flat(content.get("settings", {})), **flat(content.get("provenance", {}))}
    return (
        *(Section("Note", note) for note in notes),
        *((Section("Files", facts=flat(shown)),) if shown else ()),
        Section(
            "Settings", table=Table(("setting", "value"), tuple(settings.items())), folded=True
        ),
    )


def _figure(value: JsonValue) -> str:
    return "none" if value is None else f"{value:.4f}"
