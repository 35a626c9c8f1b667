"""Diagnosis of a model on molecules: figures and verdicts, as JSON and as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from molvae.diagnosis.config import DiagnoseConfig
from molvae.diagnosis.drawing import DrawnMolecules
from molvae.diagnosis.figures import as_json
from molvae.diagnosis.held_out import HeldOut, measure_held_out
from molvae.diagnosis.information import Information, measure_information
from molvae.diagnosis.posteriors import Posteriors
from molvae.diagnosis.prior_match import PriorMatch, measure_prior
from molvae.diagnosis.reconstruction import (
    ExactShare,
    jtvae_reconstruction,
    refined_reconstruction,
)
from molvae.diagnosis.smoothness import Smoothness, measure_smoothness
from molvae.diagnosis.thresholds import THRESHOLDS
from molvae.diagnosis.verdicts import (
    Verdict,
    judge_distances,
    judge_gap,
    judge_information,
    judge_noisy,
    judge_normal,
    judge_prior,
    judge_reconstruction,
    judge_steps,
    judge_use,
)
from molvae.molecule_vae import MoleculeVAE


@dataclass(frozen=True)
class Diagnosis:
    """Figures of a model on held-out molecules, with a verdict on each."""

    molecules: int
    refused: Mapping[str, int]
    """Number of sampled rows without a new molecule that the model can read, by reason."""
    held_out: HeldOut
    refined: ExactShare
    """Exact reconstruction from refined latent vectors."""
    noisy: ExactShare
    """Exact reconstruction from samples of the posterior, decoded at temperature 1."""
    information: Information
    prior: PriorMatch
    smoothness: Smoothness
    config: DiagnoseConfig
    # Any: JSON values.
    card: Mapping[str, Any]
    """The model's card."""

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """A verdict on each item; those on N(0, I) only for models with a learned prior."""
        is_learned = self.prior.prior == "learned"
        gap = [judge_gap(self.held_out)] if is_learned else []
        normal = [judge_normal(self.prior)] if is_learned else []
        return (
            judge_use(self.held_out),
            judge_information(self.information),
            judge_reconstruction(self.held_out, self.refined),
            judge_noisy(self.noisy),
            *gap,
            judge_prior(self.prior),
            *normal,
            judge_steps(self.smoothness),
            judge_distances(self.smoothness),
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """Caveats for the reader of the figures."""
        notes = [
            "the mutual information rests on a mixture of these molecules' posteriors only, so no "
            f"estimate can exceed log {self.molecules} = {self.information.bound:.2f} nats; the "
            "true value lies between the estimate and the mean KL",
        ]
        if self.prior.prior == "learned":
            notes.append(
                "log-densities under a learned prior are lower bounds, and its draws are posterior "
                "means; molecules' means are compared with them"
            )
        if self.molecules < self.config.molecules:
            notes.append(
                f"{self.molecules} of the {self.config.molecules} molecules wanted could be drawn"
            )
        return tuple(notes)

    # Any: JSON values.
    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values; NaN becomes None."""
        return {
            "molecules": self.molecules,
            "refused": as_json(self.refused),
            "held_out": as_json(self.held_out.to_json()),
            "refined_reconstruction": as_json(self.refined),
            "noisy_reconstruction": as_json(self.noisy),
            "information": as_json(self.information),
            "prior": as_json(self.prior),
            "smoothness": as_json(self.smoothness),
            "verdicts": as_json(self.verdicts),
            "thresholds": dict(THRESHOLDS),
            "notes": list(self.notes),
            "settings": self.config.model_dump(mode="json"),
            "card": as_json(self.card),
        }

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def diagnose(
    model: MoleculeVAE,
    drawn: DrawnMolecules,
    config: DiagnoseConfig = DiagnoseConfig(),  # noqa: B008 - frozen
    *,
    progress: bool = False,
) -> Diagnosis:
    """Measure a model on molecules that it was not trained on.

    The same model, molecules, settings, device and versions give the same figures.
    """
    posteriors = Posteriors.encode(model, drawn.selfies_rows)
    # A generator for each measurement, so that a change of one leaves the others' draws alone.
    generators = [np.random.default_rng([config.seed, number]) for number in range(4)]
    noise = generators[0].standard_normal(posteriors.mean.shape, np.float32)
    held_out = measure_held_out(model, drawn.selfies_rows, noise, progress=progress)
    rows = drawn.selfies_rows[: config.protocol_molecules]
    seed = int(generators[0].integers(2**63))
    exact = jtvae_reconstruction(model, rows, seed=seed, progress=progress)
    return Diagnosis(
        molecules=len(drawn.smiles),
        refused=drawn.reasons,
        held_out=held_out,
        refined=refined_reconstruction(model, drawn.selfies_rows[: config.refined_molecules]),
        noisy=ExactShare(exact, len(rows)),
        information=measure_information(posteriors, held_out.kl, generators[1]),
        prior=measure_prior(model, posteriors, generators[2], progress=progress),
        smoothness=measure_smoothness(
            model, posteriors, drawn.smiles, config, generators[3], progress=progress
        ),
        config=config,
        card=model.card,
    )


def _lines(diagnosis: Diagnosis) -> Sequence[str]:
    refused = ", ".join(f"{count} {reason}" for reason, count in diagnosis.refused.items())
    return (
        f"{diagnosis.molecules} molecules, seed {diagnosis.config.seed}"
        + (f"; rows refused: {refused}" if refused else ""),
        "",
        *_losses(diagnosis),
        "",
        *_densities(diagnosis.prior),
        "",
        *_steps(diagnosis.smoothness),
        "",
        *_pairs(diagnosis.smoothness),
        "",
        *(f"{'  ' if verdict.is_sound else '! '}{verdict}" for verdict in diagnosis.verdicts),
        *(f"note: {note}" for note in diagnosis.notes),
    )


def _losses(diagnosis: Diagnosis) -> list[str]:
    held_out, information = diagnosis.held_out, diagnosis.information
    refined, noisy = diagnosis.refined, diagnosis.noisy
    figures = {
        "reconstruction": f"{held_out.reconstruction:.2f} nats",
        "KL": f"{held_out.kl:.2f} nats",
        "learned prior": f"{held_out.language:.2f} nats" if held_out.language else "none",
        "ELBO gap": f"{held_out.elbo_gap:.2f} nats" if held_out.language else "-",
        "exact, greedy": f"{held_out.exact_reconstruction:.1%}",
        "exact, refined": f"{refined.exact:.1%} ({refined.molecules} molecules)",
        "exact, 10 x 10": f"{noisy.exact:.1%} ({noisy.molecules} molecules)",
        "active units": f"{held_out.active_units} of {len(held_out.kl_per_dimension)}",
        "mutual information": (
            f"{information.mutual_information:.2f} nats (at most {information.bound:.2f})"
        ),
        "KL of the mixture": f"{information.marginal_kl:.2f} nats",
    }
    return [f"{name:20}{value}" for name, value in figures.items()]


def _densities(match: PriorMatch) -> list[str]:
    head = "  ".join(f"{quantile:>9.0%}" for quantile in match.log_density["means"].quantiles)
    rows = [
        f"{name:10}{row.mean:>9.1f}  " + "  ".join(f"{q:>9.1f}" for q in row.quantiles.values())
        for name, row in match.log_density.items()
    ]
    return [
        f"log-density under the {match.prior} prior, nats",
        f"{'':10}{'mean':>9}  {head}",
        *rows,
    ]


def _steps(smoothness: Smoothness) -> list[str]:
    head = f"{'steps':10}{'length':>7}{'distance':>10}{'Tanimoto':>10}{'same':>8}{'valid':>8}"
    return [
        f"{head}{'distinct':>10}",
        *(
            f"{step.kind:10}{step.length:>7g}{step.distance:>10.2f}{step.similarity:>10.3f}"
            f"{step.same:>8.1%}{step.valid:>8.1%}{step.distinct:>10.1%}"
            for step in smoothness.steps
        ),
    ]


def _pairs(smoothness: Smoothness) -> list[str]:
    named = {"random": smoothness.random_pairs, "near": smoothness.near_pairs}
    return [
        f"{'pairs':10}{'number':>7}{'distance':>10}{'Tanimoto':>10}{'Spearman':>10}",
        *(
            f"{name:10}{row.pairs:>7}{row.distance:>10.2f}{row.similarity:>10.3f}"
            f"{row.spearman:>10.3f}"
            for name, row in named.items()
        ),
    ]
