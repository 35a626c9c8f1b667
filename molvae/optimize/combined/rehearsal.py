"""Rehearsal: molecules of the original model that retraining must not forget."""

from molvae.chem.clean_molecules import clean_selfies
from molvae.chem.standardize_config import StandardizeConfig
from molvae.molecule_vae import MoleculeVAE
from molvae.optimize.combined.posterior_cache import PosteriorCache
from molvae.optimize.combined.retraining import Retrainer
from molvae.optimize.combined.sources.source import EncodedMolecule

_UPDATES = 8
"""Size of the sample, in updates; the same molecules throughout a search."""


class Rehearsal:
    """A sample of the original model's prior, drawn at first use and the same each time."""

    def __init__(
        self, model: MoleculeVAE, retrainer: Retrainer, per_update: int, cleaning: StandardizeConfig
    ) -> None:
        self._model = model
        self._retrainer = retrainer
        self._per_update = per_update
        self._cleaning = cleaning
        self._encoded: list[EncodedMolecule] = []

    def molecules(self) -> list[EncodedMolecule]:
        """The molecules with their codes."""
        if not self._encoded and self._per_update:
            samples = self._retrainer.sample_original(_UPDATES * self._per_update)
            smiles = [row.smiles for row in clean_selfies(samples, self._cleaning) if row]
            # Not with the codes of this round: a resumed search starts another round with them.
            encoded = PosteriorCache(self._model).encode(smiles)
            self._encoded = [molecule for molecule in encoded if molecule]
        return self._encoded
