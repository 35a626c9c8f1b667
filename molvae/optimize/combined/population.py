"""Population: all that a combined search has scored, and where that tells it to look.

It looks at all of them, or only at those since it last began anew: where nothing gets better any
more, a fresh start finds other good molecules, and what both found is then put together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from molvae.chem.drafts import Draft
from molvae.optimize.combined.surrogate import TanimotoProcess

_NARROWEST, _WIDEST = 0.5, 4.0
"""Bounds of a parent's scale, in reaches of the model (see `decoding_radius`)."""
_WIDER, _NARROWER = 1.5, 0.9
"""What a success and a failure make of it: it stays where one in five succeeds."""
_ELITE = 10
"""Molecules whose mean is what a search is judged by."""
_LOW = 0.05
"""Quantile of the scores that counts as lowest: a few terrible ones tell nothing."""
_HARDLY = 0.02
"""Share of what lies between the lowest and the best: a rise up to it is hardly one."""


@dataclass
class Population:
    """Scored molecules in the order of their scoring."""

    drafts: list[Draft] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    """NaN: it has none."""
    scales: dict[str, float] = field(default_factory=dict)
    """Of parents, where it is not 1."""
    begin: int = 0
    """Place of the first molecule that is looked at; 0, all are."""
    turned_at: int = 0
    """Molecules that had been scored when that place was last changed."""

    def __post_init__(self) -> None:
        self._places = {draft.smiles: place for place, draft in enumerate(self.drafts)}
        self._best = _ten_best(self.scores[self.begin :])

    def __len__(self) -> int:
        return len(self.drafts)

    @property
    def size(self) -> int:
        """Molecules that are looked at."""
        return len(self.drafts) - self.begin

    def __contains__(self, smiles: str) -> bool:
        return smiles in self._places

    def add(self, draft: Draft, score: float, parent: str | None = None) -> bool:
        """Take in a molecule that was not there; whether it is one of the ten best looked at."""
        known = self.score_of(parent)
        if parent is not None and known is not None:
            rose = score > known
            scale = self.scale(parent) * (_WIDER if rose else _NARROWER)
            self.scales[parent] = float(np.clip(scale, _NARROWEST, _WIDEST))
        rises = score > self.worst_of_best()
        self._places[draft.smiles] = len(self.drafts)
        self.drafts.append(draft)
        self.scores.append(score)
        if rises:
            self._best = _ten_best([*self._best, score])
        return bool(rises)

    def rescore(self, scores: Mapping[str, float]) -> None:
        """Take other scores for molecules that are there."""
        for smiles, score in scores.items():
            self.scores[self._places[smiles]] = score
        self._best = _ten_best(self.scores[self.begin :])

    def has_stalled(self, calls: int) -> bool:
        """Whether the ten best looked at are hardly better than so many calls ago.

        Hardly is by at most a fiftieth of what lies between the lowest twentieth and the best.
        """
        if len(self) - self.turned_at <= calls:
            return False
        scores = self.scores[self.begin :]
        before, now = _ten_best(scores[:-calls]), _ten_best(scores)
        if not before:
            return True
        low = float(np.nanquantile(scores, _LOW))
        return fmean(now) - fmean(before) <= _HARDLY * (now[-1] - low)

    def turn(self) -> None:
        """Begin anew, or look at all where that was done the time before."""
        self.begin = 0 if self.begin else len(self)
        self.turned_at = len(self)
        self.scales.clear()
        self._best = _ten_best(self.scores[self.begin :])

    def score_of(self, smiles: str | None) -> float | None:
        """The score of a molecule that has one."""
        place = self._places.get(smiles) if smiles else None
        score = self.scores[place] if place is not None else np.nan
        return None if np.isnan(score) else score

    def worst_of_best(self) -> float:
        """The score to beat for being one of the ten best."""
        return self._best[0] if len(self._best) >= _ELITE else -np.inf

    def scale(self, smiles: str) -> float:
        """How far from a molecule's code to look, in reaches of the model."""
        return self.scales.get(smiles, 1.0)

    def best(self, n: int) -> list[str]:
        """The best looked at, best first; those without a score are not among them."""
        return [self.drafts[place].smiles for place in self._ranked()[:n]]

    def parents(self, n: int, generator: np.random.Generator) -> list[str]:
        """`n` of those looked at, each out of a best share that is drawn anew (as in Mol GA).

        The share is log-uniform between a thousandth and all (Tripp & Hernandez-Lobato 2023).
        """
        ranked = self._ranked()
        if not len(ranked):
            return []
        shares = 10.0 ** generator.uniform(-3.0, 0.0, n)
        sizes = np.maximum(np.ceil(shares * len(ranked)), 1).astype(int)
        chosen = generator.integers(sizes)
        return [self.drafts[ranked[place]].smiles for place in chosen]

    def surrogate(self, most: int, generator: np.random.Generator) -> TanimotoProcess:
        """What those looked at say of others: the better half of `most`, and a sample."""
        ranked = self._ranked()
        unscored = self.begin + np.flatnonzero(np.isnan(self.scores[self.begin :]))
        order = np.concatenate([ranked, unscored])
        if len(order) > most:
            others = generator.choice(order[most // 2 :], most - most // 2, replace=False)
            order = np.concatenate([order[: most // 2], np.sort(others)])
        features = [self.drafts[place].features for place in order]
        scaled = scaled_scores(np.array(self.scores[self.begin :], dtype=np.float64))
        return TanimotoProcess(features, scaled[order - self.begin])

    # Any: JSON values.
    def values(self) -> dict[str, Any]:
        """All but the features, as JSON."""
        return {
            "smiles": [draft.smiles for draft in self.drafts],
            "scores": self.scores,
            "scales": self.scales,
            "begin": self.begin,
            "turned_at": self.turned_at,
        }

    def _ranked(self) -> Int64[np.ndarray, " place"]:
        """Places of those looked at with a score, best first."""
        scores = np.array(self.scores[self.begin :], dtype=np.float64)
        order: np.ndarray = np.argsort(-scores, kind="stable")[: int((~np.isnan(scores)).sum())]
        return self.begin + order


def _ten_best(scores: Sequence[float]) -> list[float]:
    """Best last; NaN is none of them."""
    return sorted(score for score in scores if not np.isnan(score))[-_ELITE:]


def scaled_scores(scores: Float64[np.ndarray, " molecule"]) -> Float64[np.ndarray, " molecule"]:
    """Scores on a scale from 0 (and lower 0 too) to 1, the best; NaN is 0.

    0 is the 5 % quantile, so that a few terrible molecules do not flatten all the rest.
    """
    scored = scores[~np.isnan(scores)]
    if not len(scored):
        return np.zeros(len(scores))
    low, high = np.quantile(scored, _LOW), scored.max()
    if high <= low:
        return np.where(np.isnan(scores), 0.0, 0.5)
    scaled: np.ndarray = np.clip((np.nan_to_num(scores, nan=low) - low) / (high - low), 0.0, 1.0)
    return scaled


def restored_population(values: dict[str, Any], drafts: Sequence[Draft]) -> Population:
    """The population that `values` tells of; the drafts are those of its molecules."""
    return Population(
        list(drafts),
        list(values["scores"]),
        dict(values["scales"]),
        values["begin"],
        values["turned_at"],
    )
