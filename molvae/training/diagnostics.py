"""What a validation tells: reconstruction, KL, active units, and whether z still matters."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from molvae.chem.notation import Selfies, from_selfies
from molvae.dataset.batches import Batch
from molvae.dataset.corpus import Corpus
from molvae.errors import MoleculeError
from molvae.model.decoding_config import DecodingConfig
from molvae.model.loss import ACTIVE_VARIANCE, property_errors
from molvae.molecule_vae import MoleculeVAE
from molvae.training.process_group import ProcessGroup

_ROWS = 256


@dataclass(frozen=True)
class Validation:
    """Figures on held-out molecules; losses are nats per molecule."""

    molecules: int
    reconstruction: float
    kl: float
    language: float
    """-log p(molecule) under the language model of the learned prior; 0 without one."""
    exact_reconstruction: float
    """Share whose greedy decoding from the posterior mean is the same molecule."""
    active_units: int
    kl_per_dimension: tuple[float, ...]
    property_error: float
    """Root mean square error of the property head, in standard deviations; 0 without a head."""

    def loss(self, beta: float) -> float:
        """What is minimised: reconstruction + beta x KL + the language model's own loss."""
        return self.reconstruction + beta * self.kl + self.language

    @property
    def is_finite(self) -> bool:
        """Whether the weights that were measured are of use."""
        figures = (self.reconstruction, self.kl, self.language, self.property_error)
        return all(map(math.isfinite, figures))

    def collapse(self) -> str | None:
        """What to do when z carries next to nothing; None when it carries something.

        None too for fewer than two molecules, between which no unit can vary.
        """
        if self.molecules < 2:
            return None
        latent_size = len(self.kl_per_dimension)
        if self.kl >= 1.0 and self.active_units >= 0.02 * latent_size:
            return None
        return (
            f"posterior collapse: KL {self.kl:.2f} nats, {self.active_units} of {latent_size} "
            "units active, so the decoder ignores z; lower `beta`, warm it up longer, or "
            "raise `free_bits` or `word_dropout`"
        )

    # Any: the values are numbers and lists of numbers.
    def to_json(self) -> dict[str, Any]:
        """The figures by name."""
        return {**vars(self), "kl_per_dimension": [round(kl, 4) for kl in self.kl_per_dimension]}

    def __str__(self) -> str:
        error = f", properties {self.property_error:.2f} deviations off"
        return (
            f"reconstruction {self.reconstruction:.2f} nats, KL {self.kl:.1f} nats, "
            f"prior {self.language:.2f} nats, "
            f"exact {self.exact_reconstruction:.1%}, "
            f"active units {self.active_units}/{len(self.kl_per_dimension)}"
            f"{error if self.property_error else ''}"
        )


def validate(
    model: MoleculeVAE,
    corpus: Corpus,
    indices: Int64[np.ndarray, " held_out"],
    seed: int,
    group: ProcessGroup | None = None,
) -> Validation:
    """Figures over the molecules at `indices`, whose measuring the process group shares.

    They do not depend on the size of the process group, but for the order of summation.
    """
    group = group or ProcessGroup()
    latent = model.latent_size
    noise = torch.randn(len(indices), latent, generator=torch.Generator().manual_seed(seed))
    mine = np.arange(len(indices))[group.rank :: group.size]
    mine = mine[np.argsort(corpus.lengths[indices[mine]], kind="stable")]
    sums = np.zeros(_N_SCALARS + 3 * latent)
    for begin in range(0, len(mine), _ROWS):
        part = mine[begin : begin + _ROWS]
        sums += _sums(model, corpus.batch(indices[part]), noise[torch.as_tensor(part)])
    total = group.all_reduce(torch.as_tensor(sums)).numpy()
    return _validation(total[:_N_SCALARS], total[_N_SCALARS:].reshape(3, latent))


_N_SCALARS = 6
"""Molecules, two losses, exact ones, squared property error, weight of the latter."""


@torch.inference_mode()
def _sums(model: MoleculeVAE, batch: Batch, noise: Tensor) -> Float64[np.ndarray, " sum"]:
    device = model.device
    ids, lengths = torch.as_tensor(batch.ids).to(device), torch.as_tensor(batch.lengths).to(device)
    elbo, posterior = model.network.elbo(ids, lengths, noise.to(device))
    # Some devices have no float64: what is summed leaves them first.
    means, kl = posterior.mean.cpu().double(), posterior.kl().cpu().double()
    squared, there = 0.0, 0.0
    if model.network.head is not None and batch.properties.shape[1]:
        wanted = model.network.head.standardise(torch.as_tensor(batch.properties).to(device))
        predicted, wanted = model.network.head(posterior.mean).cpu().double(), wanted.cpu().double()
        there = float((~wanted.isnan()).sum())
        # The square of a large error does not fit in float32.
        squared = float(property_errors(predicted, wanted).sum())
    scalars = [
        len(ids),
        float(elbo.reconstruction.cpu().double().sum()),
        float(model.network.prior_nll(ids, lengths).cpu().double().sum()),
        _exact(model, batch, posterior.mean),
        squared,
        there,
    ]
    per_dimension = [kl.sum(0), means.sum(0), means.square().sum(0)]
    return np.concatenate([scalars, *(values.numpy() for values in per_dimension)])


def _validation(
    scalars: Float64[np.ndarray, " sum"], per_dimension: Float64[np.ndarray, "3 latent"]
) -> Validation:
    molecules, reconstruction, language, exact, squared, there = scalars.tolist()
    kl, mean, square = per_dimension / molecules
    return Validation(
        molecules=int(molecules),
        reconstruction=reconstruction / molecules,
        kl=float(kl.sum()),
        language=language / molecules,
        exact_reconstruction=exact / molecules,
        active_units=int((square - mean**2 > ACTIVE_VARIANCE).sum()),
        kl_per_dimension=tuple(kl.tolist()),
        property_error=float(np.sqrt(squared / there)) if there else 0.0,
    )


def _exact(model: MoleculeVAE, batch: Batch, means: Tensor) -> int:
    """Molecules that greedy decoding from their posterior mean gives back."""
    # A spelling more than half as long again is another molecule: do not write it to its end.
    config = DecodingConfig(temperature=0.0, max_symbols=int(1.5 * batch.lengths.max()) + 1)
    written = model.network.decode(means, config).tolist()
    read = model.vocabulary.decode
    pairs = zip(batch.ids.tolist(), written, strict=True)
    return sum(is_same_molecule(read(row), read(answer)) for row, answer in pairs)


def is_same_molecule(selfies: Selfies, other: Selfies) -> bool:
    """Whether both spell the same canonical SMILES."""
    smiles = _smiles(selfies)
    return selfies == other or (smiles is not None and smiles == _smiles(other))


def _smiles(selfies: Sequence[str]) -> str | None:
    try:
        return from_selfies(selfies).smiles
    except MoleculeError:
        return None
