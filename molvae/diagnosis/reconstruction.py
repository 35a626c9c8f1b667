"""Reconstruction under noise, by the protocol of JT-VAE (Jin et al. 2018), and after refinement."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from molvae.chem.notation import Selfies
from molvae.diagnosis.posteriors import Posteriors, decode_smiles, length_limit, smiles_of
from molvae.model.decoding_config import DecodingConfig
from molvae.molecule_vae import MoleculeVAE


@dataclass(frozen=True)
class ExactShare:
    """Share of decoded latent vectors that give their molecules back."""

    exact: float
    molecules: int
    """Number of molecules measured."""


def refined_reconstruction(model: MoleculeVAE, selfies_rows: Sequence[Selfies]) -> ExactShare:
    """Share of the molecules that come back from refined latent vectors, decoded greedily.

    Args:
        model: the model to measure.
        selfies_rows: molecules.
    """
    decoded = decode_smiles(model, model.latents(selfies_rows, refine=True), model.greedy)
    hits = sum(smiles_of(a) == b for a, b in zip(selfies_rows, decoded, strict=True))
    return ExactShare(hits / len(selfies_rows), len(selfies_rows))


def jtvae_reconstruction(
    model: MoleculeVAE,
    selfies_rows: Sequence[Selfies],
    encodings: int = 10,
    decodings: int = 10,
    seed: int = 0,
    *,
    progress: bool = False,
) -> float:
    """Fraction of samples that give the molecule back (Jin et al. 2018, section 4.1).

    Args:
        model: the model to measure.
        selfies_rows: molecules.
        encodings: samples of each posterior.
        decodings: decodings of each of them at temperature 1. They stop at 1.5 times the length of
            the longest molecule.
        seed: random seed.
        progress: whether to show a bar.
    """
    generator = np.random.default_rng(seed)
    posteriors = Posteriors.encode(model, selfies_rows)
    wanted = [smiles_of(selfies) for selfies in selfies_rows for _ in range(decodings)]
    config = DecodingConfig(temperature=1.0, max_symbols=length_limit(selfies_rows))
    hits = 0
    title = f"{encodings} x {decodings} protocol"
    for _ in tqdm(range(encodings), desc=title, disable=not progress):
        latents = np.repeat(posteriors.sample(generator), decodings, axis=0)
        decoded = decode_smiles(model, latents, config, int(generator.integers(2**63)))
        hits += sum(a is not None and a == b for a, b in zip(wanted, decoded, strict=True))
    return hits / (encodings * len(wanted))
