"""How well molecules come back, in nats and in shares; and the protocol of JT-VAE."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
import torch
from jaxtyping import Float32, Float64
from torch import Tensor
from tqdm import tqdm

from molvae.chem.notation import Selfies
from molvae.diagnosis.posteriors import Posteriors, decoded_smiles, length_limit, smiles_of
from molvae.model.decoding_config import DecodingConfig
from molvae.molecule_vae import MoleculeVAE
from molvae.special_ids import END, PAD

_ROWS = 256


@dataclass(frozen=True)
class Reconstruction:
    """Means over the molecules; losses are nats per molecule."""

    reconstruction: float
    """-log p(symbols | z) for one draw z of each posterior."""
    kl: float
    """Of the posterior to N(0, I)."""
    language: float
    """-log p(symbols) under the language model of the learned prior; NaN without one."""
    exact: float
    """Share whose greedy decoding from the posterior mean is the same molecule."""
    jtvae: float
    """Share of exact ones by the protocol of JT-VAE."""
    jtvae_molecules: int
    """Molecules on which that share rests."""


def measure_reconstruction(
    model: MoleculeVAE,
    selfies_rows: Sequence[Selfies],
    protocol_molecules: int,
    generator: np.random.Generator,
    *,
    progress: bool = False,
) -> Reconstruction:
    """The figures; the protocol is run on the first `protocol_molecules` of the molecules."""
    noise = generator.standard_normal((len(selfies_rows), model.latent_size), np.float32)
    losses = measure_losses(model, selfies_rows, noise, progress=progress)
    few = selfies_rows[:protocol_molecules]
    seed = int(generator.integers(2**63))
    return Reconstruction(
        reconstruction=float(losses[0].mean()),
        kl=float(losses[1].mean()),
        language=float(losses[2].mean()) if model.network.has_prior else nan,
        exact=_exact(model, selfies_rows),
        jtvae=jtvae_reconstruction(model, few, seed=seed, progress=progress),
        jtvae_molecules=len(few),
    )


def jtvae_reconstruction(
    model: MoleculeVAE,
    selfies_rows: Sequence[Selfies],
    encodings: int = 10,
    decodings: int = 10,
    seed: int = 0,
    *,
    progress: bool = False,
) -> float:
    """Share of draws that give the molecule back (Jin et al. 2018, section 4.1).

    Each molecule has so many draws of its posterior, and each of them is decoded so many times by
    drawing symbols at temperature 1. Spellings half as long again as the longest are cut short.
    """
    generator = np.random.default_rng(seed)
    posteriors = Posteriors.of(model, selfies_rows)
    wanted = [smiles_of(selfies) for selfies in selfies_rows for _ in range(decodings)]
    config = DecodingConfig(temperature=1.0, max_symbols=length_limit(selfies_rows))
    hits = 0
    title = f"{encodings} x {decodings} protocol"
    for _ in tqdm(range(encodings), desc=title, disable=not progress):
        latents = np.repeat(posteriors.sample(generator), decodings, axis=0)
        came = decoded_smiles(model, latents, config, int(generator.integers(2**63)))
        hits += _hits(wanted, came)
    return hits / (encodings * len(wanted))


def _exact(model: MoleculeVAE, selfies_rows: Sequence[Selfies]) -> float:
    means = Posteriors.of(model, selfies_rows).mean
    config = DecodingConfig(temperature=0.0, max_symbols=length_limit(selfies_rows))
    wanted = [smiles_of(selfies) for selfies in selfies_rows]
    return _hits(wanted, decoded_smiles(model, means, config)) / len(wanted)


def _hits(wanted: Sequence[str | None], came: Sequence[str | None]) -> int:
    return sum(a is not None and a == b for a, b in zip(wanted, came, strict=True))


@torch.inference_mode()
def measure_losses(
    model: MoleculeVAE,
    selfies_rows: Sequence[Selfies],
    noise: Float32[np.ndarray, "molecule latent"],
    *,
    progress: bool,
) -> Float64[np.ndarray, "3 molecule"]:
    """Reconstruction loss, KL and negative log-likelihood under the prior, in nats."""
    rows = [[*model.vocabulary.encode(selfies), END] for selfies in selfies_rows]
    found = np.empty((3, len(rows)))
    with tqdm(total=len(rows), desc="reconstruction", disable=not progress) as bar:
        for places in _by_length(rows):
            ids, lengths = _tensors([rows[place] for place in places], model.device)
            drawn = torch.as_tensor(noise[places], device=model.device)
            elbo, _ = model.network.elbo(ids, lengths, drawn)
            language = model.network.prior_nll(ids, lengths)
            parts = torch.stack([elbo.reconstruction, elbo.kl, language])
            found[:, places] = parts.cpu().double().numpy()
            bar.update(len(places))
    return found


def _by_length(rows: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Places of the rows, neighbors in length together."""
    order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
    for begin in range(0, len(order), _ROWS):
        yield order[begin : begin + _ROWS]


def _tensors(rows: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Ids, filled up with PAD, and the length of each row."""
    lengths = torch.tensor([len(row) for row in rows], device=device)
    width = max(map(len, rows))
    ids = torch.tensor([[*row, *[PAD] * (width - len(row))] for row in rows], device=device)
    return ids, lengths
