"""diagnose: a model and molecules -> figures, a verdict on each, JSON and readable text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from molvae.diagnosis.config import DiagnoseConfig
from molvae.diagnosis.drawing import DrawnMolecules
from molvae.diagnosis.figures import as_json
from molvae.diagnosis.information import Information, measure_information
from molvae.diagnosis.posteriors import Posteriors
from molvae.diagnosis.prior_match import PriorMatch, measure_prior
from molvae.diagnosis.reconstruction import Reconstruction, measure_reconstruction
from molvae.diagnosis.smoothness import Smoothness, measure_smoothness
from molvae.diagnosis.verdicts import (
    THRESHOLDS,
    Verdict,
    judge_distances,
    judge_information,
    judge_normal,
    judge_prior,
    judge_protocol,
    judge_reconstruction,
    judge_steps,
    judge_use,
)
from molvae.molecule_vae import MoleculeVAE


@dataclass(frozen=True)
class Diagnosis:
    """What was measured on how many molecules, and what it means."""

    molecules: int
    refused: Mapping[str, int]
    """Rows that were drawn and hold no new molecule of the model's symbols, by reason."""
    reconstruction: Reconstruction
    information: Information
    prior: PriorMatch
    smoothness: Smoothness
    config: DiagnoseConfig
    # Any: figures that training wrote there, whatever their names.
    card: Mapping[str, Any]
    """What the model says of itself."""

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """A line on each item; on N(0, I) only where it is not the model's own prior."""
        normal = [judge_normal(self.prior)] if self.prior.prior == "learned" else []
        return (
            judge_use(self.information),
            judge_information(self.information),
            judge_reconstruction(self.reconstruction),
            judge_protocol(self.reconstruction),
            judge_prior(self.prior),
            *normal,
            judge_steps(self.smoothness),
            judge_distances(self.smoothness),
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the figures must know."""
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
            "reconstruction": as_json(self.reconstruction),
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
    """Measure a model on molecules, best such as it was not trained on.

    Same model, molecules, settings, device and versions: same figures.
    """
    posteriors = Posteriors.of(model, drawn.selfies_rows)
    # One generator for each part, so that a change of one part leaves the others' draws alone.
    generators = [np.random.default_rng([config.seed, part]) for part in range(4)]
    return Diagnosis(
        molecules=len(drawn.smiles),
        refused=drawn.reasons,
        reconstruction=measure_reconstruction(
            model, drawn.selfies_rows, config.protocol_molecules, generators[0], progress=progress
        ),
        information=measure_information(posteriors, generators[1]),
        prior=measure_prior(model, posteriors, generators[2], progress=progress),
        smoothness=measure_smoothness(
            model, posteriors, drawn.smiles, config, generators[3], progress=progress
        ),
        config=config,
        card=model.card,
    )


def _lines(found: Diagnosis) -> Sequence[str]:
    refused = ", ".join(f"{count} {reason}" for reason, count in found.refused.items())
    return (
        f"{found.molecules} molecules, seed {found.config.seed}"
        + (f"; rows refused: {refused}" if refused else ""),
        "",
        *_losses(found),
        "",
        *_densities(found.prior),
        "",
        *_steps(found.smoothness),
        "",
        *_pairs(found.smoothness),
        "",
        *(f"{'  ' if one.is_sound else '! '}{one}" for one in found.verdicts),
        *(f"note: {note}" for note in found.notes),
    )


def _losses(found: Diagnosis) -> list[str]:
    loss, told = found.reconstruction, found.information
    figures = {
        "reconstruction": f"{loss.reconstruction:.2f} nats",
        "KL": f"{loss.kl:.2f} nats",
        "language model": f"{loss.language:.2f} nats",
        "exact, greedy": f"{loss.exact:.1%}",
        "exact, 10 x 10": f"{loss.jtvae:.1%} ({loss.jtvae_molecules} molecules)",
        "active units": f"{told.active_units} of {told.latent_size}",
        "mutual information": f"{told.mutual_information:.2f} nats (at most {told.bound:.2f})",
        "KL of the mixture": f"{told.marginal_kl:.2f} nats",
    }
    return [f"{name:20}{value}" for name, value in figures.items()]


def _densities(found: PriorMatch) -> list[str]:
    head = "  ".join(f"{quantile:>9.0%}" for quantile in found.log_density["means"].quantiles)
    rows = [
        f"{name:10}{one.mean:>9.1f}  " + "  ".join(f"{q:>9.1f}" for q in one.quantiles.values())
        for name, one in found.log_density.items()
    ]
    return [
        f"log-density under the {found.prior} prior, nats",
        f"{'':10}{'mean':>9}  {head}",
        *rows,
    ]


def _steps(found: Smoothness) -> list[str]:
    head = f"{'steps':10}{'length':>7}{'distance':>10}{'Tanimoto':>10}{'same':>8}{'valid':>8}"
    return [
        f"{head}{'distinct':>10}",
        *(
            f"{step.kind:10}{step.length:>7g}{step.distance:>10.2f}{step.similarity:>10.3f}"
            f"{step.same:>8.1%}{step.valid:>8.1%}{step.distinct:>10.1%}"
            for step in found.steps
        ),
    ]


def _pairs(found: Smoothness) -> list[str]:
    named = {"random": found.random_pairs, "near": found.near_pairs}
    return [
        f"{'pairs':10}{'number':>7}{'distance':>10}{'Tanimoto':>10}{'Spearman':>10}",
        *(
            f"{name:10}{one.pairs:>7}{one.distance:>10.2f}{one.similarity:>10.3f}"
            f"{one.spearman:>10.3f}"
            for name, one in named.items()
        ),
    ]
