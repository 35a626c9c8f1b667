"""GuidedStream: samples of a prior, and moves from the closest of them towards target values."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

import numpy as np
import torch
from jaxtyping import Float64

from molvae.chem.notation import Selfies, from_selfies, to_selfies
from molvae.chem.operators.mutation import mutate
from molvae.chem.screening import JudgedSelfies, MoleculeFilter, judge_selfies
from molvae.errors import MoleculeError
from molvae.model.latents import add_noise
from molvae.molecule_vae import MoleculeVAE
from molvae.parallel import ordered_map
from molvae.sampling import Sample, SamplingConfig
from molvae.targets import Targets

OUTSIDE_TOLERANCE = "outside the tolerance of a target"
"""Reason for which a sample is refused whose properties are too far from the targets."""

_DEFAULT_TOLERANCE = 0.25
"""Tolerance of a property, in standard deviations over samples of the prior."""
_MOVE_SHARE = 0.75
"""Share of moves in a batch; the rest are new samples of the prior."""
_EDIT_SHARE = 0.75
"""Share of graph edits among the moves; the others are steps in latent space."""
_MOVES_AT_ONCE, _MAX_MOVES = 4, 16
"""Moves from a molecule in one batch, and in all; more would give many similar molecules."""
_NOISE_LEVELS = (0.1, 0.4)
"""Noise of a step in latent space, for a decoder that is told the level."""
_SCALES = (0.5, 2.0)
"""Noise of a step in standard deviations of the posterior, for other decoders."""
_ENVIRONMENT_RATE = 5e-5
"""Smallest frequency in real molecules of the atom environments that graph edits make."""
_FIRST_ROWS, _MAX_ROWS, _GROWTH = 64, 1_024, 0.125
"""Samples in the first batch and in the largest, and those of a batch for each sample before."""
_JUDGED_TOGETHER = 128
_BISECTIONS = 40


_Move = tuple[Selfies, str]
"""A new molecule, and the family of the one that it was made from."""


@dataclass
class _Parent:
    """A molecule to move from."""

    selfies: Selfies
    deviation: float
    """Largest distance from a target, in tolerances."""
    family: str
    """SMILES of the sample of the prior that it descends from."""
    moves: int = 0


class GuidedStream:
    """An iterator over batches of judged samples that approach target values.

    The first batch is sampled from the prior, and so is a quarter of each further one. The rest are
    small moves from molecules that were sampled before: most are edits of a graph, which reach the
    targets more often; the others are decoded near a latent vector. The molecules to move from are
    resampled by importance, at a temperature that falls as more of them come close to the targets.
    If the model is conditioned on all targets, there are no moves. The samples depend on the seed
    alone, and fewer samples are the first of many.

    Args:
        model: the model that is sampled.
        config: what is sampled; its filter applies to all samples, before the targets.
        targets: what the samples approach. Samples outside a tolerance are refused.
        n: largest number of samples.
    """

    def __init__(
        self,
        model: MoleculeVAE,
        config: SamplingConfig,
        targets: Targets,
        n: int,
    ) -> None:
        self.model = model
        self.config = config
        self.targets = targets
        self.tolerances = dict(targets.tolerances)
        """Tolerance by property; those that were not given are derived from the first batch."""
        self.n = n
        self._pool: dict[str, _Parent] = {}
        self._hits: Counter[str] = Counter()
        """Number of molecules within the tolerances, by family."""
        self._generator = np.random.default_rng(config.seed)

    def __iter__(self) -> Iterator[list[Sample]]:
        screen = self.config.molecule_filter
        names = dict.fromkeys((*screen.properties, *self.targets.names_to_compute))
        screen = replace(screen, properties=tuple(names))
        edit_screen = replace(
            screen, min_environment_rate=screen.min_environment_rate or _ENVIRONMENT_RATE
        )
        drawn = 0
        while drawn < self.n:
            # Small batches, so that many of them learn from the ones before.
            size = min(max(_FIRST_ROWS, int(_GROWTH * drawn)), _MAX_ROWS, self.n - drawn)
            drawn += size
            parents = self._choose(int(_MOVE_SHARE * size)) if self.targets.needs_moves else []
            n_edits = round(_EDIT_SHARE * len(parents))
            edits, steps = self._edits(parents[:n_edits]), self._steps(parents[n_edits:])
            fresh = self._prior(size - len(edits) - len(steps))
            # Moves, which hit more often, come last: a generation may end within a batch.
            judged = [
                *self._judge([*fresh, *(selfies for selfies, _ in steps)], screen),
                *self._judge([selfies for selfies, _ in edits], edit_screen),
            ]
            self._add_tolerances(judged)
            families = [*[None] * len(fresh), *(family for _, family in (*steps, *edits))]
            yield [
                Sample(row.selfies, judged=self._compare(row, family), is_moved=family is not None)
                for row, family in zip(judged, families, strict=True)
            ]

    def _prior(self, n: int) -> list[Selfies]:
        """Samples of the prior."""
        config = self.config
        sampler = self.model.draw if config.prior == "normal" else self.model.write
        conditions = self.targets.conditions or None
        drawn = sampler(
            n, self._generator, config.decoding, config.prior, config.workers, conditions
        )
        return drawn if isinstance(drawn, list) else drawn.selfies_rows

    def _choose(self, n: int) -> list[_Parent]:
        """Up to `n` molecules to move from in random order, each up to `_MOVES_AT_ONCE` times."""
        parents = [parent for parent in self._pool.values() if parent.moves < _MAX_MOVES]
        n_parents = n // _MOVES_AT_ONCE
        # All molecules within the tolerances are equally good.
        excess = np.array([max(parent.deviation, 1.0) - 1.0 for parent in parents])
        if len(parents) > n_parents:
            # A family that has many accepted molecules makes way for others.
            hits = np.array([self._hits[parent.family] for parent in parents])
            log_weights = _log_weights(excess, n_parents) - np.log1p(hits)
            # The largest of log weights with Gumbel noise are a sample without replacement.
            keys = log_weights + self._generator.gumbel(size=len(parents))
            chosen = np.argsort(-keys, kind="stable")[:n_parents]
            parents = [parents[index] for index in chosen.tolist()]
        for parent in parents:
            parent.moves += _MOVES_AT_ONCE
        repeated = [parent for parent in parents for _ in range(_MOVES_AT_ONCE)]
        return [repeated[index] for index in self._generator.permutation(len(repeated)).tolist()]

    def _edits(self, parents: Sequence[_Parent]) -> list[_Move]:
        """The molecules after a random edit of the graph, except where none is possible."""
        edited = []
        for parent in parents:
            try:
                child = mutate(from_selfies(parent.selfies), self._generator)
                if child is not None:
                    edited.append((to_selfies(child), parent.family))
            except MoleculeError:
                continue
        return edited

    def _steps(self, parents: Sequence[_Parent]) -> list[_Move]:
        """SELFIES decoded near the latent vectors of the molecules."""
        if not parents:
            return []
        mean, deviation = self.model.posterior([parent.selfies for parent in parents])
        noise = self._generator.standard_normal(mean.shape, np.float32)
        seed = int(self._generator.integers(2**63))
        target = self.targets.conditions or None
        if self.model.network.is_shared:
            levels = self._generator.uniform(*_NOISE_LEVELS, len(parents)).astype(np.float32)
            latents = add_noise(*map(torch.from_numpy, (mean, levels, noise))).numpy()
            decoded = self.model.decode_symbols(
                latents, seed=seed, noise_levels=levels, target=target
            )
        else:
            scales = self._generator.uniform(*_SCALES, (len(parents), 1)).astype(np.float32)
            latents = mean + scales * deviation * noise
            decoded = self.model.decode_symbols(latents, self.config.decoding, seed, target=target)
        return [*zip(decoded, [parent.family for parent in parents], strict=True)]

    def _judge(self, rows: Sequence[Selfies], screen: MoleculeFilter) -> list[JudgedSelfies]:
        """The SELFIES as the filter judges them, with the properties that have targets."""
        chunks = (
            (begin, rows[begin : begin + _JUDGED_TOGETHER])
            for begin in range(0, len(rows), _JUDGED_TOGETHER)
        )
        judge = partial(judge_selfies, molecule_filter=screen)
        answers = ordered_map(judge, chunks, self.config.workers)
        judged = [*chain.from_iterable(answer for _, answer in answers)]
        names = self.targets.names_to_predict
        accepted = {index: row.canonical for index, row in enumerate(judged) if self._fits(row)}
        if names and accepted:
            columns = [self.model.property_names.index(name) for name in names]
            means = self.model.posterior([selfies for selfies in accepted.values() if selfies])[0]
            predictions = self.model.predict(means)[:, columns].tolist()
            for index, values in zip(accepted, predictions, strict=True):
                known = judged[index].values | dict(zip(names, values, strict=True))
                judged[index] = replace(judged[index], values=known)
        return judged

    def _fits(self, row: JudgedSelfies) -> bool:
        """Whether the filter accepts a molecule that the model can read."""
        known = self.model.vocabulary.__contains__
        return row.refusal is None and row.canonical is not None and all(map(known, row.canonical))

    def _add_tolerances(self, judged: Sequence[JudgedSelfies]) -> None:
        """Derive the tolerances that were not given from the first samples."""
        for name in self.targets.names_to_check:
            values = [row.values.get(name, math.nan) for row in judged if row.refusal is None]
            known = [value for value in values if not math.isnan(value)]
            if name not in self.tolerances and len(known) > 1:
                # Without any spread the property is a count that is the same for all.
                tolerance = _DEFAULT_TOLERANCE * float(np.std(known)) or 0.5
                self.tolerances[name] = float(f"{tolerance:.1g}")

    def _compare(self, row: JudgedSelfies, family: str | None) -> JudgedSelfies:
        """The sample, refused if it is outside the tolerances; later samples may start from it."""
        if row.refusal is not None or row.smiles is None:
            return row
        deviation = self.targets.deviation(row.values, self.tolerances)
        if row.canonical is not None and self._fits(row) and math.isfinite(deviation):
            family = family or row.smiles
            if row.smiles not in self._pool:
                self._pool[row.smiles] = _Parent(row.canonical, deviation, family)
                self._hits[family] += deviation <= 1.0
        return row if deviation <= 1.0 else replace(row, refusal=OUTSIDE_TOLERANCE)


def _log_weights(
    excess: Float64[np.ndarray, " molecule"], n: int
) -> Float64[np.ndarray, " molecule"]:
    """Log importance weights -excess / temperature with an effective sample size of about `n`.

    The effective sample size (sum w)^2 / sum w^2 grows with the temperature; bisection finds it.
    """
    low, high = 1e-3, 1e3
    for _ in range(_BISECTIONS):
        middle = math.sqrt(low * high)
        weights = np.exp(-excess / middle)
        is_too_hot = weights.sum() ** 2 > n * (weights**2).sum()
        low, high = (low, middle) if is_too_hot else (middle, high)
    return -excess / high
