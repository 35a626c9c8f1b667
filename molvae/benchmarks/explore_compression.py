"""Compression: bits per molecule of the codes of a model, beside codes that know no chemistry."""

from collections.abc import Iterator

from molvae.benchmarks.explore_config import ExploreConfig
from molvae.benchmarks.latent_reference import Figure, Reference
from molvae.compression import code_lengths
from molvae.molecule_vae import MoleculeVAE


def compression(
    model: MoleculeVAE, reference: Reference, config: ExploreConfig
) -> Iterator[Figure]:
    """Bits per molecule of both models, with each code that knows no chemistry as a control."""
    bits = code_lengths(model, reference.molecules, config.seed).means()
    codes = {"language model": bits.pop("language_model"), "VAE, bits-back": bits.pop("vae")}
    for code, value in codes.items():
        for control, length in bits.items():
            name = f"bits per molecule, {code}, against {control}"
            yield Figure(name, value, length, control, len(reference))
