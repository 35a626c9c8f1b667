"""Benchmark of a latent space: reconstruction, order, neighborhoods and samples of N(0, I)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from molvae.benchmarks.latent_config import LatentConfig
from molvae.benchmarks.latent_order import (
    nearest_neighbors,
    other_selfies,
    ridge,
    usable_neighbors,
)
from molvae.benchmarks.latent_reconstruction import (
    NormalSamples,
    elbo_gap,
    exact_after_edits,
    exact_in_file,
    normal_figures,
    normal_samples,
)
from molvae.benchmarks.latent_reference import Figure, Reference
from molvae.benchmarks.moses import reference_statistics
from molvae.dataset.layout import ColumnChoice
from molvae.diagnosis.figures import as_json
from molvae.errors import MissingExtraError
from molvae.metrics.chemnet import ChemNet, Gaussian, frechet_distance
from molvae.molecule_vae import MoleculeVAE


def benchmark_latent(
    model: MoleculeVAE,
    reference: Path,
    tests: Sequence[Path],
    config: LatentConfig,
    columns: ColumnChoice | None = None,
    *,
    progress: bool = False,
) -> dict[str, Any]:
    """Every figure of the benchmark with its control.

    Args:
        model: model whose latent space is measured.
        reference: file of molecules that the model was not trained on.
        tests: files whose molecules are reconstructed, with and without stereo marks.
        config: sizes and seed.
        columns: the column to read of each file; None finds the SMILES.
        progress: whether to show a bar.

    Raises:
        DataError: a file cannot be read or holds no molecule that the model can read.
    """
    molecules = Reference.draw(
        model, reference, config.molecules, config.seed, columns, progress=progress
    )
    samples = normal_samples(model, config)
    levels: dict[str, list[float]] = {}
    notes: list[str] = []

    def neighborhood() -> Iterator[Figure]:
        figures, shares = usable_neighbors(model, molecules, config)
        levels.update(shares)
        yield from figures

    stages: list[Callable[[], Iterable[Figure]]] = [
        *(lambda path=path: exact_in_file(model, path, config, columns) for path in tests),
        *(
            lambda edits=edits: exact_after_edits(model, molecules, edits, config)
            for edits in (1, 3)
        ),
        lambda: other_selfies(model, molecules, config),
        lambda: ridge(molecules, config),
        lambda: nearest_neighbors(molecules, config),
        neighborhood,
        lambda: normal_figures(model, molecules, samples, config),
        lambda: _distances(molecules, samples, config, notes),
        lambda: elbo_gap(model, molecules, config),
    ]
    figures: list[Figure] = []
    for stage in tqdm(stages, desc="latent", disable=not progress):
        figures += stage()
    return {
        "settings": config.model_dump(mode="json"),
        "model": model.card.origin,
        "reference": reference.name,
        "reference_molecules": len(molecules),
        "tests": [path.name for path in tests],
        "figures": as_json(figures),
        "usable_by_noise": levels,
        "notes": notes,
    }


# Any: JSON values.
def latent_text(record: Mapping[str, Any]) -> str:
    """The figures as a table with the control beside each."""
    rows = [("measure", "value", "control", "", "n")]
    rows += [
        (
            row["name"],
            _number(row["value"]),
            _number(row["control"]),
            row["control_name"],
            str(row["basis"]),
        )
        for row in record["figures"]
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        f"{name:{widths[0]}}  {value:>{widths[1]}}  {control:>{widths[2]}}  "
        f"{control_name:{widths[3]}}  {basis:>{widths[4]}}"
        for name, value, control, control_name, basis in rows
    ]
    return "\n".join([*lines, *(f"note: {note}" for note in record["notes"])])


def _distances(
    reference: Reference, samples: NormalSamples, config: LatentConfig, notes: list[str]
) -> Iterator[Figure]:
    """FCD of the samples of N(0, I), and of as many real molecules as the control."""
    if not config.fcd:
        return
    try:
        chemnet = ChemNet.load()
    except MissingExtraError as error:
        notes.append(f"FCD is left out: {error}")
        return
    smiles = [molecule.smiles for molecule in reference.molecules]
    half = len(smiles) // 2
    target: Gaussian | None
    if config.fcd_reference == "moses":
        target, real = reference_statistics()["Test"], smiles
    else:
        target, real = chemnet.gaussian(smiles[half:]), smiles[:half]
    control = frechet_distance(chemnet.gaussian(real), target)
    sets = {
        "all": [True] * len(samples.judged),
        "unrepaired": [sample.is_unrepaired for sample in samples.judged],
        "round trips": samples.round_trips.tolist(),
    }
    for name, chosen in sets.items():
        some = samples.smiles(chosen)
        distance = frechet_distance(chemnet.gaussian(some), target)
        yield Figure(
            f"N(0, I), greedy: FCD, {name}", distance, control, "real molecules", len(some)
        )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
