"""HeldOut: losses, exact reconstruction and use of z, measured on held-out molecules."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, Float64
from tqdm import tqdm

from molvae.chem.notation import Selfies
from molvae.dataset.batches import Batch
from molvae.diagnosis.posteriors import length_limit, smiles_of
from molvae.diagnosis.thresholds import THRESHOLDS, describe_elbo_gap
from molvae.model.batching import by_length, pad_ids
from molvae.model.loss import ACTIVE_VARIANCE, property_errors
from molvae.molecule_vae import MoleculeVAE

ROWS = 256
"""Molecules that are measured together."""
_N_SCALARS = 4


@dataclass(frozen=True)
class HeldOut:
    """Means over held-out molecules; losses in nats per molecule."""

    molecules: int
    reconstruction: float
    """-log p(molecule | z) for a sample z of the posterior."""
    kl: float
    """KL divergence of the posterior to N(0, I)."""
    language: float
    """-log p(molecule) under the learned prior; 0 without one."""
    exact_reconstruction: float
    """Fraction whose posterior mean greedily decodes to the same molecule."""
    active_units: int
    """Dimensions whose posterior mean varies over the molecules (Burda et al. 2016)."""
    kl_per_dimension: tuple[float, ...]
    property_error: float
    """Root mean square error of the property head, in standard deviations; 0 without a head."""
    property_errors: tuple[float | None, ...] = ()
    """Error of each property by itself; None for a property that no held-out molecule has."""

    @property
    def elbo_gap(self) -> float:
        """Reconstruction + KL - NLL of the learned prior, in nats; NaN without a learned prior.

        The excess of the negative ELBO over the NLL of a model of the same molecules that needs no
        z. Near 0, N(0, I) decodes to typical molecules; above 30, it does not.
        """
        return self.reconstruction + self.kl - self.language if self.language else math.nan

    def loss(self, beta: float) -> float:
        """Training objective: reconstruction + beta x KL + NLL of the learned prior."""
        return self.reconstruction + beta * self.kl + self.language

    @property
    def is_finite(self) -> bool:
        """Whether all losses are finite."""
        figures = (self.reconstruction, self.kl, self.language, self.property_error)
        return all(map(math.isfinite, figures))

    def collapse(self) -> str | None:
        """Advice if the posterior has collapsed, else None; None for fewer than two molecules."""
        if self.molecules < 2:
            return None
        latent_size = len(self.kl_per_dimension)
        share = self.active_units / latent_size
        if (
            self.kl >= THRESHOLDS["collapsed_below_kl"]
            and share >= THRESHOLDS["collapsed_below_active_share"]
        ):
            return None
        return (
            f"posterior collapse: KL {self.kl:.2f} nats, {self.active_units} of {latent_size} "
            "units active, so the decoder ignores z; lower `beta`, warm it up longer, or "
            "raise `free_bits` or `word_dropout`"
        )

    # Any: the values are numbers, lists of numbers and text.
    def to_json(self) -> dict[str, Any]:
        """The figures by name, with the ELBO gap and its meaning."""
        return {
            **vars(self),
            "kl_per_dimension": [round(kl, 4) for kl in self.kl_per_dimension],
            "property_errors": list(self.property_errors),
            "elbo_gap": None if math.isnan(self.elbo_gap) else round(self.elbo_gap, 2),
            "elbo_gap_means": describe_elbo_gap(self.elbo_gap),
        }

    def __str__(self) -> str:
        gap = "" if math.isnan(self.elbo_gap) else f"ELBO gap {self.elbo_gap:.1f} nats, "
        error = f", properties {self.property_error:.2f} deviations off"
        return (
            f"reconstruction {self.reconstruction:.2f} nats, KL {self.kl:.1f} nats, "
            f"prior {self.language:.2f} nats, {gap}"
            f"exact {self.exact_reconstruction:.1%}, "
            f"active units {self.active_units}/{len(self.kl_per_dimension)}"
            f"{error if self.property_error else ''}"
        )

    @classmethod
    def from_sums(cls, sums: Float64[np.ndarray, " sum"], latent_size: int) -> "HeldOut":
        """The means, from the added results of `sum_figures`."""
        scalars, per_dimension, per_property = np.split(
            sums, [_N_SCALARS, _N_SCALARS + 3 * latent_size]
        )
        molecules, reconstruction, language, exact = scalars.tolist()
        kl, mean, square = per_dimension.reshape(3, -1) / molecules
        squared, known = per_property.reshape(2, -1)
        return cls(
            molecules=int(molecules),
            reconstruction=reconstruction / molecules,
            kl=float(kl.sum()),
            language=language / molecules,
            exact_reconstruction=exact / molecules,
            active_units=int((square - mean**2 > ACTIVE_VARIANCE).sum()),
            kl_per_dimension=tuple(kl.tolist()),
            property_error=float(np.sqrt(squared.sum() / max(known.sum(), 1.0))),
            property_errors=tuple(
                float(np.sqrt(total / n)) if n else None
                for total, n in zip(squared, known, strict=True)
            ),
        )


def measure_held_out(
    model: MoleculeVAE,
    selfies_rows: Sequence[Selfies],
    noise: Float32[np.ndarray, "molecule latent"],
    *,
    progress: bool = False,
) -> HeldOut:
    """The figures of molecules given by their SELFIES, without their properties.

    Args:
        model: the model to measure.
        selfies_rows: canonical SELFIES in the model's vocabulary.
        noise: standard normal noise for a sample of each posterior.
        progress: whether to show a bar.
    """
    rows = [model.vocabulary.encode(selfies) for selfies in selfies_rows]
    sums = empty_sums(model)
    with tqdm(total=len(rows), desc="reconstruction", disable=not progress) as bar:
        for indices in by_length([len(row) for row in rows], ROWS):
            ids, lengths = pad_ids([rows[index] for index in indices])
            properties = np.empty((len(indices), 0), np.float32)
            batch = Batch(ids.numpy(), lengths.numpy(), properties)
            sums += sum_figures(model, batch, noise[indices])
            bar.update(len(indices))
    return HeldOut.from_sums(sums, model.latent_size)


def empty_sums(model: MoleculeVAE) -> Float64[np.ndarray, " sum"]:
    """Zeros, to which results of `sum_figures` are added."""
    return np.zeros(_N_SCALARS + 3 * model.latent_size + 2 * len(model.property_names))


@torch.inference_mode()
def sum_figures(
    model: MoleculeVAE, batch: Batch, noise: Float32[np.ndarray, "molecule latent"]
) -> Float64[np.ndarray, " sum"]:
    """Sums over a batch, from which `HeldOut.from_sums` computes the means."""
    device = model.device
    ids, lengths = torch.as_tensor(batch.ids).to(device), torch.as_tensor(batch.lengths).to(device)
    elbo, posterior = model.network.elbo(ids, lengths, torch.as_tensor(noise).to(device))
    # Some devices have no float64, so sums are taken on the CPU.
    means, kl = posterior.mean.cpu().double(), posterior.kl().cpu().double()
    squared, known = np.zeros((2, len(model.property_names)))
    if model.network.head is not None and batch.properties.shape[1]:
        wanted = model.network.head.standardise(torch.as_tensor(batch.properties).to(device))
        predicted, wanted = model.network.head(posterior.mean).cpu().double(), wanted.cpu().double()
        known = (~wanted.isnan()).double().sum(0).numpy()
        # The square of a large error does not fit in float32.
        squared = property_errors(predicted, wanted).sum(0).numpy()
    selfies_rows = [model.vocabulary.decode(row) for row in batch.ids.tolist()]
    # A SELFIES half as long again as the longest is another molecule: decoding stops there.
    config = model.greedy.with_changes({"max_symbols": length_limit(selfies_rows)})
    decoded = model.decode_symbols(posterior.mean.cpu().numpy(), config)
    scalars = [
        len(ids),
        float(elbo.reconstruction.cpu().double().sum()),
        float(model.network.prior_nll(ids, lengths).cpu().double().sum()),
        sum(is_same_molecule(*pair) for pair in zip(selfies_rows, decoded, strict=True)),
    ]
    per_dimension = [kl.sum(0), means.sum(0), means.square().sum(0)]
    return np.concatenate([scalars, *(row.numpy() for row in per_dimension), squared, known])


def is_same_molecule(selfies: Selfies, other_selfies: Selfies) -> bool:
    """Whether both stand for the same molecule, by canonical SMILES."""
    smiles = smiles_of(selfies)
    return selfies == other_selfies or (smiles is not None and smiles == smiles_of(other_selfies))
