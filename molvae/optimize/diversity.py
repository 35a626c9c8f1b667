"""Picks among scored molecules that are good and unlike each other."""

from collections.abc import Sequence
from math import isnan

import numpy as np

from molvae.chem.molecule import Molecule
from molvae.chem.similarity import Fingerprint, FingerprintKind, fingerprint, tanimoto_to
from molvae.errors import ConfigError
from molvae.optimize.result import Candidate, best_first


def diverse_top(
    candidates: Sequence[Candidate],
    k: int,
    *,
    among: int | None = None,
    max_similarity: float | None = None,
    kind: FingerprintKind = FingerprintKind.ECFP4,
) -> list[Candidate]:
    """At most `k` candidates with a score, the best one first, in one of two ways.

    With `among`, MaxMin (Ashton et al. 2002): of so many of the best, each next pick is the one
    whose nearest pick is the furthest; of equally far ones the better. With `max_similarity`, down
    the list of scores, each that is below that Tanimoto similarity to all picks before; fewer
    than `k` when the list ends first.

    Raises:
        ConfigError: not exactly one of the two ways is asked for.
    """
    if (among is None) == (max_similarity is None):
        raise ConfigError("give either `among` for MaxMin or `max_similarity` for a threshold")
    ranked = [one for one in best_first(candidates) if not isnan(one.score)]
    if max_similarity is not None:
        return _apart(ranked, k, max_similarity, kind)
    return _spread(ranked[:among], k, kind)


def _spread(ranked: Sequence[Candidate], k: int, kind: FingerprintKind) -> list[Candidate]:
    prints = [_fingerprint(one, kind) for one in ranked]
    # To the nearest pick; a pick itself is put beyond reach.
    nearest = np.full(len(ranked), -1.0)
    picks: list[Candidate] = []
    for _ in range(min(k, len(ranked))):
        place = int(nearest.argmin())
        picks.append(ranked[place])
        nearest = np.maximum(nearest, tanimoto_to(prints[place], prints))
        nearest[place] = np.inf
    return picks


def _apart(
    ranked: Sequence[Candidate], k: int, max_similarity: float, kind: FingerprintKind
) -> list[Candidate]:
    picks: list[Candidate] = []
    prints: list[Fingerprint] = []
    for one in ranked:
        if len(picks) == k:
            break
        mine = _fingerprint(one, kind)
        if (tanimoto_to(mine, prints) < max_similarity).all():
            picks.append(one)
            prints.append(mine)
    return picks


def _fingerprint(candidate: Candidate, kind: FingerprintKind) -> Fingerprint:
    return fingerprint(Molecule.parse(candidate.smiles), kind)
