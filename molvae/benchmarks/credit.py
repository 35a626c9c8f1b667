"""Benchmark of proposal sources: how often a source improves on the parents it is given.

All sources of the combined search get the same parents, which are at the level of the middle of a
search: a random sample of a file is scored, its best molecules are mutated as graphs for a few
rounds, and the best of all these molecules are the parents.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Any

import numpy as np
from tqdm import tqdm

from molvae.benchmarks.credit_config import CreditConfig
from molvae.chem.clean_molecules import CleanMolecule, clean_children, clean_smiles
from molvae.chem.molecule import Molecule
from molvae.chem.notation import is_unrepaired
from molvae.chem.similarity import ecfp4_similarity
from molvae.dataset.tables import Table
from molvae.errors import DataError
from molvae.model.threads import one_thread
from molvae.molecule_vae import MoleculeVAE
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.objective import Objective
from molvae.optimize.candidate import Candidate
from molvae.optimize.combined.candidate_factory import CandidateFactory
from molvae.optimize.combined.combined_config import CombinedConfig
from molvae.optimize.combined.decoding_radius import decoding_radius
from molvae.optimize.combined.noise_calibration import NoiseCalibration
from molvae.optimize.combined.population import Population
from molvae.optimize.combined.posterior_cache import PosteriorCache
from molvae.optimize.combined.retraining import Retrainer
from molvae.optimize.combined.sources.source import Parent, SourceContext
from molvae.optimize.latent_model import model_digest

_NEAREST, _FARTHEST = 0.5, 2.0
"""Range of the distance from a parent, as in later generations of a search."""
_SEARCH = CombinedConfig()
"""Search whose cleaning and precision the sources have."""
_SHOWN = {
    "better": ".1%", "top": ".1%", "unrepaired": ".1%", "similarity": ".2f", "milliseconds": ".2f"
}  # fmt: skip
"""Format of each figure in the table."""
_CHUNK = 256
"""Rows of the file that are cleaned at a time."""


@dataclass(frozen=True)
class Credit:
    """Figures of a source for one task and seed; None: there is nothing to compute it from."""

    new: float
    """Distinct molecules among the children that are not known yet, per child asked for."""
    better: float | None
    """Fraction of the new molecules that score higher than their parent."""
    top: float | None
    """Fraction of the new molecules that score higher than the worst of the parents."""
    unrepaired: float | None
    """Fraction of the new molecules whose SELFIES, if any, decode as written."""
    similarity: float | None
    """Mean Tanimoto similarity (counted ECFP4) of the new molecules to their parents."""
    milliseconds: float | None
    """Wall time per new molecule, scoring excluded."""


def benchmark_credit(
    model: MoleculeVAE, pool: Path, config: CreditConfig, *, progress: bool = False
) -> dict[str, Any]:
    """Figures of every source, for each task and seed and in the mean.

    Args:
        model: model whose latent space and language model the sources use.
        pool: file of molecules, from which the parents descend.
        config: tasks, sizes and seeds.
        progress: whether to show a bar.

    Raises:
        ConfigError: there is no task of that name.
        DataError: the file cannot be read, or holds too few molecules.
    """
    objectives = {task: ConfiguredObjective.load(f"pmo/{task}") for task in config.tasks}
    texts = [text for text in Table.open(pool, None).texts() if text]
    samples = {seed: _sample(texts, pool, config.sampled, seed) for seed in config.seeds}
    rows = []
    with one_thread():
        bench = _Bench.build(model, texts, config)
        cells = [(task, seed) for seed in config.seeds for task in objectives]
        for task, seed in tqdm(cells, desc="credit", disable=not progress):
            population = evolve(objectives[task], samples[seed], config, seed)
            for source, credit in bench.credits(objectives[task], population, seed).items():
                rows.append({"task": task, "seed": seed, "source": source, **asdict(credit)})
    return {
        "settings": config.model_dump(mode="json"),
        "model": model.card.origin,
        "model_digest": model_digest(model),
        "pool": pool.name,
        "sources": {
            name: _mean([row for row in rows if row["source"] == name]) for name in config.sources
        },
        "by_task": {
            task: {
                name: _mean([row for row in rows if (row["source"], row["task"]) == (name, task)])[
                    "better"
                ]
                for name in config.sources
            }
            for task in config.tasks
        },
        "runs": rows,
    }


# Any: JSON values.
def credit_text(record: Mapping[str, Any]) -> str:
    """The mean figures of each source as a table, the best source first."""
    sources = sorted(record["sources"].items(), key=lambda item: -(item[1]["better"] or 0.0))
    lines = [f"{'source':12} {'better':>7} {'top':>7} {'strict':>7} {'similar':>7} {'ms':>7}"]
    for name, row in sources:
        texts = [
            "-" if row[key] is None else format(row[key], form) for key, form in _SHOWN.items()
        ]
        lines.append(f"{name:12} " + " ".join(f"{text:>7}" for text in texts))
    return "\n".join(lines)


def evolve(
    objective: Objective, sample: Sequence[CleanMolecule], config: CreditConfig, seed: int
) -> Population:
    """The sample with its scores, and the graph mutations of its best molecules."""
    generator = np.random.default_rng(seed)
    population = Population()
    _add(population, objective, sample)
    for _ in range(config.rounds):
        best = population.best(config.parents)
        if not best:
            break
        mothers = [best[row] for row in generator.integers(len(best), size=config.mutants)]
        pairs = [(mother, mother) for mother in mothers]
        children = clean_children(pairs, int(generator.integers(2**63)), _SEARCH.cleaning)
        _add(population, objective, [child for child in children if child])
    return population


def credit_of(
    children: Iterable[Candidate],
    asked: int,
    seconds: float,
    population: Population,
    objective: Objective,
    n_parents: int,
) -> Credit:
    """Figures of children.

    Args:
        children: candidates with their parents, where they have any.
        asked: number of children that the source was asked for.
        seconds: time in which the source made them.
        population: known molecules with their scores.
        objective: scores the children.
        n_parents: size of the top that a child may enter.
    """
    new: dict[str, Candidate] = {}
    for child in children:
        if child.smiles is not None and child.smiles not in population:
            new.setdefault(child.smiles, child)
    rows = list(new.values())
    molecules = [row.molecule for row in rows if row.molecule is not None]
    scores: list[float] = objective.score(molecules).total.tolist() if molecules else []
    known = map(population.score_of, population.best(n_parents))
    worst = min((score for score in known if score is not None), default=-inf)
    parents = [(row, population.score_of(row.parent)) for row in rows]
    return Credit(
        new=len(rows) / asked,
        better=_share(
            score > before
            for score, (_, before) in zip(scores, parents, strict=True)
            if before is not None
        ),
        top=_share(score > worst for score in scores),
        # A molecule made without SELFIES needs no repair.
        unrepaired=_share(row.selfies is None or is_unrepaired(row.selfies) for row in rows),
        similarity=_share(
            ecfp4_similarity(Molecule.parse(row.smiles), Molecule.parse(row.parent))
            for row in rows
            if row.smiles is not None and row.parent is not None
        ),
        milliseconds=1000.0 * seconds / len(rows) if rows else None,
    )


@dataclass(frozen=True)
class _Bench:
    """The sources of a model, ready to make children."""

    config: CreditConfig
    factory: CandidateFactory
    codes: PosteriorCache

    @classmethod
    def build(cls, model: MoleculeVAE, texts: Sequence[str], config: CreditConfig) -> "_Bench":
        """The sources as a search has them before its first retraining."""
        retrainer = Retrainer(model, _SEARCH.retraining, config.workers)
        codes = PosteriorCache(retrainer.model, config.workers)
        # A permutation of its own: that of a seed begins with the sample of the parents.
        order = np.random.default_rng([*b"pool"]).permutation(len(texts))[: 4 * config.children]
        context = SourceContext(
            _SEARCH.cleaning,
            model.vocabulary.symbols,
            [texts[row] for row in order],
            config.children,
            config.workers,
            decoding_radius(model),
            NoiseCalibration.of(model) if model.network.is_shared else None,
        )
        factory = CandidateFactory(retrainer.writer, codes, context)
        return cls(config, factory, codes)

    def credits(self, objective: Objective, population: Population, seed: int) -> dict[str, Credit]:
        """Figures of every source for the best molecules of a population."""
        parents = population.best(self.config.parents)
        return {
            str(name): self._credit(str(name), objective, population, parents, seed)
            for name in self.config.sources
        }

    def _credit(
        self,
        source: str,
        objective: Objective,
        population: Population,
        parents: Sequence[str],
        seed: int,
    ) -> Credit:
        # The name is part of the seed, so that sources added later change no figure.
        generator = np.random.default_rng([seed, *source.encode()])

        def sampler(n: int) -> list[Parent]:
            rows = generator.integers(len(parents), size=n)
            scales = generator.uniform(_NEAREST, _FARTHEST, size=n).tolist()
            return [Parent(parents[row], scale) for row, scale in zip(rows, scales, strict=True)]

        # What is computed once for a model or a file is not a cost of each child.
        list(self.factory.make({source: 1}, sampler, generator))
        self.codes.clear()
        asked = self.config.children
        begun = perf_counter()
        children = list(self.factory.make({source: asked}, sampler, generator))
        seconds = perf_counter() - begun
        return credit_of(children, asked, seconds, population, objective, self.config.parents)


def _sample(texts: Sequence[str], pool: Path, n: int, seed: int) -> list[CleanMolecule]:
    """`n` distinct random molecules of the file.

    Raises:
        DataError: it holds fewer.
    """
    order = np.random.default_rng(seed).permutation(len(texts))
    molecules: dict[str, CleanMolecule] = {}
    for start in range(0, len(order), _CHUNK):
        chunk = [texts[row] for row in order[start : start + _CHUNK]]
        for molecule in clean_smiles(chunk, _SEARCH.cleaning):
            if molecule:
                molecules.setdefault(molecule.smiles, molecule)
        if len(molecules) >= n:
            return list(molecules.values())[:n]
    raise DataError(
        f"{str(pool)!r} holds {len(molecules)} molecules that can be used, fewer than the {n} of "
        "`sampled`; give a larger file or sample fewer"
    )


def _add(population: Population, objective: Objective, molecules: Sequence[CleanMolecule]) -> None:
    """Score the molecules that the population lacks, and add them."""
    new = {row.smiles: row for row in molecules if row.smiles not in population}
    if not new:
        return
    scores = objective.score([Molecule.parse(smiles) for smiles in new]).total
    for molecule, score in zip(new.values(), scores.tolist(), strict=True):
        population.add(molecule, score)


def _share(values: Iterable[float]) -> float | None:
    rows = [float(value) for value in values]
    return fmean(rows) if rows else None


# Any: JSON values.
def _mean(rows: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Mean of each figure over tasks and seeds, where it is known."""
    names = [name for name in rows[0] if name not in ("task", "seed", "source")]
    return {name: _share(row[name] for row in rows if row[name] is not None) for name in names}
