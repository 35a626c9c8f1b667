"""Benchmark of what a model is used for, with a control beside each figure."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from molvae.benchmarks.explore_anomaly import anomaly
from molvae.benchmarks.explore_completion import completion
from molvae.benchmarks.explore_compression import compression
from molvae.benchmarks.explore_config import ExploreConfig, Part
from molvae.benchmarks.explore_denoising import denoising
from molvae.benchmarks.explore_interpolation import interpolation
from molvae.benchmarks.explore_representation import representation
from molvae.benchmarks.latent_reference import Figure, Reference
from molvae.dataset.layout import ColumnChoice
from molvae.diagnosis.figures import as_json
from molvae.molecule_vae import MoleculeVAE


def benchmark_explore(
    model: MoleculeVAE,
    reference: Path,
    others: Sequence[Path],
    config: ExploreConfig,
    columns: ColumnChoice | None = None,
    *,
    progress: bool = False,
) -> dict[str, Any]:
    """Figures of each part with their controls.

    Args:
        model: model with a learned prior.
        reference: file of molecules that the model was not trained on.
        others: files of molecules of other kinds, for anomaly detection.
        config: parts, sizes and seed.
        columns: the column to read of each file; None finds the SMILES.
        progress: whether to show a bar.

    Raises:
        DataError: a file cannot be read or holds no molecule that the model can read.
        ModelError: the model has no learned prior.
    """
    notes: list[str] = []
    molecules = Reference.draw(model, reference, config.molecules, config.seed, columns)
    kinds = {
        path.name: Reference.draw(model, path, config.edited, config.seed, columns)
        for path in others
    }
    runs: dict[Part, Callable[[], Iterable[Figure]]] = {
        "completion": lambda: completion(model, config, notes),
        "representation": lambda: representation(molecules, config),
        "anomaly": lambda: anomaly(model, molecules, kinds, config),
        "denoising": lambda: denoising(model, molecules, config),
        "interpolation": lambda: interpolation(model, molecules, config),
        "compression": lambda: compression(model, molecules, config),
    }
    figures: list[Figure] = []
    for name in tqdm(config.parts, desc="explore", disable=not progress):
        figures += runs[name]()
    return {
        "settings": config.model_dump(mode="json"),
        "model": model.card.origin,
        "reference": reference.name,
        "reference_molecules": len(molecules),
        "others": list(kinds),
        "figures": as_json(figures),
        "notes": notes,
    }
