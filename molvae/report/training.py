"""The report of a training: what the model has learned, and how it went."""

from collections.abc import Mapping, Sequence
from typing import Any

from molvae.files import read_json_lines
from molvae.report.charts import Series, bars, curves
from molvae.report.origin import origin_sections, refusals, summary_of
from molvae.report.page import Page, Picture, Section
from molvae.runs import RunDirectory
from molvae.training.diagnostics import Validation

# Any: JSON values.
_Line = Mapping[str, Any]


def training_page(run: RunDirectory) -> Page:
    """The page of a training that has ended, was cut off or still goes on."""
    lines = read_json_lines(run.progress) if run.progress.is_file() else []
    summary = summary_of(run)
    if summary is not None and lines and summary["updates"] < lines[-1]["step"]:
        summary = None  # It tells of the training before it was resumed.
    sections = [_outcome(summary, lines)]
    if len(lines) > 1:
        sections.append(_course(lines))
    if lines:
        sections.append(_use_of_z(lines[-1]))
    return Page(
        f"Training {run.path.resolve().name}",
        "Losses are in nats per molecule; held-out molecules were never trained on.",
        (*sections, *refusals(run), *origin_sections(run)),
    )


def _outcome(summary: _Line | None, lines: Sequence[_Line]) -> Section:
    facts = {"state": "not ended" if summary is None else f"ended: {summary['stop']}"}
    if summary is not None:
        facts |= {
            "updates": f"{summary['updates']:,}",
            "time": f"{summary['minutes']:.1f} minutes",
            "molecules trained on": f"{summary['training_molecules']:,}",
        }
    figures = summary["best"] if summary is not None else lines[-1] if lines else None
    if figures is None:
        return Section("Outcome", facts=facts, text="There was no validation yet.")
    measured = Validation.from_json(figures)
    facts |= {
        "figures": "of the best model" if summary is not None else "of the last validation",
        "exact reconstruction": f"{measured.exact_reconstruction:.1%} of "
        f"{measured.molecules:,} held-out molecules",
        "reconstruction": f"{measured.reconstruction:.2f} nats",
        "KL": f"{measured.kl:.1f} nats",
        "active units": f"{measured.active_units} of {len(measured.kl_per_dimension)}",
    }
    if measured.language:
        facts["learned prior"] = f"{measured.language:.2f} nats"
    if measured.property_error:
        facts["property head"] = f"{measured.property_error:.2f} standard deviations off"
    return Section("Outcome", facts=facts, text=measured.collapse() or "")


def _course(lines: Sequence[_Line]) -> Section:
    def course(*names: tuple[str, str]) -> list[Series]:
        """What the lines tell, which is less where the prior alone was trained."""
        steps = [line["step"] for line in lines]
        return [
            Series(label, steps, [line[name] for line in lines])
            for name, label in names
            if all(name in line for line in lines)
        ]

    losses = course(
        ("reconstruction", "held out"), ("training_reconstruction", "trained on (noisy)")
    )
    kl = course(("kl", "held out"), ("training_kl", "trained on (noisy)"))
    exact = course(("exact_reconstruction", "held out"))
    rate = course(("learning_rate", "learning rate"))
    pictures = [
        Picture(curves(losses, "updates", "nats"), "Reconstruction loss."),
        Picture(curves(exact, "updates", "share", share=True), "Exact reconstruction, greedy."),
        Picture(curves(kl, "updates", "nats"), "KL of the posterior to N(0, I)."),
        Picture(curves(rate, "updates", "step"), "Learning rate."),
    ]
    if any(line["language"] for line in lines):
        language = course(("language", "held out"), ("training_language", "trained on (noisy)"))
        drawn = curves(language, "updates", "nats")
        pictures.insert(3, Picture(drawn, "-log p(molecule) under the learned prior."))
    return Section("Course", pictures=tuple(pictures))


def _use_of_z(line: _Line) -> Section:
    kl = sorted(line["kl_per_dimension"], reverse=True)
    picture = Picture(
        bars(kl, "dimension, most used first", "KL in nats"),
        f"KL of each dimension of z at update {line['step']:,}; one near 0 carries nothing.",
    )
    return Section("Use of the latent space", pictures=(picture,))
