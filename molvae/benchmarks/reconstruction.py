"""How many held-out molecules come back from their codes, counted in the two ways in use."""

from pathlib import Path
from typing import Any

import numpy as np

from molvae.benchmarks.reconstruction_config import ReconstructionConfig
from molvae.dataset.rows import AcceptedRow, read_rows
from molvae.diagnosis.reconstruction import jtvae_reconstruction
from molvae.encoding import reconstruct_rows
from molvae.errors import DataError
from molvae.molecule_vae import MoleculeVAE


def benchmark_reconstruction(
    model: MoleculeVAE, file: Path, config: ReconstructionConfig, *, progress: bool = False
) -> dict[str, Any]:
    """Share of a file's molecules that come back exactly, by canonical SMILES.

    `greedy`: from the posterior mean, by greedy decoding. `jtvae`: of 10 draws of the posterior
    times 10 draws of the decoder each (Jin et al. 2018). A molecule that the model has no symbols
    for has not come back.

    Raises:
        DataError: the file holds no molecule that the model can read.
    """
    parts = read_rows(
        file, cleaning=config.cleaning, max_symbols=model.card.max_symbols, progress=progress
    )
    rows = [row for part in parts for row in part]
    generator = np.random.default_rng(config.seed)
    order = generator.permutation(len(rows))[: config.molecules]
    chosen = [rows[place] for place in order.tolist()]
    found, refused = reconstruct_rows(model, [chosen])
    fitting = [row for row in chosen if isinstance(row, AcceptedRow) and _fits(model, row)]
    if not fitting:
        raise DataError(f"{str(file)!r} holds no molecule that this model can read")
    some = [row.selfies for row in fitting[: config.sampled]]
    share = jtvae_reconstruction(
        model, some, config.encodings, config.decodings, config.seed, progress=progress
    )
    return {
        "settings": config.model_dump(mode="json"),
        "file": file.name,
        "model": model.card.origin,
        "molecules": len(chosen),
        "refused": len(refused),
        "greedy": sum(one.is_exact for one in found) / len(chosen),
        "jtvae": share * len(fitting) / len(chosen),
        "jtvae_molecules": len(some),
    }


def _fits(model: MoleculeVAE, row: AcceptedRow) -> bool:
    return all(symbol in model.vocabulary for symbol in row.selfies)
