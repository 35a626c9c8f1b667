"""Exact reconstruction of a file's molecules, greedily and by the protocol of JT-VAE."""

from pathlib import Path
from typing import Any

import numpy as np

from molvae.benchmarks.reconstruction_config import ReconstructionConfig
from molvae.dataset.layout import ColumnChoice
from molvae.dataset.rows import AcceptedRow, read_rows
from molvae.diagnosis.reconstruction import jtvae_reconstruction
from molvae.encoding import reconstruct_rows
from molvae.errors import DataError
from molvae.molecule_vae import MoleculeVAE


def benchmark_reconstruction(
    model: MoleculeVAE,
    file: Path,
    config: ReconstructionConfig,
    columns: ColumnChoice | None = None,
    *,
    progress: bool = False,
) -> dict[str, Any]:
    """Fraction of a file's molecules that are reconstructed exactly, by canonical SMILES.

    `greedy`: greedy decoding of the posterior mean. `jtvae`: 10 decodings of 10 samples of the
    posterior each (Jin et al. 2018). A molecule with a symbol that the model lacks counts as not
    reconstructed.

    Args:
        model: model whose reconstruction is measured.
        file: file of molecules that the model was not trained on.
        config: how many molecules are decoded, how often, and how they are cleaned.
        columns: the column to read; None finds the SMILES.
        progress: whether to show bars.

    Raises:
        DataError: the file holds no molecule that the model can read.
    """
    symbols = model.card.max_symbols
    batches = read_rows(
        file, columns, cleaning=config.cleaning, max_symbols=symbols, progress=progress
    )
    rows = [row for batch in batches for row in batch]
    order = np.random.default_rng(config.seed).permutation(len(rows))[: config.molecules]
    chosen = [rows[index] for index in order.tolist()]
    reconstructions, refused = reconstruct_rows(model, [chosen])
    fitting = [
        row
        for row in chosen
        if isinstance(row, AcceptedRow) and model.vocabulary.knows(row.selfies)
    ]
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
        "greedy": sum(row.is_exact for row in reconstructions) / len(chosen),
        "jtvae": share * len(fitting) / len(chosen),
        "jtvae_molecules": len(some),
    }
