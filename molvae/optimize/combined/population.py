"""Population: everything that a combined search has scored, and the part that it works with.

The search works with all of it, or only with the molecules since its last restart: where scores
stop rising a restart finds other good molecules, and the next one combines what both parts found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from molvae.chem.clean_molecules import CleanMolecule
from molvae.optimize.combined.surrogate import TanimotoProcess

_NARROWEST, _WIDEST = 0.5, 4.0
"""Bounds of a parent's scale, in decoding radii of the model (see `decoding_radius`)."""
_WIDER, _NARROWER = 1.5, 0.9
"""Factors of the scale after a success and a failure: it is stable at one success in five."""
_TOP = 10
"""Molecules whose mean score measures a search."""
_LOW = 0.05
"""Quantile of the scores that counts as the lowest, so that a few bad molecules do not matter."""
_STALLED = 0.02
"""Rise of the top 10, as a fraction of the range from the low quantile to the best, below which a
search has stalled."""


@dataclass
class Population:
    """Scored molecules in the order of their scoring."""

    molecules: list[CleanMolecule] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    """NaN: the molecule has no score."""
    scales: dict[str, float] = field(default_factory=dict)
    """Scales of parents by SMILES, where they differ from 1."""
    window_start: int = 0
    """Index of the first molecule that the search works with."""
    restarted_at: int = 0
    """Number of molecules at the last restart."""

    def __post_init__(self) -> None:
        self._rows = {molecule.smiles: row for row, molecule in enumerate(self.molecules)}
        self._top = _top(self.scores[self.window_start :])

    def __len__(self) -> int:
        return len(self.molecules)

    @property
    def size(self) -> int:
        """Number of molecules that the search works with."""
        return len(self.molecules) - self.window_start

    def __contains__(self, smiles: str) -> bool:
        return smiles in self._rows

    def add(self, molecule: CleanMolecule, score: float, parent: str | None = None) -> bool:
        """Add a new molecule; whether it is in the top 10 that the search works with."""
        parent_score = self.score_of(parent)
        if parent is not None and parent_score is not None:
            scale = self.scale(parent) * (_WIDER if score > parent_score else _NARROWER)
            self.scales[parent] = float(np.clip(scale, _NARROWEST, _WIDEST))
        is_top = score > self.top_threshold()
        self._rows[molecule.smiles] = len(self.molecules)
        self.molecules.append(molecule)
        self.scores.append(score)
        if is_top:
            self._top = _top([*self._top, score])
        return bool(is_top)

    def rescore(self, scores: Mapping[str, float]) -> None:
        """Replace the scores of known molecules."""
        for smiles, score in scores.items():
            if smiles in self._rows:
                self.scores[self._rows[smiles]] = score
        self._top = _top(self.scores[self.window_start :])

    def has_stalled(self, calls: int) -> bool:
        """Whether the top 10 improved by less than 2 % of the score range in the last `calls`.

        The range extends from the 5 % quantile to the best score.
        """
        if len(self) - self.restarted_at <= calls:
            return False
        scores = self.scores[self.window_start :]
        before, now = _top(scores[:-calls]), _top(scores)
        if not before:
            return True
        low = float(np.nanquantile(scores, _LOW))
        return fmean(now) - fmean(before) <= _STALLED * (now[-1] - low)

    def restart(self) -> None:
        """Work with new molecules only, or with all again if the last restart did so."""
        self.window_start = 0 if self.window_start else len(self)
        self.restarted_at = len(self)
        self.scales.clear()
        self._top = _top(self.scores[self.window_start :])

    def score_of(self, smiles: str | None) -> float | None:
        """Score of a molecule; None if it is unknown or has no score."""
        row = self._rows.get(smiles) if smiles else None
        score = self.scores[row] if row is not None else np.nan
        return None if np.isnan(score) else score

    def top_threshold(self) -> float:
        """Score to exceed for the top 10."""
        return self._top[0] if len(self._top) >= _TOP else -np.inf

    def scale(self, smiles: str) -> float:
        """Distance from a molecule's code at which to look, in decoding radii of the model."""
        return self.scales.get(smiles, 1.0)

    def best(self, n: int) -> list[str]:
        """SMILES of the best molecules with a score, best first."""
        return [self.molecules[row].smiles for row in self._ranking()[:n]]

    def sample_parents(self, n: int, generator: np.random.Generator) -> list[str]:
        """`n` SMILES, each drawn from a best fraction that is drawn log-uniformly (Mol GA).

        The fraction lies between a thousandth and all (Tripp & Hernandez-Lobato 2023).
        """
        ranking = self._ranking()
        if not len(ranking):
            return []
        fractions = 10.0 ** generator.uniform(-3.0, 0.0, n)
        sizes = np.maximum(np.ceil(fractions * len(ranking)), 1).astype(int)
        ranks = generator.integers(sizes)
        return [self.molecules[ranking[rank]].smiles for rank in ranks]

    def surrogate(self, limit: int, generator: np.random.Generator) -> TanimotoProcess:
        """A process on at most `limit` molecules: half of them the best, the others a sample."""
        ranking = self._ranking()
        unscored = self.window_start + np.flatnonzero(np.isnan(self.scores[self.window_start :]))
        order = np.concatenate([ranking, unscored])
        if len(order) > limit:
            sample = generator.choice(order[limit // 2 :], limit - limit // 2, replace=False)
            order = np.concatenate([order[: limit // 2], np.sort(sample)])
        features = [self.molecules[row].features for row in order]
        scaled = scale_scores(np.array(self.scores[self.window_start :], dtype=np.float64))
        return TanimotoProcess(features, scaled[order - self.window_start])

    # Any: JSON values.
    def to_json(self) -> dict[str, Any]:
        """Everything but the features, as JSON."""
        return {
            "smiles": [molecule.smiles for molecule in self.molecules],
            "scores": self.scores,
            "scales": self.scales,
            "window_start": self.window_start,
            "restarted_at": self.restarted_at,
        }

    # Any: JSON values.
    @classmethod
    def from_json(cls, values: dict[str, Any], molecules: Sequence[CleanMolecule]) -> "Population":
        """The population that `to_json` described; the molecules are those of its SMILES."""
        return cls(
            list(molecules),
            list(values["scores"]),
            dict(values["scales"]),
            values["window_start"],
            values["restarted_at"],
        )

    def _ranking(self) -> Int64[np.ndarray, " row"]:
        """Rows of the molecules with a score, best first."""
        scores = np.array(self.scores[self.window_start :], dtype=np.float64)
        order: np.ndarray = np.argsort(-scores, kind="stable")[: int((~np.isnan(scores)).sum())]
        return self.window_start + order


def scale_scores(scores: Float64[np.ndarray, " molecule"]) -> Float64[np.ndarray, " molecule"]:
    """Scores on a scale from 0, the 5 % quantile and below, to 1, the best; NaN becomes 0.

    The quantile keeps a few bad molecules from compressing all other scores.
    """
    scored = scores[~np.isnan(scores)]
    if not len(scored):
        return np.zeros(len(scores))
    low, high = np.quantile(scored, _LOW), scored.max()
    if high <= low:
        return np.where(np.isnan(scores), 0.0, 0.5)
    scaled: np.ndarray = np.clip((np.nan_to_num(scores, nan=low) - low) / (high - low), 0.0, 1.0)
    return scaled


def _top(scores: Sequence[float]) -> list[float]:
    """The ten highest scores, best last; NaN is left out."""
    return sorted(score for score in scores if not np.isnan(score))[-_TOP:]
