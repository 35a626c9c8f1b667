"""Validation: figures on held-out molecules, measured by all processes of a training."""

import numpy as np
import torch
from jaxtyping import Int64

from molvae.dataset.corpus import Corpus
from molvae.diagnosis.held_out import ROWS, HeldOut, empty_sums, sum_figures
from molvae.model.batching import by_length
from molvae.molecule_vae import MoleculeVAE
from molvae.training.process_group import ProcessGroup


def validate(
    model: MoleculeVAE,
    corpus: Corpus,
    indices: Int64[np.ndarray, " held_out"],
    seed: int,
    group: ProcessGroup | None = None,
) -> HeldOut:
    """Figures over the molecules at `indices`, a share of which each process measures.

    They do not depend on the number of processes, except for the order of summation.
    """
    group = group or ProcessGroup()
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(len(indices), model.latent_size, generator=generator).numpy()
    mine = np.arange(len(indices))[group.rank :: group.size]
    sums = empty_sums(model)
    for batch in by_length(corpus.lengths[indices[mine]].tolist(), ROWS):
        rows = mine[batch]
        sums += sum_figures(model, corpus.batch(indices[rows]), noise[rows])
    sums = group.all_reduce(torch.as_tensor(sums)).numpy()
    return HeldOut.from_sums(sums, model.latent_size)
