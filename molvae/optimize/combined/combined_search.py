"""CombinedSearch: candidates from many sources, ranked by a surrogate, with retrained decoders.

Candidates come from the latent space around good molecules (near their codes, between them, decoded
anew, and from the prior), from tokens that the language model proposes, from graph and SELFIES
operators, and from a file. A Gaussian process on fingerprints decides which of them deserve a call.
The decoders are retrained on the best molecules, so that the latent space adapts to them. The
ingredients: weighted retraining (Tripp et al. 2020), Tanimoto processes over molecules (Griffiths
et al. 2023), genetic sampling of parents (Mol GA, Tripp & Hernandez-Lobato 2023).
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float64

from molvae.chem.clean_molecules import CleanMolecule, clean_smiles, with_features
from molvae.chem.molecule import Molecule
from molvae.dataset.tables import Table
from molvae.errors import ConfigError
from molvae.model.threads import one_thread
from molvae.molecule_vae import MoleculeVAE
from molvae.optimize.candidate import Candidate
from molvae.optimize.combined.candidate_factory import CandidateFactory
from molvae.optimize.combined.combined_config import CombinedConfig
from molvae.optimize.combined.decoding_radius import decoding_radius
from molvae.optimize.combined.filters import Filters, Typical
from molvae.optimize.combined.lead_check import check_lead, cleaning_for
from molvae.optimize.combined.noise_calibration import NoiseCalibration
from molvae.optimize.combined.parents import ParentPicker
from molvae.optimize.combined.population import Population
from molvae.optimize.combined.posterior_cache import PosteriorCache
from molvae.optimize.combined.ranking import Ranking, features_of
from molvae.optimize.combined.rehearsal import Rehearsal
from molvae.optimize.combined.retraining import Retrainer
from molvae.optimize.combined.source_mix import SourceMix
from molvae.optimize.combined.sources import SourceName
from molvae.optimize.combined.sources.source import (
    ParentSampler,
    SourceContext,
    Stage,
)
from molvae.optimize.combined.surrogate import believing_picks
from molvae.optimize.state import State, generator_state, restore_generator
from molvae.optimize.strategy import SearchContext
from molvae.parallel import available_cores

_PARENTS = 32
"""Most promising candidates, among which later generations choose parents."""
_MIN_BATCH = 2
"""Divisor: the smallest batch after a restart is half of the batch before it."""
_FIRST_BATCH = 16
"""Molecules for which candidates of the first sample are made, at least."""
_JOINT = 4
"""Candidates predicted jointly for each one that is picked."""


class CombinedSearch:
    """The default method: a strategy on molecules and their codes."""

    def __init__(
        self,
        model: MoleculeVAE,
        config: CombinedConfig,
        context: SearchContext,
        pool: Sequence[str],
    ) -> None:
        self._config = config
        self._generator = np.random.default_rng(context.seed)
        constraints, lead = context.constraints, context.constraints.lead
        self._leads = [lead.smiles] if lead else []
        self._cleaning = cleaning_for(config.cleaning, self._leads)
        if lead:
            check_lead(lead, self._cleaning, constraints)
        workers = config.workers or available_cores()
        self._retrainer = Retrainer(model, config.retraining, workers)
        self._codes = PosteriorCache(self._retrainer.model, workers)
        self._picker = ParentPicker(self._leads, context.lead_scale)
        rows = self._generator.permutation(len(pool))[: config.pool_size]
        self._factory = CandidateFactory(
            self._retrainer.writer,
            self._codes,
            SourceContext(
                self._cleaning,
                model.vocabulary.symbols,
                [pool[row] for row in rows],
                config.pool_ranked,
                workers,
                decoding_radius(model),
                NoiseCalibration.of(model) if model.network.is_shared else None,
            ),
        )
        self._filters = Filters(constraints, self._codes, model, config.improbable)
        self._sources = {str(name): self._factory.sources[name] for name in config.sources}
        self._mix = SourceMix.among(self._sources, similar_to_lead=constraints.min_similarity > 0)
        self._rehearsal = Rehearsal(
            model, self._retrainer, config.retraining.rehearsed, self._cleaning
        )
        self._population = Population()
        self._retrained_at = 0

    @classmethod
    def of(cls, config: CombinedConfig, context: SearchContext) -> "CombinedSearch":
        """The search at its start.

        Raises:
            ConfigError: the model is no `MoleculeVAE`.
        """
        model = context.model
        if not isinstance(model, MoleculeVAE):
            raise ConfigError(
                f"the combined search needs a MoleculeVAE, got {type(model).__name__}; choose "
                "another `method`"
            )
        pool = [] if config.pool is None else Table.open(config.pool, None).texts()
        return cls(model, config, context, [text for text in pool if text])

    @property
    def initial_calls(self) -> int:
        return self._config.start

    @one_thread()
    def ask(self, n: int) -> list[Candidate]:
        missing = self._config.start - self._population.size
        candidates = self._first_sample(min(n, missing)) if missing > 0 else []
        if not candidates and len(self._population) and not self._population.size:
            # There is nowhere else to start.
            self._population.restart()
        # A model that generates little of use leaves the first sample short.
        if not candidates and self._population.size:
            # Small while few molecules are known; after a restart larger than at first.
            start, later = map(
                self._config.batch_size, (self._population.size, len(self._population))
            )
            candidates = self._promising(min(n, max(start, later // _MIN_BATCH)))
        return candidates

    @one_thread()
    def tell(
        self, candidates: Sequence[Candidate], scores: Float64[np.ndarray, " candidate"]
    ) -> None:
        for candidate, score in zip(candidates, scores.tolist(), strict=True):
            if candidate.smiles is None or candidate.features is None:
                continue
            if candidate.smiles in self._population:
                continue
            molecule = CleanMolecule(candidate.smiles, candidate.features)
            is_top = self._population.add(molecule, score, candidate.parent)
            if is_top and self._population.size > self._config.start:
                self._mix.count_improved(candidate.source)
        self._mix.decay()
        self._adapt()
        self._codes.clear()

    def rescore(self, scores: Mapping[str, float]) -> None:
        """Replace scores of known molecules, as where goals are weighted anew."""
        self._population.rescore(scores)

    def state(self) -> State:
        values = {
            "generator": generator_state(self._generator),
            "population": self._population.to_json(),
            "mix": self._mix.to_json(),
            "retrained_at": self._retrained_at,
        }
        weights = self._retrainer.weights() if self._retrained_at else {}
        return State(values, weights, self._retrainer.version)

    def restore(self, state: State) -> None:
        values = state.values
        self._generator = restore_generator(values["generator"])
        molecules = [
            with_features(Molecule.parse(smiles)) for smiles in values["population"]["smiles"]
        ]
        self._population = Population.from_json(values["population"], molecules)
        self._mix.restore(values["mix"])
        self._retrained_at = values["retrained_at"]
        self._filters.reset()
        if state.arrays:
            self._retrainer.restore(dict(state.arrays))
        else:
            self._retrainer.reset()

    def _first_sample(self, n: int) -> list[Candidate]:
        """Molecules to start from: the lead and its surroundings, or the pool and the prior."""
        has_lead = bool(self._leads)
        # Few are similar to a lead: the last missing ones are not looked for one at a time.
        wanted = max(n, _FIRST_BATCH) if has_lead else n
        counts = {
            name: source.first_sample(wanted, has_lead=has_lead)
            for name, source in self._factory.sources.items()
        }
        offered = {name: count for name, count in counts.items() if self._is_offered(name)}
        leads = [molecule for molecule in clean_smiles(self._leads, self._cleaning) if molecule]
        first = [
            *(
                Candidate(row.smiles, source=SourceName.POOL, features=row.features)
                for row in leads
            ),
            *self._factory.make(
                offered, self._picker.around_leads(self._generator), self._generator
            ),
        ]
        made = {name: count for name, count in counts.items() if not self._is_offered(name)}
        candidates = self._make(made, self._picker.around_leads(self._generator))
        order = self._generator.permutation(len(candidates))
        new = [row for row in first if str(row.smiles) not in self._population]
        return self._filters.admit([*new, *(candidates[row] for row in order)], n)

    def _promising(self, n: int) -> list[Candidate]:
        """The candidates of a few generations that the surrogate considers best."""
        config, generator = self._config, self._generator
        if not config.surrogate:
            candidates = self._make(self._mix.split(n * 2, generator), self._scored_sampler())
            shuffled = [candidates[row] for row in generator.permutation(len(candidates))]
            return self._filters.admit(shuffled, n, self._typical())
        surrogate = self._population.surrogate(config.surrogate_size, generator)
        beta = float(10.0 ** generator.uniform(-2.0, 0.0))
        ranking = Ranking(surrogate, beta)
        self._rank_generations(ranking)
        ranked = self._filters.admit(ranking.best(len(ranking)), _JOINT * n, self._typical())
        if not ranked:
            return []
        predicted = surrogate.predict(features_of(ranked), jointly=True)
        return [ranked[row] for row in believing_picks(predicted, beta, n)]

    def _rank_generations(self, ranking: Ranking) -> None:
        """Fill the ranking with candidates that descend from each other."""
        offered = {name: row.per_round for name, row in self._sources.items() if row.per_round}
        ranking.add(self._make(offered, self._scored_sampler()))
        for generation in range(self._config.generations):
            sample_parents = (
                self._promising_sampler(ranking) if generation else self._scored_sampler()
            )
            counts = self._mix.split(self._config.children, self._generator)
            for name in counts:
                # Candidates without parents are the same in all generations: made at once, they
                # take hardly longer than a few.
                if not self._sources[name].parent_lists:
                    counts[name] *= 0 if generation else self._config.generations
            candidates = self._make(counts, sample_parents, ranking)
            self._mix.count_proposed(row.source for row in candidates)
            ranking.add(candidates)
        # Children of these sources need no network.
        fast = [
            name
            for name, source in self._sources.items()
            if source.parent_lists and source.stage is Stage.SMILES
        ]
        # A random number up to the limit; none in half of the rounds.
        limit = self._config.further_generations(self._population.size)
        further = int(self._generator.integers(-limit, limit + 1))
        for _ in range(further if fast else 0):
            counts = {name: self._config.children // len(fast) for name in fast}
            ranking.add(self._make(counts, self._promising_sampler(ranking), ranking))

    def _scored_sampler(self) -> ParentSampler:
        return self._picker.from_population(self._population, self._generator)

    def _promising_sampler(self, ranking: Ranking) -> ParentSampler:
        return self._picker.from_ranking(ranking.best(_PARENTS), self._population, self._generator)

    def _make(
        self,
        counts: Mapping[str, int],
        sample_parents: ParentSampler,
        ranking: Ranking | None = None,
    ) -> list[Candidate]:
        """Candidates that are new and similar to the lead, without duplicates."""
        new: dict[str, Candidate] = {}
        for candidate in self._factory.make(counts, sample_parents, self._generator):
            smiles = str(candidate.smiles)
            if smiles not in self._population and not (ranking and smiles in ranking):
                new.setdefault(smiles, candidate)
        # Here already, as children of dissimilar candidates are mostly dissimilar too.
        return self._filters.similar(new.values())

    def _is_offered(self, name: str) -> bool:
        return bool(self._factory.sources[name].per_round)

    def _typical(self) -> Typical:
        """The molecules that the search started from."""
        first = self._population.molecules[: self._config.start]
        return Typical([row.smiles for row in first], len(first) == self._config.start)

    def _adapt(self) -> None:
        """Retrain the decoders when enough is new, or restore them and restart when stalled."""
        config, population = self._config, self._population
        calls = len(population)
        if config.stagnation and population.has_stalled(config.stagnation):
            self._retrainer.reset()
            population.restart()
            self._retrained_at = calls
            return
        pause = max(config.retraining.interval, 2 * config.batch_size(calls))
        is_due = population.size >= config.start and calls - self._retrained_at >= pause
        if not is_due or not config.retraining.updates:
            return
        self._retrained_at = calls
        encoded = self._codes.encode(population.best(config.retraining.elites))
        elites = [molecule for molecule in encoded if molecule]
        if elites:
            self._retrainer.retrain(elites, self._rehearsal.molecules(), self._generator)
