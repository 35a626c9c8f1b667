"""Filters: which candidates of the combined search are new, similar, admissible and likely."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from molvae.chem.notation import Selfies
from molvae.model.prior import PushForwardPrior
from molvae.molecule_vae import MoleculeVAE
from molvae.optimize.candidate import Candidate
from molvae.optimize.combined.posterior_cache import PosteriorCache
from molvae.optimize.constraints import HardConstraints, Violation


class LikelihoodFilter:
    """Rejects molecules that are much less likely under the learned prior than typical ones.

    The measure is -log p of the SELFIES under the language model of the learned prior, in nats per
    token, as the sum over a molecule would depend on its size. With 256 prior samples as the
    typical ones, 0.25 % of 400 flat molecules held out from ZINC250k are beyond 5 standard
    deviations, and 23 % of molecules that were recombined at random eight times.
    """

    def __init__(self, model: MoleculeVAE, typical: Sequence[Selfies], deviations: float) -> None:
        """A limit this many standard deviations above the mean NLL of the typical molecules.

        Args:
            model: a model with a learned prior, see `MoleculeVAE.nll`.
            typical: SELFIES of at least one molecule.
            deviations: distance of the limit from the mean.
        """
        self._model = model
        nll = self._per_token(typical)
        self.limit = float(nll.mean() + deviations * nll.std())

    def admits(self, selfies_rows: Sequence[Selfies | None]) -> Bool[np.ndarray, " molecule"]:
        """Whether each is within the limit; molecules without tokens in the model are not."""
        is_known = np.array([row is not None for row in selfies_rows], dtype=np.bool_)
        is_likely = np.zeros(len(selfies_rows), dtype=np.bool_)
        if is_known.any():
            is_likely[is_known] = (
                self._per_token([row for row in selfies_rows if row]) <= self.limit
            )
        return is_likely

    def _per_token(self, selfies_rows: Sequence[Selfies]) -> np.ndarray:
        # One more than the symbols, for the end token.
        sizes = np.array([len(selfies) + 1 for selfies in selfies_rows], dtype=np.float64)
        per_token: np.ndarray = self._model.nll(selfies_rows) / sizes
        return per_token


class Filters:
    """The tests that a candidate passes before it is proposed, the cheap ones first."""

    def __init__(
        self,
        constraints: HardConstraints,
        codes: PosteriorCache,
        model: MoleculeVAE,
        deviations: float,
    ) -> None:
        self._constraints = constraints
        self._codes = codes
        self._model = model
        self._deviations = deviations
        self._likelihood: LikelihoodFilter | None = None

    def reset(self) -> None:
        """Forget the limit of the likelihood, as at the start of a search."""
        self._likelihood = None

    def similar(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        """The candidates that are similar enough to the lead; the others are counted."""
        rows = list(candidates)
        if not self._constraints.min_similarity or not rows:
            return rows
        molecules = [row.molecule for row in rows if row.molecule is not None]
        is_similar = self._constraints.similarities(molecules) >= self._constraints.min_similarity
        self._constraints.rejections[Violation.UNLIKE_LEAD] += int((~is_similar).sum())
        return [row for row, passes in zip(rows, is_similar, strict=True) if passes]

    def admit(
        self, candidates: Sequence[Candidate], n: int, typical: "Typical | None" = None
    ) -> list[Candidate]:
        """The first `n` that may be scored; judging all would take seconds.

        Args:
            candidates: in the order of preference.
            n: how many.
            typical: molecules that set the limit of the likelihood; None: it is not judged.
        """
        likelihood = self._limit(typical) if typical else None
        admitted: list[Candidate] = []
        for start in range(0, len(candidates), n):
            admitted += self._admit(candidates[start : start + n], likelihood)
            if len(admitted) >= n:
                break
        return admitted[:n]

    def _admit(
        self, candidates: Sequence[Candidate], likelihood: LikelihoodFilter | None
    ) -> list[Candidate]:
        molecules = [row.molecule for row in candidates if row.molecule is not None]
        reasons = self._constraints.check(molecules)
        is_likely = np.ones(len(candidates), dtype=np.bool_)
        if likelihood is not None:
            smiles = [molecule.smiles for molecule in molecules]
            is_likely = likelihood.admits(self._codes.to_selfies(smiles))
        passing = [row for row, reason in enumerate(reasons) if reason is None]
        unlikely = sum(not is_likely[row] for row in passing)
        if unlikely:
            self._constraints.rejections[Violation.IMPROBABLE] += unlikely
        return [candidates[row] for row in passing if is_likely[row]]

    def _limit(self, typical: "Typical") -> LikelihoodFilter | None:
        """The limit of the likelihood; None where there is none."""
        if not self._deviations or not isinstance(self._model.prior, PushForwardPrior):
            return None
        if self._likelihood is not None:
            return self._likelihood
        selfies_rows = [row for row in self._codes.to_selfies(typical.smiles) if row]
        if not selfies_rows:
            return None
        likelihood = LikelihoodFilter(self._model, selfies_rows, self._deviations)
        self._likelihood = likelihood if typical.is_complete else None
        return likelihood


@dataclass(frozen=True)
class Typical:
    """The molecules that the search started from."""

    smiles: Sequence[str]
    is_complete: bool
    """Whether they are all there; until then the limit is computed anew each round."""
