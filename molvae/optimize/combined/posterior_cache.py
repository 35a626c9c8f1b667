"""PosteriorCache: SELFIES and posteriors of molecules, computed once a round."""

from collections.abc import Sequence
from itertools import chain

from molvae.chem.notation import Selfies, to_selfies_batch
from molvae.molecule_vae import MoleculeVAE
from molvae.optimize.combined.sources.source import EncodedMolecule
from molvae.parallel import ordered_map

_CHUNK = 16
"""Molecules passed to a worker at a time: small, as the network waits for them."""
_REMEMBERED = 50_000


class PosteriorCache:
    """Encodes molecules and remembers the result until `clear`.

    The last digits of a code depend on the batch in which it was computed. A search therefore
    clears the cache at the end of a round: one that is resumed there computes the same batches.
    """

    def __init__(self, model: MoleculeVAE, workers: int = 1) -> None:
        self._model = model
        self._workers = workers
        self._encoded: dict[str, EncodedMolecule | None] = {}
        self._selfies: dict[str, Selfies | None] = {}

    def encode(self, smiles: Sequence[str]) -> list[EncodedMolecule | None]:
        """SELFIES and posterior of each molecule; None where the model lacks a token for it."""
        new = [name for name in dict.fromkeys(smiles) if name not in self._encoded]
        selfies_rows = dict(zip(new, self.to_selfies(new), strict=True))
        readable = {name: selfies for name, selfies in selfies_rows.items() if selfies}
        self._encoded.update(dict.fromkeys(new))
        if readable:
            posteriors = zip(*self._model.posterior([*readable.values()]), strict=True)
            for (name, selfies), posterior in zip(readable.items(), posteriors, strict=True):
                self._encoded[name] = EncodedMolecule(selfies, *posterior)
        return [self._encoded[name] for name in smiles]

    def to_selfies(self, smiles: Sequence[str]) -> list[Selfies | None]:
        """SELFIES of each molecule; None where the model lacks a token for it."""
        if len(self._selfies) > _REMEMBERED:
            self._selfies.clear()
        new = [name for name in dict.fromkeys(smiles) if name not in self._selfies]
        chunks = [new[start : start + _CHUNK] for start in range(0, len(new), _CHUNK)]
        workers = self._workers if len(chunks) > 1 else 1
        answers = ordered_map(to_selfies_batch, enumerate(chunks), workers)
        selfies_rows = chain.from_iterable(rows for _, rows in answers)
        vocabulary = self._model.vocabulary
        for name, selfies in zip(new, selfies_rows, strict=True):
            is_known = selfies and vocabulary.knows(selfies)
            self._selfies[name] = selfies if is_known else None
        return [self._selfies[name] for name in smiles]

    def clear(self) -> None:
        """Compute all posteriors anew from here on."""
        self._encoded.clear()
