"""Decoding by candidates: of several molecules, the one whose posterior fits best.

Greedy decoding takes the likeliest token at each position, and a wrong token early in a molecule
cannot be undone. Here further candidates are sampled from the decoder and encoded again. That of
the highest density q(z | molecule) is taken: at the posterior mean of a molecule no candidate fits
better than this molecule itself.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32

from molvae.chem.molecule import Molecule
from molvae.chem.notation import Selfies, to_selfies
from molvae.chem.refusal import none_if_refused
from molvae.molecule_vae import MoleculeVAE

CANDIDATES = 16
_TEMPERATURE = 0.7
"""Temperature of the candidates: they differ from the greedy molecule, and few are junk. Set by
hand, and not tuned."""
_SAME = 1e-3
"""Largest difference of two latent vectors, in any dimension, that rounding explains."""


def decode_closest(
    model: MoleculeVAE,
    latents: Float[np.ndarray, "molecule latent"],
    candidates: int = CANDIDATES,
    seed: int = 0,
) -> list[Molecule | None]:
    """The molecule at each latent vector; None where the symbols form no molecule.

    The greedy molecule is kept where the latent vector is its posterior mean. Elsewhere it competes
    with the candidates, and all are decoded, which takes the more time.

    Args:
        model: model that encodes and decodes.
        latents: latent vectors.
        candidates: further molecules sampled for each latent vector; 0 decodes greedily.
        seed: random seed of the candidates.
    """
    z = np.asarray(latents, np.float32)
    greedy = model.decode(z)
    if not candidates or not len(z):
        return greedy
    fit = _Fit(model, z)
    fit.offer(np.arange(len(z)), greedy)
    (open_rows,) = np.nonzero(~fit.is_settled)
    config = model.greedy.with_changes({"temperature": _TEMPERATURE})
    rows = np.repeat(open_rows, candidates)
    fit.offer(rows, model.decode(z[rows], config, seed))
    return [chosen or first for chosen, first in zip(fit.best, greedy, strict=True)]


class _Fit:
    """The molecule that fits each latent vector best so far."""

    def __init__(self, model: MoleculeVAE, z: Float32[np.ndarray, "molecule latent"]) -> None:
        self.model = model
        self.z = z
        self.best: list[Molecule | None] = [None] * len(z)
        self.is_settled = np.zeros(len(z), dtype=np.bool_)
        self._density = np.full(len(z), -np.inf)

    def offer(self, rows: np.ndarray, molecules: Sequence[Molecule | None]) -> None:
        """Consider a molecule for the latent vector of each row."""
        vocabulary = self.model.vocabulary
        readable: dict[str, Selfies] = {}
        for known in filter(None, molecules):
            selfies = none_if_refused(to_selfies, known)
            if selfies and vocabulary.knows(selfies):
                readable[known.smiles] = selfies
        if not readable:
            return
        mean, deviation = self.model.posterior(list(readable.values()))
        position = {smiles: index for index, smiles in enumerate(readable)}
        for row, molecule in zip(rows.tolist(), molecules, strict=True):
            if molecule is None or molecule.smiles not in position:
                continue
            index = position[molecule.smiles]
            offset = self.z[row] - mean[index]
            spread = deviation[index]
            density = -float((0.5 * (offset / spread) ** 2 + np.log(spread)).sum())
            if density > self._density[row]:
                self._density[row] = density
                self.best[row] = molecule
                self.is_settled[row] = bool(np.abs(offset).max() <= _SAME)
