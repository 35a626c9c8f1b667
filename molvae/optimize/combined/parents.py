"""ParentPicker: samples the molecules from which candidates are made."""

from collections.abc import Sequence

import numpy as np

from molvae.optimize.candidate import Candidate
from molvae.optimize.combined.population import Population
from molvae.optimize.combined.sources.source import Parent, ParentSampler

_UNSCORED = 0.75
"""Fraction of the later generations' parents taken from unscored candidates."""


class ParentPicker:
    """Makes samplers of parents, each with the distance at which to look around it.

    Args:
        leads: SMILES of the molecules that the search starts from.
        lead_scale: factor of the distance from a lead.
    """

    def __init__(self, leads: Sequence[str], lead_scale: float) -> None:
        self._leads = leads
        self._lead_scale = lead_scale

    def around_leads(self, generator: np.random.Generator) -> ParentSampler:
        """Samples leads at random distances; no parents where there is no lead."""
        nearest, farthest = 0.5 * self._lead_scale, 3.0 * self._lead_scale

        def sample(n: int) -> list[Parent]:
            rows: list[int] = generator.integers(max(len(self._leads), 1), size=n).tolist()
            return [
                self._near(self._leads[row], nearest, farthest, generator)
                for row in rows
                if self._leads
            ]

        return sample

    def from_population(
        self, population: Population, generator: np.random.Generator
    ) -> ParentSampler:
        """Samples good molecules at the distances that succeeded for them."""

        def sample(n: int) -> list[Parent]:
            smiles = population.sample_parents(n, generator)
            return [Parent(name, population.scale(name)) for name in smiles]

        return sample

    def from_ranking(
        self,
        ranked: Sequence[Candidate],
        population: Population,
        generator: np.random.Generator,
    ) -> ParentSampler:
        """Samples candidates that are not scored yet, and sometimes scored molecules."""
        sample_scored = self.from_population(population, generator)

        def pick(scored: Parent | None) -> Parent:
            if scored is not None and generator.random() >= _UNSCORED:
                return scored
            candidate = ranked[int(generator.integers(len(ranked)))]
            return self._near(str(candidate.smiles), 0.5, 2.0, generator)

        def sample(n: int) -> list[Parent]:
            parents = sample_scored(n)
            if not ranked:
                return list(parents)
            # None where no molecule has a score: then all parents are candidates.
            slots: list[Parent | None] = [*parents] or [None] * n
            return [pick(scored) for scored in slots]

        return sample

    def _near(
        self, smiles: str, nearest: float, farthest: float, generator: np.random.Generator
    ) -> Parent:
        return Parent(smiles, float(generator.uniform(nearest, farthest)))
