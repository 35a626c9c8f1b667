"""A latent space without training: fixed random projections of a point pick SELFIES symbols."""

import numpy as np

from molvae.chem.molecule import Molecule
from molvae.chem.notation import from_selfies
from molvae.errors import MoleculeError

SYMBOLS = ("[C]", "[C]", "[N]", "[O]", "[F]", "[=C]", "[=O]", "[Branch1]", "[Ring1]", "[P]")


class ProjectionModel:
    """Each of twelve positions takes the symbol whose direction the point leans to most."""

    def __init__(self, latent_size=8, positions=12, seed=0, symbols=SYMBOLS):
        shape = (positions, len(symbols), latent_size)
        self._directions = np.random.default_rng(seed).standard_normal(shape)
        self._symbols = symbols
        self.latent_size = latent_size

    def decode(self, latents):
        picked = np.einsum("psl,nl->nps", self._directions, latents).argmax(axis=-1)
        return [self._read(tuple(self._symbols[i] for i in row)) for row in picked]

    def encode(self, molecules):
        """The best of a fixed sample of points, by the share of atoms in common."""
        latents = self.prior_latents(500, np.random.default_rng(0))
        decoded = [one.smiles if one else "" for one in self.decode(latents)]
        return np.stack(
            [
                latents[decoded.index(one.smiles) if one.smiles in decoded else 0]
                for one in molecules
            ]
        ).astype(np.float32)

    def neighbors(self, molecules, scale, generator):
        codes = self.encode(molecules)
        return codes + scale * generator.standard_normal(codes.shape)

    def prior_latents(self, n, generator):
        return generator.standard_normal((n, self.latent_size))

    def _read(self, selfies):
        try:
            return from_selfies(selfies)
        except MoleculeError:
            return None


class OneMoleculeModel(ProjectionModel):
    """Decodes every point to the same molecule."""

    def decode(self, latents):
        return [Molecule.parse("CCO")] * len(latents)


class NoMoleculeModel(ProjectionModel):
    """Decodes nothing."""

    def decode(self, latents):
        return [None] * len(latents)


LEAD_POINT = ProjectionModel().prior_latents(9, np.random.default_rng(0))[8:]
LEAD = ProjectionModel().decode(LEAD_POINT)[0]
"""A molecule to begin from, and where it lies."""


class LeadModel(ProjectionModel):
    """Knows the code of the lead, and of no other molecule."""

    def encode(self, molecules):
        assert set(molecules) == {LEAD}
        return np.repeat(LEAD_POINT, len(molecules), axis=0).astype(np.float32)
