"""Benchmark of generation for target values, against rejection of samples."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from tqdm import tqdm

from molvae.benchmarks.target_config import TargetConfig
from molvae.chem.molecule import Molecule
from molvae.chem.similarity import morgan_bits
from molvae.generation import Generation, generate
from molvae.generation_config import GenerateConfig
from molvae.metrics.similarity import internal_diversity
from molvae.molecule_collection import GeneratedMolecule
from molvae.molecule_vae import MoleculeVAE

_FREQUENT = 0.01
"""Share of the molecules from which a pair of targets counts as frequent."""
_NAMES = ("logp", "qed")


def benchmark_target(
    model: MoleculeVAE, config: TargetConfig, *, progress: bool = False
) -> dict[str, Any]:
    """Figures at each pair of targets of log P and QED.

    Rejection is measured on samples without a target: a target is reached by as many of them as
    have both values within the tolerances. The errors and the diversity of these samples are the
    controls of those of the molecules that are found.

    Args:
        model: the model that is sampled.
        config: grid, sizes and seed.
        progress: whether to show a bar.
    """
    common = GenerateConfig(properties=_NAMES, seed=config.seed, workers=config.workers)
    samples = {"n": config.prior_samples, "most_draws": 1.0}
    prior = generate(model, common.with_changes(samples), progress=progress)
    tolerance = {"logp": config.logp_tolerance, "qed": config.qed_tolerance}
    cells = []
    grid = [*product(config.logp, config.qed)]
    for pair in tqdm(grid, desc="targets", disable=not progress):
        target = dict(zip(_NAMES, pair, strict=True))
        changes = {
            "n": config.molecules,
            "most_draws": config.most_draws,
            "target": target,
            "tolerance": tolerance,
        }
        made = generate(model, common.with_changes(changes))
        cells.append(_figures(target, tolerance, made, prior))
    frequent = [cell for cell in cells if cell["share_without_target"] >= _FREQUENT]
    return {
        "settings": config.model_dump(mode="json"),
        "model": model.card.origin,
        "prior_samples": prior.drawn,
        "prior_molecules": len(prior.molecules),
        "diversity_without_target": _diversity(prior.molecules[: config.molecules]),
        "cells": cells,
        "summary": {"all": _means(cells), "frequent": _means(frequent)},
    }


# Any: JSON values, here and below.
def _figures(
    target: dict[str, float], tolerance: dict[str, float], made: Generation, prior: Generation
) -> dict[str, Any]:
    """Figures of one pair of targets, and of rejection with the same number of samples."""
    hits = sum(
        all(abs(molecule.values[name] - target[name]) <= tolerance[name] for name in _NAMES)
        for molecule in prior.molecules
    )
    most = made.config.n * made.config.most_draws
    n_found = len(made.molecules)
    return {
        **target,
        "share_without_target": hits / max(len(prior.molecules), 1),
        "found": n_found / made.config.n,
        "found_by_rejection": min(1.0, hits / prior.drawn * most / made.config.n),
        "samples_per_molecule": made.drawn / n_found if n_found else None,
        "samples_per_molecule_by_rejection": prior.drawn / hits if hits else None,
        "moved": made.moved / made.drawn,
        "logp_error": _error(made.molecules, "logp", target),
        "logp_error_without_target": _error(prior.molecules, "logp", target),
        "qed_error": _error(made.molecules, "qed", target),
        "qed_error_without_target": _error(prior.molecules, "qed", target),
        "diversity": _diversity(made.molecules),
    }


def _error(
    molecules: Sequence[GeneratedMolecule], name: str, target: dict[str, float]
) -> float | None:
    """Mean absolute error of a property; None without molecules."""
    if not molecules:
        return None
    return float(np.mean([abs(row.values[name] - target[name]) for row in molecules]))


def _diversity(molecules: Sequence[GeneratedMolecule]) -> float | None:
    """IntDiv_1 of MOSES; None for fewer than two molecules."""
    if len(molecules) < 2:
        return None
    bits = morgan_bits([Molecule.parse(row.smiles) for row in molecules])
    return internal_diversity(np.packbits(bits, axis=1))[0]


def _means(cells: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Number of pairs of targets, and the mean of each figure over those that have it."""
    names = [name for name in cells[0] if name not in _NAMES] if cells else []
    known = {name: [cell[name] for cell in cells if cell[name] is not None] for name in names}
    means = {name: float(np.mean(values)) if values else None for name, values in known.items()}
    return {"pairs": len(cells), **means}


def target_text(record: dict[str, Any]) -> str:
    """The summary of a record, as the command prints it."""
    lines = []
    for name, row in record["summary"].items():
        if row["pairs"]:
            lines.append(
                f"{name} pairs of targets ({row['pairs']}): found {row['found']:.2f} of the "
                f"molecules asked for; by rejection {row['found_by_rejection']:.2f}"
            )
    return "\n".join(lines)
