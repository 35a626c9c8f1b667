"""Reconstruction of a lead: the molecule that the model decodes at the lead's own latent vector."""

from dataclasses import dataclass

import numpy as np

from molvae.chem.molecule import Molecule
from molvae.chem.refusal import none_if_refused
from molvae.chem.similarity import ecfp4_similarity
from molvae.optimize.latent_model import LatentModel


@dataclass(frozen=True)
class Reconstruction:
    """A molecule, and what the model decodes at its latent vector."""

    smiles: str | None
    """Canonical SMILES of the decoded molecule; None: nothing could be decoded."""
    similarity: float
    """Tanimoto similarity (ECFP4) to the original, 0 where nothing could be decoded."""
    is_exact: bool
    """Whether the same molecule came back."""

    def __str__(self) -> str:
        if self.is_exact:
            return "the model reconstructs the lead"
        decoded = f"{self.smiles} at similarity {self.similarity:.2f}" if self.smiles else "nothing"
        return (
            f"the model cannot reconstruct the lead: at its latent vector it decodes {decoded}, so "
            "candidates from the latent space may be unlike the lead"
        )


def reconstruct(model: LatentModel, molecule: Molecule) -> Reconstruction:
    """One round trip of a molecule: encoded to its posterior mean, and decoded greedily."""
    # None if the model has no token for a part of the molecule.
    code = none_if_refused(model.neighbors, [molecule], 0.0, np.random.default_rng(0))
    decoded = None if code is None else model.decode(code.astype(np.float32))[0]
    if decoded is None:
        return Reconstruction(None, 0.0, is_exact=False)
    similarity = ecfp4_similarity(molecule, decoded)
    return Reconstruction(decoded.smiles, similarity, decoded == molecule)
