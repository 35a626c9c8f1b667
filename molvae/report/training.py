"""The report of a training: its result, its curves, and the use of the latent space."""

from collections.abc import Sequence

from molvae.diagnosis.thresholds import describe_elbo_gap
from molvae.report.charts import Series, curves
from molvae.report.config import ReportConfig
from molvae.report.origin import origin_sections, refusals
from molvae.report.page import Page, Picture, Section
from molvae.report.records import ProgressLine, TrainingSummary, read_progress, read_record
from molvae.report.training_samples import sample_sections
from molvae.report.views import latent_use_section
from molvae.runs import RunDirectory


def training_page(run: RunDirectory, config: ReportConfig) -> Page:
    """The page of a training that has ended, was interrupted or is in progress.

    Args:
        run: its folder.
        config: what is drawn, and what the samples are compared with.

    Raises:
        FileError: a file of the run is damaged.
        ModelError: the model is damaged.
        DataError: the file to compare with cannot be read.
    """
    lines = read_progress(run.progress) if run.progress.is_file() else []
    summary = read_record(TrainingSummary, run.summary) if run.summary.is_file() else None
    if summary is not None and lines and summary.updates < lines[-1].step:
        summary = None  # It was written before the training was resumed.
    sections = [_outcome(summary, lines)]
    if len(lines) > 1:
        sections.append(_course(lines))
    if lines:
        kl, when = lines[-1].validation.kl_per_dimension, f" at update {lines[-1].step:,}"
        sections.append(latent_use_section(kl, when))
    # Read before the model is sampled, which takes longer.
    further = (*refusals(run), *origin_sections(run))
    samples, molecules = sample_sections(run, config)
    return Page(
        f"Training {run.path.resolve().name}",
        "Losses are in nats per molecule; the model never saw the held-out molecules.",
        (*sections, *samples, *further),
        molecules,
    )


def _outcome(summary: TrainingSummary | None, lines: Sequence[ProgressLine]) -> Section:
    facts = {"state": "in progress or interrupted" if summary is None else f"ended: {summary.stop}"}
    if summary is not None:
        facts |= {
            "updates": f"{summary.updates:,}",
            "time": f"{summary.minutes:.1f} minutes",
            "molecules trained on": f"{summary.training_molecules:,}",
        }
    elif not lines:
        return Section("Outcome", facts=facts, text="There is no validation yet.")
    measured = summary.best if summary is not None else lines[-1].validation
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
        gap = measured.elbo_gap
        facts["ELBO gap"] = f"{gap:.1f} nats: {describe_elbo_gap(gap)}"
    if measured.property_error:
        facts["property head"] = f"{measured.property_error:.2f} standard deviations off"
    return Section("Outcome", facts=facts, text=measured.collapse() or "")


def _course(lines: Sequence[ProgressLine]) -> Section:
    steps = [line.step for line in lines]
    validations = [line.validation for line in lines]

    def course(held_out: Sequence[float], training: Sequence[float | None] = ()) -> list[Series]:
        """Curves on held-out molecules and, if every line has it, on training molecules."""
        losses = [loss for loss in training if loss is not None]
        both = (Series("held out", steps, held_out), Series("training (noisy)", steps, losses))
        return [series for series in both if len(series.y) == len(steps)]

    losses = course(
        [measured.reconstruction for measured in validations],
        [line.training_reconstruction for line in lines],
    )
    kl = course([measured.kl for measured in validations], [line.training_kl for line in lines])
    exact = course([measured.exact_reconstruction for measured in validations])
    rate = [Series("learning rate", steps, [line.learning_rate for line in lines])]
    pictures = [
        Picture(curves(losses, "updates", "nats"), "Reconstruction loss."),
        Picture(curves(exact, "updates", "share", share=True), "Exact reconstruction, greedy."),
        Picture(curves(kl, "updates", "nats"), "KL of the posterior to N(0, I)."),
        Picture(curves(rate, "updates", "step"), "Learning rate."),
    ]
    if any(measured.language for measured in validations):
        language = course(
            [measured.language for measured in validations],
            [line.training_language for line in lines],
        )
        chart = curves(language, "updates", "nats")
        pictures.insert(3, Picture(chart, "-log p(molecule) under the learned prior."))
    return Section("Course", pictures=tuple(pictures))
